//! `/.well-known`: what anybody may read about this server.

use std::sync::Arc;

use rocket::{
    Request, Response, Route, State, get,
    http::{ContentType, Header},
    response::{self, Responder},
    routes,
};

use crate::app::Doorward;

pub fn all() -> Vec<Route> {
    routes![jwks]
}

/// Public JSON that may be kept for a while.
pub struct Public(pub Arc<str>);

impl<'r> Responder<'r, 'static> for Public {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let body = self.0.to_string();
        Response::build()
            .header(ContentType::JSON)
            // Shorter than any key stays after a rotation; a new key id makes verifiers ask again anyway.
            .header(Header::new("Cache-Control", "public, max-age=300"))
            .header(Header::new("Access-Control-Allow-Origin", "*"))
            .sized_body(body.len(), std::io::Cursor::new(body))
            .ok()
    }
}

/// The public keys, RFC 7517 section 5.
#[get("/.well-known/jwks.json")]
fn jwks(doorward: &State<Doorward>) -> Public {
    Public(doorward.keys.jwks())
}
