//! Responses of OAuth endpoints: errors in the format of RFC 6749 section 5.2, and JSON that must not be cached.

use std::io::Cursor;

use rocket::{
    Request, Response,
    http::{ContentType, Header, Status},
    response::{self, Responder},
};
use serde::Serialize;

use crate::oauth::OAuthError;

impl<'r> Responder<'r, 'static> for OAuthError {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: &'a str,
        }
        let body = Body {
            error: self.error,
            error_description: &self.description,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = json(self.status, body);
        if matches!(self.status, 401 | 403) {
            response.set_header(Header::new("WWW-Authenticate", self.challenge()));
        }
        if let Some(seconds) = self.retry_after {
            response.set_header(Header::new("Retry-After", seconds.to_string()));
        }
        Ok(response)
    }
}

/// JSON that must not be cached, RFC 6749 section 5.1.
fn json(status: u16, body: String) -> Response<'static> {
    let mut response = Response::new();
    response.set_status(Status::from_code(status).unwrap_or(Status::InternalServerError));
    response.set_header(ContentType::JSON);
    response.set_header(Header::new("Cache-Control", "no-store"));
    response.set_header(Header::new("Pragma", "no-cache"));
    response.set_sized_body(body.len(), Cursor::new(body));
    response
}

/// A response that contains credentials.
pub(super) struct NoStore<T>(pub T);

impl<'r, T: Serialize> Responder<'r, 'static> for NoStore<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match serde_json::to_string(&self.0) {
            Ok(body) => Ok(json(200, body)),
            Err(_) => OAuthError::server().respond_to(request),
        }
    }
}
