//! OAuth2 over the state machines of `oxide-auth`: its registrar, authorizer, issuer and solicitor are ours, and what
//! it answers is written anew, the way the RFCs ask for.

mod adapter;
mod authorize;
mod client_auth;
#[cfg(test)]
mod clocked;
mod engine;
mod failure;
mod form;
mod hint;
mod metadata;
mod redirect;
mod refused;
mod request;
mod token;
mod token_info;
mod userinfo;

pub(crate) use authorize::{Next, Visitor};
pub use client_auth::ClientCredentials;
pub use failure::Failure;
pub use form::Form;
pub(crate) use form::{BYTE_ORDER_MARK, MAX_PARAMETERS, pairs};
pub use hint::Hint;
pub use metadata::Metadata;
pub use redirect::{allowed_redirect, with_parameters};
pub use request::{AuthorizationRequest, Prompt, Refused};
pub use token::TokenAnswer;
pub use token_info::{Asker, TokenInfo};
pub use userinfo::UserInfo;
