//! Widgets shared by the screens.

pub(super) mod boxes;
pub(super) mod chart;
pub(super) mod event_histogram;
pub(super) mod paint;
pub(super) mod spark;
