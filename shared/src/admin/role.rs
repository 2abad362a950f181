//! `/admin/roles`.

use serde::{Deserialize, Serialize};

use crate::ScopeSet;

/// A named list of permissions that accounts have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Role {
    /// What accounts and `PUT /admin/roles/{name}` call it.
    pub name: String,
    /// Scopes of every account with this role.
    pub permissions: ScopeSet,
    /// `customer` and `admin`: they cannot be deleted, and `admin` cannot be changed.
    pub built_in: bool,
    /// How many users have it.
    pub users: u64,
}

/// `PUT /admin/roles/{name}`: creates the role or replaces its permissions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutRole {
    /// Scopes of every account with this role: all of them.
    pub permissions: Vec<String>,
}
