//! `/auth/sessions`: one's own sessions.

use doorward_shared::{Page, SessionId, auth::OwnSession};
use rocket::{Route, delete, get, routes};

use super::{
    FirstParty, Listing, RequestInfo,
    first_party::FirstPartyWrite,
    path_ids,
    response::{ApiResult, EmptyResult, NoContent, ok},
};
use crate::{
    domain::{EntryPoint, Session, device::Device, mail::Language},
    http::Services,
    store::SessionFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![sessions, end_session]
}

#[get("/auth/sessions")]
async fn sessions(
    services: &Services,
    by: FirstParty,
    listing: Listing<()>,
) -> ApiResult<Page<OwnSession>> {
    let filter = SessionFilter {
        user_id: Some(by.account.user.id),
        active: Some(true),
        searches_people: true,
        ..SessionFilter::default()
    };
    let now = services.clock.now();
    let page = services.store.sessions(filter, listing.query, now).await?;
    let current = by.session.id;
    ok(page.map(|session| own_session(session, current)))
}

pub(super) fn own_session(session: Session, current: SessionId) -> OwnSession {
    OwnSession {
        id: session.id,
        device: Device::of(session.user_agent.as_deref())
            .said_in(Language::En)
            .into_owned(),
        ip: session.ip.to_string(),
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        current: session.id == current,
    }
}

#[delete("/auth/sessions/<id>")]
async fn end_session(
    services: &Services,
    info: &RequestInfo,
    by: FirstPartyWrite,
    id: &str,
) -> EmptyResult {
    let id = path_ids::id(id, "session")?;
    let act = services.act(&by.caller, EntryPoint::Own, info)?;
    let owner = Some(by.account.user.id);
    services.store.end_session(id, owner, act).await?;
    Ok(NoContent)
}
