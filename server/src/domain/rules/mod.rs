//! Decisions as pure functions: facts, a request and the time in, a decision out. The store loads, decides, applies.

pub mod authority;
pub mod credential;
pub mod key_meter;
pub mod key_terms;
pub mod key_use;
pub mod refresh;
pub mod sliding_window;
