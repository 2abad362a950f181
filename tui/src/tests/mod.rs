//! Rules of the console, without a terminal or a server.

pub(crate) mod bench;
mod commands;
mod confirming;
mod dashboards;
mod finding;
mod frames;
mod incidents;
mod layers;
mod listing;
mod losing;
mod minting;
mod moving;
mod pages;
pub(crate) mod people;
mod picking;
mod policies;
mod property;
mod snapshots;
mod yours;
