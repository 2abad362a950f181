//! `/health` and `/metrics`, for monitoring.

use doorward_shared::ErrorCode;
use rocket::{
    Route, get,
    http::{ContentType, Header},
    response::Responder,
    routes,
};
use serde::Serialize;

use super::{
    ApiError,
    response::{ApiResult, ok},
};
use crate::http::Services;

pub(super) fn routes() -> Vec<Route> {
    routes![live, ready, metrics]
}

/// `{"status":"ok"}`
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    status: &'static str,
}

/// The process runs and answers.
#[get("/health/live")]
fn live() -> ApiResult<Health> {
    ok(Health { status: "ok" })
}

/// Storage can be read and written.
#[get("/health/ready")]
async fn ready(services: &Services) -> ApiResult<Health> {
    services.statistics.probe().await.map_err(|error| {
        tracing::warn!(%error, "readiness check failed");
        ApiError::new(
            ErrorCode::StorageUnavailable,
            "storage cannot be written now",
        )
    })?;
    ok(Health { status: "ok" })
}

#[derive(Responder)]
pub(super) struct Text {
    text: String,
    kind: ContentType,
    cache: Header<'static>,
}

/// Prometheus text format.
#[get("/metrics")]
async fn metrics(services: &Services) -> Text {
    let active = services.statistics.sessions_live().await;
    services
        .metrics
        .observe(services.passwords.threads.load(), active);
    Text {
        text: services.metrics.text(),
        kind: ContentType::new("text", "plain")
            .with_params([("version", "0.0.4"), ("charset", "utf-8")]),
        cache: Header::new("Cache-Control", "no-store"),
    }
}
