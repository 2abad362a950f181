//! API keys.

use std::sync::Arc;

use doorward_shared::{
    ClientId, KeyId, Page, Scope, ScopeSet, SessionId, Timestamp, UserId, apikey::Environment,
};
use rusqlite::{Connection, OptionalExtension, params, types::Value};
use ulid::Ulid;

use super::{
    Store, StoreError, accounts, authority, caps,
    endings::{self, AT_ONCE, Ending, KEY_ENDS, Seen, What},
    list::{Filter, List, ListQuery, folded},
    memory::through,
    operator,
    rows::{self, API_KEY, ulid},
    sessions,
    writer::Unit,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, ApiKey, Cause, Diff, Holder, KeyOwner, KeyTerms, Minter, Noted, Refusal,
        diff::quoted,
        rules::{
            api_key::{self as keys, KeyChange},
            authority::{self as rule, KeyFacts},
            key_terms,
        },
    },
};

/// What a key starts with.
#[derive(Debug)]
pub struct NewKey {
    pub owner: KeyOwner,
    pub hash: Digest256,
    pub hint: String,
    pub name: String,
    pub scopes: ScopeSet,
    pub environment: Environment,
    pub expires_at: Option<Timestamp>,
    pub terms: KeyTerms,
    /// The key whose limits it goes on spending.
    pub meter: Option<KeyId>,
}

/// Which keys a list holds.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    pub owner: Option<KeyOwner>,
    /// Keys that hold exactly this scope.
    pub scope: Option<Scope>,
    /// Not used at or after this.
    pub unused_since: Option<Timestamp>,
    /// Expiring before this.
    pub expires_before: Option<Timestamp>,
    /// Neither revoked nor expired, or either.
    pub active: Option<bool>,
}

const LIST: List<ApiKey> = List {
    from: "api_keys AS k",
    columns: API_KEY,
    id: "k.id",
    kept: None,
    sorts: &[
        ("id", "k.id"),
        ("createdAt", "k.created_at"),
        ("name", "k.name"),
        ("expiresAt", "coalesce(k.expires_at, 9223372036854775807)"),
        ("lastUsedAt", "coalesce(k.last_used_at, 0)"),
        ("ownerId", "coalesce(k.owner_id, x'')"),
    ],
    row: rows::api_key,
};

impl Store {
    /// The key whose secret has this hash, live or not. From memory once it was asked for.
    pub async fn key_by_hash(&self, hash: Digest256) -> Result<Option<Arc<ApiKey>>, StoreError> {
        through(&self.memory().keys, &hash, async {
            self.read(move |conn| {
                let sql = format!("SELECT {API_KEY} FROM api_keys AS k WHERE k.hash = ?1");
                Ok(conn
                    .prepare_cached(&sql)?
                    .query_row([hash.0], rows::api_key)
                    .optional()?
                    .map(Arc::new))
            })
            .await
        })
        .await
    }

    /// A key by its id; with `owner` only if it is theirs.
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

    /// Mints a key. The owner must exist; what they may do bounds the key at each use, whatever its scopes are.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for an unknown owner, [`Refusal::Conflict`] for one who has too many keys; as [`rule::mint_key`].
    pub async fn create_key(&self, new: NewKey, act: Act) -> Result<ApiKey, StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            rule::mint_key(&by, new.owner, &new.scopes)?;
            owner_exists(unit.conn, new.owner)?;
            let minter = minter(unit.conn, &act)?;
            insert(unit, new, minter, act.cause(&by), "apikey.created", None)
        })
        .await
    }

    /// Changes a key's name or terms, or shrinks its scopes.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] (also for another's, or a revoked one), [`Refusal::Scope`] when a scope would grow; as
    /// [`rule::grow_key`] where its terms would.
    pub async fn change_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        change: KeyChange,
        act: Act,
    ) -> Result<ApiKey, StoreError> {
        let key = self
            .write(move |unit| {
                let by = authority::judge(unit, &act)?;
                let key = owned(unit.conn, id, owner)?;
                rule::change_key(&by, facts(unit.conn, &key)?)?;
                let cause = act.cause(&by);
                let before = key;
                let (key, diff) = keys::change(&before, change, cause.at)?;
                if key_terms::grows(&before.terms, &key.terms) {
                    rule::grow_key(&by, facts(unit.conn, &key)?)?;
                }
                if diff.is_empty() {
                    return Ok(key);
                }
                update(unit, &key)?;
                forget(unit, id)?;
                let of = (&id as &dyn std::fmt::Display, key.owner.user());
                unit.changed(cause, "apikey.updated", of, &diff, None)?;
                Ok(key)
            })
            .await?;
        Ok(self.freshen_key(key))
    }

    /// Replaces a key's secret: a new key of the same name, scopes, environment, end and terms, which goes on spending
    /// the same limits; the old one dies after the grace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Conflict`] for a dead key, and where with the grace there are too many keys.
    pub async fn rotate_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        secret: (Digest256, String),
        grace_seconds: u32,
        act: Act,
    ) -> Result<ApiKey, StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let old = owned(unit.conn, id, owner)?;
            let facts = facts(unit.conn, &old)?;
            rule::rotate_key(&by, facts)?;
            let is_operator_key = facts.is_operator_key;
            let cause = act.cause(&by);
            let dies = keys::rotate(&old, grace_seconds, cause.at)?;
            let (hash, hint) = secret;
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
            unit.conn
                .prepare_cached("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1")?
                .execute(params![id.0.to_bytes(), dies.0])?;
            forget(unit, id)?;
            let by = match is_operator_key {
                true => Minter::default(),
                false => minter(unit.conn, &act)?,
            };
            let old = id.to_string();
            let new = insert(unit, new, by, cause, "apikey.rotated", Some(&old))?;
            if is_operator_key {
                operator::mark(unit, new.id)?;
            }
            Ok(new)
        })
        .await
    }

    /// Revokes a key at once. Revoking it twice is success and leaves one event.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn revoke_key(
        &self,
        id: KeyId,
        owner: Option<KeyOwner>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |unit| {
            let by = authority::judge(unit, &act)?;
            let key = owned(unit.conn, id, owner)?;
            rule::change_key(&by, facts(unit.conn, &key)?)?;
            let cause = act.cause(&by);
            if revoke(unit, id, cause.at)? {
                unit.event(
                    cause,
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

    /// A page of keys. `q` is looked for in names and hints.
    pub async fn keys(
        &self,
        filter: KeyFilter,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<ApiKey>, StoreError> {
        let order = LIST.order(&query)?;
        if filter.unused_since.is_some() || query.sorts_by("lastUsedAt") {
            // What was noted is to be judged by; should it not be written now, what is on disk is.
            let _ = self.flush_touches().await;
        }
        let page = self
            .read(move |conn| {
                let mut conditions = conditions(&filter, now, endings::any(conn)?);
                if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                    let found = "(instr(fold(k.name), ?) > 0 OR instr(fold(k.hint), ?) > 0)";
                    conditions.and(found, [folded(q), folded(q)]);
                }
                LIST.page(conn, conditions, &query, order)
            })
            .await?;
        Ok(page.map(|key| self.freshen_key(key)))
    }

    /// Puts in when it was last used, which may not be on disk yet.
    fn freshen_key(&self, mut key: ApiKey) -> ApiKey {
        if let Some((at, ip)) = self.touched().keys.get(&key.id) {
            key.last_used_at = Some(*at);
            key.last_used_ip = ip.map(rows::ip_text);
        }
        key
    }
}

fn conditions(filter: &KeyFilter, now: Timestamp, pending: bool) -> Filter {
    let mut conditions = Filter::default();
    match filter.owner {
        Some(KeyOwner::User(id)) => {
            conditions.and("k.owner_id = ?", [Value::Blob(id.0.to_bytes().to_vec())])
        }
        Some(KeyOwner::Operator) => conditions.and("k.owner_id IS NULL", []),
        None => {}
    }
    if let Some(scope) = &filter.scope {
        let held = Value::Text(format!(" {scope} "));
        conditions.and("instr(' ' || k.scopes || ' ', ?) > 0", [held]);
    }
    if let Some(since) = filter.unused_since {
        conditions.and(
            "coalesce(k.last_used_at, k.created_at) < ?",
            [Value::Integer(since.0)],
        );
    }
    if let Some(before) = filter.expires_before {
        conditions.and("k.expires_at < ?", [Value::Integer(before.0)]);
    }
    let now = || [Value::Integer(now.0), Value::Integer(now.0)];
    // The same rule as `ApiKey::is_live`.
    match filter.active {
        Some(true) => {
            conditions.and("(k.revoked_at IS NULL OR k.revoked_at > ?) AND (k.expires_at IS NULL OR k.expires_at > ?)", now());
            if pending {
                conditions.and(format!("NOT {KEY_ENDS}"), []);
            }
        }
        Some(false) if pending => {
            conditions.and(
                format!("(k.revoked_at <= ? OR k.expires_at <= ? OR {KEY_ENDS})"),
                now(),
            );
        }
        Some(false) => conditions.and("(k.revoked_at <= ? OR k.expires_at <= ?)", now()),
        None => {}
    }
    conditions
}

pub(super) fn find(conn: &Connection, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("SELECT {API_KEY} FROM api_keys AS k WHERE k.id = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.0.to_bytes()], rows::api_key)
        .optional()?)
}

/// What a key is judged by.
fn facts<'a>(conn: &Connection, key: &'a ApiKey) -> Result<KeyFacts<'a>, StoreError> {
    Ok(KeyFacts {
        owner: key.owner,
        scopes: &key.scopes,
        is_operator_key: operator::is_marked(conn, key.id)?,
    })
}

/// Another owner's key is not found, the same as a missing one.
fn owned(conn: &Connection, id: KeyId, owner: Option<KeyOwner>) -> Result<ApiKey, StoreError> {
    let key = find(conn, id)?.filter(|key| owner.is_none_or(|owner| owner == key.owner));
    key.ok_or_else(|| Refusal::NotFound("API key").into())
}

fn owner_exists(conn: &Connection, owner: KeyOwner) -> Result<(), StoreError> {
    let unknown = || Refusal::Invalid {
        field: "ownerId",
        reason: "is not a user".into(),
    };
    match owner {
        KeyOwner::User(id) if accounts::find(conn, id)?.is_none() => Err(unknown().into()),
        _ => Ok(()),
    }
}

pub(super) fn insert(
    unit: &mut Unit<'_>,
    new: NewKey,
    minter: Minter,
    cause: &Cause,
    action: &str,
    detail: Option<&str>,
) -> Result<ApiKey, StoreError> {
    caps::key_fits(unit, new.owner, cause.at)?;
    let id = KeyId(unit.id(cause.at));
    unit.conn
        .prepare_cached(
            "INSERT INTO api_keys (id, hash, owner_id, name, hint, scopes, environment, created_at, expires_at, \
             minted_by, minter_id, client_id, meter_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            id.0.to_bytes(),
            new.hash.0,
            new.owner.user().map(|id| id.0.to_bytes()),
            new.name,
            new.hint,
            new.scopes.to_string(),
            new.environment.as_str(),
            cause.at.0,
            new.expires_at.map(|at| at.0),
            cause.actor.to_string(),
            minter.user.map(|id| id.0.to_bytes()),
            minter.client.map(|id| id.0.to_bytes()),
            new.meter.map(|id| id.0.to_bytes())
        ])?;
    unit.changes.keys.push(new.hash);
    let key = ApiKey {
        id,
        owner: new.owner,
        name: new.name,
        hint: new.hint,
        scopes: new.scopes,
        environment: new.environment,
        created_at: cause.at,
        expires_at: new.expires_at,
        last_used_at: None,
        last_used_ip: None,
        revoked_at: None,
        minted_by: Some(cause.actor.to_string()),
        minter: minter.user,
        client: minter.client,
        terms: new.terms,
        meter: new.meter,
    };
    if key.terms != KeyTerms::default() {
        update(unit, &key)?;
    }
    let mut diff = Diff::default();
    diff.note("name", None, key.name.as_str()).note(
        "scopes",
        Noted::Nothing,
        Noted::list(&key.scopes),
    );
    keys::note_terms(&mut diff, None, &key.terms);
    let of = (&id as &dyn std::fmt::Display, key.owner.user());
    let name = quoted(&key.name);
    unit.changed(cause, action, of, &diff, detail.or(Some(&name)))?;
    Ok(key)
}

/// Writes what may change of a key.
fn update(unit: &mut Unit<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let terms = &key.terms;
    let allowed: Vec<_> = terms.allowed_ips.iter().map(ToString::to_string).collect();
    unit.conn
        .prepare_cached(
            "UPDATE api_keys SET name = ?2, scopes = ?3, rate_limit = ?4, rate_seconds = ?5, quota = ?6, \
             quota_period = ?7, allowed_ips = ?8, metadata = ?9, disabled = ?10 WHERE id = ?1",
        )?
        .execute(params![
            key.id.0.to_bytes(),
            key.name,
            key.scopes.to_string(),
            terms.rate_limit.map(|rate| rate.limit),
            terms.rate_limit.map(|rate| rate.window_seconds),
            terms.quota.map(|quota| quota.limit),
            terms.quota.map(|quota| quota.period.as_str()),
            rows::lines(&allowed),
            terms.metadata.as_ref().map(ToString::to_string),
            !terms.enabled
        ])?;
    Ok(())
}

/// Who a key that is minted now counts as minted by.
fn minter(conn: &Connection, act: &Act) -> Result<Minter, StoreError> {
    let minter = match &act.authority().holder {
        Holder::System | Holder::Registered { .. } => None,
        Holder::Session { id, .. } => sessions::find(conn, *id)?.map(|session| Minter {
            user: Some(session.user_id),
            client: session.client_id,
        }),
        // What a client had minted does not get rid of it by minting again.
        Holder::Key(id) => find(conn, *id)?.map(|key| Minter {
            user: key.owner.user(),
            client: key.client,
        }),
        Holder::Client { id, .. } => Some(Minter {
            user: None,
            client: Some(*id),
        }),
    };
    Ok(minter.unwrap_or_default())
}

/// Makes memory let go of a key.
fn forget(unit: &mut Unit<'_>, id: KeyId) -> Result<(), StoreError> {
    let mut select = unit
        .conn
        .prepare_cached("SELECT hash FROM api_keys WHERE id = ?1")?;
    let hash = select.query_row([id.0.to_bytes()], |row| row.get(0).map(Digest256))?;
    unit.changes.keys.push(hash);
    Ok(())
}

/// Revokes one key; whether it was not dead before.
fn revoke(unit: &mut Unit<'_>, id: KeyId, now: Timestamp) -> Result<bool, StoreError> {
    if find(unit.conn, id)?.is_some_and(|key| key.is_revoked(now)) {
        return Ok(false);
    }
    let sql = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND (revoked_at IS NULL OR revoked_at > ?2)";
    let done = unit
        .conn
        .prepare_cached(sql)?
        .execute(params![id.0.to_bytes(), now.0])?;
    forget(unit, id)?;
    Ok(done > 0)
}

/// Which keys end together.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeysOf {
    Owner(UserId),
    /// Its own that were minted before.
    OwnerBefore(UserId, Timestamp),
    /// Its own, and those it minted for others.
    OwnerAndMinter(UserId),
    /// Those minted with a client's tokens.
    Client(ClientId),
}

/// Ends keys: a few at once, each with its event; many by an ending.
pub(super) fn end_all(unit: &mut Unit<'_>, of: KeysOf, cause: &Cause) -> Result<(), StoreError> {
    let before = match of {
        KeysOf::OwnerBefore(_, before) => before,
        _ => Timestamp(i64::MAX),
    };
    let (user, minter, client) = match of {
        KeysOf::Owner(id) | KeysOf::OwnerBefore(id, _) => (Some(id), None, None),
        KeysOf::OwnerAndMinter(id) => (Some(id), Some(id), None),
        KeysOf::Client(id) => (None, None, Some(id)),
    };
    // Rows that a pending ending has not reached yet are found too: `revoke` and the job pass over them.
    let mut found = Vec::new();
    let by = [
        ("owner_id", user.map(|id| id.0)),
        ("minter_id", minter.map(|id| id.0)),
        ("client_id", client.map(|id| id.0)),
    ];
    for (column, id) in by {
        let Some(id) = id else { continue };
        let sql = format!(
            "SELECT id, owner_id FROM api_keys WHERE {column} = ?1 AND coalesce(revoked_at, 9223372036854775807) > ?2 \
             AND created_at < ?4 LIMIT ?3"
        );
        let mut select = unit.conn.prepare_cached(&sql)?;
        let rows = select.query_map(
            params![id.to_bytes(), cause.at.0, AT_ONCE + 1, before.0],
            |row| Ok((KeyId(ulid(row, 0)?), rows::maybe_ulid(row, 1)?.map(UserId))),
        )?;
        for row in rows {
            found.push(row?);
        }
    }
    if found.len() > AT_ONCE {
        let older = matches!(of, KeysOf::OwnerBefore(..)).then(|| Seen {
            last: SessionId(Ulid(u128::MAX)),
            made_until: Timestamp(before.0 - 1),
            at: Timestamp(i64::MIN),
        });
        let ending = Ending {
            seen: older,
            what: What::Keys,
            user,
            minter,
            client,
            action: Some("apikey.revoked"),
            ..Ending::default()
        };
        return endings::insert(unit, &ending, cause);
    }
    for (id, owner) in found {
        if revoke(unit, id, cause.at)? {
            unit.event(cause, "apikey.revoked", Some(&id), owner, None)?;
        }
    }
    Ok(())
}
