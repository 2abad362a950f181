//! The proxied request that `/auth/check` decides about: its headers, and the user its cookies sign in.

use rocket::{Request, outcome::Outcome, request::FromRequest};

use super::{
    ApiError, Services,
    bearer::bearer_of,
    pages::browser_cookie::{MAX_CANDIDATES, all_cookies},
};
use crate::service::{Caller, NamedTarget, Page};

/// The proxied request, as the proxy passes it on.
pub(super) struct Forwarded<'r> {
    /// Whether there is more than one `Authorization` header: only one of them could be checked.
    pub is_ambiguous: bool,
    /// The token in an `Authorization` header of our scheme. If there is one, cookies are ignored, since programs send
    /// most requests. Other schemes, such as Basic, are for the application behind the proxy.
    pub bearer: Option<&'r str>,
    pub page: Option<Page>,
    pub cookies: Vec<(&'r str, &'r str)>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forwarded<'r> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, ApiError> {
        let services = match Services::of(request) {
            Ok(services) => services,
            Err(error) => return Outcome::Error(error.leave(request)),
        };
        let mut authorization = request.headers().get("authorization");
        let bearer = authorization.next().and_then(bearer_of);
        let query = request.uri().query();
        let page = if query.is_some_and(|query| query.contains("browser")) {
            let named = named(request);
            named.and_then(|named| services.forward_auth.asked_page(&named))
        } else {
            None
        };
        let cookies = if bearer.is_none() {
            all_cookies(request).take(MAX_COOKIES).collect()
        } else {
            Vec::new()
        };
        Outcome::Success(Self {
            is_ambiguous: authorization.next().is_some(),
            bearer,
            page,
            cookies,
        })
    }
}

/// The page named in the headers; `None` if one was sent twice, since one of the two is not the proxy's.
fn named<'r>(request: &'r Request<'_>) -> Option<NamedTarget<'r>> {
    let one = |name: &str| {
        let mut values = request.headers().get(name);
        match (values.next(), values.next()) {
            (value, None) => Some(value),
            _ => None,
        }
    };
    Some(NamedTarget {
        original: one("x-original-url")?,
        scheme: one("x-forwarded-proto")?,
        host: one("x-forwarded-host")?,
        uri: one("x-forwarded-uri")?,
    })
}

/// Maximum number of cookies of a request that are checked.
const MAX_COOKIES: usize = 200;

pub(super) async fn by_cookie(
    services: &Services,
    forwarded: &Forwarded<'_>,
) -> Result<Option<Caller>, ApiError> {
    let named = |name: &str| {
        let found = forwarded.cookies.iter().filter(|(have, _)| *have == name);
        found
            .map(|(_, value)| *value)
            .take(MAX_CANDIDATES)
            .collect::<Vec<_>>()
    };
    for value in named(&services.site.cookie) {
        let hash = crate::crypto::secret::Digest256::of(value.as_bytes());
        let who = services
            .browser_sessions
            .signed_in(hash, services.clock.now());
        if let Some(who) = who.await? {
            return Ok(Some(who.caller()));
        }
    }
    let Some(page) = &forwarded.page else {
        return Ok(None);
    };
    let forward_auth = &services.forward_auth;
    for value in named(&forward_auth.check_cookie(page)) {
        if let Some(who) = forward_auth.signed_in_at_host(page, value).await? {
            return Ok(Some(who.caller()));
        }
    }
    Ok(None)
}
