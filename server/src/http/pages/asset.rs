//! The stylesheet and the logo. Their names change with what is in them, so they may be kept for ever.

use rocket::{
    Request, Response, Route, State, get,
    http::Header,
    response::{self, Responder},
    routes,
};

use crate::{app::Doorward, http::ApiError};

pub fn all() -> Vec<Route> {
    routes![asset]
}

struct Kept {
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl<'r> Responder<'r, 'static> for Kept {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(Header::new("Content-Type", self.content_type))
            .header(Header::new(
                "Cache-Control",
                "public, max-age=31536000, immutable",
            ))
            .header(Header::new("X-Content-Type-Options", "nosniff"))
            // A picture opened by itself is a document, and an SVG could bring scripts.
            .header(Header::new(
                "Content-Security-Policy",
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            ))
            .sized_body(self.bytes.len(), std::io::Cursor::new(self.bytes))
            .ok()
    }
}

#[get("/assets/<name>")]
fn asset(doorward: &State<Doorward>, name: &str) -> Result<Kept, ApiError> {
    let asset = doorward.site.asset(name);
    let asset = asset.ok_or_else(|| ApiError::not_found("asset"))?;
    Ok(Kept {
        content_type: asset.content_type,
        bytes: asset.bytes.clone(),
    })
}
