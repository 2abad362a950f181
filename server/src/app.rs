//! The server as one value: what a request needs of it, and how it starts.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use doorward_shared::{Timestamp, apikey::Environment};

use crate::{
    clock::{Clock, random_bytes},
    crypto::{
        password::Passwords,
        seal::MasterKey,
        secret::{Secret, api_key, api_key_form_ok, api_key_hint},
        signing::{BadKey, KeyRing, RingKey, SigningAlgorithm, SigningKey},
        webauthn::RelyingParty,
    },
    domain::{Act, Cause},
    files::write_private,
    http::{Answers, UsedForms},
    limits::Limits,
    metrics::Metrics,
    previews::Previews,
    service::{Keys, SecondFactors},
    settings::Settings,
    site::Site,
    state::{Arrivals, KeyMeters, MfaTokens, PasskeyChallenges, Refusals, Told, streams::Streams},
    stats::{Remembered, minute_of},
    store::{
        self, DirectoryLock, MASTER_KEY, OPERATOR_KEY, Restore, Restored, Store, StoreError,
        StoredSigningKey,
    },
};

/// Passwords that may wait for a hashing thread, for each thread.
const QUEUE_PER_THREAD: usize = 8;

/// Why a server does not start, in one line.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error(
        "{} is missing, and the database's signing keys are sealed with it: put it back, or restore a backup, which \
         makes new signing keys", .0.display()
    )]
    MasterKey(PathBuf),
    #[error("{0}")]
    Key(String),
}

/// An authorization server over one data directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Doorward(Arc<Parts>);

/// What a server is made of.
#[derive(Debug)]
pub struct Parts {
    pub settings: Settings,
    /// Base URL under which clients reach this server, without a trailing slash.
    pub issuer: String,
    pub store: Store,
    pub keys: KeyRing,
    pub passwords: Passwords,
    pub limits: Limits,
    pub clock: Clock,
    pub metrics: Metrics,
    pub started_at: Timestamp,
    /// What the first start made, for the newcomer.
    pub created: Vec<PathBuf>,
    pub(crate) answers: Answers,
    pub(crate) previews: Previews,
    pub(crate) remembered: Remembered,
    pub(crate) arrivals: Arrivals,
    pub(crate) streams: Streams,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) factors: SecondFactors,
    pub(crate) api_keys: Keys,
    pub(crate) site: Site,
    /// Form tokens that have come back.
    pub(crate) used_forms: UsedForms,
    /// Held while the ring of signing keys is changed.
    loading_keys: tokio::sync::Mutex<()>,
    pub(crate) refusals: Refusals,
    pub(crate) told: Told,
    rested: AtomicBool,
}

impl std::ops::Deref for Doorward {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Doorward {
    /// Opens a data directory, or makes one. A first start that was killed is completed.
    /// Without `settings.issuer` tokens name `http://127.0.0.1:8000`, Rocket's own default address.
    ///
    /// # Errors
    /// A wrong setting, a directory that is in use or cannot be written, a damaged or newer database, a master key
    /// that does not open the signing keys.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Clock::system()).await
    }

    /// As [`Doorward::open`], with a clock of one's own.
    ///
    /// # Errors
    /// As [`Doorward::open`].
    pub async fn open_at(settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        settings.check()?;
        let directory = settings.data_dir.clone();
        let lock = DirectoryLock::take(&directory)?;
        // Before the database is opened: closing a second handle of it would drop SQLite's locks.
        let tightened = store::tighten(&directory)?;
        let mut created = Vec::new();
        let metrics = Metrics::default();
        let store = Store::open(
            &directory,
            lock,
            (settings.cache_entries, settings.caps()),
            Arc::new(metrics.store.clone()),
        )?;
        for line in tightened {
            tracing::warn!("{line}");
        }
        let path = directory.join(MASTER_KEY);
        if !path.exists() && !store.signing_keys().await?.is_empty() {
            return Err(OpenError::MasterKey(path));
        }
        let (master, made) = MasterKey::load_or_create(&path).map_err(|error| OpenError::File {
            path: path.clone(),
            error,
        })?;
        if made {
            created.push(path);
        }
        let issuer = settings
            .issuer
            .clone()
            .unwrap_or_else(|| "http://127.0.0.1:8000".into());
        let site = Site::new(&settings, &issuer)?;
        let keys = signing_keys(&store, &master, &settings, &issuer, &clock).await?;
        if operator_key(&store, &settings, &clock).await? {
            created.push(directory.join(OPERATOR_KEY));
        }
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let passwords =
            Passwords::start(settings.argon2_params()?, cores, cores * QUEUE_PER_THREAD).map_err(
                |error| OpenError::Key(format!("cannot start hashing threads: {error}")),
            )?;
        let started_at = clock.now();
        let limits = Limits::new(&settings);
        let master = Arc::new(master);
        let factors = SecondFactors {
            store: store.clone(),
            master: master.clone(),
            party: RelyingParty::of_issuer(&issuer),
            name: settings.site_name.clone(),
            challenges: PasskeyChallenges::default(),
            pending: MfaTokens::default(),
        };
        let api_keys = Keys {
            store: store.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            meters: KeyMeters::default(),
        };
        let parts = Parts {
            settings,
            issuer,
            store,
            keys,
            passwords,
            limits,
            clock,
            metrics,
            started_at,
            created,
            answers: Answers::default(),
            previews: Previews::default(),
            remembered: Remembered::default(),
            arrivals: Arrivals::default(),
            streams: Streams::default(),
            master,
            factors,
            api_keys,
            site,
            used_forms: UsedForms::default(),
            loading_keys: tokio::sync::Mutex::default(),
            refusals: Refusals::default(),
            told: Told::default(),
            rested: AtomicBool::new(false),
        };
        Ok(Self(Arc::new(parts)))
    }

    /// Writes what is kept in memory between times: when keys and sessions were last used, the numbers of this minute.
    /// For the end of the process; the fairing does it when its app stops.
    pub async fn rest(&self) {
        if !self.rested.swap(true, Ordering::Relaxed) {
            let _ = self.end_minute(minute_of(self.clock.now())).await;
            let _ = self.store.flush_touches().await;
            let _ = self.api_keys.flush().await;
            self.write_refusals(true).await;
        }
    }

    /// After a rest that was none: another Rocket took over, with other certificates.
    pub(crate) fn wake(&self) {
        self.rested.store(false, Ordering::Relaxed);
    }

    /// Closes storage after what is queued. For the end of the process: whatever comes later is refused.
    pub fn close(&self) {
        self.store.clone().close();
    }

    /// Makes a new signing key the one that signs. Those before it verify until their last token has expired.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn rotate_signing_key(&self, act: Act) -> Result<StoredSigningKey, StoreError> {
        let algorithm = self
            .settings
            .algorithm()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let longest = longest_token(&self.settings);
        let key = new_signing_key(&self.master, algorithm, longest, act.at()).await?;
        let (doorward, new) = (self.clone(), key.clone());
        // On a task of its own: whoever asked for it may hang up between the commit and the ring.
        let done = tokio::spawn(async move {
            doorward.store.rotate_signing_key(new, act).await?;
            doorward.reload_signing_keys().await
        });
        finished(done).await?;
        Ok(key)
    }

    /// Revokes a signing key that does not sign any more: its tokens are dead on the next request.
    ///
    /// # Errors
    /// [`StoreError`]: not found, a conflict for the key that signs; nothing has changed then.
    pub async fn revoke_signing_key(&self, kid: &str, act: Act) -> Result<(), StoreError> {
        let (doorward, kid) = (self.clone(), kid.to_owned());
        let done = tokio::spawn(async move {
            let id = kid.clone();
            doorward.store.delete_signing_key(id, act).await?;
            // After a load that began before the commit, if there is one. Nothing is read here that could fail.
            let _alone = doorward.loading_keys.lock().await;
            doorward.keys.remove(&kid).map_err(unusable)
        });
        finished(done).await
    }

    /// Takes the ring from storage anew.
    ///
    /// # Errors
    /// [`StoreError`]; the ring stays as it was.
    pub async fn reload_signing_keys(&self) -> Result<(), StoreError> {
        // One at a time: what was read first must not be put in place last.
        let _alone = self.loading_keys.lock().await;
        let keys = ring(&self.master, self.store.signing_keys().await?)?;
        self.keys.replace(keys).map_err(unusable)
    }
}

fn unusable(error: BadKey) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

async fn finished<T>(
    task: tokio::task::JoinHandle<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let failed = |error: tokio::task::JoinError| StoreError::Unavailable(error.to_string());
    task.await.map_err(failed)?
}

/// How long tokens may live, in seconds.
fn longest_token(settings: &Settings) -> u32 {
    settings
        .access_token_seconds
        .max(settings.client_token_seconds)
}

async fn signing_keys(
    store: &Store,
    master: &MasterKey,
    settings: &Settings,
    issuer: &str,
    clock: &Clock,
) -> Result<KeyRing, OpenError> {
    let (algorithm, longest) = (settings.algorithm()?, longest_token(settings));
    let stored = store.signing_keys().await?;
    let signs = stored
        .iter()
        .find(|key| key.retires_at.is_none() && key.algorithm == algorithm.as_str());
    match signs {
        Some(key) if key.longest_token_seconds >= longest => {}
        Some(_) => store.note_token_lifetime(longest).await?,
        None => {
            let now = clock.now();
            let key = new_signing_key(master, algorithm, longest, now).await?;
            store.rotate_signing_key(key, Act::system(now)).await?;
        }
    }
    let keys = ring(master, store.signing_keys().await?)?;
    KeyRing::new(keys, issuer.to_owned(), settings.cache_entries)
        .map_err(|error| OpenError::Key(error.to_string()))
}

async fn new_signing_key(
    master: &MasterKey,
    algorithm: SigningAlgorithm,
    longest_token_seconds: u32,
    now: Timestamp,
) -> Result<StoredSigningKey, StoreError> {
    let broken = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
    let made = tokio::task::spawn_blocking(move || {
        let pkcs8 = SigningKey::generate(algorithm)?;
        SigningKey::from_pkcs8(algorithm, &pkcs8).map(|key| (key.kid().to_owned(), pkcs8))
    });
    let (kid, pkcs8) = made
        .await
        .map_err(|error| broken(&error))?
        .map_err(|error| broken(&error))?;
    let sealed = master.seal(&kid, &pkcs8).map_err(|error| broken(&error))?;
    Ok(StoredSigningKey {
        kid,
        algorithm: algorithm.to_string(),
        sealed,
        created_at: now,
        retires_at: None,
        stopped_at: None,
        longest_token_seconds,
    })
}

/// Puts the backup `file` in the place of a data directory's database, on a directory that is not in use.
///
/// # Errors
/// When the backup or the directory cannot be used; the directory is as it was then.
pub fn restore(
    settings: &Settings,
    file: &Path,
    (force, keep_sessions): (bool, bool),
    clock: &Clock,
) -> Result<Restored, OpenError> {
    let directory = &settings.data_dir;
    let path = directory.join(MASTER_KEY);
    let master = match path.exists() {
        true => match MasterKey::load_or_create(&path) {
            Ok((master, _)) => Some(master),
            Err(error) => return Err(OpenError::File { path, error }),
        },
        false => None,
    };
    let opens = |kid: &str, sealed: &[u8]| {
        let master = master.as_ref();
        master.is_some_and(|master| master.open(kid, sealed).is_ok())
    };
    let operator = found_operator_key(settings)?.map(|key| key.digest());
    let how = Restore {
        force,
        keep_sessions,
        operator,
        opens: &opens,
        now: clock.now(),
    };
    Ok(store::restore(directory, file, &how)?)
}

fn ring(master: &MasterKey, stored: Vec<StoredSigningKey>) -> Result<Vec<RingKey>, StoreError> {
    let open = |key: StoredSigningKey| {
        let algorithm = key.algorithm.parse().map_err(|_| "an unknown algorithm")?;
        let pkcs8 = master
            .open(&key.kid, &key.sealed)
            .map_err(|_| "another master.key sealed it")?;
        let opened = SigningKey::from_pkcs8(algorithm, &pkcs8).map_err(|_| "it is broken")?;
        Ok::<_, &str>(RingKey {
            key: Arc::new(opened),
            retires_at: key.retires_at,
            stopped_at: key.stopped_at,
        })
    };
    let keys = stored.into_iter().map(open).collect::<Result<Vec<_>, _>>();
    keys.map_err(|why| StoreError::Unavailable(format!("a signing key cannot be opened: {why}")))
}

/// Makes the operator key at the first start; answers whether it did. The file is written first: killed in between,
/// the next start takes the key it finds there.
async fn operator_key(
    store: &Store,
    settings: &Settings,
    clock: &Clock,
) -> Result<bool, OpenError> {
    let found = found_operator_key(settings)?;
    if store.operator_key_made().await? {
        if let Some(key) = &found {
            store.recognise_operator_key(key.digest()).await?;
        }
        settle(store, found.as_ref(), clock).await?;
        return Ok(false);
    }
    let key = match found {
        Some(key) => key,
        None => {
            let key = new_operator_key(settings);
            write_operator_key(settings, &key)?;
            key
        }
    };
    let (hash, hint) = (key.digest(), api_key_hint(key.expose()));
    store
        .set_operator_key(hash, hint, Cause::system(clock.now()))
        .await?;
    Ok(true)
}

/// Completes an `operator-key` that was killed after the new key was in its file.
async fn settle(store: &Store, found: Option<&Secret>, clock: &Clock) -> Result<(), StoreError> {
    match found {
        Some(key) => {
            let cause = Cause::system(clock.now());
            store.settle_operator_key(key.digest(), cause).await
        }
        None => Ok(()),
    }
}

/// The key in the directory's `operator.key`, if one is there. A file that cannot be read is not one that is missing: its
/// key would be replaced.
fn found_operator_key(settings: &Settings) -> Result<Option<Secret>, OpenError> {
    let path = settings.data_dir.join(OPERATOR_KEY);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let key = String::from_utf8(bytes).unwrap_or_default();
            let key = key.trim();
            Ok(api_key_form_ok(key).then(|| Secret::from(key.to_owned())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(OpenError::File { path, error }),
    }
}

/// Mints a new operator key. It is in the database and in the file before the one before it is dead: whatever fails or is
/// cut off, the file holds a key that works.
///
/// # Errors
/// When the file or the database cannot be written.
pub async fn mint_operator_key(
    store: &Store,
    settings: &Settings,
    clock: &Clock,
) -> Result<(), OpenError> {
    settle(store, found_operator_key(settings)?.as_ref(), clock).await?;
    let key = new_operator_key(settings);
    let (hash, hint) = (key.digest(), api_key_hint(key.expose()));
    let cause = Cause::system(clock.now());
    store.add_operator_key(hash, hint, cause.clone()).await?;
    if let Err(error) = write_operator_key(settings, &key) {
        // The file may hold either, if it is its directory that could not be synced.
        let written = found_operator_key(settings);
        if !matches!(written, Ok(Some(found)) if found.digest() == hash)
            && let Err(error) = store.drop_operator_key(hash, cause).await
        {
            tracing::warn!(%error, "an operator key that nobody knows stays until the next start");
        }
        return Err(error);
    }
    Ok(store.settle_operator_key(hash, cause).await?)
}

fn new_operator_key(settings: &Settings) -> Secret {
    let prefix = &settings.api_key_prefix;
    api_key(prefix, Environment::Live, &mut random_bytes::<64>)
}

fn write_operator_key(settings: &Settings, key: &Secret) -> Result<(), OpenError> {
    let path = settings.data_dir.join(OPERATOR_KEY);
    write_private(&path, format!("{}\n", key.expose()).as_bytes())
        .map_err(|error| OpenError::File { path, error })
}
