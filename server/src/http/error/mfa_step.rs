//! Errors of a sign-in that goes on: a second factor is missing, or has to be set up first.

use std::sync::Arc;

use doorward_shared::mfa::MfaMethod;

use super::ApiError;
use crate::crypto::secret::Secret;

/// With what a sign-in goes on whose second factor is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaStep {
    /// The secret of the sign-in so far, for the answer's body.
    pub token: Arc<str>,
    pub methods: Vec<MfaMethod>,
}

impl ApiError {
    /// The same of a sign-in that goes on with a token: with one of the account's second factors, or on the pages, where
    /// the first is set up.
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

    /// With what the sign-in goes on, for `mfa_required` and on pages for `mfa_enrolment_required`.
    pub fn mfa(&self) -> Option<&MfaStep> {
        self.mfa.as_deref()
    }
}
