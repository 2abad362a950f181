//! Who performs an operation: the principal, the API used, and the audit context.

use std::sync::Arc;

use doorward_shared::{ClientId, KeyId, ScopeSet, SessionId, Timestamp, UserId};
use ulid::Ulid;

use super::Digest256;
use super::{Actor, AuditContext, rules::authority::Rights};

/// The principal of an operation. Its current permissions are read again in the operation's own transaction.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A user with an access token or a browser session; `granted` is the token's scopes.
    Session { id: SessionId, granted: ScopeSet },
    /// An API key.
    Key(KeyId),
    /// An OAuth client with a client-credentials token.
    Client {
        id: ClientId,
        token: Ulid,
        granted: ScopeSet,
    },
    /// An OAuth client that has just authenticated with this secret; a public one has none. All it may do is revoke its
    /// own tokens.
    Registered {
        id: ClientId,
        secret: Option<Digest256>,
    },
    /// Doorward itself, or an operator with access to the data directory: not restricted by a credential.
    System,
}

/// The API through which an operation was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPoint {
    /// The user API: users' operations on their own account and keys.
    Own,
    /// The admin API.
    Admin,
}

/// The principal of a request and the facts that limit it.
#[derive(Debug, Clone)]
pub struct Authority {
    pub holder: Principal,
    pub door: EntryPoint,
    /// When the user signed in; `None` if no user could sign in again.
    pub signed_in_at: Option<Timestamp>,
    /// Maximum age of a sign-in where a recent one is required, in seconds; 0 requires none.
    pub step_up_seconds: u32,
}

/// An operation to perform: its principal and its audit context.
#[derive(Debug, Clone)]
pub struct Act {
    authority: Authority,
    context: AuditContext,
}

impl Act {
    pub fn new(authority: Authority, context: AuditContext) -> Self {
        Self { authority, context }
    }

    /// An operation by Doorward itself.
    pub fn system(at: Timestamp) -> Self {
        let authority = Authority {
            holder: Principal::System,
            door: EntryPoint::Admin,
            signed_in_at: None,
            step_up_seconds: 0,
        };
        Self::new(authority, AuditContext::system(at))
    }

    /// The end of a session by a browser that has it, or was given it and never accepted it: its granted scopes do not
    /// matter.
    pub fn of_session(id: SessionId, context: AuditContext) -> Self {
        let authority = Authority {
            holder: Principal::Session {
                id,
                granted: ScopeSet::default(),
            },
            door: EntryPoint::Own,
            signed_in_at: None,
            step_up_seconds: 0,
        };
        Self::new(authority, context)
    }

    /// The same operation with a reason, which its audit events record.
    #[must_use]
    pub fn because(mut self, reason: Arc<str>) -> Self {
        self.context.reason = Some(reason);
        self
    }

    /// The reason that the caller gave.
    pub fn reason(&self) -> Option<&str> {
        self.context.reason.as_deref()
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The caller's session, if its credential is one.
    pub fn session(&self) -> Option<SessionId> {
        match self.authority.holder {
            Principal::Session { id, .. } => Some(id),
            _ => None,
        }
    }

    pub fn at(&self) -> Timestamp {
        self.context.at
    }

    pub fn actor(&self) -> Actor {
        self.context.actor
    }

    /// The user's id, if a user acts directly.
    pub fn person(&self) -> Option<UserId> {
        match self.context.actor {
            Actor::User(id) => Some(id),
            _ => None,
        }
    }

    /// The audit context for the operation's events. Takes [`Rights`] as an argument, so that nothing is written before
    /// they were read.
    pub fn context(&self, _judged: &Rights) -> &AuditContext {
        &self.context
    }
}
