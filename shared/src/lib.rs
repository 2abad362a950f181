//! What travels between Doorward's server and its clients: wire types, ids, scopes and error codes.

#![warn(missing_docs)]

pub mod admin;
pub mod apikey;
pub mod auth;
#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod ids;
pub mod mfa;
pub mod page;
pub mod scope;
pub mod time;
#[cfg(feature = "tls")]
pub mod tls;

pub use error::{ErrorBody, ErrorCode};
pub use ids::{
    BlockId, ClientId, EventId, KeyId, PasskeyId, RegistrationTokenId, SessionId, UserId,
};
pub use page::{Page, Pagination};
pub use scope::{Scope, ScopeSet};
pub use time::Timestamp;
