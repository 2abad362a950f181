//! Small things the screens are made of.

pub mod boxes;
pub mod chart;
pub mod paint;
pub mod spark;
