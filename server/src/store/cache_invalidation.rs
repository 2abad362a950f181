//! What a unit makes stale in memory, and what it leaves there fresh.

use std::sync::Arc;

use doorward_shared::{BlockId, ClientId, SessionId, UserId};
use ulid::Ulid;

use crate::{
    crypto::secret::Digest256,
    domain::{Account, Block, Session, SessionCore},
};

/// What a unit makes stale.
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
    /// An ending was written.
    pub endings: bool,
    /// A logout notice was written.
    pub notices: bool,
    /// A mail was written.
    pub mails: bool,
    pub blocks: Vec<BlockChange>,
    /// What is likely to be asked for next, as its unit left it.
    pub fresh: Vec<CacheRefill>,
}

/// What became of a block.
#[derive(Debug)]
pub(super) enum BlockChange {
    Added(Block),
    Lifted(BlockId),
}

/// An entry that need not be read: with how many entries had been made stale by then. One that is made stale again later
/// in the batch is not kept.
#[derive(Debug)]
pub(super) enum CacheRefill {
    Session(usize, SessionCore),
    Account(usize, Arc<Account>),
}

impl CacheInvalidations {
    /// A session that its unit has just written, as it is read from now on.
    pub(super) fn now_is_session(&mut self, session: &Session) {
        let fresh = CacheRefill::Session(self.sessions.len(), session.core());
        self.fresh.push(fresh);
    }

    /// As [`CacheInvalidations::now_is_session`], of an account.
    pub(super) fn now_is_account(&mut self, account: &Account) {
        let fresh = CacheRefill::Account(self.users.len(), Arc::new(account.clone()));
        self.fresh.push(fresh);
    }

    /// How far a unit that is rolled back is undone.
    pub(super) fn mark(&self) -> usize {
        self.fresh.len()
    }

    /// Drops what came since a mark: it was rolled back. What is stale stays stale, which costs a read at most.
    pub(super) fn roll_back(&mut self, mark: usize) {
        self.fresh.truncate(mark);
    }
}
