//! Who may do what with OAuth clients.

use doorward_shared::{Scope, ScopeSet, scope::OPENID_SCOPES};

use super::Rights;
use crate::domain::DomainError;

/// What is changed of an OAuth client.
#[derive(Debug, Clone, Copy)]
pub struct ClientActs<'a> {
    /// The scopes that whoever does it must hold: those it is given, and those it has, where it could be taken over.
    pub scopes: &'a ScopeSet,
    /// Whether tokens for this server itself become its to introspect: such a client sees those of everybody.
    pub sees_all: bool,
    /// Whether it is, or becomes, a resource server: it sees everybody's tokens and API keys.
    pub resource_server: bool,
}

/// Registering or changing an OAuth client, or learning its secret.
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

/// What of a client's scopes must be given to it: OpenID Connect's are everybody's.
pub fn beyond_openid(scopes: &ScopeSet) -> impl Iterator<Item = &Scope> {
    let real = |scope: &&Scope| !OPENID_SCOPES.contains(&scope.as_str());
    scopes.iter().filter(real)
}

/// Those of `scopes` that the caller may give to a client beside OpenID Connect's.
pub fn grantable(by: &Rights, scopes: &ScopeSet) -> ScopeSet {
    let may = |scope: &&Scope| by.may_give(&ScopeSet::new([(*scope).clone()])).is_ok();
    beyond_openid(scopes).filter(may).cloned().collect()
}

/// Those of `allowed` that whoever may give `given` can let a client have: OpenID Connect's are everybody's.
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
