//! Doorward: a self-hosted OAuth2 authorization server, as a library for Rocket apps.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test that cannot go on should panic"
    )
)]

pub mod clock;
pub mod crypto;
pub mod domain;
pub mod limits;
pub mod metrics;
pub mod settings;
pub mod store;
