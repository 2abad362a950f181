//! What a proxy asks of `/auth/check`.

use doorward_shared::ScopeSet;
use rocket::http::uri::Origin;

use super::{ApiError, path_ids};

/// How the proxy treats browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum UnauthenticatedBrowsers {
    /// Programs alone pass.
    #[default]
    No,
    /// A 401 carries where to sign in: nginx.
    Location,
    /// 302 to there: Caddy, Traefik.
    Redirect,
}

/// What a proxy asks.
#[derive(Debug, Default)]
pub(super) struct ForwardAuthQuery {
    pub scopes: ScopeSet,
    pub browsers: UnauthenticatedBrowsers,
}

impl ForwardAuthQuery {
    /// From the query. A name that is not known is refused: a mistyped `scope` would let everybody pass.
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
