//! Validity of a credential at a given time, and its remaining scopes: one rule for the guards, for introspection, and
//! for the transaction of an operation.

use std::sync::LazyLock;

use doorward_shared::{
    Scope, ScopeSet, Timestamp, admin::SessionState, apikey::KeyCode, scope::OPENID_SCOPES,
};
use ulid::Ulid;

use super::key_validity::{self, OwnerNow};
use crate::domain::{Account, ApiKey, Client, Digest256, SessionCore};

/// Why a credential is invalid. Revoked wins over expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialEnd {
    Revoked,
    Expired,
}

/// OpenID Connect's scopes, parsed once: they are needed on each request.
static OPENID: LazyLock<ScopeSet> = LazyLock::new(|| {
    let scopes = OPENID_SCOPES.iter();
    scopes
        .filter_map(|scope| scope.parse::<Scope>().ok())
        .collect()
});

/// The subset of `granted` that a user with permissions `may`, and the client if there is one, can still grant: OpenID
/// Connect's scopes need no permission.
pub fn scopes_left(granted: &ScopeSet, may: &ScopeSet, client: Option<&Client>) -> ScopeSet {
    // The common case: exactly the user's permissions.
    let left = if granted == may {
        granted.clone()
    } else {
        granted.intersect(may).union(&granted.intersect(&OPENID))
    };
    match client {
        Some(client) => left.intersect(&client.scopes),
        None => left,
    }
}

/// The audience of a token: the subset of `granted` that was `asked` for, or all of it (RFC 8707 section 2.2).
pub fn audience(asked: &[String], granted: Vec<String>) -> Vec<String> {
    if asked.is_empty() {
        granted
    } else {
        asked.to_vec()
    }
}

/// The account, unless deleted or disabled.
fn enabled(account: Option<&Account>) -> Result<&Account, CredentialEnd> {
    account
        .filter(|account| account.user.is_enabled())
        .ok_or(CredentialEnd::Revoked)
}

/// Current facts about the user and client of a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionOwner<'a> {
    /// `None` if deleted.
    pub account: Option<&'a Account>,
    /// Whether the account's role requires a second factor.
    pub must_have_factor: bool,
}

/// Current scopes of a session's token: the subset of `granted` that the user, and the client if there is one, still
/// has. A missing fact means deleted. If the user must have a second factor, a sign-in without one is over regardless
/// of its age: the role may have required it only since then.
///
/// # Errors
/// [`CredentialEnd`].
pub fn session_scopes(
    session: &SessionCore,
    owner: SessionOwner<'_>,
    client: Option<&Client>,
    granted: &ScopeSet,
    now: Timestamp,
) -> Result<ScopeSet, CredentialEnd> {
    let state = session.state(now);
    if state == SessionState::Revoked || (session.client_id.is_some() && client.is_none()) {
        return Err(CredentialEnd::Revoked);
    }
    let account = enabled(owner.account)?;
    // A user who has left the client's groups has lost its tokens.
    if client.is_some_and(|client| !client.policy.admits(&account.user)) {
        return Err(CredentialEnd::Revoked);
    }
    if state != SessionState::Live || (owner.must_have_factor && !session.method.has_factor()) {
        return Err(CredentialEnd::Expired);
    }
    Ok(scopes_left(granted, &account.may, client))
}

/// Current scopes of an API key: those that its owner, if it has one, still holds.
///
/// # Errors
/// [`CredentialEnd`].
pub fn key_scopes(
    key: &ApiKey,
    owner: Option<&Account>,
    now: Timestamp,
) -> Result<ScopeSet, CredentialEnd> {
    let owner = OwnerNow::of(key, owner);
    match key_validity::check(key, owner, now) {
        Ok(()) => Ok(key_validity::scopes_now(key, owner)),
        Err(KeyCode::Expired) => Err(CredentialEnd::Expired),
        Err(_) => Err(CredentialEnd::Revoked),
    }
}

/// A client-credentials token.
#[derive(Debug, Clone, Copy)]
pub struct ClientToken {
    /// `jti`.
    pub id: Ulid,
    /// Whether it was revoked (RFC 7009).
    pub is_token_revoked: bool,
}

/// Current scopes of a client-credentials token, which ends with the secret or key it was obtained with.
///
/// # Errors
/// [`CredentialEnd`].
pub fn client_scopes(
    client: Option<&Client>,
    token: ClientToken,
    granted: &ScopeSet,
    now: Timestamp,
) -> Result<ScopeSet, CredentialEnd> {
    let client = client
        .filter(|_| !token.is_token_revoked)
        .ok_or(CredentialEnd::Revoked)?;
    if client.vouches_for(token.id, now) {
        Ok(granted.intersect(&client.scopes))
    } else {
        Err(CredentialEnd::Revoked)
    }
}

/// Whether a client that authenticated with `secret`, with a key of this mark, or with neither, would still be
/// authenticated.
///
/// # Errors
/// [`CredentialEnd`].
pub fn let_in(
    client: Option<&Client>,
    secret: Option<&Digest256>,
    now: Timestamp,
) -> Result<(), CredentialEnd> {
    let stands = client.is_some_and(|client| match (client.usable_secrets(), secret) {
        (_, Some(key)) if client.usable_keys().contains(key) => true,
        (Some(secrets), Some(secret)) => secrets.accept_digest(secret, now),
        _ => !client.is_confidential(),
    });
    stands.then_some(()).ok_or(CredentialEnd::Revoked)
}

/// Whether a user signed in within the last `within` seconds; 0 requires nothing. Passes if there is no user who could
/// sign in again.
pub fn is_recent(signed_in_at: Option<Timestamp>, within: u32, now: Timestamp) -> bool {
    within == 0 || signed_in_at.is_none_or(|at| now < at.plus_seconds(i64::from(within)))
}

#[cfg(test)]
#[path = "credential_tests.rs"]
mod tests;
