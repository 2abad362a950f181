//! `/` and `/favicon.ico`, where the app is nothing but Doorward.

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

/// A browser that asks for a page. Anything else at `/` is not found, like every path that there is not.
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

/// The tab's icon, for whoever asks before they have read a page. Its name says nothing of what is in it: kept for a day.
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
