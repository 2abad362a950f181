//! Errors of a sign-in that goes on: a second factor is missing, or has to be set up first.

use std::sync::Arc;

use doorward_shared::{ErrorCode, mfa::MfaMethod};

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
    /// 401: the password is right, and the account has a second factor.
    pub fn mfa_required(token: &Secret, methods: Vec<MfaMethod>) -> Self {
        Self {
            mfa: Some(Box::new(MfaStep {
                token: token.expose().into(),
                methods,
            })),
            ..Self::new(
                ErrorCode::MfaRequired,
                "a second factor is required: go on at /auth/mfa with the mfaToken",
            )
        }
    }

    /// 401: the password is right, and the account's role must have a second factor, which it has not. The token is for
    /// the pages, where one is set up.
    pub fn enrolment_required(token: &Secret) -> Self {
        Self {
            mfa: Some(Box::new(MfaStep {
                token: token.expose().into(),
                methods: Vec::new(),
            })),
            ..Self::new(
                ErrorCode::MfaEnrolmentRequired,
                "this account must have a second factor: sign in on the page, which leads through its set-up",
            )
        }
    }

    /// With what the sign-in goes on, for `mfa_required` and on pages for `mfa_enrolment_required`.
    pub fn mfa(&self) -> Option<&MfaStep> {
        self.mfa.as_deref()
    }
}
