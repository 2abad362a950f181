//! Rules of the console, without a terminal or a server.

mod commands;
mod confirming;
mod connection_loss;
mod dashboards;
mod finding;
mod frames;
mod incidents;
mod layers;
mod listing;
mod minting;
mod moving;
mod pages;
pub(crate) mod people;
mod picking;
mod policies;
mod property;
mod snapshots;
pub(crate) mod test_console;
mod yours;
