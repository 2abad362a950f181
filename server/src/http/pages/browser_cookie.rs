//! The browser of a request: its cookie, and its signed-in user.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use rocket::Request;

use super::page_response::PageResponse;
use crate::{
    clock::random_bytes,
    crypto::secret::{Digest256, Secret},
    http::{ApiError, Services},
    service::SignedIn,
};

/// Maximum number of cookies with our name that are looked up per request: planted cookies cost no more than that.
pub(crate) const MAX_CANDIDATES: usize = 4;

/// A browser.
#[derive(Debug)]
pub(crate) struct Browser {
    cookie: Secret,
    /// It sent no cookie of ours.
    fresh: bool,
    signed_in: Result<Option<SignedIn>, ApiError>,
}

impl Browser {
    /// The browser that sends a request. Of several cookies with our name, the one with a signed-in user counts, else
    /// the first of valid form.
    pub(crate) async fn of(request: &Request<'_>, services: &Services) -> Self {
        let now = services.clock.now();
        let mut best: Option<Self> = None;
        for value in candidates(request, &services.site.cookie) {
            let cookie = Secret::from(value.to_owned());
            let signed_in = services
                .browser_sessions
                .signed_in(cookie.digest(), now)
                .await;
            let found = Self {
                cookie,
                fresh: false,
                signed_in: signed_in.map_err(ApiError::from),
            };
            if !matches!(found.signed_in, Ok(None)) {
                return found;
            }
            best.get_or_insert(found);
        }
        best.unwrap_or_else(|| Self {
            cookie: new_cookie(),
            fresh: true,
            signed_in: Ok(None),
        })
    }

    /// Hash of its cookie, to which forms and sign-ins are bound.
    pub(crate) fn hash(&self) -> Digest256 {
        self.cookie.digest()
    }

    /// Its signed-in user.
    ///
    /// # Errors
    /// A page, when storage cannot be read.
    pub(crate) fn signed_in(&self) -> Result<Option<SignedIn>, PageResponse> {
        match &self.signed_in {
            Ok(signed_in) => Ok(signed_in.clone()),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// As [`Browser::signed_in`], for handlers that do not return a page.
    ///
    /// # Errors
    /// When storage cannot be read.
    pub(crate) fn person(&self) -> Result<Option<SignedIn>, ApiError> {
        self.signed_in.clone()
    }

    /// The cookie to set, if the browser has none yet.
    pub(crate) fn cookie_if_fresh(&self, services: &Services) -> Option<String> {
        self.fresh
            .then(|| set_cookie(services, &self.cookie, CookieLifetime::Browser))
    }
}

/// A new cookie: each sign-in gets one, so that a value planted before is useless afterwards.
pub(crate) fn new_cookie() -> Secret {
    BASE64.encode(random_bytes::<32>()).into()
}

/// Lifetime of the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CookieLifetime {
    /// Until the browser is closed.
    #[default]
    Browser,
    /// Maximum session lifetime: the user chose to stay signed in.
    Session,
}

impl CookieLifetime {
    /// The lifetime that a form requests.
    pub(crate) fn of(field: &str) -> Self {
        match field {
            "true" => Self::Session,
            _ => Self::Browser,
        }
    }
}

/// The `Set-Cookie` header.
pub(crate) fn set_cookie(services: &Services, value: &Secret, stay: CookieLifetime) -> String {
    let (name, secure) = (
        &services.site.cookie,
        if services.site.tls { "; Secure" } else { "" },
    );
    let age = match stay {
        CookieLifetime::Browser => String::new(),
        CookieLifetime::Session => format!("; Max-Age={}", services.settings.session_seconds),
    };
    format!(
        "{name}={}; Path=/; HttpOnly; SameSite=Lax{age}{secure}",
        value.expose()
    )
}

/// Names and values of the request's cookies, in order.
pub(crate) fn all_cookies<'r>(
    request: &'r Request<'_>,
) -> impl Iterator<Item = (&'r str, &'r str)> {
    let headers = request.headers().get("cookie");
    let pairs = headers.flat_map(|header| header.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('='))
}

/// Values of the request's cookies with this name, in order.
pub(crate) fn cookies<'r>(request: &'r Request<'_>, name: &str) -> impl Iterator<Item = &'r str> {
    all_cookies(request).filter_map(move |(have, value)| (have == name).then_some(value))
}

/// The values of valid form.
fn candidates<'r>(request: &'r Request<'_>, name: &str) -> Vec<&'r str> {
    let ours = cookies(request, name).filter(|value| well_formed(value));
    ours.take(MAX_CANDIDATES).collect()
}

/// Whether a value has the form of our cookies: 32 bytes in base64url.
fn well_formed(value: &str) -> bool {
    BASE64.decode(value).is_ok_and(|bytes| bytes.len() == 32)
}
