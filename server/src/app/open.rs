//! Opening a data directory: its lock, its keys, its database, in the order in which each may be touched.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{OpenError, compose::Parts};
use crate::{
    clock::Clock,
    crypto::{password::HashingThreads, seal::MasterKey},
    http::branding::Site,
    metrics::Metrics,
    outbound::{Outbound, smtp::Smtp},
    service::{Breached, Signing, first_operator_key, open_ring},
    settings::Settings,
    state::limits::Limits,
    store::{self, Bounds, DirectoryLock, MASTER_KEY, Mailing, OPERATOR_KEY, Store},
};

/// Password checks that may be queued per hashing thread.
const QUEUE_PER_THREAD: usize = 8;
/// The issuer if none is set: Rocket's own default address.
const DEFAULT_ISSUER: &str = "http://127.0.0.1:8000";

impl Parts {
    /// Opens a data directory or creates one; also returns the pages' branding and the files created.
    pub(super) async fn open(
        settings: Settings,
        clock: Clock,
        outbound: Outbound,
    ) -> Result<(Self, Site, Vec<PathBuf>), OpenError> {
        settings.check()?;
        let metrics = Metrics::default();
        let store = open_store(&settings, &clock, &metrics)?;
        let mut created = Vec::new();
        let master = master_key(&store, &settings.data_dir, &mut created).await?;
        let issuer = settings.issuer.as_deref().unwrap_or(DEFAULT_ISSUER);
        let issuer = issuer.to_owned();
        let site = Site::new(&settings, &issuer)?;
        let signing = Signing {
            issuer: &issuer,
            algorithm: settings.algorithm()?,
            longest_token_seconds: settings.longest_token_seconds(),
            remembered: settings.cache_shares().tokens,
        };
        store.load_blocks(clock.now()).await?;
        let keys = open_ring(&store, &master, signing, &clock).await?;
        if first_operator_key(&store, &settings, &clock).await? {
            created.push(settings.data_dir.join(OPERATOR_KEY));
        }
        let hashing = start_hashing(&settings)?;
        let smtp = settings.mail_server()?.map(Smtp::new).transpose()?;
        let master = Arc::new(master);
        if smtp.is_some() {
            start_mailing(&store, &settings, master.clone(), &clock).await?;
        }
        tell_demands(&store, &settings);
        let parts = Self {
            smtp,
            breached: Breached::open(&settings, &outbound)?,
            limits: Limits::new(&settings),
            settings: Arc::new(settings),
            issuer,
            store,
            master,
            keys,
            hashing,
            outbound,
            metrics,
            clock,
        };
        Ok((parts, site, created))
    }
}

async fn start_mailing(
    store: &Store,
    settings: &Settings,
    master: Arc<MasterKey>,
    clock: &Clock,
) -> Result<(), OpenError> {
    let mailing = Mailing {
        master,
        notices: settings.mail_notices,
    };
    Ok(store.send_mail(mailing, clock.now()).await?)
}

/// Passes the sign-in policy to the store, which enforces it in its transactions.
fn tell_demands(store: &Store, settings: &Settings) {
    if settings.require_verified_email {
        store.require_verified_email();
    }
    store.require_factor_of(&settings.mfa_required_for);
}

fn open_store(settings: &Settings, clock: &Clock, metrics: &Metrics) -> Result<Store, OpenError> {
    let directory = &settings.data_dir;
    let lock = DirectoryLock::take(directory)?;
    // Before the database is opened: closing a second handle of it would drop SQLite's locks.
    let tightened = store::tighten(directory)?;
    let store = Store::open(
        directory,
        lock,
        Bounds {
            cache_bytes: settings.cache_shares().store,
            caps: settings.caps(),
        },
        clock.clone(),
        Arc::new(metrics.store.clone()),
    )?;
    for line in tightened {
        tracing::warn!("{line}");
    }
    Ok(store)
}

/// The key that encrypts secrets at rest; created if nothing is encrypted yet.
async fn master_key(
    store: &Store,
    directory: &Path,
    created: &mut Vec<PathBuf>,
) -> Result<MasterKey, OpenError> {
    let path = directory.join(MASTER_KEY);
    if !path.exists() && !store.signing_keys().await?.is_empty() {
        return Err(OpenError::MasterKey(path));
    }
    match MasterKey::load_or_create(&path) {
        Ok((master, made)) => {
            created.extend(made.then_some(path));
            Ok(master)
        }
        Err(error) => Err(OpenError::File { path, error }),
    }
}

fn start_hashing(settings: &Settings) -> Result<HashingThreads, OpenError> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let started = HashingThreads::start(settings.argon2_params()?, cores, cores * QUEUE_PER_THREAD);
    started.map_err(|error| OpenError::Key(format!("cannot start hashing threads: {error}")))
}
