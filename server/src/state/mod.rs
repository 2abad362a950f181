//! What lives in this process's memory, and a second process would have to share.

mod refusals;
pub(crate) mod streams;
mod told;

pub(crate) use refusals::{Refusal, Refusals};
pub(crate) use told::Told;
