//! The protocol: parameters, client authentication, grants, and the errors of RFC 6749. `oxide-auth`, over whose state
//! machines it runs, is in `oxide/` alone.

mod answer;
mod asker;
mod authorize;
mod client_auth;
mod client_credentials;
#[cfg(test)]
mod document_tests;
mod documents;
mod exchange;
mod failure;
mod form;
mod hint;
mod id_token;
mod metadata;
mod owner;
mod oxide;
mod redirect;
mod refresh_grant;
pub(crate) mod registration;
mod registrations;
mod request;
mod revocation;
#[cfg(test)]
mod tests;
mod token;
mod token_info;
mod userinfo;

pub use answer::{ClientAnswer, ResponseMode};
pub use asker::Asker;
pub use authorize::AuthorizationEndpoint;
pub(crate) use authorize::{NOT_ADMITTED, Next, Visitor};
pub use client_auth::Clients;
pub use client_credentials::ClientCredentials;
pub(crate) use documents::Documents;
pub use failure::Failure;
pub use form::Form;
pub(crate) use form::{BYTE_ORDER_MARK, MAX_PARAMETERS, pairs};
pub use hint::Hint;
pub use metadata::Metadata;
pub use redirect::{allowed_redirect, with_parameters};
pub use registrations::Registrations;
pub(crate) use registrations::{Invitation, Origin};
pub use request::{AuthorizationRequest, Prompt, Refused};
pub use token::{TokenAnswer, TokenEndpoint};
pub use token_info::{TokenInfo, TokenInfos};
pub use userinfo::UserInfo;
