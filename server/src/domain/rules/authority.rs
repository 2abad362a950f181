//! Authorization rules: who may do what to whom. Evaluated per operation, in the transaction that performs it, against
//! the target's current state, through whichever API the request came.

mod accounts;
mod clients;
mod keys;

use doorward_shared::{ClientId, ScopeSet, Timestamp, UserId};

use ipnet::IpNet;

pub use accounts::{
    AccountActs, change_account, change_address, change_factors, create_account, delete_account,
    delete_own_account, mail_link, set_password,
};
pub use clients::{ClientActs, allowed_of, beyond_openid, change_client, delete_client, grantable};
pub use keys::{KeyFacts, change_key, grow_key, mint_key, rotate_key};

use super::{
    credential::{self, ClientToken, CredentialEnd, SessionOwner, is_recent},
    session::has_shown_factor,
};
use crate::domain::{
    Account, ApiKey, Client, DomainError, KeyOwner, Session,
    authority::{Authority, EntryPoint, Principal},
};

/// The scope that covers all of Doorward's own scopes.
const ADMIN: &str = "admin";

/// Stored facts about a caller's credential at the time of the operation. A missing value means it was deleted.
#[expect(
    clippy::large_enum_variant,
    reason = "one value for each act, on the stack"
)]
#[derive(Debug, Clone)]
pub enum Facts {
    Session {
        session: Option<Session>,
        account: Option<Account>,
        /// The OAuth client of the session, if it has one.
        client: Option<Client>,
        /// Whether the account's role requires a second factor.
        must_have_factor: bool,
        /// Whether a second factor was used in the session, if the account has any and may act as an operator.
        factor_shown: Option<bool>,
    },
    Key {
        key: Option<ApiKey>,
        owner: Option<Account>,
    },
    Client {
        client: Option<Client>,
        token_revoked: bool,
    },
    System,
}

/// The caller's permissions at the time of the operation.
#[derive(Debug, Clone)]
pub struct Rights {
    scopes: ScopeSet,
    who: CallerKind,
    door: EntryPoint,
    /// Why the sign-in is not sufficient for an operator's operations, if it is not.
    weak: Option<DomainError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallerKind {
    /// A user with a token from login or registration, or with a browser session.
    Person(UserId),
    /// A token that a user granted to an OAuth client.
    Granted,
    Key(KeyOwner),
    Client(ClientId),
    System,
}

impl CallerKind {
    /// The session of a user, or one that they granted to a client.
    fn of(session: &Session) -> Self {
        match session.client_id {
            None => Self::Person(session.user_id),
            Some(_) => Self::Granted,
        }
    }
}

/// The subset of a set of scopes that are Doorward's own: holding any makes an operator.
pub fn administration(scopes: &ScopeSet) -> ScopeSet {
    scopes.below(ADMIN)
}

/// Whether a holder of `held` may grant all of `scopes` to others. `admin` includes every permission.
pub fn stands_for(held: &ScopeSet, scopes: &ScopeSet) -> bool {
    held.covers(ADMIN) || held.covers_all(scopes)
}

/// The caller's current permissions.
///
/// # Errors
/// [`DomainError::CredentialEnded`], if the credential, its owner or its client has ended since the request arrived.
pub fn rights(authority: &Authority, facts: &Facts, now: Timestamp) -> Result<Rights, DomainError> {
    let (who, scopes) =
        holder(&authority.holder, facts, now).ok_or(DomainError::CredentialEnded)?;
    Ok(Rights {
        scopes: scopes.map_err(|_| DomainError::CredentialEnded)?,
        who,
        door: authority.door,
        weak: strong_enough(authority, facts, now).err(),
    })
}

/// Whether a sign-in is sufficient for an operator's operations: recent, and with a second factor if the account has
/// one.
fn strong_enough(authority: &Authority, facts: &Facts, now: Timestamp) -> Result<(), DomainError> {
    if let Facts::Session { factor_shown, .. } = facts {
        has_shown_factor(*factor_shown)?;
    }
    let within = authority.step_up_seconds;
    if is_recent(authority.signed_in_at, within, now) {
        Ok(())
    } else {
        Err(DomainError::StepUp(within))
    }
}

/// The holder of a credential and its current scopes; `None` if the facts belong to another credential, or the key was
/// deleted.
fn holder(
    holder: &Principal,
    facts: &Facts,
    now: Timestamp,
) -> Option<(CallerKind, Result<ScopeSet, CredentialEnd>)> {
    Some(match (holder, facts) {
        (Principal::System, Facts::System) => {
            (CallerKind::System, Ok(ADMIN.parse().into_iter().collect()))
        }
        (
            Principal::Session { granted, .. },
            Facts::Session {
                session: Some(session),
                account,
                client,
                must_have_factor,
                ..
            },
        ) => {
            let owner = SessionOwner {
                account: account.as_ref(),
                must_have_factor: *must_have_factor,
            };
            let core = session.core();
            let scopes = credential::session_scopes(&core, owner, client.as_ref(), granted, now);
            (CallerKind::of(session), scopes)
        }
        (Principal::Key(_), Facts::Key { key, owner }) => {
            let key = key.as_ref()?;
            let scopes = credential::key_scopes(key, owner.as_ref(), now);
            (CallerKind::Key(key.owner), scopes)
        }
        (
            Principal::Client { id, token, granted },
            Facts::Client {
                client,
                token_revoked,
            },
        ) => {
            let token = ClientToken {
                id: *token,
                is_token_revoked: *token_revoked,
            };
            let scopes = credential::client_scopes(client.as_ref(), token, granted, now);
            (CallerKind::Client(*id), scopes)
        }
        (Principal::Registered { id, secret }, Facts::Client { client, .. }) => {
            let let_in = credential::let_in(client.as_ref(), secret.as_ref(), now);
            (
                CallerKind::Client(*id),
                let_in.map(|()| ScopeSet::default()),
            )
        }
        _ => return None,
    })
}

impl Rights {
    fn require(&self, scope: &str) -> Result<(), DomainError> {
        if self.scopes.covers(scope) {
            Ok(())
        } else {
            Err(DomainError::Scope(scope.to_owned()))
        }
    }

    /// The caller's permissions.
    pub fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// Requires all of `scopes`. `admin` includes every permission.
    fn may_give(&self, scopes: &ScopeSet) -> Result<(), DomainError> {
        match self.scopes.first_missing(scopes) {
            Some(missing) if !stands_for(&self.scopes, scopes) => {
                Err(DomainError::Scope(missing.as_str().to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// As [`Rights::may_give`], but for a user or a user's key `admin` does not include scopes it does not hold itself:
    /// a key is limited to its owner's permissions. A key without an owner is not limited.
    fn must_hold(&self, scopes: &ScopeSet) -> Result<(), DomainError> {
        match self.scopes.first_missing(scopes) {
            Some(missing)
                if !matches!(
                    self.who,
                    CallerKind::Key(KeyOwner::Operator) | CallerKind::System
                ) =>
            {
                Err(DomainError::Scope(missing.as_str().to_owned()))
            }
            _ => self.may_give(scopes),
        }
    }

    /// Operations on the server itself require a sufficiently strong sign-in.
    fn strong(&self) -> Result<(), DomainError> {
        self.weak.clone().map_or(Ok(()), Err)
    }

    /// An operator's operation: through the admin API, with a sufficiently strong sign-in, by a caller who holds
    /// `scope` now.
    fn operator(&self, scope: &str) -> Result<(), DomainError> {
        if self.door != EntryPoint::Admin {
            return Err(DomainError::Scope(scope.to_owned()));
        }
        self.strong()?;
        self.require(scope)
    }

    /// An operation on one's own account: by the user, with a first-party credential.
    fn own(&self, user: UserId) -> Result<(), DomainError> {
        if self.door == EntryPoint::Own && self.who == CallerKind::Person(user) {
            Ok(())
        } else {
            Err(DomainError::NotFirstParty)
        }
    }

    fn is_own(&self) -> bool {
        self.door == EntryPoint::Own
    }
}

/// Ending all sessions of an account.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn end_sessions_of(by: &Rights, user: UserId) -> Result<(), DomainError> {
    if by.is_own() {
        by.own(user)
    } else {
        by.operator("admin:users")
    }
}

/// Ending a session of `user`'s.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`], [`DomainError::NotFirstParty`].
pub fn end_session(by: &Rights, user: UserId) -> Result<(), DomainError> {
    if by.is_own() {
        by.own(user)
    } else {
        by.operator("admin:sessions")
    }
}

/// Signing out of one's own session or revoking one's own token: needs no permission.
///
/// # Errors
/// [`DomainError::NotFirstParty`], for API keys: they have no session.
pub fn sign_out(by: &Rights) -> Result<(), DomainError> {
    match by.who {
        CallerKind::Person(_) | CallerKind::Granted | CallerKind::Client(_) if by.is_own() => {
            Ok(())
        }
        _ => Err(DomainError::NotFirstParty),
    }
}

/// A client revoking what was issued to the client `of`, RFC 7009 section 2.1.
///
/// # Errors
/// [`DomainError::NotFound`], for tokens of another client.
pub fn give_back(by: &Rights, of: Option<ClientId>) -> Result<(), DomainError> {
    match by.who {
        CallerKind::Client(id) if by.is_own() && of == Some(id) => Ok(()),
        _ => Err(DomainError::NotFound("token")),
    }
}

/// Withdrawing `user`'s consent to a client.
///
/// # Errors
/// [`DomainError::NotFirstParty`].
pub fn revoke_consent(by: &Rights, user: UserId) -> Result<(), DomainError> {
    if by.who == CallerKind::System {
        Ok(())
    } else {
        by.own(user)
    }
}

/// Ending many sessions, of any users.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn end_many_sessions(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:sessions")
}

/// Widest networks that a caller who may end sessions can block, in bits of IPv4 and of IPv6: the maximum number of
/// such blocks still leaves nearly everyone in.
const BLOCKED: (u8, u8) = (16, 32);

/// Blocking a network. One wider than 16 bits of IPv4 or 32 of IPv6 locks everyone out, operators included, and
/// requires full `admin`.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn block_network(by: &Rights, network: IpNet) -> Result<(), DomainError> {
    end_many_sessions(by)?;
    let widest = match network {
        IpNet::V4(_) => BLOCKED.0,
        IpNet::V6(_) => BLOCKED.1,
    };
    if network.prefix_len() < widest {
        by.require(ADMIN)?;
    }
    Ok(())
}

/// Setting a role's permissions to `given`. `affected` is the union of the permissions, before and after, of the
/// accounts that have the role.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn put_role(by: &Rights, given: &ScopeSet, affected: &ScopeSet) -> Result<(), DomainError> {
    by.operator("admin:roles")?;
    by.may_give(given)?;
    by.may_give(&administration(affected))
}

/// Deleting a role. One that accounts have cannot be deleted.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn delete_role(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:roles")
}

fn strong_for(by: &Rights, scopes: &ScopeSet) -> Result<(), DomainError> {
    if administration(scopes).is_empty() {
        Ok(())
    } else {
        by.strong()
    }
}

/// Rotating or revoking a signing key.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn change_signing_keys(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:keys")
}

/// Operations on the server itself: a backup.
///
/// # Errors
/// [`DomainError::Scope`], [`DomainError::StepUp`].
pub fn run_server(by: &Rights) -> Result<(), DomainError> {
    by.operator("admin:server")
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
