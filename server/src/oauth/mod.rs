//! The protocol: parameters, client authentication, grants, and the errors of RFC 6749. `oxide-auth`, over whose state
//! machines it runs, is in `oxide.rs` alone.

mod answer;
mod authorize;
mod client_auth;
mod client_credentials;
pub(crate) mod client_metadata;
#[cfg(test)]
mod document_tests;
mod documents;
mod dynamic_registration;
mod error;
mod form;
mod grants;
mod hint;
mod id_token;
mod introspection_caller;
mod metadata;
mod oxide;
mod redirect;
mod refresh_grant;
mod request;
mod resource_owner;
mod revocation;
#[cfg(test)]
mod tests;
mod token;
mod token_info;
mod userinfo;

pub use answer::{ClientAnswer, ResponseMode};
pub use authorize::AuthorizationEndpoint;
pub(crate) use authorize::{NOT_ADMITTED, Next, Visitor};
pub use client_auth::Clients;
pub use client_credentials::ClientCredentials;
pub(crate) use documents::Documents;
pub use dynamic_registration::Registrations;
pub(crate) use dynamic_registration::{Invitation, Origin};
pub use error::OAuthError;
pub use form::Form;
pub(crate) use form::{BYTE_ORDER_MARK, MAX_PARAMETERS, pairs};
pub use hint::Hint;
pub use introspection_caller::IntrospectionCaller;
pub use metadata::Metadata;
pub use redirect::{allowed_redirect, with_parameters};
pub use request::{AuthorizationRequest, Prompt, Refused};
pub use token::{TokenAnswer, TokenEndpoint};
pub use token_info::{TokenInfo, TokenInfos};
pub use userinfo::UserInfo;
