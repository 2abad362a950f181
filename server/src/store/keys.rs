//! API keys: mint, change, rotate, revoke.

use std::sync::{Arc, LazyLock};

use doorward_shared::{KeyId, ScopeSet, Timestamp, apikey::Environment};

pub(super) use super::key_rows::{KeysOf, client_changed, end_all, end_shown_to, find, insert};
use super::{
    Store, StoreError, accounts, authority,
    caches::through,
    key_rows::{forget, granted_by, revoke, update},
    operator_key,
    row_mapping::{self, API_KEY},
    sessions,
    sql::{Connection, OptionalExtension, params},
    write_tx::NewEvent,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, ApiKey, DomainError, KeyOwner, KeyRestrictions, Minter, Principal,
        diff::quoted,
        rules::{
            api_key::{self as keys, KeyChange},
            authority::{self as rule, KeyFacts},
            key_restrictions,
        },
    },
};

/// A key to mint.
#[derive(Debug)]
pub struct NewKey {
    pub owner: KeyOwner,
    pub hash: Digest256,
    pub hint: String,
    pub name: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub expires_at: Option<Timestamp>,
    pub terms: KeyRestrictions,
    /// The key whose usage counters it continues.
    pub meter: Option<KeyId>,
}

/// The stored part of a key's secret.
#[derive(Debug)]
pub struct KeySecret {
    pub hash: Digest256,
    /// A recognizable part of the secret, shown in lists.
    pub hint: String,
}

impl Store {
    /// The key whose secret has this hash, live or not. Cached after the first read.
    pub async fn key_by_hash(&self, hash: Digest256) -> Result<Option<Arc<ApiKey>>, StoreError> {
        through(&self.memory().keys, &hash, async {
            self.look_up(move |conn| {
                static SQL: LazyLock<String> = LazyLock::new(|| {
                    format!("SELECT {API_KEY} FROM api_keys AS k WHERE k.hash = ?1")
                });
                Ok(conn
                    .prepare_cached(&SQL)?
                    .query_row([hash.0], row_mapping::api_key)
                    .optional()?
                    .map(Arc::new))
            })
            .await
        })
        .await
    }

    /// A key by its id; with `owner`, only if it belongs to them.
    pub async fn key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
    ) -> Result<Option<ApiKey>, StoreError> {
        let key = self.read(move |conn| find(conn, id)).await?;
        Ok(key
            .filter(|key| owner.is_none_or(|owner| owner == key.owner))
            .map(|key| self.freshen_key(key)))
    }

    /// Mints a key. The owner must exist; their current permissions limit the key at each use, whatever its scopes.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] for an unknown owner, [`DomainError::Conflict`] if the owner has too many keys; as
    /// [`rule::mint_key`].
    pub async fn create_key(&self, new: NewKey, act: Act) -> Result<ApiKey, StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::mint_key(&by, new.owner, &new.scopes)?;
            owner_exists(tx.conn, new.owner)?;
            let minter = minter(tx.conn, &act)?;
            insert(tx, new, minter, act.context(&by), "apikey.created", None)
        })
        .await
    }

    /// Changes a key's name or restrictions, or reduces its scopes.
    ///
    /// # Errors
    /// [`DomainError::NotFound`] (also for another owner's or a revoked key), [`DomainError::Scope`] if a scope would
    /// be added; as [`rule::grow_key`] if a restriction would be relaxed.
    pub async fn change_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        change: KeyChange,
        act: Act,
    ) -> Result<ApiKey, StoreError> {
        let key = self
            .write(move |tx| {
                let by = authority::authorize(tx, &act)?;
                let key = owned(tx.conn, id, owner)?;
                rule::change_key(&by, facts(tx.conn, &key)?)?;
                let context = act.context(&by);
                let before = key;
                let (key, diff) = keys::change(&before, change, context.at)?;
                if key_restrictions::grows(&before.terms, &key.terms) {
                    rule::grow_key(&by, facts(tx.conn, &key)?)?;
                }
                if diff.is_empty() {
                    return Ok(key);
                }
                update(tx, &key)?;
                forget(tx, id)?;
                let happened = NewEvent {
                    action: "apikey.updated",
                    target: Some(&id),
                    user: key.owner.user(),
                    detail: None,
                };
                tx.changed(context, happened, &diff)?;
                Ok(key)
            })
            .await?;
        Ok(self.freshen_key(key))
    }

    /// Replaces a key's secret: creates a key with the same name, scopes, environment, expiry, restrictions and usage
    /// counters. The old key is revoked after the grace period.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], [`DomainError::Conflict`] for a revoked or expired key, or if the grace period would
    /// exceed the key limit.
    pub async fn rotate_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        secret: KeySecret,
        grace_seconds: u32,
        act: Act,
    ) -> Result<ApiKey, StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let old = owned(tx.conn, id, owner)?;
            let facts = facts(tx.conn, &old)?;
            rule::rotate_key(&by, facts)?;
            let is_operator_key = facts.is_operator_key;
            let context = act.context(&by);
            let dies = keys::rotate(&old, grace_seconds, context.at)?;
            let KeySecret { hash, hint } = secret;
            let new = NewKey {
                owner: old.owner,
                hash,
                hint,
                meter: Some(old.meter()),
                terms: old.terms,
                name: old.name,
                scopes: old.scopes,
                environment: old.environment,
                expires_at: old.expires_at,
            };
            tx.conn
                .prepare_cached("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1")?
                .execute(params![id.0.to_bytes(), dies.0])?;
            forget(tx, id)?;
            let by = if is_operator_key {
                Minter::default()
            } else {
                minter(tx.conn, &act)?
            };
            let old = id.to_string();
            let new = insert(tx, new, by, context, "apikey.rotated", Some(&old))?;
            if is_operator_key {
                operator_key::mark(tx, new.id)?;
            }
            Ok(new)
        })
        .await
    }

    /// Revokes a key immediately. Revoking it twice is success and writes one event.
    ///
    /// # Errors
    /// [`DomainError::NotFound`].
    pub async fn revoke_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            let key = owned(tx.conn, id, owner)?;
            rule::change_key(&by, facts(tx.conn, &key)?)?;
            let context = act.context(&by);
            if revoke(tx, id, context.at)? {
                tx.event(
                    context,
                    "apikey.revoked",
                    Some(&id),
                    key.owner.user(),
                    Some(&quoted(&key.name)),
                )?;
            }
            Ok(())
        })
        .await
    }

    /// Updates the last-used time with one that may not be on disk yet.
    pub(super) fn freshen_key(&self, mut key: ApiKey) -> ApiKey {
        if let Some((at, ip)) = self.touched().keys.get(&key.id) {
            key.last_used_at = Some(*at);
            key.last_used_ip = ip.map(row_mapping::ip_text);
        }
        key
    }
}

/// The facts that rules decide on for a key.
fn facts<'a>(conn: &Connection, key: &'a ApiKey) -> Result<KeyFacts<'a>, StoreError> {
    Ok(KeyFacts {
        owner: key.owner,
        scopes: &key.scopes,
        is_operator_key: operator_key::is_marked(conn, key.id)?,
    })
}

/// Another owner's key is reported as not found, the same as a missing one.
fn owned(conn: &Connection, id: KeyId, owner: Option<KeyOwner>) -> Result<ApiKey, StoreError> {
    let key = find(conn, id)?.filter(|key| owner.is_none_or(|owner| owner == key.owner));
    key.ok_or_else(|| DomainError::NotFound("API key").into())
}

fn owner_exists(conn: &Connection, owner: KeyOwner) -> Result<(), StoreError> {
    let unknown = || DomainError::Invalid {
        field: "ownerId",
        reason: "is not a user".into(),
    };
    match owner {
        KeyOwner::User(id) if accounts::find(conn, id)?.is_none() => Err(unknown().into()),
        _ => Ok(()),
    }
}

/// The minter recorded for a key minted now.
fn minter(conn: &Connection, act: &Act) -> Result<Minter, StoreError> {
    let minter = match &act.authority().holder {
        Principal::System | Principal::Registered { .. } => None,
        Principal::Session { id, .. } => sessions::find(conn, *id)?.map(|session| Minter {
            user: Some(session.user_id),
            client: session.client_id,
            granted_by: session.client_id.map(|_| session.user_id),
        }),
        // A client's key stays attributed to the client when it mints another key.
        Principal::Key(id) => {
            let granted_by = granted_by(conn, *id)?;
            find(conn, *id)?.map(|key| Minter {
                user: key.owner.user(),
                client: key.client,
                granted_by,
            })
        }
        Principal::Client { id, .. } => Some(Minter {
            user: None,
            client: Some(*id),
            granted_by: None,
        }),
    };
    Ok(minter.unwrap_or_default())
}
