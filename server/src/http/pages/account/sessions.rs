//! Account page: the user's sessions.

use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{PageContext, account_visit::AccountVisit, time::time};
use crate::{
    domain::{Session, device::Device},
    http::{
        ApiError,
        pages::{
            form::Posted,
            form_data::Fields,
            page_response::{PageResponse, PageResult},
            texts::fill,
        },
        path_ids,
    },
    store::SessionFilter,
};

pub(super) fn routes() -> Vec<Route> {
    routes![end, end_others]
}

const PATH: &str = "/account/sessions/end";
const OTHERS: &str = "/account/sessions/end-others";

pub(super) async fn part(at: &AccountVisit<'_>) -> Result<Markup, PageResponse> {
    let t = at.texts;
    let filter = SessionFilter {
        user_id: Some(at.who.account.user.id),
        active: Some(true),
        ..SessionFilter::default()
    };
    let query = at.query("sessions");
    let now = at.services.clock.now();
    let sessions = at.services.store.sessions(filter, query, now).await?;
    let pagination = sessions.pagination;
    let mut rows = Vec::new();
    // The current session first.
    let current = at.who.session.id;
    let (own, others): (Vec<_>, Vec<_>) = sessions
        .data
        .into_iter()
        .partition(|session| session.id == current);
    let more = !others.is_empty();
    for session in own.into_iter().chain(others) {
        rows.push(row(at, &session).await?);
    }
    Ok(html! {
        ul class="rows" { @for row in &rows { (row) } }
        (at.more("sessions", &pagination))
        @if more {
            (at.form(OTHERS, html! { button type="submit" class="quiet danger" { (t.end_others) } }))
        }
    })
}

async fn row(at: &AccountVisit<'_>, session: &Session) -> Result<Markup, PageResponse> {
    let t = at.texts;
    let device = Device::of(session.user_agent.as_deref()).said_in(t.language);
    let client = match session.client_id {
        Some(id) => at.services.store.client(id).await?,
        None => None,
    };
    let current = session.id == at.who.session.id;
    let label = fill(t.end_session_of, "device", &device);
    let fields = html! {
        input type="hidden" name="id" value=(session.id);
        button type="submit" class="quiet" aria-label=(label) { (t.end) }
    };
    Ok(html! {
        li {
            div {
                strong {
                    @if let Some(client) = &client { (client.name) " · " }
                    (device)
                }
                @if current { " " span class="mark" { (t.this_session) } }
                p class="hint" {
                    (t.since) " " (time(at, session.created_at)) " · " (t.last_seen) " " (time(at, session.last_seen_at))
                    " · " (session.ip.to_string())
                }
            }
            @if !current { (at.form(PATH, fields)) }
        }
    })
}

#[post("/account/sessions/end", data = "<posted>")]
async fn end(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, fields) = AccountVisit::with(page_context, posted, PATH).await?;
    let ended = end_one(&at, &fields).await;
    at.ended(PATH, ended).await
}

async fn end_one(at: &AccountVisit<'_>, fields: &Fields) -> Result<(), ApiError> {
    let id = path_ids::id(fields.get("id"), "session")?;
    let owner = Some(at.who.account.user.id);
    at.services.store.end_session(id, owner, at.act()?).await?;
    Ok(())
}

#[post("/account/sessions/end-others", data = "<posted>")]
async fn end_others(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let (at, _) = AccountVisit::with(page_context, posted, OTHERS).await?;
    let ended = end_all_others(&at).await;
    at.ended(OTHERS, ended).await
}

async fn end_all_others(at: &AccountVisit<'_>) -> Result<(), ApiError> {
    let (user, keep) = (at.who.account.user.id, Some(at.who.session.id));
    let store = &at.services.store;
    store
        .revoke_sessions_of(user, keep, false, at.act()?)
        .await?;
    Ok(())
}
