//! OAuth2 over the state machines of `oxide-auth`: its registrar, authorizer, issuer and solicitor are ours, and what
//! it answers is written anew, the way the RFCs ask for.

mod adapter;
mod client_auth;
mod engine;
mod failure;
mod form;
mod redirect;
mod token;

pub use client_auth::ClientCredentials;
pub use failure::Failure;
pub use form::Form;
pub use redirect::{allowed_redirect, with_parameters};
pub use token::TokenAnswer;
