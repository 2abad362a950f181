//! Security requirements: who may call an operation.

use serde_json::{Value, json};

use super::operation::Operation;
use SecurityRequirement::{
    Anybody, Bearer, Browser, Client, FirstParty, KeyHolder, ResourceServer, Scope, Token,
};

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum SecurityRequirement {
    Anybody,
    /// Any valid credential.
    Bearer,
    /// A token from login or registration.
    FirstParty,
    /// As [`SecurityRequirement::FirstParty`], or an API key with this scope.
    KeyHolder(&'static str),
    /// A caller who has this scope.
    Scope(&'static str),
    /// As [`SecurityRequirement::Scope`], or an OAuth client that is a resource server.
    ResourceServer(&'static str),
    /// An OAuth client that authenticates.
    Client,
    /// A user's browser, which a client sends here. Errors are pages.
    Browser,
    /// An access token with this scope that a client obtained. Errors are RFC 6749's.
    Token(&'static str),
}

impl Operation {
    pub(super) fn security(&self) -> Value {
        match self.who {
            Anybody | Browser => json!([]),
            Bearer | FirstParty | KeyHolder(_) => json!([{"bearer": []}]),
            Scope(scope) | Token(scope) => json!([{"bearer": [scope]}]),
            ResourceServer(scope) => json!([{"client": []}, {"bearer": [scope]}]),
            Client => json!([{"client": []}, {}]),
        }
    }

    /// The part of a requirement that OpenAPI's security schemes cannot express.
    pub(super) fn who_in_words(&self) -> Option<String> {
        match self.who {
            FirstParty => Some("Only with a token from login or registration.".to_owned()),
            ResourceServer(scope) => Some(format!(
                "As a client that is registered with resourceServer, or with a token or API key that holds {scope}."
            )),
            KeyHolder(scope) => Some(format!(
                "With a token from login or registration, or an API key that holds {scope}."
            )),
            _ => None,
        }
    }
}
