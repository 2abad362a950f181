//! Responses of handlers: JSON, 201, 202, 204.

use std::{io::Cursor, sync::Arc};

use rocket::{
    Request, Response,
    http::{ContentType, Header, Status},
    response::{self, Responder},
};
use serde::Serialize;

use super::ApiError;

/// A JSON response.
#[derive(Debug, Clone)]
pub(super) struct Reply<T> {
    status: Status,
    body: T,
}

impl<T> Reply<T> {
    /// The value.
    pub(super) fn body(&self) -> &T {
        &self.body
    }
}

/// The result of a handler.
pub(super) type ApiResult<T> = Result<Reply<T>, ApiError>;

/// 204, or an error.
pub(super) type EmptyResult = Result<NoContent, ApiError>;

/// 204.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoContent;

/// 202: the outcome is not disclosed here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted;

/// 202, or an error.
pub(super) type AcceptedResult = Result<Accepted, ApiError>;

impl<'r> Responder<'r, 'static> for Accepted {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().status(Status::Accepted).ok()
    }
}

/// 200.
pub(super) fn ok<T>(body: T) -> ApiResult<T> {
    Ok(Reply {
        status: Status::Ok,
        body,
    })
}

/// 200 with JSON that was serialized before.
#[derive(Debug, Clone)]
pub(crate) struct ReadyJson(pub Arc<[u8]>);

impl<'r> Responder<'r, 'static> for ReadyJson {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(json_response(Status::Ok, self.0.len(), Cursor::new(self.0)))
    }
}

/// All responses of the API are for their caller only, and many contain credentials (RFC 6749 section 5.1).
fn json_response<B>(status: Status, length: usize, body: Cursor<B>) -> Response<'static>
where
    B: AsRef<[u8]> + Send + Unpin + 'static,
{
    let mut response = Response::new();
    response.set_status(status);
    response.set_header(ContentType::JSON);
    response.set_header(Header::new("Cache-Control", "no-store"));
    response.set_sized_body(length, body);
    response
}

/// 201.
pub(super) fn created<T>(body: T) -> ApiResult<T> {
    Ok(Reply {
        status: Status::Created,
        body,
    })
}

impl<'r, T: Serialize> Responder<'r, 'static> for Reply<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        // Capacity for most responses.
        let mut body = Vec::with_capacity(512);
        if serde_json::to_writer(&mut body, &self.body).is_err() {
            let error = ApiError::new(
                doorward_shared::ErrorCode::InternalError,
                "an answer could not be written",
            );
            return error.respond_to(request);
        }
        Ok(json_response(self.status, body.len(), Cursor::new(body)))
    }
}

impl<'r> Responder<'r, 'static> for NoContent {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().status(Status::NoContent).ok()
    }
}
