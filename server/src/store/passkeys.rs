//! Passkeys of accounts.

use doorward_shared::{PasskeyId, Timestamp, UserId};

use super::{
    SeenPassword, Store, StoreError, factor_sessions,
    factors::{after_removal, factors, validate},
    row_mapping::{maybe_time, ulid},
    sql::{self, Connection, OptionalExtension, Row, params},
};
use crate::domain::{Act, AuditContext, DomainError, Passkey, PasskeyKind, PublicKey};

/// Maximum passkeys per account.
const MAX_PASSKEYS: usize = 20;

/// A passkey to be stored.
#[derive(Debug)]
pub struct NewPasskey {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
    pub kind: PasskeyKind,
    pub name: String,
}

impl Store {
    /// A passkey by its credential id.
    pub async fn passkey(&self, credential_id: Vec<u8>) -> Result<Option<Passkey>, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT {PASSKEY} FROM passkeys WHERE credential_id = ?1");
            let mut select = conn.prepare_cached(&sql)?;
            Ok(select.query_row([credential_id], passkey).optional()?)
        })
        .await
    }

    /// Adds a passkey to an account whose password has not changed since the registration began.
    ///
    /// # Errors
    /// [`DomainError::Conflict`] for a known credential or above the limit, [`DomainError::PasswordChanged`]; as
    /// [`crate::domain::rules::authority::change_factors`].
    pub async fn add_passkey(
        &self,
        user: UserId,
        new: NewPasskey,
        password: SeenPassword,
        act: Act,
    ) -> Result<Passkey, StoreError> {
        self.write(move |tx| {
            let by = validate(tx, user, Some(password), &act)?;
            let context = act.context(&by);
            if factors(tx.conn, user)?.passkeys.len() >= MAX_PASSKEYS {
                let why = format!("an account has at most {MAX_PASSKEYS} passkeys");
                return Err(DomainError::Conflict(why).into());
            }
            let id = PasskeyId(tx.id(context.at));
            let added = tx
                .conn
                .prepare_cached(
                    "INSERT INTO passkeys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)
                     ON CONFLICT (credential_id) DO NOTHING",
                )?
                .execute(params![
                    id.0.to_bytes(),
                    user.0.to_bytes(),
                    new.credential_id,
                    new.public_key.to_bytes(),
                    new.sign_count,
                    new.kind == PasskeyKind::Synced,
                    new.name,
                    context.at.0
                ])?;
            if added == 0 {
                return Err(
                    DomainError::Conflict("this passkey is registered already".into()).into(),
                );
            }
            factor_sessions::set_up(tx, user, act.session())?;
            tx.event(context, "mfa.passkey_added", Some(&id), Some(user), None)?;
            Ok(Passkey {
                id,
                user_id: user,
                credential_id: new.credential_id,
                public_key: new.public_key,
                sign_count: new.sign_count,
                kind: new.kind,
                name: new.name,
                created_at: context.at,
                last_used_at: None,
            })
        })
        .await
    }

    /// Removes a passkey of an account.
    ///
    /// # Errors
    /// [`DomainError::NotFound`], also for another account's; as [`crate::domain::rules::authority::change_factors`].
    pub async fn remove_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let by = validate(tx, user, None, &act)?;
            let sql = "DELETE FROM passkeys WHERE id = ?1 AND user_id = ?2";
            let gone = tx
                .conn
                .prepare_cached(sql)?
                .execute(params![id.0.to_bytes(), user.0.to_bytes()])?;
            if gone == 0 {
                return Err(DomainError::NotFound("passkey").into());
            }
            after_removal(tx, user)?;
            factor_sessions::taken_away(tx, user, &act)?;
            let (action, context) = ("mfa.passkey_removed", act.context(&by));
            tx.event(context, action, Some(&id), Some(user), None)
        })
        .await
    }

    /// Records a passkey whose signature counter went back: it may have been cloned.
    pub async fn note_copied_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let action = "mfa.passkey_counter_went_back";
            tx.event(&context, action, Some(&id), Some(user), None)
        })
        .await
    }
}

const PASSKEY: &str =
    "id, user_id, credential_id, public_key, sign_count, synced, name, created_at, last_used_at";

fn passkey(row: &Row<'_>) -> sql::Result<Passkey> {
    let public_key = PublicKey::from_bytes(row.get_ref(3)?.as_blob()?);
    Ok(Passkey {
        id: PasskeyId(ulid(row, 0)?),
        user_id: UserId(ulid(row, 1)?),
        credential_id: row.get(2)?,
        public_key: public_key.ok_or_else(|| sql::bad(3, "not a public key"))?,
        sign_count: row.get(4)?,
        kind: if row.get(5)? {
            PasskeyKind::Synced
        } else {
            PasskeyKind::DeviceBound
        },
        name: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        last_used_at: maybe_time(row, 8)?,
    })
}

/// Passkeys of an account, oldest first.
pub(super) fn of_user(conn: &Connection, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    let sql = format!("SELECT {PASSKEY} FROM passkeys WHERE user_id = ?1 ORDER BY id");
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map([user.0.to_bytes()], passkey)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
