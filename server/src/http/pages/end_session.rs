//! `/oauth/logout`: the end-session endpoint, to which applications redirect browsers.

use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    post, routes,
};

use super::{
    authorize::query,
    end_session_request::{Logout, read_logout},
    page_context::PageContext,
    page_response::{PageResult, go_far},
    sign_out::end,
    sign_out_page::{gone, page},
};
use crate::{http::oauth_body::FormBody, oauth::OAuthError};

/// The end-session endpoint, to which clients redirect browsers.
pub(super) fn api() -> Vec<Route> {
    routes![logout, logout_post]
}

#[get("/oauth/logout")]
async fn logout(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let asked = match query(uri) {
        Some(pairs) => read_logout(page_context.services, pairs).await,
        None => Err(OAuthError::too_many_parameters().into()),
    };
    let Logout { hint, request } = asked.map_err(|refused| page_context.refused(refused))?;
    let who = page_context.browser.signed_in()?;
    if page_context.is(Method::Head) {
        // HEAD changes nothing.
        return Ok(page(&page_context, &request).into());
    }
    match who {
        None => Ok(gone(&page_context, request)),
        // An ID token of the signed-in user: the application has proven that it means this user.
        Some(who)
            if hint
                .as_ref()
                .is_some_and(|hint| hint.user == who.account.user.id) =>
        {
            end(&page_context, Some(&who), request.hinted_session).await?;
            Ok(gone(&page_context, request))
        }
        Some(_) => Ok(page(&page_context, &request).into()),
    }
}

/// From another site, without our cookie: redirects to GET, which includes it.
#[post("/oauth/logout", data = "<body>")]
fn logout_post(page_context: PageContext<'_>, body: FormBody) -> PageResult {
    let form = body
        .0
        .map_err(|failure| page_context.refused(failure.into()))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form.pairs());
    let base = &page_context.services.site.base;
    let to = format!("{base}/oauth/logout?{}", query.finish());
    Ok(go_far(page_context.texts, to))
}
