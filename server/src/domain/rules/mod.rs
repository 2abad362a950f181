//! Decisions as pure functions: facts, a request and the time in, a decision out. The store loads, decides, applies.

pub mod authority;
pub mod refresh;
