//! Cache entries that a write transaction invalidates, and entries it refills.

use std::sync::Arc;

use doorward_shared::{BlockId, ClientId, SessionId, UserId};
use ulid::Ulid;

use crate::{
    crypto::secret::Digest256,
    domain::{Account, Block, Session, SessionCore},
};

/// The invalidations and refills of a transaction.
#[derive(Debug, Default)]
pub(super) struct CacheInvalidations {
    pub users: Vec<UserId>,
    pub sessions: Vec<SessionId>,
    pub keys: Vec<Digest256>,
    pub clients: Vec<ClientId>,
    pub revoked_tokens: Vec<Ulid>,
    pub all_users: bool,
    pub all_keys: bool,
    pub all_sessions: bool,
    pub events: bool,
    /// A bulk revocation was inserted.
    pub endings: bool,
    /// A logout notice was inserted.
    pub notices: bool,
    /// A mail was inserted.
    pub mails: bool,
    pub blocks: Vec<BlockChange>,
    /// Entries likely to be read next, as the transaction left them.
    pub fresh: Vec<CacheRefill>,
}

/// A change of a block.
#[derive(Debug)]
pub(super) enum BlockChange {
    Added(Block),
    Lifted(BlockId),
}

/// A cache entry that need not be read again, with the number of invalidations before it. An entry invalidated later in
/// the batch is dropped.
#[derive(Debug)]
pub(super) enum CacheRefill {
    Session(usize, SessionCore),
    Account(usize, Arc<Account>),
}

impl CacheInvalidations {
    /// Refills a session that the transaction has just written.
    pub(super) fn now_is_session(&mut self, session: &Session) {
        let fresh = CacheRefill::Session(self.sessions.len(), session.core());
        self.fresh.push(fresh);
    }

    /// As [`CacheInvalidations::now_is_session`], of an account.
    pub(super) fn now_is_account(&mut self, account: &Account) {
        let fresh = CacheRefill::Account(self.users.len(), Arc::new(account.clone()));
        self.fresh.push(fresh);
    }

    /// A mark to which a rolled-back transaction is undone.
    pub(super) fn mark(&self) -> usize {
        self.fresh.len()
    }

    /// Removes the refills added since a mark, after a rollback. Invalidations stay; each costs one extra read at most.
    pub(super) fn roll_back(&mut self, mark: usize) {
        self.fresh.truncate(mark);
    }
}
