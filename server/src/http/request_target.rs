//! Validates the request target: canonical path, one host, bounded query.

use doorward_shared::ErrorCode;
use rocket::Request;

use super::{ApiError, catchers::methods};
use crate::oauth::MAX_PARAMETERS;

/// Paths whose query errors are shown on a page.
const PAGES: [&str; 2] = ["/oauth/authorize", "/oauth/logout"];

/// The error of a request's target, if there is one.
pub(super) fn fault(request: &Request<'_>) -> Option<ApiError> {
    let path = request.uri().path().as_str();
    // The allowed methods of a path with an extra slash are those of the path without it.
    let bare = path.strip_suffix('/').filter(|bare| !bare.is_empty());
    let is_served = bare.is_some() && methods(request).contains(&request.method());
    if !is_plain(bare.unwrap_or(path)) || is_served {
        return Some(ApiError::new(ErrorCode::NotFound, "no such resource"));
    }
    let refused = |message| Some(ApiError::new(ErrorCode::InvalidRequest, message));
    let hosts = request.headers().get("host").count();
    // Requests without a connection, from an app's own tests, need no host.
    let missing = hosts == 0 && request.host().is_none() && request.remote().is_some();
    if missing || hosts > 1 {
        // RFC 9112 section 3.2.
        return refused("exactly one Host header is required");
    }
    let query = request.uri().query().map_or("", |query| query.as_str());
    let parameters = query.split('&').filter(|part| !part.is_empty());
    if parameters.count() > MAX_PARAMETERS && !PAGES.contains(&path) {
        return refused("there must be at most 256 parameters");
    }
    None
}

/// Whether a path is in canonical form. Rocket ignores empty segments and decodes escapes, so that `//metrics` and
/// `/%6detrics` would be `/metrics`, which a proxy's rules would not match.
fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/');
    // Before the first slash.
    segments.next();
    path == "/"
        || segments.all(|segment| !matches!(segment, "" | "." | "..") && !has_hidden(segment))
}

/// Whether a segment contains an unnecessary escape (RFC 3986 section 2.3), or an encoded slash.
fn has_hidden(segment: &str) -> bool {
    segment.split('%').skip(1).any(|rest| {
        let hex = rest
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        hex.is_none_or(|byte| byte.is_ascii_alphanumeric() || b"-._~/\\".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn a_path_has_one_spelling() {
        for plain in [
            "/",
            "/metrics",
            "/admin/users/user_01",
            "/admin/roles/a%20b",
            "/admin/roles/%C3%A9",
            "/admin/roles/a%00",
            "/.well-known/jwks.json",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "//metrics",
            "/metrics/",
            "//",
            "/./metrics",
            "/a/../metrics",
            "/%6detrics",
            "/%6Detrics",
            "/%2e%2e/metrics",
            "/admin%2fusers",
            "/admin/users/%2F",
            "/metrics%",
            "/metrics%zz",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }
}
