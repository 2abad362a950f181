//! Rules that need a clock of the test's own, or tokens that only the server itself can sign.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

mod browser;
mod claims;
mod client_tokens;
mod events;
mod factors;
mod first_party;
mod hashes;
mod instants;
mod kept;
mod key_limits;
mod late;
mod links;
mod logout;
mod mails;
mod protected_resource;
mod ready;
mod refresh;
mod registration;
mod signing;
mod snapshots_of;
mod test_app;
mod time;
mod upgrade;
