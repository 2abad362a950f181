//! `/admin`: what operators see and do.

mod action;
mod backup;
mod block;
mod client;
mod client_patch;
mod client_registration;
mod event;
mod key;
mod minted_key;
mod registration_token;
mod role;
mod server;
mod session;
mod stats;
mod user;
mod user_change;
mod user_link;
mod whoami;

pub use action::*;
pub use backup::*;
pub use block::*;
pub use client::*;
pub use client_patch::*;
pub use client_registration::*;
pub use event::*;
pub use key::*;
pub use minted_key::*;
pub use registration_token::*;
pub use role::*;
pub use server::*;
pub use session::*;
pub use stats::*;
pub use user::*;
pub use user_change::*;
pub use user_link::*;
pub use whoami::*;
