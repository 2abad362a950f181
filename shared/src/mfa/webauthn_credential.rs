//! What a browser answers when a passkey is made or used (WebAuthn).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
