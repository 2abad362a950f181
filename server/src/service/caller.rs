//! The authenticated caller: its credential and current scopes.

use std::sync::Arc;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::Error;
use crate::{
    crypto::access_token::AccessToken,
    domain::{
        Account, Act, Actor, ApiKey, AuditContext, Authority, Client, EntryPoint, KeyOwner,
        Principal, SessionCore,
    },
};

/// The credential of a caller.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An access token of a user's session.
    Session {
        account: Arc<Account>,
        session: SessionCore,
    },
    /// An API key; the operator key has no owner.
    Key {
        key: Arc<ApiKey>,
        owner: Option<Arc<Account>>,
    },
    /// A client-credentials access token.
    Client { client: Arc<Client> },
}

/// An authenticated caller. The guards provide one: [`Bearer`](crate::Bearer), [`Allowed`](crate::Allowed) and
/// [`SignedIn`](crate::SignedIn) dereference to it.
///
/// ```
/// use doorward_server::{Actor, Bearer, Caller};
/// use rocket::get;
///
/// fn greeting(caller: &Caller) -> String {
///     match (caller.actor(), caller.account()) {
///         (Actor::Client(id), _) => format!("hello service {id}"),
///         (_, Some(account)) => format!("hello {}", account.user.email.as_str()),
///         (actor, None) => format!("hello {actor}"),
///     }
/// }
///
/// #[get("/hello")]
/// fn hello(caller: Bearer) -> String {
///     match caller.require("read:orders") {
///         Ok(()) => greeting(&caller),
///         Err(error) => error.to_string(),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Caller {
    /// The credential.
    #[doc(hidden)]
    pub credential: Credential,
    /// The scopes that were granted to the credential and that its owner still has.
    pub scopes: ScopeSet,
    /// Expiry of an access token.
    #[doc(hidden)]
    pub claims: Option<AccessToken>,
}

impl Caller {
    /// The actor for the audit log.
    pub fn actor(&self) -> Actor {
        match &self.credential {
            Credential::Session { account, .. } => Actor::User(account.user.id),
            Credential::Key { key, .. } => Actor::Key(key.id),
            Credential::Client { client } => Actor::Client(client.id),
        }
    }

    /// The principal that limits on memory are counted for. All keys that a user or client has minted share its limit;
    /// the operator's keys have one each, since no single user is behind them.
    pub(crate) fn principal(&self) -> Actor {
        let Credential::Key { key, .. } = &self.credential else {
            return self.actor();
        };
        match (key.minter, key.client, key.owner) {
            (Some(user), ..) | (None, None, KeyOwner::User(user)) => Actor::User(user),
            (None, Some(client), _) => Actor::Client(client),
            (None, None, KeyOwner::Operator) => Actor::Key(key.id),
        }
    }

    /// The user's account, if there is a user.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.credential {
            Credential::Session { account, .. } => Some(account),
            Credential::Key { owner, .. } => owner.as_ref(),
            Credential::Client { .. } => None,
        }
    }

    /// The user's id, if there is a user.
    pub fn user_id(&self) -> Option<UserId> {
        self.account().map(|account| account.user.id)
    }

    /// The session that the token belongs to; `None` for keys and clients.
    pub fn session_id(&self) -> Option<SessionId> {
        match &self.credential {
            Credential::Session { session, .. } => Some(session.id),
            _ => None,
        }
    }

    /// The owner of keys that this caller mints: itself, or the operator for the operator key. A client owns none.
    #[doc(hidden)]
    pub fn key_owner(&self) -> Option<KeyOwner> {
        match &self.credential {
            Credential::Session { account, .. } => Some(KeyOwner::User(account.user.id)),
            Credential::Key { key, .. } => Some(key.owner),
            Credential::Client { .. } => None,
        }
    }

    /// The account and session of a first-party login; `None` for keys and for tokens that OAuth clients obtained.
    #[doc(hidden)]
    pub fn first_party(&self) -> Option<(&Arc<Account>, &SessionCore)> {
        match &self.credential {
            Credential::Session { account, session } if session.client_id.is_none() => {
                Some((account, session))
            }
            _ => None,
        }
    }

    /// When the user of a session last signed in; `None` for keys and clients.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        let Credential::Session { session, .. } = &self.credential else {
            return None;
        };
        let claimed = self.claims.as_ref().and_then(|claims| claims.auth_time());
        let at = session
            .signed_in_at
            .or(claimed.map(Timestamp::from_seconds));
        // An unknown time does not count as recent.
        Some(at.unwrap_or_default())
    }

    /// Identifies the credential among those of a user or client: the session, the key, or the client itself.
    pub fn credential_id(&self) -> String {
        match &self.credential {
            Credential::Session { session, .. } => session.id.to_string(),
            Credential::Key { key, .. } => key.id.to_string(),
            Credential::Client { client } => client.id.to_string(),
        }
    }

    /// The OAuth client through which a user acts.
    pub fn client_id(&self) -> Option<ClientId> {
        match &self.credential {
            Credential::Session { session, .. } => session.client_id,
            _ => None,
        }
    }

    /// The credential, which the transaction of an operation reads again.
    fn holder(&self) -> Result<Principal, Error> {
        let granted = match &self.claims {
            Some(token) => token.granted().clone(),
            None => self.scopes.clone(),
        };
        Ok(match &self.credential {
            Credential::Session { session, .. } => Principal::Session {
                id: session.id,
                granted,
            },
            Credential::Key { key, .. } => Principal::Key(key.id),
            Credential::Client { client } => {
                let claims = self.claims.as_ref().ok_or(Error::InvalidToken)?;
                Principal::Client {
                    id: client.id,
                    token: claims.jti(),
                    granted,
                }
            }
        })
    }

    /// Rejects a caller that lacks a scope, for checks that depend on more than the route.
    ///
    /// # Errors
    /// A sentence that names the scope.
    pub fn require(&self, scope: &str) -> Result<(), Error> {
        if self.scopes.covers(scope) {
            Ok(())
        } else {
            Err(Error::Scope(scope.to_owned()))
        }
    }

    /// An operation by this caller. Storage authorizes it when it is performed.
    ///
    /// # Errors
    /// [`Error::InvalidToken`], for a token in a format that this server does not issue.
    pub(crate) fn act(
        &self,
        door: EntryPoint,
        step_up_seconds: u32,
        context: AuditContext,
    ) -> Result<Act, Error> {
        let authority = Authority {
            holder: self.holder()?,
            door,
            signed_in_at: self.signed_in_at(),
            step_up_seconds,
        };
        Ok(Act::new(authority, context))
    }
}
