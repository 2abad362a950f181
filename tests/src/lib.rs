//! What the end-to-end tests stand on: the real programs, each in a temporary directory and on a port of its own.
//!
//! `cargo test --workspace` builds the programs before it runs any test, because `server` and `tui` have integration
//! tests of their own. By hand: `cargo test --workspace --test program --test e2e NAME`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

mod authenticator;
pub mod browser;
mod call;
mod fixtures;
mod program;
mod recording_http_server;
mod server;
pub mod smtp;

pub use authenticator::{Passkey, Totp};
pub use call::{Call, Reply};
pub use fixtures::{Client, fields, is_id, is_time};
pub use program::{ProgramOutput, command, doorward, end, finish, program, run};
pub use recording_http_server::Listener;
pub use server::{Options, PASSWORD, Person, Server, StartedServer, recount};
pub use smtp::{MailServer, SmtpBehaviour, Tls};

use std::time::{Duration, Instant};

/// Asks again until `check` answers something, at most 10 seconds.
///
/// # Panics
/// When the time is up.
pub async fn eventually<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < until, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
