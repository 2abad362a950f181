//! The browser a request comes from: its cookie, and who is signed in in it.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use rocket::Request;

use super::page::Shown;
use crate::{
    app::Doorward,
    browser::SignedIn,
    clock::random_bytes,
    crypto::secret::{Digest256, Secret},
    http::ApiError,
};

/// Name under plain HTTP, where browsers refuse the prefix.
const NAME: &str = "doorward";
/// Name under TLS: set by this host, for this host, over TLS.
const HOST_NAME: &str = "__Host-doorward";

/// A browser.
#[derive(Debug)]
pub struct Browser {
    cookie: Secret,
    /// It came without a cookie of ours.
    fresh: bool,
    signed_in: Result<Option<SignedIn>, ApiError>,
}

impl Browser {
    /// The browser that sends a request.
    pub async fn of(request: &Request<'_>, doorward: &Doorward) -> Self {
        let name = if doorward.site.tls { HOST_NAME } else { NAME };
        let value = request.cookies().get(name).map(|cookie| cookie.value());
        let Some(value) = value.filter(|value| well_formed(value)) else {
            return Self {
                cookie: new_cookie(),
                fresh: true,
                signed_in: Ok(None),
            };
        };
        let cookie = Secret::from(value.to_owned());
        let now = doorward.clock.now();
        let signed_in = doorward.signed_in(cookie.digest(), now).await;
        Self {
            cookie,
            fresh: false,
            signed_in: signed_in.map_err(ApiError::from),
        }
    }

    /// Hash of its cookie: what forms and sign-ins are bound to.
    pub fn hash(&self) -> Digest256 {
        self.cookie.digest()
    }

    /// Who is signed in in it.
    ///
    /// # Errors
    /// A page, when storage cannot be read.
    pub fn signed_in(&self) -> Result<Option<SignedIn>, Shown> {
        match &self.signed_in {
            Ok(signed_in) => Ok(signed_in.clone()),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// The cookie to set, where the browser has none yet.
    pub fn cookie_if_fresh(&self, doorward: &Doorward) -> Option<String> {
        self.fresh.then(|| set_cookie(doorward, &self.cookie))
    }
}

/// A new cookie: every sign-in gets one, so that a value somebody planted before is worth nothing after.
pub fn new_cookie() -> Secret {
    BASE64.encode(random_bytes::<32>()).into()
}

/// The `Set-Cookie` header. Without an age: it goes when the browser is closed.
pub fn set_cookie(doorward: &Doorward, value: &Secret) -> String {
    let (name, secure) = if doorward.site.tls {
        (HOST_NAME, "; Secure")
    } else {
        (NAME, "")
    };
    format!(
        "{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
        value.expose()
    )
}

/// What a cookie of ours looks like: 32 bytes in base64url.
fn well_formed(value: &str) -> bool {
    BASE64.decode(value).is_ok_and(|bytes| bytes.len() == 32)
}
