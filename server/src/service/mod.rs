//! Use cases: one file each, each a small struct of what it needs. Knows no HTTP.

mod factors;

pub(crate) use factors::{FactorError, SecondFactors, Shown};
