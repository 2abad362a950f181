//! The operator key: created at first start, and replaced on demand.

use std::path::PathBuf;

use doorward_shared::apikey::Environment;

use crate::{
    clock::{Clock, random_bytes},
    crypto::{
        api_key::{api_key, api_key_form_ok, api_key_hint},
        secret::Secret,
    },
    domain::AuditContext,
    files::write_private,
    settings::Settings,
    store::{OPERATOR_KEY, Store, StoreError},
};

/// Error of creating or replacing the operator key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
}

/// Creates the operator key at first start; returns whether it did. The file is written first: if the process is
/// interrupted in between, the next start uses the key in the file.
pub(crate) async fn first_operator_key(
    store: &Store,
    settings: &Settings,
    clock: &Clock,
) -> Result<bool, KeyFileError> {
    let found = found_operator_key(settings)?;
    if store.operator_key_made().await? {
        if let Some(key) = &found {
            store.recognise_operator_key(key.digest()).await?;
        }
        repair(store, found.as_ref(), clock).await?;
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
        .set_operator_key(hash, hint, AuditContext::system(clock.now()))
        .await?;
    Ok(true)
}

/// Completes an `operator-key` command that was interrupted after it had written the new key to its file.
async fn repair(store: &Store, found: Option<&Secret>, clock: &Clock) -> Result<(), StoreError> {
    match found {
        Some(key) => {
            let context = AuditContext::system(clock.now());
            store.settle_operator_key(key.digest(), context).await
        }
        None => Ok(()),
    }
}

/// The key in the directory's `operator.key`, if it exists. An unreadable file is an error and not a missing one, since
/// its key would be replaced.
pub(crate) fn found_operator_key(settings: &Settings) -> Result<Option<Secret>, KeyFileError> {
    let path = settings.data_dir.join(OPERATOR_KEY);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let key = String::from_utf8(bytes).unwrap_or_default();
            let key = key.trim();
            Ok(api_key_form_ok(key).then(|| Secret::from(key.to_owned())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeyFileError::File { path, error }),
    }
}

/// Mints a new operator key. It is in the database and in the file before the old one is revoked: whatever fails or is
/// interrupted, the file contains a valid key.
///
/// # Errors
/// If the file or the database cannot be written.
pub async fn mint_operator_key(
    store: &Store,
    settings: &Settings,
    clock: &Clock,
) -> Result<(), KeyFileError> {
    repair(store, found_operator_key(settings)?.as_ref(), clock).await?;
    let key = new_operator_key(settings);
    let (hash, hint) = (key.digest(), api_key_hint(key.expose()));
    let context = AuditContext::system(clock.now());
    store.add_operator_key(hash, hint, context.clone()).await?;
    if let Err(error) = write_operator_key(settings, &key) {
        // The file may contain either key, if only the sync of its directory failed.
        let written = found_operator_key(settings);
        if !matches!(written, Ok(Some(found)) if found.digest() == hash)
            && let Err(error) = store.drop_operator_key(hash, context).await
        {
            tracing::warn!(%error, "could not remove the unwritten operator key; it stays until the next start");
        }
        return Err(error);
    }
    Ok(store.settle_operator_key(hash, context).await?)
}

fn new_operator_key(settings: &Settings) -> Secret {
    let prefix = &settings.api_key_prefix;
    api_key(prefix, Environment::Live, &mut random_bytes::<64>)
}

fn write_operator_key(settings: &Settings, key: &Secret) -> Result<(), KeyFileError> {
    let path = settings.data_dir.join(OPERATOR_KEY);
    write_private(&path, format!("{}\n", key.expose()).as_bytes())
        .map_err(|error| KeyFileError::File { path, error })
}
