//! Storage. Each method is one atomic operation of the domain. Statements are written in the names of `sql`; only
//! `sqlite` knows which database runs them.

mod account_limits;
mod account_list;
mod account_rows;
mod accounts;
mod apply;
mod apply_plan;
mod audiences;
mod authority;
mod authorization_codes;
mod browser_sessions;
mod bulk_revocation_job;
mod bulk_revocations;
mod bulk_session_revocation;
mod cache_invalidation;
mod cache_weights;
mod cached_account;
mod cached_session;
mod caches;
mod client_id_documents;
mod client_overrides;
mod clients;
#[cfg(test)]
mod conformance;
mod consents;
mod cursor;
mod dynamic_registration;
mod email_addresses;
mod error;
mod events;
mod factor_sessions;
mod factors;
mod group_access;
mod initial_access_tokens;
mod key_list;
mod key_rows;
mod key_usage;
mod keys;
mod last_used;
mod list;
mod logout_notices;
mod mails;
mod network_blocks;
mod new_sign_in_alert;
mod one_time_links;
mod operator_key;
mod passkeys;
mod pending_bulk_revocations;
mod pending_links;
mod reclaim_account;
mod refresh;
mod refresh_rows;
mod required_password_resets;
mod roles;
mod row_counts;
mod row_mapping;
mod second_factor_sign_in;
mod session_list;
mod session_rows;
mod sessions;
mod setup_progress;
mod sign_in;
mod signing_keys;
mod sql;
mod sqlite;
mod stats;
mod sweep;
mod time_series;
mod unused_clients;
mod used_client_assertions;
mod write_tx;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

pub use account_list::UserFilter;
pub use accounts::{EndsWithPassword, WantedAccount};
pub(crate) use apply_plan::{
    Applied, ApplyError, Kind as PlanKind, Plan, PlannedClient, PlannedUser,
};
pub use authorization_codes::{CodeCreation, Redeemed};
pub use bulk_revocations::SessionSnapshot;
pub use bulk_session_revocation::{
    PreviewedSessions, RevocationFilter, SessionRevocation, SessionSelection,
};
pub use caches::CacheSizes;
pub use client_id_documents::Document;
pub use client_overrides::OperatorOverrides;
pub use clients::NewSecret;
pub use consents::Consent;
pub use dynamic_registration::{Admission, SelfRegistered};
pub use email_addresses::{LinkByMail, NewAddress, RequestedMail};
pub use error::StoreError;
pub use events::EventFilter;
pub use factors::{NewTotp, SeenPassword};
pub use initial_access_tokens::NewRegistrationToken;
pub use key_list::KeyFilter;
pub(crate) use key_usage::UsageRange;
pub use keys::{KeySecret, NewKey};
pub use list::{ListQuery, Sort};
pub use logout_notices::LogoutNotice;
pub use mails::{Mail, MailFailure, Mailing, MailsWaiting};
pub use one_time_links::{NewLink, SetByLink};
pub use passkeys::NewPasskey;
pub use pending_links::OutstandingLinks;
pub use refresh::{Refreshed, Rotation};
pub use second_factor_sign_in::FirstStep;
pub use session_list::SessionFilter;
pub use sign_in::{LoginFacts, LoginRecord, NewSession};
pub use signing_keys::StoredSigningKey;
pub use sqlite::{
    Bounds, DATABASE, DirectoryLock, MASTER_KEY, OPERATOR_KEY, Restore, Restored, SCHEMA_VERSION,
    back_up, back_up_to_stdout, check, check_file, restore, tighten,
};
pub(crate) use time_series::{floor as series_floor, hour_of};
use write_tx::WriteTx;

pub use crate::files::write_private;

use self::{
    caches::Caches,
    sql::Connection,
    sqlite::{Copies, Readers, Writer},
};
use crate::metrics::StoreMetrics;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Writer,
    readers: Readers,
    metrics: Arc<StoreMetrics>,
    memory: Arc<Caches>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    directory: PathBuf,
    /// Held while a backup is made.
    backup: tokio::sync::Mutex<()>,
    copies: Arc<Copies>,
    _lock: DirectoryLock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("directory", &self.inner.directory)
            .finish_non_exhaustive()
    }
}

impl Store {
    async fn write<T, F>(&self, tx: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.queue.run(tx).await
    }

    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.metrics.read();
        self.inner.readers.run(read).await
    }

    /// As [`Store::read`], for a single statement, which is consistent by itself.
    async fn look_up<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.metrics.read();
        self.inner.readers.look_up(read).await
    }

    /// For uses that outlive the call.
    fn memory_shared(&self) -> Arc<Caches> {
        self.inner.memory.clone()
    }

    fn memory(&self) -> &Caches {
        &self.inner.memory
    }

    fn touched(&self) -> MutexGuard<'_, last_used::Touched> {
        self.inner
            .memory
            .touched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the writer finish its queue and closes the database. For the end of the process.
    pub fn close(self) {
        let thread = self
            .inner
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // The connection that closes last leaves a single file behind; it must be the writer's.
        self.inner.readers.close();
        self.inner.queue.close();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// The data directory.
    pub fn directory(&self) -> &std::path::Path {
        &self.inner.directory
    }
}
