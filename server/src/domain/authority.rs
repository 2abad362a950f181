//! On whose authority something is done: the credential, the door it came through, and what is put down to it.

use std::sync::Arc;

use doorward_shared::{ClientId, KeyId, ScopeSet, SessionId, Timestamp, UserId};
use ulid::Ulid;

use super::Digest256;
use super::{Actor, AuditContext, rules::authority::Rights};

/// Whose authority an act has. What it may do now is read anew in the transaction of the act.
#[derive(Debug, Clone)]
pub enum Principal {
    /// A person with an access token, or signed in in a browser; `granted` is what the token says.
    Session { id: SessionId, granted: ScopeSet },
    /// An API key.
    Key(KeyId),
    /// An OAuth client with a token of its own.
    Client {
        id: ClientId,
        token: Ulid,
        granted: ScopeSet,
    },
    /// An OAuth client that has just shown who it is, with this secret; a public one has none. It may do nothing but end
    /// what is its own.
    Registered {
        id: ClientId,
        secret: Option<Digest256>,
    },
    /// Doorward itself, or whoever holds the data directory: no credential bounds it.
    System,
}

/// Which door an act came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPoint {
    /// For people themselves: what they do to their own account and keys.
    Own,
    /// The operators' API.
    Admin,
}

/// What a caller acts on.
#[derive(Debug, Clone)]
pub struct Authority {
    pub holder: Principal,
    pub door: EntryPoint,
    /// When the person signed in; none where there is no person who could sign in again.
    pub signed_in_at: Option<Timestamp>,
    /// How recent a sign-in has to be where one is asked for, in seconds; 0 asks for none.
    pub step_up_seconds: u32,
}

/// Something that is to be done, and on whose authority.
#[derive(Debug, Clone)]
pub struct Act {
    authority: Authority,
    context: AuditContext,
}

impl Act {
    pub fn new(authority: Authority, context: AuditContext) -> Self {
        Self { authority, context }
    }

    /// Doorward's own doing.
    pub fn system(at: Timestamp) -> Self {
        let authority = Authority {
            holder: Principal::System,
            door: EntryPoint::Admin,
            signed_in_at: None,
            step_up_seconds: 0,
        };
        Self::new(authority, AuditContext::system(at))
    }

    /// The end of a session by a browser that has it, or was given it and never took it: what it was granted is of no
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

    /// The same for this reason, which the events of the act tell.
    #[must_use]
    pub fn because(mut self, reason: Arc<str>) -> Self {
        self.context.reason = Some(reason);
        self
    }

    /// Why, as the caller says.
    pub fn reason(&self) -> Option<&str> {
        self.context.reason.as_deref()
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The session that the caller holds, where it is one.
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

    /// The person's id, where a person is known to act by themselves.
    pub fn person(&self) -> Option<UserId> {
        match self.context.actor {
            Actor::User(id) => Some(id),
            _ => None,
        }
    }

    /// What events of the act are put down to. Asks for the rights, so that nothing is written before they were read.
    pub fn context(&self, _judged: &Rights) -> &AuditContext {
        &self.context
    }
}
