//! The guard for pages of an app: the user signed in in the browser.

use std::ops::Deref;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_shared::ErrorCode;
use rocket::{
    Request, Response,
    http::{Header, Method, Status},
    request::{FromRequest, Outcome},
};

use super::{
    browser_cookie::{Browser, cookies},
    form_origin::is_from_another_site,
};
use crate::{
    http::{ApiError, Services},
    service::Caller,
};

/// Lifetime of the cookie with the return address, in seconds.
const KEPT: u32 = 600;
/// Maximum length of a return address, in bytes.
const LONGEST: usize = 1500;

/// The user signed in in the browser that sends a request, at the hosted pages of this app's Doorward. Without one a
/// request for a page is redirected to `/sign-in`, and returns after the sign-in; any other gets 401.
///
/// A browser adds its cookie to every request, so a request that changes something is rejected if another site sent it.
///
/// ```
/// use doorward_server::SignedIn;
/// use rocket::get;
///
/// #[get("/orders")]
/// fn orders(person: SignedIn) -> String {
///     let email = person.account().map_or("nobody", |account| account.user.email.as_str());
///     format!("orders of {email}")
/// }
/// ```
#[derive(Debug)]
pub struct SignedIn(pub Caller);

impl Deref for SignedIn {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// The redirect to the sign-in page, and the cookie with the return address.
struct ToSignIn {
    location: String,
    cookie: Option<String>,
}

/// Stored with a request whose guard found no user; the fairing responds with it.
struct PendingSignIn(Option<ToSignIn>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = ApiError;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        match person(request).await {
            Ok(Some(caller)) => Outcome::Success(Self(caller)),
            Ok(None) => {
                let error = ApiError::new(ErrorCode::MissingToken, "sign in first");
                if asks_for_a_page(request)
                    && let Ok(services) = Services::of(request)
                {
                    request.local_cache(|| PendingSignIn(Some(to_sign_in(services, request))));
                    return Outcome::Error((Status::Unauthorized, error));
                }
                Outcome::Error(error.leave(request))
            }
            Err(error) => Outcome::Error(error.leave(request)),
        }
    }
}

async fn person(request: &Request<'_>) -> Result<Option<Caller>, ApiError> {
    let services = Services::of(request)?;
    if !is_safe(request.method()) && is_from_elsewhere(services, request) {
        let message = "this was sent from another site";
        return Err(ApiError::new(ErrorCode::InsufficientScope, message));
    }
    let browser = Browser::of(request, services).await;
    let person = browser.person()?;
    Ok(person.map(|person| person.caller()))
}

fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head | Method::Options)
}

fn is_from_elsewhere(services: &Services, request: &Request<'_>) -> bool {
    let headers = request.headers();
    let Some(origin) = headers.get_one("origin") else {
        // Every current browser reports it for requests that change something.
        return is_from_another_site(request);
    };
    // For an app with several host names; over TLS, a page loaded without it does not count as its own.
    let host = match origin.split_once("://") {
        Some(("https", host)) => Some(host),
        Some(("http", host)) if !services.site.tls => Some(host),
        _ => None,
    };
    let is_own_host = host.is_some() && host == headers.get_one("host");
    origin != services.site.origin && !is_own_host
}

fn asks_for_a_page(request: &Request<'_>) -> bool {
    let mut accept = request.headers().get("accept");
    matches!(request.method(), Method::Get | Method::Head)
        && accept.any(|accept| accept.contains("text/html"))
}

fn to_sign_in(services: &Services, request: &Request<'_>) -> ToSignIn {
    let site = &services.site;
    let back = format!("{}{}", site.base, request.uri());
    let secure = if site.tls { "; Secure" } else { "" };
    ToSignIn {
        location: format!("{}/sign-in", site.base),
        cookie: is_path(&back).then(|| {
            format!(
                "{}={}; Path=/; Max-Age={KEPT}; HttpOnly; SameSite=Lax{secure}",
                cookie_name(services),
                BASE64.encode(back)
            )
        }),
    }
}

fn cookie_name(services: &Services) -> String {
    format!("{}-next", services.site.cookie)
}

/// Whether a text is a path of this site, and cannot be parsed as another site's URL.
fn is_path(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next() == Some('/')
        && !matches!(chars.next(), Some('/' | '\\'))
        && text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The return address that a browser has, if it was sent to sign in from a page of the app.
pub(crate) fn way_back(request: &Request<'_>, services: &Services) -> Option<String> {
    let value = cookies(request, &cookie_name(services)).next()?;
    let path = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
    is_path(&path).then_some(path)
}

/// Redirects a browser to the sign-in page, if a guard of this request has found no user.
pub(crate) fn redirect(request: &Request<'_>, response: &mut Response<'_>) {
    if response.status() != Status::Unauthorized {
        return;
    }
    let PendingSignIn(Some(to)) = request.local_cache(|| PendingSignIn(None)) else {
        return;
    };
    response.set_status(Status::SeeOther);
    response.set_header(Header::new("Location", to.location.clone()));
    response.set_header(Header::new("Cache-Control", "no-store"));
    response.remove_header("Content-Type");
    response.set_sized_body(0, std::io::Cursor::new(""));
    if let Some(cookie) = &to.cookie {
        response.adjoin_header(Header::new("Set-Cookie", cookie.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_this_site() {
        for good in ["/", "/orders?x=1&y=%2F", "/id/orders"] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/a\r\nx",
            "/\u{e9}",
        ] {
            assert!(!is_path(bad), "{bad:?}");
        }
        assert!(!is_path(&format!("/{}", "x".repeat(LONGEST))));
    }
}
