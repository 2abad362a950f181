//! The OAuth protocol: parameters, client authentication, grants, and the errors of RFC 6749. Only `oxide.rs` uses
//! `oxide-auth`, whose state machines run the flows.

mod authorization_request;
mod authorization_response;
mod authorize;
mod client_auth;
#[cfg(test)]
mod client_id_document_tests;
mod client_id_documents;
pub(crate) mod client_metadata;
mod dynamic_registration;
mod error;
#[cfg(test)]
mod expiry_tests;
mod form;
mod id_token;
mod id_token_hint;
mod introspection;
mod introspection_caller;
mod oxide;
mod presented_credentials;
mod redirect_uri;
mod refresh_grant;
mod resource_owner;
mod revocation;
mod server_metadata;
mod token;
mod token_issuance;
mod userinfo;

pub use authorization_request::{AuthorizationRequest, AuthorizationRequestError, Prompt};
pub use authorization_response::{ClientAnswer, ResponseMode};
pub use authorize::AuthorizationEndpoint;
pub(crate) use authorize::{AuthorizationOutcome, EndUser, NOT_ADMITTED};
pub use client_auth::Clients;
pub(crate) use client_id_documents::Documents;
pub use dynamic_registration::Registrations;
pub(crate) use dynamic_registration::{Origin, RegistrationCredential};
pub use error::OAuthError;
pub use form::Form;
pub(crate) use form::{BYTE_ORDER_MARK, MAX_PARAMETERS, pairs};
pub use id_token_hint::Hint;
pub use introspection::{Introspection, TokenInfo};
pub use introspection_caller::IntrospectionCaller;
pub use presented_credentials::PresentedCredentials;
pub use redirect_uri::{allowed_redirect, with_parameters};
pub use server_metadata::Metadata;
pub use token::{TokenAnswer, TokenEndpoint};
pub use userinfo::UserInfo;
