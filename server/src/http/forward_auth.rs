//! `/auth/check`: forward authentication for nginx, Caddy and Traefik.

use doorward_shared::{ErrorCode, Scope};
use rocket::{
    Route, get,
    http::{Status, uri::Origin},
    routes,
};

use super::{
    ApiError, RequestInfo, Services,
    forward_auth_query::{ForwardAuthQuery, UnauthenticatedBrowsers},
    forward_auth_request::{Forwarded, by_cookie},
    forward_auth_response::Verdict,
};
use crate::service::{Caller, ForwardedIdentity};

pub(super) fn routes() -> Vec<Route> {
    routes![check]
}

#[get("/auth/check")]
async fn check(
    services: &Services,
    info: &RequestInfo,
    forwarded: Forwarded<'_>,
    uri: &Origin<'_>,
) -> Verdict {
    let mut verdict = Verdict {
        result: Ok(ForwardedIdentity::default()),
        location: None,
        redirect: false,
        cookie: None,
    };
    verdict.result = validated(services, info, &forwarded, uri, &mut verdict).await;
    verdict
}

async fn validated(
    services: &Services,
    info: &RequestInfo,
    forwarded: &Forwarded<'_>,
    uri: &Origin<'_>,
    verdict: &mut Verdict,
) -> Result<ForwardedIdentity, ApiError> {
    let asked = ForwardAuthQuery::read(uri)?;
    let way_in = || services.forward_auth.way_in(forwarded.page.as_ref());
    if forwarded.is_ambiguous {
        return Err(ApiError::request("authorization", "must not be repeated"));
    }
    let caller = match (forwarded.bearer, asked.browsers) {
        (None, UnauthenticatedBrowsers::No) => return Err(missing()),
        (None, browsers) => {
            let who = in_browser(services, forwarded, verdict).await?;
            let Some(caller) = who else {
                verdict.location = Some(way_in());
                verdict.redirect = browsers == UnauthenticatedBrowsers::Redirect;
                return Err(missing());
            };
            // After a redirect that reaches the browser, the code disappears from the address bar.
            let with_code = forwarded.page.as_ref().filter(|page| page.code.is_some());
            if let Some(page) = with_code
                && browsers == UnauthenticatedBrowsers::Redirect
            {
                verdict.location = Some(page.url.clone());
                verdict.redirect = true;
            }
            caller
        }
        (Some(token), browsers) => {
            let scopes: Vec<_> = asked.scopes.iter().map(Scope::as_str).collect();
            let callers = &services.authenticator;
            let caller = callers.authenticate_for(&scopes, token, info.ip).await;
            let caller = caller.map_err(ApiError::from);
            // A program is not redirected: it needs to know that its token has expired.
            if let Err(error) = &caller
                && browsers != UnauthenticatedBrowsers::No
                && error.status() == Status::Unauthorized
            {
                verdict.location = Some(way_in());
            }
            caller?
        }
    };
    if let Some(scope) = caller.scopes.first_missing(&asked.scopes) {
        return Err(ApiError::scope(scope.as_str()));
    }
    Ok(services.forward_auth.passed(&caller).await?)
}

fn missing() -> ApiError {
    ApiError::new(ErrorCode::MissingToken, "missing credentials")
}

/// The user signed in in the browser behind a request: by the cookie of our own host, that of the page's host, or the
/// return code in the page's URL. The code comes last, so that an attacker's link cannot replace a user's own session.
async fn in_browser(
    services: &Services,
    forwarded: &Forwarded<'_>,
    verdict: &mut Verdict,
) -> Result<Option<Caller>, ApiError> {
    let forward_auth = &services.forward_auth;
    let known = by_cookie(services, forwarded).await?;
    let Some(page) = &forwarded.page else {
        return Ok(known);
    };
    if known.is_some() {
        forward_auth.drop_code(page);
        return Ok(known);
    }
    let Some((who, cookie)) = forward_auth.take_code(page).await? else {
        return Ok(None);
    };
    verdict.cookie = Some(cookie);
    Ok(Some(who.caller()))
}
