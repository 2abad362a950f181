//! Rules of the console, without a terminal or a server.

mod commands;
mod confirming;
mod connection_loss;
mod customization;
mod dashboards;
mod finding;
mod frame_time;
mod incidents;
mod layers;
mod listing;
mod minting;
mod navigation;
mod pages;
mod picking;
mod policies;
mod property;
pub(crate) mod realistic_data;
mod snapshots;
pub(crate) mod test_console;
