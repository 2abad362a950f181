//! Passkeys: `/auth/passkeys`, `/auth/passkey`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::webauthn_credential::{AssertedCredential, CreatedCredential};
use crate::{PasskeyId, Timestamp};

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
