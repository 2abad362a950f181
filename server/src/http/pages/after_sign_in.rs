//! After signing in or up: the browser has its session, and what was under way goes on.

use super::{
    authorize::continued,
    browser::{Stay, set_cookie},
    page::Page,
    page_context::PageContext,
    page_response::{Answer, Go, PageResponse},
};
use crate::{
    crypto::secret::Secret,
    domain::{Act, Actor, Session},
    oauth::AuthorizationRequest,
    store::StoreError,
};

/// What a sign-in was for: a request that is under way, or a part of the account.
#[derive(Debug, Default)]
pub(super) struct Then<'a> {
    pub request: Option<&'a AuthorizationRequest>,
    pub part: Option<&'static str>,
    pub stay: Stay,
}

/// After signing in or up: the session this browser had before ends, also one whose cookie it never took, and what was
/// under way goes on.
pub(super) async fn arrived(
    visit: &PageContext<'_>,
    then: Then<'_>,
    session: &Session,
    cookie: &Secret,
) -> Answer {
    let cookie = Some(settled(visit, then.stay, session, cookie).await?);
    // The request may be long, and leads to other sites, as the way back to a protected host does: neither is for a head
    // of this answer.
    let is_far = then.request.is_some() || visit.protected.is_some();
    let to = destination(visit, &then);
    Ok(if is_far {
        Page {
            cookie,
            ..Page::onward(visit.texts, to)
        }
        .into()
    } else {
        PageResponse::Go(Go { to, cookie })
    })
}

/// Where somebody goes who has signed in.
pub(super) fn destination(visit: &PageContext<'_>, then: &Then<'_>) -> String {
    let doorward = visit.doorward;
    match (then.request, &visit.protected, then.part) {
        (Some(request), ..) => continued(doorward, request),
        (None, Some(protected), _) => protected.clone(),
        (None, None, Some(part)) => format!("{}/account#{part}", doorward.site.base),
        (None, None, None) => visit.home(),
    }
}

/// Makes a new session this browser's: the one it had before ends. Answers the cookie to set.
///
/// # Errors
/// A page, when storage cannot be read or written.
pub(super) async fn settled(
    visit: &PageContext<'_>,
    stay: Stay,
    session: &Session,
    cookie: &Secret,
) -> Result<String, PageResponse> {
    let doorward = visit.doorward;
    let here = visit.browser.signed_in()?.map(|before| before.session.id);
    let from = visit.browser.hash();
    let lost = doorward
        .arrivals
        .put(from, session.id, session.user_id, session.created_at);
    for id in here.into_iter().chain(lost) {
        let cause = visit
            .info
            .context(Actor::User(session.user_id), session.created_at);
        // What it opened at clients goes on with the person's new sign-in.
        doorward.store.hand_over(id, session.id).await?;
        let ended = doorward.store.sign_out(None, Act::of_session(id, cause));
        match ended.await {
            // It has ended since.
            Ok(()) | Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(set_cookie(doorward, cookie, stay))
}

/// Where a stale form of signing in or up goes on for somebody who is signed in already: what they wanted is there.
pub(super) async fn already_in(
    visit: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
) -> Option<Answer> {
    match visit.browser.signed_in() {
        Ok(None) => None,
        Ok(Some(_)) => {
            let to = match request {
                Some(request) => continued(visit.doorward, request),
                None => visit.home(),
            };
            Some(Ok(Page::onward(visit.texts, to).into()))
        }
        Err(page) => Some(Err(page)),
    }
}
