//! Signing keys: creation, loading, rotation, revocation.

use std::sync::Arc;

use doorward_shared::Timestamp;

use crate::{
    clock::Clock,
    crypto::{
        key_ring::{BadKey, KeyRing, RingKey, SigningAlgorithm, SigningKey},
        seal::MasterKey,
    },
    domain::Act,
    store::{Store, StoreError, StoredSigningKey},
};

/// Keeps the in-memory key ring in step with storage.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    pub(crate) store: Store,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) keys: KeyRing,
    pub(crate) algorithm: SigningAlgorithm,
    /// Maximum token lifetime, in seconds.
    pub(crate) longest_token_seconds: u32,
    /// Held while the ring is changed.
    pub(crate) loading: Arc<tokio::sync::Mutex<()>>,
}

impl SigningKeys {
    /// Rotates to a new signing key. Older ones verify until their last token has expired.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn rotate(&self, act: Act) -> Result<StoredSigningKey, StoreError> {
        let longest = self.longest_token_seconds;
        let key = new_key(&self.master, self.algorithm, longest, act.at()).await?;
        let (this, new) = (self.clone(), key.clone());
        // On a task of its own: the requester may disconnect between the commit and the update of the ring.
        let done = tokio::spawn(async move {
            this.store.rotate_signing_key(new, act).await?;
            this.reload().await
        });
        finished(done).await?;
        Ok(key)
    }

    /// Revokes a retired signing key: its tokens are rejected from the next request on.
    ///
    /// # Errors
    /// [`StoreError`]: not found, or a conflict for the key that signs; nothing has changed then.
    pub async fn revoke(&self, kid: &str, act: Act) -> Result<(), StoreError> {
        let (this, kid) = (self.clone(), kid.to_owned());
        let done = tokio::spawn(async move {
            let id = kid.clone();
            this.store.delete_signing_key(id, act).await?;
            // After a reload that began before the commit, if there is one. Reads nothing, so it cannot fail.
            let _alone = this.loading.lock().await;
            this.keys.remove(&kid).map_err(unusable)
        });
        finished(done).await
    }

    /// Drops keys whose last token has expired.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn drop_retired(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.store.drop_retired_keys(now).await? > 0 {
            self.reload().await?;
        }
        Ok(())
    }

    /// Reloads the ring from storage.
    ///
    /// # Errors
    /// [`StoreError`]; the ring stays as it was.
    pub async fn reload(&self) -> Result<(), StoreError> {
        // One at a time: an older read must not replace a newer one.
        let _alone = self.loading.lock().await;
        let keys = ring(&self.master, self.store.signing_keys().await?)?;
        self.keys.replace(keys).map_err(unusable)
    }
}

/// Parameters of the signing keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signing<'a> {
    pub issuer: &'a str,
    pub algorithm: SigningAlgorithm,
    /// Maximum token lifetime, in seconds.
    pub longest_token_seconds: u32,
    /// Memory for verified token signatures, in bytes.
    pub remembered: usize,
}

/// The ring at start; the first key is created if none signs.
///
/// # Errors
/// [`StoreError`], also for a key that the master key does not decrypt.
pub(crate) async fn open_ring(
    store: &Store,
    master: &MasterKey,
    signing: Signing<'_>,
    clock: &Clock,
) -> Result<KeyRing, StoreError> {
    let (algorithm, longest) = (signing.algorithm, signing.longest_token_seconds);
    let stored = store.signing_keys().await?;
    let signs = stored
        .iter()
        .find(|key| key.retires_at.is_none() && key.algorithm == algorithm.as_str());
    match signs {
        Some(key) if key.longest_token_seconds >= longest => {}
        Some(_) => store.note_token_lifetime(longest).await?,
        None => {
            let now = clock.now();
            let key = new_key(master, algorithm, longest, now).await?;
            store.rotate_signing_key(key, Act::system(now)).await?;
        }
    }
    let keys = ring(master, store.signing_keys().await?)?;
    KeyRing::new(keys, signing.issuer.to_owned(), signing.remembered).map_err(unusable)
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

async fn new_key(
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
        is_revoked: false,
        longest_token_seconds,
    })
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
            is_revoked: key.is_revoked,
        })
    };
    let keys = stored.into_iter().map(open).collect::<Result<Vec<_>, _>>();
    keys.map_err(|why| StoreError::Unavailable(format!("a signing key cannot be opened: {why}")))
}
