//! Conformance tests for every storage engine, written against the store's methods alone. They run on SQLite; a second
//! engine replaces [`World::open`].

mod atomicity;
mod caches;
mod durability;
mod races;

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use doorward_shared::{ScopeSet, SessionId, Timestamp, UserId};
use tempfile::TempDir;

use super::{
    Bounds, CacheSizes, DirectoryLock, EventFilter, ListQuery, NewSession, Refreshed, Rotation,
    Store, StoreError,
};
use crate::{
    clock::Clock,
    crypto::refresh_token::RefreshKey,
    domain::{
        Act, AuditContext, Email, NewUser, RefreshOwner, RequestedClaims, Session, SignInMethod,
        User, rules::refresh::GracePeriods,
    },
};

/// The time of every operation.
const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// A PHC string that no password is checked against.
const PASSWORD: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

/// A store with its data directory.
struct World {
    store: Store,
    home: TempDir,
    refresh: RefreshKey,
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self {
            store: Self::open(home.path()),
            home,
            refresh: RefreshKey::derived(&[7; 32]),
        }
    }

    fn open(directory: &Path) -> Store {
        let lock = DirectoryLock::take(directory).unwrap();
        let bounds = Bounds {
            cache_bytes: 1 << 20,
            caps: CacheSizes {
                sessions: 1000,
                api_keys: 100,
            },
        };
        Store::open(directory, lock, bounds, Clock::manual(NOW), Arc::default()).unwrap()
    }

    /// Ends the process normally and starts another.
    fn restarted(self) -> Self {
        let Self {
            store,
            home,
            refresh,
        } = self;
        store.close();
        Self {
            store: Self::open(home.path()),
            home,
            refresh,
        }
    }

    /// The state that another process finds after a kill at this moment: a copy of the files, without a clean shutdown.
    fn killed(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(self.home.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), home.path().join(file.file_name())).unwrap();
        }
        Self {
            store: Self::open(home.path()),
            home,
            refresh: self.refresh.clone(),
        }
    }

    async fn user(&self, name: &str, role: &str) -> Result<User, StoreError> {
        let new = NewUser {
            email: Email::parse(&format!("{name}@example.com")).unwrap(),
            password: Some(PASSWORD.into()),
            first_name: None,
            last_name: None,
            role: role.into(),
            permissions: ScopeSet::default(),
            groups: Vec::new(),
            email_verified: false,
            disabled: false,
        };
        self.store.create_user(new, true, Act::system(NOW)).await
    }

    async fn session(&self, user: UserId) -> Result<(Session, String), StoreError> {
        self.session_in(user, None).await
    }

    /// As [`World::session`], opened in a browser that has a session.
    async fn session_in(
        &self,
        user: UserId,
        browser: Option<SessionId>,
    ) -> Result<(Session, String), StoreError> {
        let refresh = self.refresh.next();
        let until = NOW.plus_seconds(86_400);
        let new = NewSession {
            client_id: None,
            scope: None,
            ip: Ipv4Addr::LOCALHOST.into(),
            user_agent: None,
            refresh: Some(refresh.clone()),
            refresh_until: until,
            access_until: NOW.plus_seconds(900),
            expires_at: until,
            browser: None,
            resources: Vec::new(),
            auth_time: None,
            method: SignInMethod::Password,
            signed_in_by: browser,
            claims: RequestedClaims::default(),
        };
        let context = AuditContext::system(NOW);
        let opened = self
            .store
            .open_session(user, PASSWORD.into(), None, new, context);
        let (_, session) = opened.await?;
        let token = refresh.token(session.id, 1);
        Ok((session, token.expose().to_owned()))
    }

    /// Uses a refresh token, with no grace period for a second use.
    async fn refreshed(&self, token: &str) -> Refreshed {
        let until = NOW.plus_seconds(86_400);
        let rotation = Rotation {
            used: self.refresh.read(token).unwrap(),
            next: self.refresh.next(),
            owner: RefreshOwner::FirstParty,
            next_until: until,
            access_until: NOW.plus_seconds(900),
            windows: GracePeriods { grace: 0, retry: 0 },
            scope: None,
            resources: Vec::new(),
            issuer: "http://127.0.0.1".into(),
        };
        let used = self
            .store
            .rotate_refresh(rotation, AuditContext::system(NOW));
        used.await.unwrap()
    }

    async fn is_live(&self, id: SessionId) -> bool {
        let found = self.store.session(id).await.unwrap();
        found.is_some_and(|session| session.is_live(NOW))
    }

    /// Number of events with this action.
    async fn noted(&self, action: &str) -> u64 {
        let filter = EventFilter {
            action: Some(action.into()),
            ..EventFilter::default()
        };
        let page = self.store.events(filter, ListQuery::default());
        page.await.unwrap().pagination.total
    }
}

/// Runs all concurrently; returns their results.
async fn at_once<F>(calls: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let calls: tokio::task::JoinSet<_> = calls.collect();
    calls.join_all().await
}
