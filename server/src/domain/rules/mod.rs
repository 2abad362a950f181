//! Decisions as pure functions: facts, a request and the time in, a decision out. The store loads, decides, applies.

pub mod account;
pub mod api_key;
pub mod authority;
pub mod client;
pub mod code;
pub mod credential;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod key_restrictions;
pub mod key_usage;
pub mod key_validity;
pub mod one_time_link;
pub mod password;
pub mod refresh;
pub mod role;
pub mod session;
pub mod signing_key;
pub mod sliding_window;
