//! After signing in or up: binds the session to the browser, and continues the pending authorization request.

use super::{
    authorize::continued,
    browser_cookie::{CookieLifetime, set_cookie},
    page::Page,
    page_context::PageContext,
    page_response::{PageResponse, PageResult, Redirect},
};
use crate::{
    crypto::secret::Secret,
    domain::{Act, Actor, Session},
    oauth::AuthorizationRequest,
    store::StoreError,
};

/// The destination of a sign-in: a pending authorization request, or a part of the account page.
#[derive(Debug, Default)]
pub(super) struct SignInDestination<'a> {
    pub request: Option<&'a AuthorizationRequest>,
    pub part: Option<&'static str>,
    pub stay: CookieLifetime,
}

/// Completes signing in or up: ends the browser's earlier session, also one whose cookie it never accepted, and
/// continues.
pub(super) async fn signed_in_with(
    page_context: &PageContext<'_>,
    then: SignInDestination<'_>,
    session: &Session,
    cookie: &Secret,
) -> PageResult {
    let cookie = Some(signed_in(page_context, then.stay, session, cookie).await?);
    // The request may be long and contain URLs of other sites, as may the return address of a protected host, so
    // neither belongs in a header of this response.
    let is_far = then.request.is_some() || page_context.protected.is_some();
    let to = destination(page_context, &then);
    Ok(if is_far {
        Page {
            cookie,
            ..Page::redirecting(page_context.texts, to)
        }
        .into()
    } else {
        PageResponse::Go(Redirect { to, cookie })
    })
}

/// Where a signed-in user continues.
pub(super) fn destination(page_context: &PageContext<'_>, then: &SignInDestination<'_>) -> String {
    let services = page_context.services;
    match (then.request, &page_context.protected, then.part) {
        (Some(request), ..) => continued(services, request),
        (None, Some(protected), _) => protected.clone(),
        (None, None, Some(part)) => format!("{}/account#{part}", services.site.base),
        (None, None, None) => page_context.home(),
    }
}

/// Binds a new session to this browser and ends its earlier one. Returns the cookie to set.
///
/// # Errors
/// A page, when storage cannot be read or written.
pub(super) async fn signed_in(
    page_context: &PageContext<'_>,
    stay: CookieLifetime,
    session: &Session,
    cookie: &Secret,
) -> Result<String, PageResponse> {
    let services = page_context.services;
    let here = page_context
        .browser
        .signed_in()?
        .map(|before| before.session.id);
    let from = page_context.browser.hash();
    let lost =
        services
            .unclaimed_sign_ins
            .put(from, session.id, session.user_id, session.created_at);
    for id in here.into_iter().chain(lost) {
        let cause = page_context
            .info
            .context(Actor::User(session.user_id), session.created_at);
        // Sessions that it opened at clients move to the user's new sign-in.
        services.store.hand_over(id, session.id).await?;
        let ended = services.store.sign_out(None, Act::of_session(id, cause));
        match ended.await {
            // It has ended since.
            Ok(()) | Err(StoreError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(set_cookie(services, cookie, stay))
}

/// Where a user who is already signed in continues after a stale form of signing in or up: at its destination.
pub(super) async fn already_in(
    page_context: &PageContext<'_>,
    request: Option<&AuthorizationRequest>,
) -> Option<PageResult> {
    match page_context.browser.signed_in() {
        Ok(None) => None,
        Ok(Some(_)) => {
            let to = match request {
                Some(request) => continued(page_context.services, request),
                None => page_context.home(),
            };
            Some(Ok(Page::redirecting(page_context.texts, to).into()))
        }
        Err(page) => Some(Err(page)),
    }
}
