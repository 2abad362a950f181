//! The response of `/auth/check` to a proxy.

use std::io::Cursor;

use rocket::{
    Request, Response,
    http::{Header, Status},
    response::{self, Responder},
};

use super::ApiError;
use crate::service::ForwardedIdentity;

/// The response to the proxy. The four headers are always set, so that a browser cannot inject values under their
/// names.
pub(super) struct Verdict {
    pub result: Result<ForwardedIdentity, ApiError>,
    /// The redirect target for the browser.
    pub location: Option<String>,
    pub redirect: bool,
    pub cookie: Option<String>,
}

impl<'r> Responder<'r, 'static> for Verdict {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (passed, mut response) = match self.result {
            Ok(passed) => (
                passed,
                Response::build().status(Status::NoContent).finalize(),
            ),
            Err(error) => (ForwardedIdentity::default(), error.respond_to(request)?),
        };
        if self.redirect && self.location.is_some() {
            response = Response::build()
                .status(Status::Found)
                .sized_body(0, Cursor::new(""))
                .finalize();
        }
        for (name, value) in [
            ("X-Auth-Subject", passed.subject),
            ("X-Auth-Email", passed.email),
            ("X-Auth-Groups", passed.groups),
            ("X-Auth-Scope", passed.scope),
        ] {
            response.set_header(Header::new(name, value));
        }
        response.set_header(Header::new("Cache-Control", "no-store"));
        if let Some(location) = self.location {
            response.set_header(Header::new("Location", location));
        }
        if let Some(cookie) = self.cookie {
            response.set_header(Header::new("Set-Cookie", cookie));
        }
        Ok(response)
    }
}
