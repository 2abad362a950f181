//! Who is calling: a credential, and what it may do at this moment.

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

/// What somebody called with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An access token of a person's session.
    Session {
        account: Arc<Account>,
        session: SessionCore,
    },
    /// An API key; the operator key has no owner.
    Key {
        key: Arc<ApiKey>,
        owner: Option<Arc<Account>>,
    },
    /// A client's own access token.
    Client { client: Arc<Client> },
}

/// Somebody whose credential is good now. The guards give one: [`Bearer`](crate::Bearer), [`Allowed`](crate::Allowed) and
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
    /// What they called with.
    #[doc(hidden)]
    pub credential: Credential,
    /// What the credential was given and its owner still may.
    pub scopes: ScopeSet,
    /// Of an access token.
    #[doc(hidden)]
    pub claims: Option<AccessToken>,
}

impl Caller {
    /// Who acts, for the audit log.
    pub fn actor(&self) -> Actor {
        match &self.credential {
            Credential::Session { account, .. } => Actor::User(account.user.id),
            Credential::Key { key, .. } => Actor::Key(key.id),
            Credential::Client { client } => Actor::Client(client.id),
        }
    }

    /// Who answers for the credential: by whom what one caller may have in memory is bounded. Whoever mints keys has one
    /// share with all of them; the machine's own keys, behind which there is no one person, have one each.
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

    /// The person behind it, if there is one.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.credential {
            Credential::Session { account, .. } => Some(account),
            Credential::Key { owner, .. } => owner.as_ref(),
            Credential::Client { .. } => None,
        }
    }

    /// The person's id, if there is one.
    pub fn user_id(&self) -> Option<UserId> {
        self.account().map(|account| account.user.id)
    }

    /// The session that the token belongs to; none for keys and clients.
    pub fn session_id(&self) -> Option<SessionId> {
        match &self.credential {
            Credential::Session { session, .. } => Some(session.id),
            _ => None,
        }
    }

    /// Whose keys this caller makes: its own, or the machine's for the operator key. A client owns none.
    #[doc(hidden)]
    pub fn key_owner(&self) -> Option<KeyOwner> {
        match &self.credential {
            Credential::Session { account, .. } => Some(KeyOwner::User(account.user.id)),
            Credential::Key { key, .. } => Some(key.owner),
            Credential::Client { .. } => None,
        }
    }

    /// The account and session of a first-party login; none for keys and for tokens OAuth clients obtained.
    #[doc(hidden)]
    pub fn first_party(&self) -> Option<(&Arc<Account>, &SessionCore)> {
        match &self.credential {
            Credential::Session { account, session } if session.client_id.is_none() => {
                Some((account, session))
            }
            _ => None,
        }
    }

    /// When the person behind a session last showed who they are; none for keys and clients.
    pub fn signed_in_at(&self) -> Option<Timestamp> {
        let Credential::Session { session, .. } = &self.credential else {
            return None;
        };
        let claimed = self.claims.as_ref().and_then(|claims| claims.auth_time());
        let at = session
            .signed_in_at
            .or(claimed.map(Timestamp::from_seconds));
        // Where nobody knows, it was not lately.
        Some(at.unwrap_or_default())
    }

    /// Which credential it is, of all that a person or a client has: their session, key, or the client itself.
    pub fn credential_id(&self) -> String {
        match &self.credential {
            Credential::Session { session, .. } => session.id.to_string(),
            Credential::Key { key, .. } => key.id.to_string(),
            Credential::Client { client } => client.id.to_string(),
        }
    }

    /// The OAuth client through which a person acts.
    pub fn client_id(&self) -> Option<ClientId> {
        match &self.credential {
            Credential::Session { session, .. } => session.client_id,
            _ => None,
        }
    }

    /// The credential, as the transaction of an act reads it anew.
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

    /// Refuses whoever lacks a scope: for what depends on more than the route.
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

    /// Something this caller is about to do. Storage judges it when it is done.
    ///
    /// # Errors
    /// [`Error::InvalidToken`], for a token of a form that this server does not sign.
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
