//! What the hot path reads: bounded caches that the writer keeps exact.
//!
//! An entry is loaded when it is first asked for. When the writer has committed a change it removes what the
//! change made stale before it answers; a load that was under way loses its place and is not kept. So whoever
//! asks after the answer sees the change.

use std::{
    collections::HashSet,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, atomic::AtomicBool},
};

use doorward_shared::{BlockId, ClientId, ScopeSet, SessionId, Timestamp, UserId};
use quick_cache::{Weighter, sync::Cache as Counted};
use tokio::sync::{Notify, watch};
use ulid::Ulid;

use super::{
    StoreError,
    mails::Mailing,
    packed::PackedSession,
    packed_account::{PackedAccount, Standing},
};
use crate::{
    cache::{Cache, Interner, cache},
    clock::Clock,
    crypto::secret::Digest256,
    domain::{
        Account, ApiKey, Block, Client, Session, SessionCore, is_unknown, rules::session::Live,
    },
};

/// Past so many single entries a change empties the cache instead of picking them out.
const MANY: usize = 4096;

/// What a unit makes stale.
#[derive(Debug, Default)]
pub(super) struct Changes {
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
    fresh: Vec<Fresh>,
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
enum Fresh {
    Session(usize, SessionCore),
    Account(usize, Arc<Account>),
}

impl Changes {
    /// A session that its unit has just written, as it is read from now on.
    pub(super) fn now_is_session(&mut self, session: &Session) {
        let fresh = Fresh::Session(self.sessions.len(), session.core());
        self.fresh.push(fresh);
    }

    /// As [`Changes::now_is_session`], of an account.
    pub(super) fn now_is_account(&mut self, account: &Account) {
        let fresh = Fresh::Account(self.users.len(), Arc::new(account.clone()));
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

#[derive(Debug)]
pub(super) struct Memory {
    pub accounts: Cache<UserId, PackedAccount>,
    /// Those that are asked for often, unpacked. What makes an entry of `accounts` stale removes it there first.
    pub busy_accounts: Cache<UserId, Arc<Account>>,
    pub sessions: Cache<SessionId, PackedSession>,
    pub keys: Cache<Digest256, Arc<ApiKey>>,
    pub clients: Cache<ClientId, Arc<Client>>,
    /// Resources of operators' clients: one entry, which every change of a client removes.
    pub operator_resources: Counted<(), Arc<HashSet<String>>>,
    /// Which session a browser's cookie stands for.
    pub browsers: Cache<Digest256, SessionId>,
    /// Origins of browser applications: one entry, which every change of a client removes.
    pub browser_origins: Counted<(), Arc<HashSet<String>>>,
    /// Tokens without a session: whether they were given up. Ids come out of signatures, so nobody guesses them.
    pub tokens: Cache<Ulid, bool>,
    /// Scopes of sessions, each set once.
    pub scopes: Interner<ScopeSet>,
    /// What accounts have in common.
    standings: Interner<Arc<Standing>>,
    pub touched: Mutex<super::touch::Touched>,
    /// Counts commits that appended events; a stream waits on it.
    pub events: watch::Sender<u64>,
    /// Wakes the job that carries out endings.
    pub endings: Notify,
    /// Whether the log is being copied back into the database.
    pub copying: AtomicBool,
    /// Whether little of a long log is left to be copied: the writer does that, and begins the log anew.
    pub nearly_copied: AtomicBool,
    /// Wakes the job that tells clients of ended sessions.
    pub notices: Notify,
    /// Wakes the job that sends mails.
    pub mails: Notify,
    /// What mails are sealed with; nothing where none are sent.
    pub mailing: OnceLock<Mailing>,
    /// Whether only who has a verified address signs in.
    pub verified_only: OnceLock<bool>,
    /// Networks from which nobody signs in.
    pub blocks: RwLock<Vec<Block>>,
    /// Roles whose people must have a second factor.
    pub factor_roles: OnceLock<Box<[String]>>,
    /// Caps of an account.
    pub caps: Caps,
    /// What time it is when a unit runs: its caller may have come a while ago.
    pub clock: Clock,
}

/// What an account may have at most; 0 is any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    pub sessions: u32,
    pub api_keys: u32,
}

impl Memory {
    /// `bytes` bounds the caches together.
    pub(super) fn new(bytes: usize, caps: Caps, clock: Clock) -> Self {
        let share = |percent: usize| bytes / 100 * percent;
        Self {
            accounts: cache(share(35), 40),
            busy_accounts: cache(share(3), 300),
            sessions: cache(share(32), 0),
            keys: cache(share(20), 400),
            clients: cache(share(4), 800),
            operator_resources: Counted::new(16),
            browsers: cache(share(3), 0),
            browser_origins: Counted::new(16),
            tokens: cache(share(3), 0),
            scopes: Interner::default(),
            standings: Interner::default(),
            touched: Mutex::default(),
            events: watch::channel(0).0,
            endings: Notify::new(),
            copying: AtomicBool::new(false),
            nearly_copied: AtomicBool::new(false),
            notices: Notify::new(),
            mails: Notify::new(),
            mailing: OnceLock::new(),
            verified_only: OnceLock::new(),
            blocks: RwLock::default(),
            factor_roles: OnceLock::new(),
            caps,
            clock,
        }
    }

    /// An account as it is kept.
    pub(super) fn packed(&self, account: &Account) -> Option<PackedAccount> {
        PackedAccount::of(account, &self.standings)
    }

    /// Whether only who has a verified address signs in.
    pub(super) fn requires_verified_email(&self) -> bool {
        self.verified_only.get() == Some(&true)
    }

    /// Whether somebody at an address is kept out at this moment. Where the address is not known, every block may be meant.
    pub(super) fn keeps_out(&self, ip: IpAddr) -> bool {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let holds = |block: &Block| {
            if is_unknown(ip) {
                now < block.until
            } else {
                block.holds(ip, now)
            }
        };
        blocks.iter().any(holds)
    }

    /// Blocks of networks that hold an address, whether or not they spare it.
    pub(super) fn blocks_around(&self, ip: IpAddr) -> Vec<BlockId> {
        let ip = ip.to_canonical();
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        let around = blocks.iter().filter(|block| block.network.contains(&ip));
        around.map(|block| block.id).collect()
    }

    /// Whether people of a role must have a second factor.
    pub(super) fn demands_factor(&self, role: &str) -> bool {
        let roles = self.factor_roles.get();
        roles.is_some_and(|roles| roles.iter().any(|named| named == role))
    }

    /// Puts in when sessions were last seen, which may not be on disk yet.
    pub(super) fn freshen(&self, sessions: &mut [Live]) {
        let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            if let Some(noted) = touched.sessions.get(&session.id) {
                session.seen = session.seen.max(*noted);
            }
        }
    }

    /// Lets go of those that are over, too.
    fn change_blocks(&self, changes: Vec<BlockChange>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                BlockChange::Added(block) => blocks.push(block),
                BlockChange::Lifted(id) => blocks.retain(|block| block.id != id),
            }
        }
        let now = self.clock.now();
        blocks.retain(|block| now < block.until);
    }

    /// Lets go of blocks that are over.
    pub(super) fn forget_blocks(&self, now: Timestamp) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        blocks.retain(|block| now < block.until);
    }

    pub(super) fn apply(&self, changes: Changes) {
        // In this order: who unpacks one holds a place in the second while it looks into the first.
        forget(&self.accounts, &changes.users, changes.all_users);
        forget(&self.busy_accounts, &changes.users, changes.all_users);
        forget(&self.sessions, &changes.sessions, changes.all_sessions);
        forget(&self.keys, &changes.keys, changes.all_keys);
        forget(&self.clients, &changes.clients, false);
        if !changes.clients.is_empty() {
            self.browser_origins.remove(&());
            self.operator_resources.remove(&());
        }
        forget(&self.tokens, &changes.revoked_tokens, false);
        if !changes.blocks.is_empty() {
            self.change_blocks(changes.blocks);
        }
        for fresh in &changes.fresh {
            match fresh {
                Fresh::Session(at, session)
                    if !changes.all_sessions && !changes.sessions[*at..].contains(&session.id) =>
                {
                    let packed = PackedSession::of(session, &self.scopes);
                    self.sessions.insert(session.id, packed);
                }
                Fresh::Account(at, account)
                    if !changes.all_users && !changes.users[*at..].contains(&account.user.id) =>
                {
                    let id = account.user.id;
                    if let Some(packed) = self.packed(account) {
                        self.accounts.insert(id, packed);
                    }
                }
                _ => {}
            }
        }
        if changes.events {
            self.events.send_modify(|count| *count += 1);
        }
        if changes.endings {
            self.endings.notify_one();
        }
        if changes.notices {
            self.notices.notify_one();
        }
        if changes.mails {
            self.mails.notify_one();
        }
    }
}

fn forget<K, V, W>(cache: &Counted<K, V, W>, stale: &[K], all: bool)
where
    K: Eq + Hash + Clone,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    if all || stale.len() > MANY {
        cache.clear();
    } else {
        for key in stale {
            cache.remove(key);
        }
    }
}

/// Reads through a cache. What a change overtakes while it loads is answered, but not kept.
pub(super) async fn through<K, V, W, F>(
    cache: &Counted<K, V, W>,
    key: &K,
    load: F,
) -> Result<Option<V>, StoreError>
where
    K: Eq + Hash + Clone,
    V: Clone,
    W: Weighter<K, V> + Clone,
    F: Future<Output = Result<Option<V>, StoreError>>,
{
    if let Some(found) = cache.get(key) {
        return Ok(Some(found));
    }
    match cache.get_value_or_guard_async(key).await {
        Ok(found) => Ok(Some(found)),
        Err(place) => {
            let loaded = load.await?;
            // What is not there is not kept, so that guesses cannot push out what is.
            if let Some(loaded) = &loaded {
                let _ = place.insert(loaded.clone());
            }
            Ok(loaded)
        }
    }
}
