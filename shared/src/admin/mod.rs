//! `/admin`: what operators see and do.

mod backup;
mod block;
mod client;
mod client_patch;
mod client_registration;
mod event;
mod event_action;
mod initial_access_token;
mod key;
mod minted_key;
mod one_time_link;
mod role;
mod server;
mod session;
mod stats;
mod user;
mod user_change;
mod whoami;

pub use backup::*;
pub use block::*;
pub use client::*;
pub use client_patch::*;
pub use client_registration::*;
pub use event::*;
pub use event_action::*;
pub use initial_access_token::*;
pub use key::*;
pub use minted_key::*;
pub use one_time_link::*;
pub use role::*;
pub use server::*;
pub use session::*;
pub use stats::*;
pub use user::*;
pub use user_change::*;
pub use whoami::*;
