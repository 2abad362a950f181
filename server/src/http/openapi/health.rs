//! Operations for monitoring, and this description.

use doorward_shared::ErrorCode as E;
use rocket::http::Method::Get;

use super::{
    operation::{Operation, op},
    security::SecurityRequirement::Anybody,
};
use crate::http::health::Health;

/// The operations.
pub(super) const OPERATIONS: &[Operation] = &[
    op(Get, "/health/live", Anybody, "The process answers").gives::<Health>(200),
    op(Get, "/health/ready", Anybody, "Storage takes commits")
        .gives::<Health>(200)
        .or(&[E::StorageUnavailable]),
    op(Get, "/metrics", Anybody, "Numbers for Prometheus").text("text/plain"),
    op(Get, "/openapi.json", Anybody, "This description").text("application/json"),
    op(Get, "/docs", Anybody, "API documentation as a page").text("text/html"),
];
