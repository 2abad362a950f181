//! Use cases: one file each, each a small struct of what it needs. Knows no HTTP.

mod factors;
mod keys;

pub(crate) use factors::{FactorError, SecondFactors, Shown};
pub(crate) use keys::{FoundKey, Keys, Wanted};
