//! CORS (Fetch standard section 3.2): which responses browser applications on other origins may read. Never with
//! credentials: our cookies are for our own pages.

use std::io::Cursor;

use rocket::{
    Request, Response,
    http::{Header, Method, Status},
};

use super::Services;

/// Response headers that scripts may read in addition to the safelisted ones.
const EXPOSED: &str = "WWW-Authenticate, Retry-After, X-Request-Id";
/// How long a browser caches a preflight, in seconds.
const MAX_AGE: &str = "600";
/// Maximum length of a requested header list.
const MAX_HEADERS: usize = 1024;

/// Origins that may read the responses of a part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AllowedOrigins {
    Anybody,
    /// Origins of registered browser applications, and `cors_origins`.
    Clients,
    /// `cors_origins` alone.
    Listed,
}

/// Whether `path` is `base` or below it.
fn is_below(path: &str, base: &str) -> bool {
    let rest = path.strip_prefix(base);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Pages, `/oauth/authorize`, `/oauth/introspect` and `/admin` are closed to other origins.
fn readers(path: &str) -> Option<AllowedOrigins> {
    const CLIENTS: [&str; 4] = [
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/userinfo",
        "/oauth/register",
    ];
    if is_below(path, "/.well-known") {
        Some(AllowedOrigins::Anybody)
    } else if CLIENTS.iter().any(|base| is_below(path, base)) {
        Some(AllowedOrigins::Clients)
    } else if is_below(path, "/auth") || is_below(path, "/apikey") {
        Some(AllowedOrigins::Listed)
    } else {
        None
    }
}

/// The value of `Access-Control-Allow-Origin`.
async fn allowed<'r>(
    services: &Services,
    readers: AllowedOrigins,
    origin: &'r str,
) -> Option<&'r str> {
    if readers == AllowedOrigins::Anybody {
        return Some("*");
    }
    let listed = &services.settings.cors_origins;
    if listed.iter().any(|known| known == origin) {
        return Some(origin);
    }
    if readers == AllowedOrigins::Clients {
        match services.store.browser_origins().await {
            Ok(origins) if origins.contains(origin) => return Some(origin),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "an origin could not be looked up"),
        }
    }
    None
}

/// The list of header names that a preflight requests.
fn asked_headers<'r>(request: &'r Request<'_>) -> Option<&'r str> {
    let asked = request
        .headers()
        .get_one("access-control-request-headers")?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"-_, !#$%&'*+.^`|~".contains(&b);
    (asked.len() <= MAX_HEADERS && asked.bytes().all(token)).then_some(asked)
}

/// Adds the CORS headers of a response to another origin; responds to preflights.
pub(super) async fn apply(services: &Services, request: &Request<'_>, response: &mut Response<'_>) {
    let Some(readers) = readers(request.uri().path().as_str()) else {
        return;
    };
    response.adjoin_header(Header::new("Vary", "Origin"));
    let mut origins = request.headers().get("origin");
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        // Public documents allow every origin.
        if readers == AllowedOrigins::Anybody {
            response.set_header(Header::new("Access-Control-Allow-Origin", "*"));
        }
        return;
    };
    let Some(allowed) = allowed(services, readers, origin).await else {
        return;
    };
    let is_preflight = request.method() == Method::Options
        && request.headers().contains("access-control-request-method");
    if is_preflight {
        *response = Response::build()
            .status(Status::NoContent)
            .header(Header::new("Vary", "Origin"))
            .header(Header::new(
                "Access-Control-Allow-Methods",
                "GET, POST, PUT, PATCH, DELETE",
            ))
            .header(Header::new("Access-Control-Max-Age", MAX_AGE))
            .sized_body(0, Cursor::new(""))
            .finalize();
        if let Some(headers) = asked_headers(request) {
            response.set_header(Header::new(
                "Access-Control-Allow-Headers",
                headers.to_owned(),
            ));
        }
    }
    response.set_header(Header::new(
        "Access-Control-Allow-Origin",
        allowed.to_owned(),
    ));
    response.set_header(Header::new("Access-Control-Expose-Headers", EXPOSED));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_api_has_its_readers() {
        for (path, who) in [
            ("/.well-known/jwks.json", Some(AllowedOrigins::Anybody)),
            ("/oauth/token", Some(AllowedOrigins::Clients)),
            ("/oauth/register/client_x", Some(AllowedOrigins::Clients)),
            ("/oauth/userinfo", Some(AllowedOrigins::Clients)),
            ("/auth/token", Some(AllowedOrigins::Listed)),
            ("/auth/me", Some(AllowedOrigins::Listed)),
            ("/apikey", Some(AllowedOrigins::Listed)),
            ("/apikey/verify", Some(AllowedOrigins::Listed)),
            ("/oauth/authorize", None),
            ("/oauth/introspect", None),
            ("/oauth/logout", None),
            ("/oauth/tokens", None),
            ("/authx", None),
            ("/admin/users", None),
            ("/sign-in", None),
            ("/", None),
        ] {
            assert_eq!(readers(path), who, "{path}");
        }
    }
}
