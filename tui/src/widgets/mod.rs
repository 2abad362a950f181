//! Small things the screens are made of.

pub mod boxes;
pub mod columns;
pub mod paint;
pub mod spark;
pub mod time;
