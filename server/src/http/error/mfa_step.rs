//! Errors of an incomplete sign-in: a second factor is required, or must be set up first.

use std::sync::Arc;

use doorward_shared::mfa::MfaMethod;

use super::ApiError;
use crate::crypto::secret::Secret;

/// How a sign-in without its second factor continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaStep {
    /// The token of the pending sign-in, for the response body.
    pub token: Arc<str>,
    pub methods: Vec<MfaMethod>,
}

impl ApiError {
    /// As above, for a sign-in that continues with a token: with one of the account's second factors, or on the pages,
    /// where the first is set up.
    #[must_use]
    pub(super) fn going_on(self, token: &Secret, methods: Vec<MfaMethod>) -> Self {
        Self {
            mfa: Some(Box::new(MfaStep {
                token: token.expose().into(),
                methods,
            })),
            ..self
        }
    }

    /// How the sign-in continues, for `mfa_required` and on pages for `mfa_enrolment_required`.
    pub fn mfa(&self) -> Option<&MfaStep> {
        self.mfa.as_deref()
    }
}
