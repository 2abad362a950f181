//! `/` and `/favicon.ico`, if the app is Doorward alone.

use std::io::Cursor;

use rocket::{
    Request, Response, Route, get,
    http::{Header, Status},
    request::{FromRequest, Outcome},
    response::{self, Responder},
    routes,
};

use crate::http::Services;

pub(super) fn routes() -> Vec<Route> {
    routes![home, favicon]
}

/// A browser that requests a page. Any other request for `/` is not found, like every unknown path.
struct AsksForAPage;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for AsksForAPage {
    type Error = std::convert::Infallible;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let mut accept = request.headers().get("accept");
        if accept.any(|accept| accept.contains("text/html")) {
            Outcome::Success(Self)
        } else {
            Outcome::Forward(Status::NotFound)
        }
    }
}

/// A redirect within the site.
struct HomeRedirect(String);

impl<'r> Responder<'r, 'static> for HomeRedirect {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .status(Status::SeeOther)
            .header(Header::new("Location", self.0))
            .header(Header::new("Cache-Control", "no-store"))
            .ok()
    }
}

#[get("/")]
fn home(_page: AsksForAPage, services: &Services) -> HomeRedirect {
    HomeRedirect(format!("{}/account", services.site.base))
}

/// The tab's icon, for browsers that request it before they have read a page. Its name contains no hash: cached for a
/// day.
struct Icon(Vec<u8>);

impl<'r> Responder<'r, 'static> for Icon {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(Header::new("Content-Type", "image/svg+xml"))
            .header(Header::new("Cache-Control", "public, max-age=86400"))
            .header(Header::new("X-Content-Type-Options", "nosniff"))
            .header(Header::new(
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            ))
            .sized_body(self.0.len(), Cursor::new(self.0))
            .ok()
    }
}

#[get("/favicon.ico")]
fn favicon(services: &Services) -> Icon {
    Icon(services.site.icon.bytes.clone())
}
