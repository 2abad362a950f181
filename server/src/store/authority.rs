//! Authorization, read in the transaction of the operation. An [`Act`] yields its
//! [`AuditContext`](crate::domain::AuditContext), without which no event can be written, only in exchange for the
//! [`Rights`] read here.

use doorward_shared::{ClientId, KeyId, ScopeSet, Timestamp, UserId};
use ulid::Ulid;

use super::{
    Store, StoreError,
    accounts::{self, WantedAccount},
    caches::Caches,
    clients, factor_sessions, keys, sessions,
    sql::{Connection, OptionalExtension},
    write_tx::WriteTx,
};
use crate::domain::{
    Account, Act, Actor, DomainError, Principal, Session,
    rules::{
        authority::{self, Facts, Rights},
        credential,
    },
};

/// The caller's rights when the transaction runs. The request may have waited; a credential revoked since then no
/// longer counts.
///
/// # Errors
/// [`DomainError::CredentialEnded`] if the caller's credential has been revoked or has expired.
pub(super) fn authorize(tx: &WriteTx<'_>, act: &Act) -> Result<Rights, StoreError> {
    authorize_at(tx.conn, tx.memory, act, tx.now())
}

pub(super) fn authorize_at(
    conn: &Connection,
    memory: &Caches,
    act: &Act,
    now: Timestamp,
) -> Result<Rights, StoreError> {
    let by = act.authority();
    let facts = match &by.holder {
        Principal::System => Facts::System,
        Principal::Session { id, .. } => {
            let session = sessions::find(conn, *id)?;
            let user = session.as_ref().map(|session| session.user_id);
            let client = session.as_ref().and_then(|session| session.client_id);
            let account = user.map(|user| accounts::account(conn, user)).transpose()?;
            let client = client.map(|id| clients::find(conn, id)).transpose()?;
            let account = account.flatten();
            let must_have = account.as_ref();
            let must_have = must_have.is_some_and(|of| memory.demands_factor(&of.user.role));
            Facts::Session {
                factor_shown: factor_shown(conn, session.as_ref(), account.as_ref())?,
                session,
                must_have_factor: must_have,
                account,
                client: client.flatten(),
            }
        }
        Principal::Key(id) => {
            let key = keys::find(conn, *id)?;
            let owner = key.as_ref().and_then(|key| key.owner.user());
            let owner = owner.map(|id| accounts::account(conn, id)).transpose()?;
            Facts::Key {
                key,
                owner: owner.flatten(),
            }
        }
        Principal::Client { id, token, .. } => Facts::Client {
            client: clients::find(conn, *id)?,
            token_revoked: is_given_up(conn, *token)?,
        },
        Principal::Registered { id, .. } => Facts::Client {
            client: clients::find(conn, *id)?,
            token_revoked: false,
        },
    };
    Ok(authority::rights(by, &facts, now)?)
}

/// As [`factor_sessions::shown`], for an operator's session; for other sessions no rule depends on it, so it is not
/// read.
fn factor_shown(
    conn: &Connection,
    session: Option<&Session>,
    account: Option<&Account>,
) -> Result<Option<bool>, StoreError> {
    let is_operator = |of: &&Account| !authority::administration(&of.may).is_empty();
    match session.zip(account.filter(is_operator)) {
        Some((session, _)) => factor_sessions::shown(conn, session),
        None => Ok(None),
    }
}

fn is_given_up(conn: &Connection, token: Ulid) -> Result<bool, StoreError> {
    let mut select = conn.prepare_cached("SELECT 1 FROM revoked_tokens WHERE jti = ?1")?;
    let found = select.query_row([token.to_bytes()], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// Current permissions of an event's actor; `None` if the actor is deleted or disabled.
pub(super) fn held_by(
    conn: &Connection,
    actor: &str,
    now: Timestamp,
) -> Result<Option<ScopeSet>, StoreError> {
    if let Ok(id) = actor.parse::<UserId>() {
        let account = accounts::account(conn, id)?;
        let account = account.filter(|account| account.user.is_enabled());
        return Ok(account.map(|account| account.may));
    }
    if let Ok(id) = actor.parse::<KeyId>() {
        let Some(key) = keys::find(conn, id)? else {
            return Ok(None);
        };
        let owner = key.owner.user().map(|id| accounts::account(conn, id));
        let owner = owner.transpose()?.flatten();
        return Ok(credential::key_scopes(&key, owner.as_ref(), now).ok());
    }
    if let Ok(id) = actor.parse::<ClientId>() {
        return Ok(clients::find(conn, id)?.map(|client| client.scopes));
    }
    let is_system = actor == Actor::System.to_string();
    Ok(is_system.then(|| "admin".parse().into_iter().collect()))
}

/// Authorizes setting the password of an account.
pub(super) fn authorize_password(
    tx: &WriteTx<'_>,
    user: UserId,
    act: &Act,
) -> Result<Rights, StoreError> {
    let by = authorize(tx, act)?;
    password_rule(tx.conn, user, &by)?;
    Ok(by)
}

fn password_rule(conn: &Connection, user: UserId, by: &Rights) -> Result<(), StoreError> {
    let account = accounts::account(conn, user)?.ok_or(DomainError::NotFound("user"))?;
    Ok(authority::set_password(by, user, &account.may)?)
}

impl Store {
    /// Checks early that a password may be set, to avoid a useless hash computation. The operation checks again.
    ///
    /// # Errors
    /// As [`Store::set_password`].
    pub async fn may_set_password(&self, user: UserId, act: Act) -> Result<(), StoreError> {
        let (memory, now) = (self.memory_shared(), self.memory().clock.now());
        self.read(move |conn| password_rule(conn, user, &authorize_at(conn, &memory, &act, now)?))
            .await
    }

    /// As [`Store::may_set_password`], for an account to be created.
    ///
    /// # Errors
    /// As [`Store::create_user`].
    pub async fn may_create_user(&self, wanted: WantedAccount, act: Act) -> Result<(), StoreError> {
        let (memory, now) = (self.memory_shared(), self.memory().clock.now());
        self.read(move |conn| {
            let by = authorize_at(conn, &memory, &act, now)?;
            accounts::validate_new(conn, &by, &wanted)
        })
        .await
    }

    /// Whether a rule permits an operation now. For operations that change nothing, such as replaying an idempotent
    /// response.
    ///
    /// # Errors
    /// The rule's error; [`DomainError::CredentialEnded`].
    pub async fn allowed<F>(&self, act: Act, rule: F) -> Result<(), StoreError>
    where
        F: FnOnce(&Rights) -> Result<(), DomainError> + Send + 'static,
    {
        let (memory, now) = (self.memory_shared(), self.memory().clock.now());
        self.read(move |conn| Ok(rule(&authorize_at(conn, &memory, &act, now)?)?))
            .await
    }
}
