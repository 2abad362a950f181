//! Second factors and passkeys: `/auth/mfa`, `/auth/passkeys`, `/auth/passkey`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{PasskeyId, Timestamp};

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

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkey {
    /// What `DELETE /auth/passkeys/{id}` takes.
    pub id: PasskeyId,
    /// What the owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Last sign-in with it; `null` before the first.
    pub last_used_at: Option<Timestamp>,
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

/// The WebAuthn options to hand to `navigator.credentials`, in their JSON form (Level 3, section 5.1.8 and 5.1.10).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyCreation {
    /// `PublicKeyCredentialCreationOptionsJSON`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub public_key: Value,
}

/// `POST /auth/passkey/options`: options of a sign-in, and the state that comes back with the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyRequest {
    /// `PublicKeyCredentialRequestOptionsJSON`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub public_key: Value,
    /// Goes back unchanged as `state` of the answer.
    pub state: String,
}

/// `POST /auth/passkeys`: adds a passkey to the caller's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPasskey {
    /// What the owner calls it, 1 to 200 characters.
    pub name: String,
    /// What `navigator.credentials.create()` answered.
    pub credential: CreatedCredential,
}

/// `POST /auth/passkey`: signs in with a passkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeySignIn {
    /// Of the answer of `POST /auth/passkey/options`.
    pub state: String,
    /// What `navigator.credentials.get()` answered.
    pub credential: AssertedCredential,
}

/// A `RegistrationResponseJSON` (WebAuthn Level 3). Bytes are base64url without padding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedCredential {
    /// The credential's id.
    pub id: String,
    /// Always `public-key`.
    pub r#type: String,
    /// What the authenticator answered.
    pub response: AttestationResponse,
    /// Members that browsers add.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub other: Map<String, Value>,
}

/// An `AuthenticatorAttestationResponseJSON` (WebAuthn Level 3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestationResponse {
    /// JSON with the challenge and the origin, as the browser saw them.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// CBOR with the new public key.
    pub attestation_object: String,
    /// Members that browsers add.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub other: Map<String, Value>,
}

/// An `AuthenticationResponseJSON` (WebAuthn Level 3). Bytes are base64url without padding.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssertedCredential {
    /// The credential's id.
    pub id: String,
    /// Always `public-key`.
    pub r#type: String,
    /// What the authenticator answered.
    pub response: AssertionResponse,
    /// Members that browsers add.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub other: Map<String, Value>,
}

/// An `AuthenticatorAssertionResponseJSON` (WebAuthn Level 3).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssertionResponse {
    /// JSON with the challenge and the origin, as the browser saw them.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// Flags and signature counter of the authenticator.
    pub authenticator_data: String,
    /// Over `authenticatorData` and the SHA-256 of `clientDataJSON`.
    pub signature: String,
    /// What the passkey knows the account by.
    pub user_handle: Option<String>,
    /// Members that browsers add.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub other: Map<String, Value>,
}
