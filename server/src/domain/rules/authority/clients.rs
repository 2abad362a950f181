//! Authorization rules for OAuth clients.

use doorward_shared::{Scope, ScopeSet, scope::OPENID_SCOPES};

use super::Rights;
use crate::domain::DomainError;

/// The facts of a client change that authorization depends on.
#[derive(Debug, Clone, Copy)]
pub struct ClientActs<'a> {
    /// Scopes that the caller must hold: those granted to the client, and its existing ones if the change could take it
    /// over.
    pub scopes: &'a ScopeSet,
    /// Whether the client gains introspection of tokens for this server itself: such a client sees every user's.
    pub sees_all: bool,
    /// Whether it is, or becomes, a resource server: it sees every token and API key.
    pub resource_server: bool,
}

/// Registering or changing an OAuth client, or obtaining its secret.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn change_client(by: &Rights, acts: ClientActs<'_>) -> Result<(), DomainError> {
    by.operator("admin:clients")?;
    by.may_give(&beyond_openid(acts.scopes).cloned().collect())?;
    if acts.sees_all || acts.resource_server {
        by.require("admin:sessions:read")?;
    }
    if acts.resource_server {
        by.require("admin:apikeys:read")?;
    }
    Ok(())
}

/// The client scopes that require permission to grant: OpenID Connect's are open to everyone.
pub fn beyond_openid(scopes: &ScopeSet) -> impl Iterator<Item = &Scope> {
    let real = |scope: &&Scope| !OPENID_SCOPES.contains(&scope.as_str());
    scopes.iter().filter(real)
}

/// The subset of `scopes` that the caller may grant to a client, besides OpenID Connect's.
pub fn grantable(by: &Rights, scopes: &ScopeSet) -> ScopeSet {
    let may = |scope: &&Scope| by.may_give(&ScopeSet::new([(*scope).clone()])).is_ok();
    beyond_openid(scopes).filter(may).cloned().collect()
}

/// The subset of `allowed` that a caller who may grant `given` can let a client have: OpenID Connect's are open to
/// everyone.
pub fn allowed_of(given: &ScopeSet, allowed: &ScopeSet) -> ScopeSet {
    let has = |scope: &&Scope| {
        let name = scope.as_str();
        OPENID_SCOPES.contains(&name) || given.covers(name)
    };
    allowed.iter().filter(has).cloned().collect()
}

/// Deleting an OAuth client.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn delete_client(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:clients")
}
