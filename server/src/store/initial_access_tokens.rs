//! Initial access tokens, for dynamic client registration. A token grants what its minter may grant, both when it was
//! minted and now; it is revoked with them.

use doorward_shared::{
    ClientId, Page, RegistrationTokenId, ScopeSet, Timestamp, UserId, admin::RegistrationTokenInfo,
};

use super::{
    Store, StoreError, authority, clients,
    list::{Filter, List, ListQuery, folded},
    row_mapping::{scopes, ulid},
    sql::{self, Connection, OptionalExtension, Row, Value, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        Act, Actor, DomainError, Principal,
        rules::authority::{self as rule, ClientActs},
    },
};

/// An initial access token to store.
#[derive(Debug, Clone)]
pub struct NewRegistrationToken {
    pub hash: Digest256,
    pub expires_at: Timestamp,
    pub uses: u32,
    /// Scopes that clients registered with it may have.
    pub scopes: ScopeSet,
}

const LIST: List<RegistrationTokenInfo> = List {
    from: "registration_tokens AS t",
    columns: "t.id, t.created_at, t.expires_at, t.uses_left, t.minter, t.scopes",
    id: "t.id",
    kept: None,
    sorts: &[
        ("id", "t.id"),
        ("createdAt", "t.created_at"),
        ("expiresAt", "t.expires_at"),
    ],
    row: info,
};

fn info(row: &Row<'_>) -> sql::Result<RegistrationTokenInfo> {
    Ok(RegistrationTokenInfo {
        id: RegistrationTokenId(ulid(row, 0)?),
        created_at: Timestamp(row.get(1)?),
        expires_at: Timestamp(row.get(2)?),
        uses_left: row.get(3)?,
        minted_by: row.get(4)?,
        scopes: scopes(row, 5)?,
    })
}

impl Store {
    /// Stores an initial access token, with those of its scopes that the caller may grant.
    ///
    /// # Errors
    /// As [`rule::change_client`].
    pub async fn add_registration_token(
        &self,
        token: NewRegistrationToken,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::change_client(&by, no_change(&ScopeSet::default()))?;
            let given = rule::grantable(&by, &token.scopes);
            let context = act.context(&by);
            let id = RegistrationTokenId(tx.id(context.at));
            tx.conn
                .prepare_cached(
                    "INSERT INTO registration_tokens (hash, expires_at, uses_left, minter, client_id, scopes, id, \
                     created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    token.hash.0,
                    token.expires_at.0,
                    token.uses,
                    minter(&act),
                    context.client_id.map(|id| id.0.to_bytes()),
                    given.to_string(),
                    id.0.to_bytes(),
                    context.at.0
                ])?;
            let detail = format!("{} uses until {}", token.uses, token.expires_at);
            tx.event(
                context,
                "client.registration_token_created",
                Some(&id),
                None,
                Some(&detail),
            )
        })
        .await
    }

    /// A page of the initial access tokens that are neither used up nor expired.
    pub async fn registration_tokens(
        &self,
        query: ListQuery,
        now: Timestamp,
    ) -> Result<Page<RegistrationTokenInfo>, StoreError> {
        let order = LIST.order(&query)?;
        self.read(move |conn| {
            let mut conditions = Filter::default();
            let now = [Value::Integer(now.0)];
            conditions.and("t.uses_left > 0 AND t.expires_at > ?", now);
            if let Some(q) = query.q.as_deref().filter(|q| !q.is_empty()) {
                conditions.and("instr(fold(t.minter), ?) > 0", [folded(q)]);
            }
            LIST.page(conn, conditions, &query, order)
        })
        .await
    }

    /// Revokes an initial access token. Clients registered with it remain.
    ///
    /// # Errors
    /// [`DomainError::NotFound`]; as [`rule::change_client`].
    pub async fn revoke_registration_token(
        &self,
        id: RegistrationTokenId,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = authority::authorize(tx, &act)?;
            rule::change_client(&by, no_change(&ScopeSet::default()))?;
            let sql = "DELETE FROM registration_tokens WHERE id = ?1";
            let mut delete = tx.conn.prepare_cached(sql)?;
            if delete.execute([id.0.to_bytes()])? == 0 {
                return Err(DomainError::NotFound("registration token").into());
            }
            drop(delete);
            let action = "client.registration_token_revoked";
            tx.event(act.context(&by), action, Some(&id), None, None)
        })
        .await
    }

    /// The scopes an initial access token can grant a client now; `None` if it is not valid. Checked before any write,
    /// so that guesses do not use the writer.
    pub async fn registration_token(
        &self,
        hash: Digest256,
        now: Timestamp,
    ) -> Result<Option<ScopeSet>, StoreError> {
        self.read(move |conn| worth(conn, hash, now)).await
    }
}

/// A change that requires the right to change clients, and nothing else.
fn no_change(scopes: &ScopeSet) -> ClientActs<'_> {
    ClientActs {
        scopes,
        sees_all: false,
        resource_server: false,
    }
}

/// Uses an initial access token once, for a client with these scopes; returns what it grants.
///
/// # Errors
/// [`DomainError::CredentialEnded`], also if it does not grant these scopes.
pub(super) fn use_up(
    tx: &mut WriteTx<'_>,
    hash: Digest256,
    asked: &ScopeSet,
    now: Timestamp,
) -> Result<ScopeSet, StoreError> {
    let given = worth(tx.conn, hash, now)?.ok_or(DomainError::CredentialEnded)?;
    if !rule::beyond_openid(asked).all(|one| given.covers(one.as_str())) {
        return Err(DomainError::CredentialEnded.into());
    }
    let sql = "UPDATE registration_tokens SET uses_left = uses_left - 1 WHERE hash = ?1 AND uses_left > 0";
    let used = tx.conn.prepare_cached(sql)?.execute([hash.0])?;
    if used == 1 {
        Ok(given)
    } else {
        Err(DomainError::CredentialEnded.into())
    }
}

/// The scopes a token grants now.
fn worth(
    conn: &Connection,
    hash: Digest256,
    now: Timestamp,
) -> Result<Option<ScopeSet>, StoreError> {
    let sql = "SELECT minter, client_id, scopes FROM registration_tokens \
               WHERE hash = ?1 AND uses_left > 0 AND expires_at > ?2";
    let found = conn
        .prepare_cached(sql)?
        .query_row(params![hash.0, now.0], |row| {
            let through: Option<[u8; 16]> = row.get(1)?;
            let through = through.map(|_| ulid(row, 1)).transpose()?.map(ClientId);
            Ok((row.get::<_, String>(0)?, through, scopes(row, 2)?))
        });
    let Some((minter, through, given)) = found.optional()? else {
        return Ok(None);
    };
    if let Some(client) = through
        && clients::find(conn, client)?.is_none()
    {
        return Ok(None);
    }
    let held = authority::held_by(conn, &minter, now)?.filter(|held| held.covers("admin:clients"));
    Ok(held.map(|held| {
        if held.covers("admin") {
            given
        } else {
            let kept = given.iter().filter(|one| held.covers(one.as_str()));
            kept.cloned().collect()
        }
    }))
}

/// Revokes tokens that an account minted with its sessions, or a client with its own tokens.
pub(super) fn end_minted_by(tx: &WriteTx<'_>, minter: Actor) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached("DELETE FROM registration_tokens WHERE minter = ?1")?
        .execute([minter.to_string()])?;
    Ok(())
}

/// Revokes tokens that an account minted through a client whose consent it has withdrawn.
pub(super) fn end_minted_through(
    tx: &WriteTx<'_>,
    minter: UserId,
    client: ClientId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM registration_tokens WHERE minter = ?1 AND client_id = ?2";
    let mut delete = tx.conn.prepare_cached(sql)?;
    let minter = Actor::User(minter).to_string();
    delete.execute(params![minter, client.0.to_bytes()])?;
    Ok(())
}

/// The minter: a key itself instead of its owner.
fn minter(act: &Act) -> String {
    match &act.authority().holder {
        Principal::Key(id) => id.to_string(),
        Principal::Client { id, .. } | Principal::Registered { id, .. } => id.to_string(),
        Principal::Session { .. } | Principal::System => act.actor().to_string(),
    }
}
