//! Query parameters of `/auth/check`.

use doorward_shared::ScopeSet;
use rocket::http::uri::Origin;

use super::{ApiError, path_ids};

/// How the proxy handles browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum UnauthenticatedBrowsers {
    /// Only programs are supported.
    #[default]
    No,
    /// A 401 with the sign-in address: nginx.
    Location,
    /// A 302 to the sign-in address: Caddy, Traefik.
    Redirect,
}

/// The parameters of a proxy's check.
#[derive(Debug, Default)]
pub(super) struct ForwardAuthQuery {
    pub scopes: ScopeSet,
    pub browsers: UnauthenticatedBrowsers,
}

impl ForwardAuthQuery {
    /// Parses the query. An unknown name is rejected: a mistyped `scope` would let everyone pass.
    pub(super) fn read(uri: &Origin<'_>) -> Result<Self, ApiError> {
        let Some(query) = uri.query() else {
            return Ok(Self::default());
        };
        let text = query.as_str();
        let pairs = crate::oauth::pairs(text.as_bytes());
        let pairs = pairs.ok_or_else(|| ApiError::request("query", "has too many parameters"))?;
        let mut asked = Self::default();
        let mut seen = Vec::new();
        for (name, value) in pairs {
            if seen.contains(&name) {
                return Err(ApiError::request(&name, "came twice"));
            }
            match (name.as_str(), value.as_str()) {
                ("scope", words) => {
                    let words = words.split(' ').filter(|word| !word.is_empty());
                    let words: Vec<_> = words.map(str::to_owned).collect();
                    let scopes = path_ids::scopes("scope", &words);
                    let bad = |_| ApiError::request("scope", "must be scopes with spaces between");
                    asked.scopes = scopes.map_err(bad)?;
                }
                ("browser", "1") => asked.browsers = UnauthenticatedBrowsers::Location,
                ("browser", "302") => asked.browsers = UnauthenticatedBrowsers::Redirect,
                ("browser", _) => return Err(ApiError::request("browser", "must be 1 or 302")),
                _ => return Err(ApiError::request(&name, "is not a parameter")),
            }
            seen.push(name);
        }
        Ok(asked)
    }
}
