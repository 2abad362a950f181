//! Token responses: RFC 6749 section 5.1, and the same in the spelling of the REST API.

use serde::Serialize;

use crate::oauth::TokenAnswer;

/// RFC 6749 section 5.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct OAuthToken {
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// In seconds.
    expires_in: u32,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// The same in the spelling of the REST API.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CamelToken {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// Both spellings of a token answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BothTokens {
    #[serde(flatten)]
    oauth: OAuthToken,
    #[serde(flatten)]
    camel: CamelToken,
}

impl From<TokenAnswer> for OAuthToken {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            access_token: answer.access_token,
            token_type: "Bearer",
            expires_in: answer.expires_in,
            scope: answer.scope,
            refresh_token: answer.refresh_token,
            id_token: answer.id_token,
        }
    }
}

impl From<TokenAnswer> for BothTokens {
    fn from(answer: TokenAnswer) -> Self {
        let camel = CamelToken {
            access_token: answer.access_token.clone(),
            token_type: "Bearer",
            expires_in: answer.expires_in,
            refresh_token: answer.refresh_token.clone(),
            id_token: answer.id_token.clone(),
        };
        Self {
            oauth: answer.into(),
            camel,
        }
    }
}
