//! The response of the authorization endpoint to a client, and how the browser carries it there.

use serde::{Deserialize, Serialize};

use super::{OAuthError, with_parameters};
use crate::domain::RejectedParameter;

/// `response_mode`: OAuth 2.0 Multiple Response Types, and Form Post Response Mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ResponseMode {
    #[default]
    Query,
    FormPost,
}

impl ResponseMode {
    /// Default for serde.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
    pub(super) fn is_query(&self) -> bool {
        *self == Self::Query
    }

    /// Parses the parameter.
    ///
    /// # Errors
    /// `invalid_request` for another mode.
    pub fn parse(text: Option<&str>) -> Result<Self, OAuthError> {
        match text {
            None | Some("query") => Ok(Self::Query),
            Some("form_post") => Ok(Self::FormPost),
            Some(other) => Err(
                OAuthError::request("response_mode must be query or form_post").about(
                    RejectedParameter::new("response_mode", other, ["query", "form_post"]),
                ),
            ),
        }
    }
}

/// A response for a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAnswer {
    /// The redirect URI, exactly as in the request.
    pub uri: String,
    pub mode: ResponseMode,
    pub parameters: Vec<(&'static str, String)>,
}

impl ClientAnswer {
    /// The redirect URI with the parameters in its query.
    pub fn url(&self) -> String {
        let parameters = self.parameters.iter();
        let parameters: Vec<_> = parameters
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        with_parameters(&self.uri, &parameters)
    }
}
