//! The caller of introspection, and what is disclosed to it.

use std::sync::Arc;

use crate::{
    crypto::access_token::AccessToken,
    domain::{Client, User, client::is_same_resource},
    service::Caller,
};

/// The caller of introspection.
#[derive(Debug, Clone)]
pub enum IntrospectionCaller {
    /// A client sees its own tokens, and those whose audience includes one of its resources; a resource server sees all
    /// access tokens and API keys.
    Client(Arc<Client>),
    /// A caller with `admin:sessions:read` sees all tokens; `people` if it may read every account.
    Operator { people: bool },
}

pub(super) fn sees(introspecting: &IntrospectionCaller, token: &AccessToken) -> bool {
    match introspecting {
        IntrospectionCaller::Operator { .. } => true,
        IntrospectionCaller::Client(client) => {
            client.resource_server
                || token.client_id() == client.public_id()
                || client.resources.iter().any(|resource| {
                    token
                        .audience()
                        .values()
                        .iter()
                        .any(|aud| is_same_resource(aud, resource))
                })
        }
    }
}

/// A user's address as the caller of introspection may see it.
pub(super) fn disclosed_email(introspecting: &IntrospectionCaller, user: &User) -> Option<String> {
    match introspecting {
        IntrospectionCaller::Client(client) => client
            .policy
            .told_email(user)
            .map(|(email, _)| email.to_owned()),
        IntrospectionCaller::Operator { .. } => Some(user.email.as_str().to_owned()),
    }
}

/// Whether the user's address is disclosed: for a token with the scope `email`, for a first-party token, and to a caller
/// who may read every account.
pub(super) fn shows_email(introspecting: &IntrospectionCaller, token: &Caller) -> bool {
    token.first_party().is_some() || token.scopes.covers("email") || reads_people(introspecting)
}

pub(super) fn reads_people(introspecting: &IntrospectionCaller) -> bool {
    matches!(
        introspecting,
        IntrospectionCaller::Operator { people: true }
    )
}
