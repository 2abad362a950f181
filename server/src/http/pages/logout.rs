//! `/oauth/logout`: the end-session endpoint, which applications send browsers to.

use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    post, routes,
};

use super::{
    authorize::query,
    logout_request::{Logout, read_logout},
    page_context::PageContext,
    page_response::{Answer, go_far},
    sign_out::end,
    sign_out_page::{gone, page},
};
use crate::{http::oauth_body::FormBody, oauth::OAuthError};

/// The end-session endpoint, which clients send browsers to.
pub(super) fn api() -> Vec<Route> {
    routes![logout, logout_post]
}

#[get("/oauth/logout")]
async fn logout(visit: PageContext<'_>, uri: &Origin<'_>) -> Answer {
    let asked = match query(uri) {
        Some(pairs) => read_logout(visit.doorward, pairs).await,
        None => Err(OAuthError::too_many_parameters().into()),
    };
    let Logout { hint, wish } = asked.map_err(|refused| visit.refused(refused))?;
    let who = visit.browser.signed_in()?;
    if visit.is(Method::Head) {
        // It changes nothing.
        return Ok(page(&visit, &wish).into());
    }
    match who {
        None => Ok(gone(&visit, wish)),
        // An ID token of the person who is signed in: the application has shown that it means this person.
        Some(who)
            if hint
                .as_ref()
                .is_some_and(|hint| hint.user == who.account.user.id) =>
        {
            end(&visit, Some(&who), wish.hinted).await?;
            Ok(gone(&visit, wish))
        }
        Some(_) => Ok(page(&visit, &wish).into()),
    }
}

/// From another site, without our cookie: it goes on with GET, where the cookie comes along.
#[post("/oauth/logout", data = "<body>")]
fn logout_post(visit: PageContext<'_>, body: FormBody) -> Answer {
    let form = body.0.map_err(|failure| visit.refused(failure.into()))?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(form.pairs());
    let base = &visit.doorward.site.base;
    let to = format!("{base}/oauth/logout?{}", query.finish());
    Ok(go_far(visit.texts, to))
}
