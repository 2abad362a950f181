//! `/admin/sessions`: sessions of all users.

use std::net::IpAddr;

use doorward_shared::{Page, Timestamp, admin::Session};
use ipnet::IpNet;
use rocket::{Route, delete, get, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    domain::{self, EntryPoint},
    http::{
        Allowed, ApiError, Filters, Listing, Recent, RequestInfo, Services, path_ids,
        query_params::Params,
        response::{ApiResult, EmptyResult, NoContent, ok},
    },
    store::SessionFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![list, get, end]
}

impl Filters for SessionFilter {
    const NAMES: &'static [&'static str] = &["userId", "clientId", "ip", "active"];
    fn read(params: &Params) -> Result<Self, ApiError> {
        let ip = params.get("ip").map(network);
        Ok(Self {
            user_id: params.parse("userId", "the id of a user")?,
            client_id: params.parse("clientId", "the id of a client")?,
            ip: ip
                .transpose()
                .map_err(|reason| ApiError::request("ip", reason))?,
            active: params.parse("active", "true or false")?,
            ..Self::default()
        })
    }
}

/// An address, or a network in CIDR notation.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(ip.to_canonical()));
    }
    text.parse()
        .map_err(|_| "must be an address or a network such as 10.0.0.0/8")
}

pub(crate) fn view(session: domain::Session, now: Timestamp) -> Session {
    Session {
        state: session.state(now),
        ends_at: session.ends_at(),
        id: session.id,
        user_id: session.user_id,
        client_id: session.client_id,
        scope: session.scope,
        ip: session.ip.to_string(),
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        revoked_at: session.revoked_at,
    }
}

#[get("/admin/sessions")]
async fn list(
    services: &Services,
    by: Allowed<SessionsRead>,
    listing: Listing<SessionFilter>,
) -> ApiResult<Page<Session>> {
    let now = services.clock.now();
    let filter = SessionFilter {
        searches_people: by.scopes.covers("admin:users:read"),
        ..listing.filter
    };
    let page = services.store.sessions(filter, listing.query, now).await?;
    ok(page.map(|session| view(session, now)))
}

#[get("/admin/sessions/<id>")]
async fn get(services: &Services, _by: Allowed<SessionsRead>, id: &str) -> ApiResult<Session> {
    let row = services
        .store
        .session_row(path_ids::id(id, "session")?)
        .await?;
    let row = row.ok_or_else(|| ApiError::not_found("session"))?;
    ok(view(row, services.clock.now()))
}

#[delete("/admin/sessions/<id>")]
async fn end(
    services: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "session")?;
    let act = services.act(&by, EntryPoint::Admin, info)?;
    services.store.end_session(id, None, act).await?;
    Ok(NoContent)
}
