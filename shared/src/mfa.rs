//! Second factors and passkeys: `/auth/mfa`, `/auth/passkeys`, `/auth/passkey`.

mod passkey;
mod webauthn_credential;

use serde::{Deserialize, Serialize};

pub use self::passkey::{NewPasskey, Passkey, PasskeyCreation, PasskeyRequest, PasskeySignIn};
pub use self::webauthn_credential::{
    AssertedCredential, AssertionResponse, AttestationResponse, CreatedCredential,
};

/// `GET /auth/mfa`: the factors of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Factors {
    /// Whether one-time codes by time (RFC 6238) are set up.
    pub totp: bool,
    /// Passkeys of the account, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

/// The password again, before something that a stolen token must not do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordAgain {
    /// The account's password.
    pub password: String,
}

/// `POST /auth/mfa/totp`: what an authenticator is given; shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpSetup {
    /// The shared secret in base 32.
    pub secret: String,
    /// `otpauth://totp/…`
    pub uri: String,
    /// The address as a QR code, an SVG image.
    pub qr_svg: String,
}

/// A code of the authenticator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpCode {
    /// Six digits (RFC 6238).
    pub code: String,
}

/// `DELETE /auth/mfa/totp`: needs the password and a code of the authenticator that goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpRemoval {
    /// The account's password.
    pub password: String,
    /// Six digits (RFC 6238).
    pub code: String,
}

/// Ten codes that work once each; shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// All ten; codes that were made before are dead.
    pub recovery_codes: Vec<String>,
}

/// How a second factor can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MfaMethod {
    /// A code of an authenticator (RFC 6238), in `code`.
    Totp,
    /// One of the ten recovery codes, in `recoveryCode`.
    RecoveryCode,
    /// A passkey's assertion, in `passkey`.
    Passkey,
}

/// `POST /auth/mfa`: the second step of a sign-in, with exactly one of `code`, `recoveryCode` and `passkey`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaRequest {
    /// Of the answer 401 `mfa_required`.
    pub mfa_token: String,
    /// Six digits (RFC 6238).
    pub code: Option<String>,
    /// A recovery code; it is used up.
    pub recovery_code: Option<String>,
    /// What the passkey answered.
    pub passkey: Option<PasskeySignIn>,
}
