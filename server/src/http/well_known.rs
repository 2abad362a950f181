//! `/.well-known`: public documents of this server.

use std::sync::Arc;

use rocket::{
    Request, Response, Route, get,
    http::{ContentType, Header},
    response::{self, Responder},
    routes,
};

use super::pages;
use crate::{
    http::Services,
    oauth::{Metadata, OAuthError},
};

pub(super) fn routes() -> Vec<Route> {
    routes![jwks, oauth_metadata, openid_metadata]
}

/// An additional location for the metadata of an issuer with a path: RFC 8414 section 3.1 puts the path after the
/// well-known part, which only reaches us through a proxy that serves the whole host.
pub(super) fn with_path() -> Vec<Route> {
    routes![metadata]
}

/// Public JSON that may be cached for a while.
pub(super) struct Public(pub Arc<str>);

impl<'r> Responder<'r, 'static> for Public {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let body = self.0.to_string();
        Response::build()
            .header(ContentType::JSON)
            // Shorter than the time any key stays after a rotation; an unknown key id makes verifiers refetch anyway.
            .header(Header::new("Cache-Control", "public, max-age=300"))
            .sized_body(body.len(), std::io::Cursor::new(body))
            .ok()
    }
}

/// The public keys, RFC 7517 section 5.
#[get("/.well-known/jwks.json")]
fn jwks(services: &Services) -> Public {
    Public(services.keys.jwks())
}

fn document(services: &Services) -> Result<Public, OAuthError> {
    let languages = pages::languages();
    let document = serde_json::to_string(&Metadata::new(
        &services.issuer,
        services.keys.algorithm(),
        languages,
        &services.settings,
    ));
    Ok(Public(document.map_err(|_| OAuthError::server())?.into()))
}

/// RFC 8414 section 3.
#[get("/.well-known/oauth-authorization-server")]
fn oauth_metadata(services: &Services) -> Result<Public, OAuthError> {
    document(services)
}

/// OpenID Connect Discovery section 4.
#[get("/.well-known/openid-configuration")]
fn openid_metadata(services: &Services) -> Result<Public, OAuthError> {
    document(services)
}

#[get("/")]
fn metadata(services: &Services) -> Result<Public, OAuthError> {
    document(services)
}
