//! Metadata of an embedding app's API: OAuth 2.0 Protected Resource Metadata, RFC 9728.

use rocket::{
    Data, Request, Route,
    http::Method,
    route::{Handler, Outcome},
};
use serde::Serialize;
use url::Url;

use super::{Services, well_known::Public};

/// The well-known part, between host and path (RFC 9728 section 3.1).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// An API of an app that embeds Doorward, discoverable by clients: MCP clients, for example, read in this document
/// which authorization server issues tokens. It is the Doorward whose fairing is attached.
///
/// ```no_run
/// use doorward_server::{Doorward, ProtectedResource, Settings};
///
/// # async fn app() -> Result<(), Box<dyn std::error::Error>> {
/// let doorward = Doorward::open(Settings::default()).await?;
/// let orders = ProtectedResource::new("https://api.example/orders")?
///     .named("Orders")
///     .with_scopes(["read:orders", "write:orders"]);
/// // Answers at /.well-known/oauth-protected-resource/orders
/// let app = rocket::build().attach(doorward.fairing()).mount("/", orders);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ProtectedResource {
    resource: Url,
    scopes: Vec<String>,
    name: Option<String>,
}

/// An identifier that is not a valid URL of an API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an http or https URL without query and fragment")]
pub struct NoResource(String);

impl ProtectedResource {
    /// The API with this URL: tokens for it have it as their audience (`aud`), and clients are registered with it in
    /// `resources`.
    ///
    /// # Errors
    /// If it is not an http or https URL, or has a query or a fragment.
    pub fn new(resource: &str) -> Result<Self, NoResource> {
        let wrong = || NoResource(resource.to_owned());
        let url = Url::parse(resource).map_err(|_| wrong())?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        Ok(Self {
            resource: url,
            scopes: Vec::new(),
            name: None,
        })
    }

    /// The display name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// Scopes that its routes require.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self {
            scopes: scopes.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    /// The URL as clients write it: a host alone has no slash.
    fn identifier(&self) -> &str {
        match self.resource.path() {
            "/" => self.resource.as_str().trim_end_matches('/'),
            _ => self.resource.as_str(),
        }
    }

    fn path(&self) -> String {
        format!("{WELL_KNOWN}{}", self.resource.path().trim_end_matches('/'))
    }
}

#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    authorization_servers: [&'a str; 1],
    bearer_methods_supported: [&'a str; 1],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes_supported: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
}

#[rocket::async_trait]
impl Handler for ProtectedResource {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let services = match Services::of(request) {
            Ok(services) => services,
            Err(error) => return Outcome::from(request, error),
        };
        let document = Document {
            resource: self.identifier(),
            authorization_servers: [&services.issuer],
            bearer_methods_supported: ["header"],
            scopes_supported: &self.scopes,
            resource_name: self.name.as_deref(),
        };
        let text = serde_json::to_string(&document).unwrap_or_default();
        Outcome::from(request, Public(text.into()))
    }
}

impl From<ProtectedResource> for Vec<Route> {
    fn from(resource: ProtectedResource) -> Self {
        let path = resource.path();
        vec![Route::new(Method::Get, &path, resource)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_stands_behind_the_well_known_part() {
        for (resource, identifier, path) in [
            ("https://api.example", "https://api.example", ""),
            ("https://api.example/", "https://api.example", ""),
            ("https://api.example/mcp", "https://api.example/mcp", "/mcp"),
            (
                "https://api.example/a/b/",
                "https://api.example/a/b/",
                "/a/b",
            ),
        ] {
            let made = ProtectedResource::new(resource).unwrap();
            assert_eq!(made.identifier(), identifier);
            assert_eq!(made.path(), format!("{WELL_KNOWN}{path}"));
        }
        for wrong in [
            "",
            "api.example",
            "ftp://api.example",
            "https://a/?x",
            "https://a/#x",
            "https://u@a/",
        ] {
            assert!(ProtectedResource::new(wrong).is_err(), "{wrong}");
        }
    }
}
