//! The `WWW-Authenticate` header of an error: RFC 6750 section 3, RFC 9470.

use doorward_shared::ErrorCode;

use super::ApiError;
use crate::domain::ACR_VALUES;

impl ApiError {
    /// RFC 6750 section 3: no error code if no credential was sent.
    pub(super) fn challenge(&self) -> String {
        let realm = r#"Bearer realm="doorward""#;
        // Messages contain no quotes or backslashes except in scopes and field names, which have none.
        let message = self.message.replace(['"', '\\'], "'");
        match self.code {
            ErrorCode::TokenExpired | ErrorCode::TokenRevoked | ErrorCode::InvalidToken => {
                format!(r#"{realm}, error="invalid_token", error_description="{message}""#)
            }
            ErrorCode::StepUpRequired => {
                let wanted = match self.max_age {
                    Some(seconds) => format!(r#"max_age="{seconds}""#),
                    None => format!(r#"acr_values="{}""#, ACR_VALUES[1]),
                };
                format!(
                    r#"{realm}, error="insufficient_user_authentication", error_description="{message}", {wanted}"#
                )
            }
            ErrorCode::InsufficientScope => {
                let scope = self.scope.as_deref().unwrap_or_default();
                let scope = if scope.is_empty() {
                    String::new()
                } else {
                    format!(r#", scope="{scope}""#)
                };
                format!(
                    r#"{realm}, error="insufficient_scope", error_description="{message}"{scope}"#
                )
            }
            _ => realm.to_owned(),
        }
    }
}
