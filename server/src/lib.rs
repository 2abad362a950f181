//! Doorward: a self-hosted OAuth2 authorization server, as a library for Rocket apps.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

pub mod app;
pub mod clock;
pub mod crypto;
pub mod domain;
mod files;
pub mod http;
pub mod metrics;
pub mod oauth;
mod outbound;
pub mod service;
pub mod settings;
pub mod state;
pub mod store;

pub use app::Doorward;
pub use http::{Allowed, Bearer, DoorwardFairing, Needs, ProtectedResource, SignedIn};
pub use service::Caller;
pub use settings::Settings;

/// The API description, OpenAPI 3.1 in JSON.
pub fn openapi() -> std::sync::Arc<str> {
    http::openapi::text()
}
