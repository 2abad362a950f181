//! `/admin/sessions`.

use std::net::IpAddr;

use doorward_shared::{
    Page, Timestamp,
    admin::{RevokeSessions, RevokedSessions, Session},
};
use ipnet::IpNet;
use rocket::{Route, delete, get, post, routes};

use super::scopes::{Sessions, SessionsRead};
use crate::{
    domain::{self, Door, text},
    http::{
        Allowed, ApiError, Body, Filters, Listing, Recent, RequestInfo, Services,
        listing::Params,
        reply::{Answer, Done, NoContent, ok},
        values,
    },
    service::Meant,
    store::SessionFilter,
};

pub(super) fn all() -> Vec<Route> {
    routes![list, get, end, revoke]
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

/// An address, or a network as CIDR.
fn network(text: &str) -> Result<IpNet, &'static str> {
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
    doorward: &Services,
    _by: Allowed<SessionsRead>,
    listing: Listing<SessionFilter>,
) -> Answer<Page<Session>> {
    let now = doorward.clock.now();
    let page = doorward
        .store
        .sessions(listing.filter, listing.query, now)
        .await?;
    ok(page.map(|session| view(session, now)))
}

#[get("/admin/sessions/<id>")]
async fn get(doorward: &Services, _by: Allowed<SessionsRead>, id: &str) -> Answer<Session> {
    let row = doorward
        .store
        .session_row(values::id(id, "session")?)
        .await?;
    let row = row.ok_or_else(|| ApiError::not_found("session"))?;
    ok(view(row, doorward.clock.now()))
}

#[delete("/admin/sessions/<id>")]
async fn end(doorward: &Services, info: &RequestInfo, by: Recent<Sessions>, id: &str) -> Done {
    let id = values::id(id, "session")?;
    let act = doorward.act(&by, Door::Admin, info)?;
    doorward.store.end_session(id, None, act).await?;
    Ok(NoContent)
}

#[post("/admin/sessions/revoke", data = "<body>")]
async fn revoke(
    doorward: &Services,
    info: &RequestInfo,
    by: Recent<Sessions>,
    body: Body<RevokeSessions>,
) -> Answer<RevokedSessions> {
    let asked = body.0;
    let reason = asked.reason.as_deref().unwrap_or_default();
    let reason = text::name(reason).map_err(|why| ApiError::validation("reason", why))?;
    let sessions = &doorward.sessions;
    let preview = match &asked.preview_id {
        Some(_) if asked.dry_run => {
            return Err(ApiError::request(
                "previewId",
                "cannot be given with dryRun",
            ));
        }
        Some(id) => sessions.take(&by, id)?,
        None => sessions.find(&by, meant(&asked)?, view).await?,
    };
    let mut answer = RevokedSessions {
        dry_run: asked.dry_run,
        revoked: 0,
        count: preview.ends.count,
        users: preview.ends.users,
        sessions: preview.shown.clone(),
        preview_id: None,
        expires_at: None,
    };
    if asked.dry_run {
        let kept = sessions.keep(&by, preview);
        answer.preview_id = Some(kept.id);
        answer.expires_at = Some(kept.expires_at);
    } else {
        let act = doorward.act(&by, Door::Admin, info)?;
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        answer.revoked = sessions
            .end(&by, preview, asked.preview_id, reason, act)
            .await?;
    }
    ok(answer)
}

/// Which sessions a body means.
fn meant(asked: &RevokeSessions) -> Result<Meant, ApiError> {
    if asked.active == Some(false) {
        return Err(ApiError::validation(
            "active",
            "must be true: dead sessions cannot end",
        ));
    }
    let ip = asked.ip.as_deref().map(network).transpose();
    Ok(Meant {
        filter: SessionFilter {
            user_id: asked.user_id,
            client_id: asked.client_id,
            ip: ip.map_err(|why| ApiError::validation("ip", why))?,
            active: Some(true),
            ids: asked.ids.clone(),
            ..SessionFilter::default()
        },
        all: asked.active.is_some() || asked.dry_run,
        include_own: asked.include_own,
    })
}
