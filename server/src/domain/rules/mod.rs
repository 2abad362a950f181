//! Decisions as pure functions: facts, a request and the time in, a decision out. The store loads, decides, applies.

pub mod account;
pub mod api_key;
pub mod authority;
pub mod client;
pub mod code;
pub mod credential;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod key_meter;
pub mod key_terms;
pub mod key_use;
pub mod link;
pub mod password;
pub mod refresh;
pub mod role;
pub mod session;
pub mod signing_key;
pub mod sliding_window;
