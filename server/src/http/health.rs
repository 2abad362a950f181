//! `/health` and `/metrics`: for whatever watches the server.

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
    reply::{Answer, ok},
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
fn live() -> Answer<Health> {
    ok(Health { status: "ok" })
}

/// Storage can be read and written.
#[get("/health/ready")]
async fn ready(doorward: &Services) -> Answer<Health> {
    doorward.statistics.probe().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
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
async fn metrics(doorward: &Services) -> Text {
    let active = doorward.statistics.sessions_live().await;
    doorward
        .metrics
        .observe(doorward.passwords.threads.load(), active);
    Text {
        text: doorward.metrics.text(),
        kind: ContentType::new("text", "plain")
            .with_params([("version", "0.0.4"), ("charset", "utf-8")]),
        cache: Header::new("Cache-Control", "no-store"),
    }
}
