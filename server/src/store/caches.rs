//! Bounded read-through caches of the hot path, which the writer keeps exact, and the reads of sessions and accounts.
//!
//! Entries are created only by a read-through load. After the writer commits a change, it removes the stale entries
//! before it returns; an in-flight load is invalidated and its result is not cached. So every read after the return
//! sees the change.

use std::{
    collections::HashSet,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicBool},
};

use doorward_shared::{ClientId, ScopeSet, SessionId, UserId};
use quick_cache::{Weighter, sync::Cache as Counted};
use tokio::sync::{Notify, watch};
use ulid::Ulid;

use super::{
    Store, StoreError,
    accounts::account,
    cache_invalidation::{BlockChange, CacheInvalidations, CacheRefill},
    cached_account::{CachedAccount, SharedAccountData},
    cached_session::CachedSession,
    mails::Mailing,
    session_rows::{find, with_account},
    sql::Connection,
};
use crate::{
    cache::{Cache, Interner, cache},
    clock::Clock,
    crypto::secret::Digest256,
    domain::{Account, ApiKey, Client, Session, SessionCore, rules::session::Live},
    state::BlockedNetworks,
};

/// Above this many removals a change clears the cache instead of removing single entries.
const MAX_SINGLE_REMOVALS: usize = 4096;

#[derive(Debug)]
pub(super) struct Caches {
    pub accounts: Cache<UserId, CachedAccount>,
    /// Frequently used accounts, unpacked. Invalidating an entry of `accounts` removes it here first.
    pub busy_accounts: Cache<UserId, Arc<Account>>,
    pub sessions: Cache<SessionId, CachedSession>,
    pub keys: Cache<Digest256, Arc<ApiKey>>,
    pub clients: Cache<ClientId, Arc<Client>>,
    /// Resources of operators' clients: one entry, removed by every change of a client.
    pub operator_resources: Counted<(), Arc<HashSet<String>>>,
    /// The session that a browser cookie identifies.
    pub browsers: Cache<Digest256, SessionId>,
    /// Origins of browser applications: one entry, removed by every change of a client.
    pub browser_origins: Counted<(), Arc<HashSet<String>>>,
    /// Whether a token without a session was revoked. Only ids from verified tokens are looked up, so they cannot be
    /// guessed.
    pub tokens: Cache<Ulid, bool>,
    /// Scope sets of sessions, each stored once.
    pub scopes: Interner<ScopeSet>,
    /// Data shared between accounts.
    standings: Interner<Arc<SharedAccountData>>,
    pub touched: Mutex<super::last_used::Touched>,
    /// Counts commits that appended events; event streams wait on it.
    pub events: watch::Sender<u64>,
    /// Wakes the bulk revocation worker.
    pub endings: Notify,
    /// Whether a WAL checkpoint is running.
    pub copying: AtomicBool,
    /// Whether little of a long WAL is left to copy: the writer then completes the checkpoint and restarts the WAL.
    pub nearly_copied: AtomicBool,
    /// Wakes the job that sends back-channel logout notices.
    pub notices: Notify,
    /// Wakes the job that sends mails.
    pub mails: Notify,
    /// Key and settings that mails are sealed with; unset if no mail is sent.
    pub mailing: OnceLock<Mailing>,
    /// Whether sign-in requires a verified email address.
    pub verified_only: OnceLock<bool>,
    /// Networks blocked from signing in.
    pub blocks: BlockedNetworks,
    /// Roles that require a second factor.
    pub factor_roles: OnceLock<Box<[String]>>,
    /// Limits per account.
    pub caps: CacheSizes,
    /// The clock that transactions read when they run, since a caller may have waited in the queue.
    pub clock: Clock,
}

/// Limits per account; 0 means unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheSizes {
    pub sessions: u32,
    pub api_keys: u32,
}

impl Caches {
    /// `bytes` limits all caches together.
    pub(super) fn new(bytes: usize, caps: CacheSizes, clock: Clock) -> Self {
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
            blocks: BlockedNetworks::default(),
            factor_roles: OnceLock::new(),
            caps,
            clock,
        }
    }

    /// The compact form of an account.
    pub(super) fn packed(&self, account: &Account) -> Option<CachedAccount> {
        CachedAccount::of(account, &self.standings)
    }

    /// Whether sign-in requires a verified email address.
    pub(super) fn requires_verified_email(&self) -> bool {
        self.verified_only.get() == Some(&true)
    }

    /// Whether an IP address is blocked now.
    pub(super) fn keeps_out(&self, ip: IpAddr) -> bool {
        self.blocks.keep_out(ip, self.clock.now())
    }

    /// Whether a role requires a second factor.
    pub(super) fn demands_factor(&self, role: &str) -> bool {
        let roles = self.factor_roles.get();
        roles.is_some_and(|roles| roles.iter().any(|named| named == role))
    }

    /// Updates the last-used times of sessions with those not on disk yet.
    pub(super) fn with_last_used(&self, sessions: &mut [Live]) {
        let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            if let Some(noted) = touched.sessions.get(&session.id) {
                session.seen = session.seen.max(*noted);
            }
        }
    }

    /// Applies a batch's invalidations and refills. Called after its commit, before the callers are notified.
    pub(super) fn apply(&self, changes: CacheInvalidations) {
        // In this order: unpacking an account holds a placeholder in the second cache while it reads the first.
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
        self.keep_fresh(&changes);
        for change in changes.blocks {
            match change {
                BlockChange::Added(block) => self.blocks.add(block, self.clock.now()),
                BlockChange::Lifted(id) => self.blocks.lift(id),
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

    /// Applies a batch's refills, except entries invalidated later in the batch.
    fn keep_fresh(&self, changes: &CacheInvalidations) {
        for fresh in &changes.fresh {
            match fresh {
                CacheRefill::Session(at, session)
                    if !changes.all_sessions && !changes.sessions[*at..].contains(&session.id) =>
                {
                    let packed = CachedSession::of(session, &self.scopes);
                    self.sessions.insert(session.id, packed);
                }
                CacheRefill::Account(at, account)
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
    }
}

fn forget<K, V, W>(cache: &Counted<K, V, W>, stale: &[K], all: bool)
where
    K: Eq + Hash + Clone,
    V: Clone,
    W: Weighter<K, V> + Clone,
{
    if all || stale.len() > MAX_SINGLE_REMOVALS {
        cache.clear();
    } else {
        for key in stale {
            cache.remove(key);
        }
    }
}

/// Reads through a cache. A value that was invalidated while it loaded is returned but not cached.
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
            // Absence is not cached, so that guesses cannot evict existing entries.
            if let Some(loaded) = &loaded {
                let _ = place.insert(loaded.clone());
            }
            Ok(loaded)
        }
    }
}

impl Store {
    /// A session, live or not. Cached after the first read.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionCore>, StoreError> {
        self.session_and(id, |_, _| Ok(())).await
    }

    /// As [`Store::session`]; on a cache miss, `also` runs in the same read.
    pub(super) async fn session_and(
        &self,
        id: SessionId,
        also: fn(&Connection, &Session) -> Result<(), StoreError>,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let found = through(&memory.sessions, &id, async {
            let found = self.read(move |conn| {
                let found = find(conn, id)?;
                if let Some(session) = &found {
                    also(conn, session)?;
                }
                Ok(found)
            });
            let found = found.await?;
            Ok(found.map(|session| CachedSession::of(&session.core(), &memory.scopes)))
        });
        Ok(found.await?.map(|packed| packed.unpacked(id)))
    }

    /// As [`Store::session`]; on a cache miss, the expected owner's account is loaded in the same read.
    pub async fn session_of(
        &self,
        id: SessionId,
        user: UserId,
    ) -> Result<Option<SessionCore>, StoreError> {
        let memory = self.memory();
        let (sessions, accounts) = (&memory.sessions, &memory.accounts);
        if let Some(found) = sessions.get(&id) {
            return Ok(Some(found.unpacked(id)));
        }
        if accounts.contains_key(&user) {
            return self.session(id).await;
        }
        // Both placeholders are taken before the read, always in this order; a commit invalidates them.
        let place = match sessions.get_value_or_guard_async(&id).await {
            Ok(found) => return Ok(Some(found.unpacked(id))),
            Err(place) => place,
        };
        let account_place = accounts.get_value_or_guard_async(&user).await.err();
        let found = self.look_up(move |conn| with_account(conn, id)).await?;
        let (session, account) = found.unzip();
        let session = session.map(|session| session.core());
        // Absence is not cached, so that guesses cannot evict existing entries.
        if let Some(session) = &session {
            let _ = place.insert(CachedSession::of(session, &memory.scopes));
        }
        let account = account.flatten().filter(|account| account.user.id == user);
        let account = account.and_then(|account| memory.packed(&account));
        if let Some((account, place)) = account.zip(account_place) {
            let _ = place.insert(account);
        }
        Ok(session)
    }

    /// The account and its current permissions. Cached after the first read.
    pub async fn account(&self, id: UserId) -> Result<Option<Arc<Account>>, StoreError> {
        let memory = self.memory();
        through(&memory.busy_accounts, &id, async {
            if let Some(packed) = memory.accounts.get(&id) {
                return Ok(Some(Arc::new(packed.unpacked(id))));
            }
            let place = match memory.accounts.get_value_or_guard_async(&id).await {
                Ok(packed) => return Ok(Some(Arc::new(packed.unpacked(id)))),
                Err(place) => place,
            };
            let found = self.look_up(move |conn| account(conn, id)).await?;
            // Absence is not cached, so that guesses cannot evict existing entries.
            if let Some(packed) = found.as_ref().and_then(|found| memory.packed(found)) {
                let _ = place.insert(packed);
            }
            Ok(found.map(Arc::new))
        })
        .await
    }
}
