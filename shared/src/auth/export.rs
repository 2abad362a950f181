//! `GET /auth/me/export`: what is kept about the person; and the applications they let in.

use serde::{Deserialize, Serialize};

use super::me::OwnSession;
use crate::{ScopeSet, Timestamp};

/// `GET /auth/me/export`: what is kept about the person. Secrets are kept as hashes, and are not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnData {
    /// When it was collected.
    pub exported_at: Timestamp,
    /// The account.
    pub user: crate::admin::User,
    /// Second factors and passkeys, without their secrets.
    pub factors: crate::mfa::Factors,
    /// Live sessions, and those that ended of late.
    pub sessions: Vec<OwnSession>,
    /// API keys, without their secrets.
    pub api_keys: Vec<crate::apikey::ApiKey>,
    /// Applications with consent.
    pub applications: Vec<OwnApplication>,
    /// The newest entries of the audit log about the account, 1,000 at most.
    pub events: Vec<crate::admin::Event>,
}

/// An application that a person has given access to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnApplication {
    /// The OAuth client.
    pub client_id: crate::ClientId,
    /// Its registered name.
    pub name: String,
    /// What the person consented to.
    pub scope: ScopeSet,
    /// When the person consented last.
    pub granted_at: Timestamp,
}
