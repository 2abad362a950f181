//! Rules that need a clock of the test's own, or tokens that only the server itself can sign.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should panic"
)]

mod browser;
mod cached_answers;
mod client_tokens;
mod credential_expiry;
mod ended_meanwhile;
mod events;
mod exact_expiry;
mod factors;
mod first_party;
mod forged_claims;
mod key_limits;
mod links;
mod logout;
mod mails;
mod password_hashes;
mod protected_resource;
mod refresh;
mod retention;
mod signing;
mod snapshots_of;
mod test_app;
mod unused_clients;
mod upgrade;
