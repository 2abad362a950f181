//! What the hot path reads: bounded caches that the writer keeps exact, and how sessions and accounts come out of them.
//!
//! Entries are created only by a read-through load. When the writer has committed a change, it removes the stale entries
//! before it answers; an in-flight load is invalidated and its result is not cached. So every read after the answer sees
//! the change.

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

/// Past so many single entries a change empties the cache instead of picking them out.
const MAX_SINGLE_REMOVALS: usize = 4096;

#[derive(Debug)]
pub(super) struct Caches {
    pub accounts: Cache<UserId, CachedAccount>,
    /// Those that are asked for often, unpacked. What makes an entry of `accounts` stale removes it there first.
    pub busy_accounts: Cache<UserId, Arc<Account>>,
    pub sessions: Cache<SessionId, CachedSession>,
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
    standings: Interner<Arc<SharedAccountData>>,
    pub touched: Mutex<super::last_used::Touched>,
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
    pub blocks: BlockedNetworks,
    /// Roles whose people must have a second factor.
    pub factor_roles: OnceLock<Box<[String]>>,
    /// Caps of an account.
    pub caps: CacheSizes,
    /// What time it is when a unit runs: its caller may have come a while ago.
    pub clock: Clock,
}

/// What an account may have at most; 0 is any number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheSizes {
    pub sessions: u32,
    pub api_keys: u32,
}

impl Caches {
    /// `bytes` bounds the caches together.
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

    /// An account as it is kept.
    pub(super) fn packed(&self, account: &Account) -> Option<CachedAccount> {
        CachedAccount::of(account, &self.standings)
    }

    /// Whether only who has a verified address signs in.
    pub(super) fn requires_verified_email(&self) -> bool {
        self.verified_only.get() == Some(&true)
    }

    /// Whether somebody at an address is kept out at this moment.
    pub(super) fn keeps_out(&self, ip: IpAddr) -> bool {
        self.blocks.keep_out(ip, self.clock.now())
    }

    /// Whether people of a role must have a second factor.
    pub(super) fn demands_factor(&self, role: &str) -> bool {
        let roles = self.factor_roles.get();
        roles.is_some_and(|roles| roles.iter().any(|named| named == role))
    }

    /// Puts in when sessions were last seen, which may not be on disk yet.
    pub(super) fn with_last_used(&self, sessions: &mut [Live]) {
        let touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            if let Some(noted) = touched.sessions.get(&session.id) {
                session.seen = session.seen.max(*noted);
            }
        }
    }

    /// Removes what a batch made stale, and puts in what it left fresh. After its commit, and before anybody is answered.
    pub(super) fn apply(&self, changes: CacheInvalidations) {
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

    /// Puts in what a batch left fresh; what it made stale again later it did not.
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

impl Store {
    /// A session, live or not. From memory once it was asked for.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionCore>, StoreError> {
        self.session_and(id, |_, _| Ok(())).await
    }

    /// As [`Store::session`]; where it has to be read, what `also` reads is read with it.
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

    /// As [`Store::session`]; where it has to be read, the account that is said to hold it is read with it.
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
        // Both places are held before the read begins, always in this order: a commit takes them back.
        let place = match sessions.get_value_or_guard_async(&id).await {
            Ok(found) => return Ok(Some(found.unpacked(id))),
            Err(place) => place,
        };
        let account_place = accounts.get_value_or_guard_async(&user).await.err();
        let found = self.look_up(move |conn| with_account(conn, id)).await?;
        let (session, account) = found.unzip();
        let session = session.map(|session| session.core());
        // What is not there is not kept, so that guesses cannot push out what is.
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

    /// The account and what it may do now. From memory once it was asked for.
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
            // What is not there is not kept, so that guesses cannot push out what is.
            if let Some(packed) = found.as_ref().and_then(|found| memory.packed(found)) {
                let _ = place.insert(packed);
            }
            Ok(found.map(Arc::new))
        })
        .await
    }
}
