//! What of a request a proxy passes on to `/auth/check`, and whom its cookies sign in.

use rocket::{Request, outcome::Outcome, request::FromRequest};

use super::{
    ApiError, Services,
    pages::browser::{MAX_CANDIDATES, all_cookies},
};
use crate::service::{Caller, Named, Page};

/// What of a request the proxy passes on.
pub(super) struct Forwarded<'r> {
    /// All `Authorization` headers. Where there is one nothing else is looked at: programs pass most often.
    pub authorization: Vec<&'r str>,
    pub page: Option<Page>,
    pub cookies: Vec<(&'r str, &'r str)>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forwarded<'r> {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> rocket::request::Outcome<Self, ApiError> {
        let doorward = match Services::of(request) {
            Ok(doorward) => doorward,
            Err(error) => return Outcome::Error(error.leave(request)),
        };
        let authorization: Vec<_> = request.headers().get("authorization").collect();
        if !authorization.is_empty() {
            return Outcome::Success(Self {
                authorization,
                page: None,
                cookies: Vec::new(),
            });
        }
        let page = named(request)
            .as_ref()
            .and_then(|named| doorward.forward_auth.asked_page(named));
        Outcome::Success(Self {
            authorization,
            page,
            cookies: all_cookies(request).take(MAX_COOKIES).collect(),
        })
    }
}

/// What the headers say of the page; `None` where one came twice: one of the two is not the proxy's.
fn named<'r>(request: &'r Request<'_>) -> Option<Named<'r>> {
    let one = |name: &str| {
        let mut values = request.headers().get(name);
        match (values.next(), values.next()) {
            (value, None) => Some(value),
            _ => None,
        }
    };
    Some(Named {
        original: one("x-original-url")?,
        scheme: one("x-forwarded-proto")?,
        host: one("x-forwarded-host")?,
        uri: one("x-forwarded-uri")?,
    })
}

/// Cookies of a request that are looked at.
const MAX_COOKIES: usize = 200;

pub(super) async fn by_cookie(
    doorward: &Services,
    forwarded: &Forwarded<'_>,
) -> Result<Option<Caller>, ApiError> {
    let named = |name: &str| {
        let found = forwarded.cookies.iter().filter(|(have, _)| *have == name);
        found
            .map(|(_, value)| *value)
            .take(MAX_CANDIDATES)
            .collect::<Vec<_>>()
    };
    for value in named(&doorward.site.cookie) {
        let hash = crate::crypto::secret::Digest256::of(value.as_bytes());
        let who = doorward.browsers.signed_in(hash, doorward.clock.now());
        if let Some(who) = who.await? {
            return Ok(Some(who.caller()));
        }
    }
    let Some(page) = &forwarded.page else {
        return Ok(None);
    };
    let forward_auth = &doorward.forward_auth;
    for value in named(&forward_auth.check_cookie(page.tls)) {
        if let Some(who) = forward_auth.signed_in_at_host(page, value).await? {
            return Ok(Some(who.caller()));
        }
    }
    Ok(None)
}
