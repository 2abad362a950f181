//! `/admin`: what operators see and do.

mod action;
mod block;
mod client;
mod event;
mod key;
mod server;
mod session;
mod stats;
mod user;

pub use action::*;
pub use block::*;
pub use client::*;
pub use event::*;
pub use key::*;
pub use server::*;
pub use session::*;
pub use stats::*;
pub use user::*;
