//! Small things the screens are made of.

pub mod boxes;
pub mod paint;
pub mod spark;
