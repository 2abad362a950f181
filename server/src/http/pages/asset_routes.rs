//! Routes of the stylesheet and the logo. Their names contain a content hash, so they can be cached indefinitely.

use rocket::{
    Request, Response, Route, get,
    http::{Header, Status},
    request::{FromRequest, Outcome},
    response::{self, Responder},
    routes,
};

use crate::http::{ApiError, Services};

pub(super) fn routes() -> Vec<Route> {
    routes![asset]
}

struct CachedAsset {
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl<'r> Responder<'r, 'static> for CachedAsset {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(Header::new("Content-Type", self.content_type))
            .header(Header::new(
                "Cache-Control",
                "public, max-age=31536000, immutable",
            ))
            .header(Header::new("X-Content-Type-Options", "nosniff"))
            // An image opened by itself is a document, and an SVG could contain scripts.
            .header(Header::new(
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            ))
            .sized_body(self.bytes.len(), std::io::Cursor::new(self.bytes))
            .ok()
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for CachedAsset {
    type Error = ApiError;
    /// Other names are forwarded: an embedding app may have its own files there.
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ApiError> {
        let services = match Services::of(request) {
            Ok(services) => services,
            Err(error) => return Outcome::Error(error.leave(request)),
        };
        let name = request.uri().path().segments().last();
        match name.and_then(|name| services.site.asset(name)) {
            Some(asset) => Outcome::Success(Self {
                content_type: asset.content_type,
                bytes: asset.bytes.clone(),
            }),
            None => Outcome::Forward(Status::NotFound),
        }
    }
}

#[get("/assets/<_>")]
fn asset(kept: CachedAsset) -> CachedAsset {
    kept
}
