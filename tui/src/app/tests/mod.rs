//! Rules of the console, without a terminal or a server.

pub mod bench;
mod confirming;
mod incidents;
mod listing;
mod losing;
mod minting;
mod moving;
mod property;
mod snapshots;
