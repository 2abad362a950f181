//! `/auth/sessions`: where one is signed in.

use doorward_shared::{Page, SessionId, auth::OwnSession};
use rocket::{Route, delete, get, routes};

use super::{
    FirstParty, Listing, RequestInfo,
    first_party::Changing,
    reply::{Answer, Done, NoContent, ok},
    values,
};
use crate::{
    domain::{Door, Session, device::Device, mail::Language},
    http::Services,
    store::SessionFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![sessions, end_session]
}

#[get("/auth/sessions")]
async fn sessions(
    doorward: &Services,
    by: FirstParty,
    listing: Listing<()>,
) -> Answer<Page<OwnSession>> {
    let filter = SessionFilter {
        user_id: Some(by.account.user.id),
        active: Some(true),
        searches_people: true,
        ..SessionFilter::default()
    };
    let now = doorward.clock.now();
    let page = doorward.store.sessions(filter, listing.query, now).await?;
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
async fn end_session(doorward: &Services, info: &RequestInfo, by: Changing, id: &str) -> Done {
    let id = values::id(id, "session")?;
    let act = doorward.act(&by.caller, Door::Own, info)?;
    let owner = Some(by.account.user.id);
    doorward.store.end_session(id, owner, act).await?;
    Ok(NoContent)
}
