//! Authorization codes and user consents.

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::{
    NewSession, Store, StoreError, accounts, audiences, clients,
    row_mapping::{self, ip_bytes, ulid},
    sessions,
    sql::{self, Connection, OptionalExtension, Row, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::secret::Digest256,
    domain::{
        AuditContext, AuthorizationCode, Client, DomainError, RequestedClaims, Session, User,
        rules::code::{self as codes, CodeDecision, CodeGrounds, CodeRedemption},
    },
};

/// Result of redeeming a code.
#[derive(Debug)]
pub enum Redeemed {
    /// The code opened this session and is now used.
    /// Audiences of its tokens, if the request named any.
    Opened(Box<(User, Session)>, Vec<String>),
    /// The client is no longer registered for any of the code's audiences. The code stays unused.
    OtherResource,
    /// The code had been used before; the tokens issued from it have been revoked.
    Replayed,
    Gone,
}

/// Result of storing a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCreation {
    Kept,
    /// The sign-in session has ended since the request.
    SignedOut,
    /// The consent was withdrawn since the request.
    NotAllowed,
}

/// Maximum number of unused codes per account: no user signs in to this many clients within a minute, and revoking an
/// account's credentials deletes them all in one transaction.
const UNUSED: u32 = 100;

const CODE: &str = "client_id, user_id, redirect_uri, scope, challenge, nonce, auth_time, resources, ip, user_agent, \
                    expires_at, used_at, session_id, signed_in_by, claims";

fn read(row: &Row<'_>) -> sql::Result<AuthorizationCode> {
    let resources: String = row.get(7)?;
    Ok(AuthorizationCode {
        client_id: ClientId(ulid(row, 0)?),
        user_id: UserId(ulid(row, 1)?),
        redirect_uri: row.get(2)?,
        scope: row_mapping::scopes(row, 3)?,
        challenge: Some(row.get(4)?).filter(|challenge: &String| !challenge.is_empty()),
        nonce: row.get(5)?,
        auth_time: Timestamp(row.get(6)?),
        resources: resources.lines().map(str::to_owned).collect(),
        ip: row_mapping::ip(row, 8)?,
        user_agent: row.get(9)?,
        expires_at: Timestamp(row.get(10)?),
        used_at: row_mapping::maybe_time(row, 11)?,
        session_id: row_mapping::maybe_ulid(row, 12)?.map(SessionId),
        signed_in_by: row_mapping::maybe_ulid(row, 13)?.map(SessionId),
        claims: RequestedClaims::from_stored(row.get_ref(14)?.as_str_or_null()?),
    })
}

fn find(conn: &Connection, hash: Digest256) -> Result<Option<AuthorizationCode>, StoreError> {
    let sql = format!("SELECT {CODE} FROM codes WHERE hash = ?1");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([hash.0], read)
        .optional()?)
}

/// The sign-in session that a code belongs to, if it is live.
fn signed_in(conn: &Connection, code: &AuthorizationCode) -> Result<Option<Session>, StoreError> {
    let session = code.signed_in_by.map(|id| sessions::find(conn, id));
    let session = session.transpose()?.flatten();
    Ok(session.filter(|session| session.revoked_at.is_none()))
}

/// Inserts an unused code.
fn insert(conn: &Connection, hash: Digest256, code: &AuthorizationCode) -> Result<(), StoreError> {
    let sql = "INSERT INTO codes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL, NULL, ?13, ?14)";
    conn.prepare_cached(sql)?.execute(params![
        hash.0,
        code.client_id.0.to_bytes(),
        code.user_id.0.to_bytes(),
        code.redirect_uri,
        code.scope.to_string(),
        code.challenge.as_deref().unwrap_or_default(),
        code.nonce,
        code.auth_time.0,
        code.resources.join("\n"),
        ip_bytes(code.ip),
        code.user_agent,
        code.expires_at.0,
        code.signed_in_by.map(|id| id.0.to_bytes()),
        code.claims.stored()
    ])?;
    Ok(())
}

impl Store {
    /// A code, used or not.
    pub async fn code(&self, hash: Digest256) -> Result<Option<AuthorizationCode>, StoreError> {
        self.read(move |conn| find(conn, hash)).await
    }

    /// Stores a code if the sign-in session it belongs to is still live. With `allowed`, the user has just consented
    /// and the consent is stored; otherwise an existing consent must still cover the request.
    pub async fn create_code(
        &self,
        hash: Digest256,
        code: AuthorizationCode,
        allowed: bool,
        context: AuditContext,
    ) -> Result<CodeCreation, StoreError> {
        self.write(move |tx| {
            let before = consented(tx.conn, code.user_id, code.client_id)?;
            let asked = code.scope.union(&code.claims.scopes());
            let client = clients::find(tx.conn, code.client_id)?;
            let basis = CodeGrounds {
                signed_in: signed_in(tx.conn, &code)?.is_some(),
                allowed,
                skipped: client.is_some_and(|client| client.policy.skip_consent),
                consent: before.as_ref(),
            };
            let consent = match codes::create(&asked, basis) {
                CodeDecision::Keep { consent } => consent,
                CodeDecision::SignedOut => return Ok(CodeCreation::SignedOut),
                CodeDecision::NotAllowed => return Ok(CodeCreation::NotAllowed),
            };
            clients::used(tx, code.client_id, context.at)?;
            insert(tx.conn, hash, &code)?;
            drop_oldest(tx, code.user_id)?;
            if let Some(scope) = consent {
                remember(tx, &code, &scope, &context)?;
            }
            Ok(CodeCreation::Kept)
        })
        .await
    }

    /// Redeems a code: one atomic check-and-set that also opens its session.
    ///
    /// # Errors
    /// [`DomainError::Disabled`] if the account may no longer sign in, [`DomainError::NotAdmitted`] to this client.
    pub async fn redeem_code(
        &self,
        hash: Digest256,
        new: NewSession,
        issuer: String,
        context: AuditContext,
    ) -> Result<Redeemed, StoreError> {
        self.write(move |tx| {
            let Some(code) = find(tx.conn, hash)? else {
                return Ok(Redeemed::Gone);
            };
            let found = signed_in(tx.conn, &code)?;
            let signed_in = match (codes::redeem(&code, found.is_some()), found) {
                (CodeRedemption::Opens, Some(signed_in)) => signed_in,
                (CodeRedemption::Replay, _) => {
                    replayed(tx, &code, &context)?;
                    return Ok(Redeemed::Replayed);
                }
                (CodeRedemption::Nothing | CodeRedemption::Opens, _) => return Ok(Redeemed::Gone),
            };
            let client = clients::find(tx.conn, code.client_id)?;
            // A deleted user gets no session.
            let client = client.ok_or(DomainError::PasswordChanged)?;
            if !client.takes_code_of(code.made_at()) {
                return Ok(Redeemed::Gone);
            }
            // The user's groups may have changed since the code was issued.
            demand_admitted(tx.conn, &client, &code)?;
            let still =
                audiences::still_registered(tx.conn, code.client_id, &code.resources, &issuer)?;
            if still.is_empty() && !code.resources.is_empty() {
                return Ok(Redeemed::OtherResource);
            }
            let new = NewSession {
                method: signed_in.method,
                resources: still.clone(),
                signed_in_by: code.signed_in_by,
                claims: code.claims,
                ..new
            };
            let opened = sessions::open(tx, code.user_id, new, &context)?;
            tx.conn
                .prepare_cached("UPDATE codes SET used_at = ?2, session_id = ?3 WHERE hash = ?1")?
                .execute(params![hash.0, context.at.0, opened.1.id.0.to_bytes()])?;
            Ok(Redeemed::Opened(Box::new(opened), still))
        })
        .await
    }

    /// Revokes the tokens issued from a replayed code, RFC 6749 section 4.1.2.
    pub async fn replay_code(
        &self,
        hash: Digest256,
        context: AuditContext,
    ) -> Result<(), StoreError> {
        self.write(move |tx| match find(tx.conn, hash)? {
            Some(code) if code.used_at.is_some() => replayed(tx, &code, &context),
            _ => Ok(()),
        })
        .await
    }

    /// The scopes a user has consented to for a client.
    pub async fn consent(
        &self,
        user: UserId,
        client: ClientId,
    ) -> Result<Option<ScopeSet>, StoreError> {
        self.read(move |conn| consented(conn, user, client)).await
    }
}

/// Rejects a code whose user the client does not admit.
fn demand_admitted(
    conn: &Connection,
    client: &Client,
    code: &AuthorizationCode,
) -> Result<(), StoreError> {
    // A deleted user gets no session.
    let user = accounts::find(conn, code.user_id)?.ok_or(DomainError::PasswordChanged)?;
    if client.policy.admits(&user) {
        Ok(())
    } else {
        Err(DomainError::NotAdmitted.into())
    }
}

/// Invalidates all unused codes of a client, in constant time: each code is checked against this when it is redeemed.
pub(super) fn end_codes_of(
    tx: &mut WriteTx<'_>,
    client: ClientId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE clients SET codes_after = ?2 WHERE id = ?1";
    let mut update = tx.conn.prepare_cached(sql)?;
    update.execute(params![client.0.to_bytes(), now.0])?;
    tx.changes.clients.push(client);
    Ok(())
}

/// Deletes a user's unused codes: one in transit could open a session a moment later.
pub(super) fn drop_unused(
    tx: &mut WriteTx<'_>,
    user: UserId,
    client: Option<ClientId>,
) -> Result<(), StoreError> {
    let client = client.map(|id| id.0.to_bytes());
    tx.conn
        .prepare_cached(
            "DELETE FROM codes WHERE user_id = ?1 AND used_at IS NULL AND (client_id = ?2 OR ?2 IS NULL)",
        )?
        .execute(params![user.0.to_bytes(), client])?;
    Ok(())
}

/// Deletes an account's codes beyond [`UNUSED`], the earliest to expire first.
fn drop_oldest(tx: &mut WriteTx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE user_id = ?1 AND used_at IS NULL \
             ORDER BY expires_at DESC LIMIT 10 OFFSET ?2)",
        )?
        .execute(params![user.0.to_bytes(), UNUSED])?;
    Ok(())
}

fn replayed(
    tx: &mut WriteTx<'_>,
    code: &AuthorizationCode,
    context: &AuditContext,
) -> Result<(), StoreError> {
    if let Some(id) = code.session_id
        && sessions::end(tx, id, context.at)?
    {
        let why = "authorization code reuse detected";
        let user = Some(code.user_id);
        tx.event(context, "session.replayed", Some(&id), user, Some(why))?;
    }
    Ok(())
}

fn consented(
    conn: &Connection,
    user: UserId,
    client: ClientId,
) -> Result<Option<ScopeSet>, StoreError> {
    let sql = "SELECT scope FROM consents WHERE user_id = ?1 AND client_id = ?2";
    Ok(conn
        .prepare_cached(sql)?
        .query_row(params![user.0.to_bytes(), client.0.to_bytes()], |row| {
            row_mapping::scopes(row, 0)
        })
        .optional()?)
}

fn remember(
    tx: &mut WriteTx<'_>,
    code: &AuthorizationCode,
    scope: &ScopeSet,
    context: &AuditContext,
) -> Result<(), StoreError> {
    tx.conn
        .prepare_cached(
            "INSERT INTO consents VALUES (?1, ?2, ?3, ?4) ON CONFLICT (user_id, client_id) \
             DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at",
        )?
        .execute(params![
            code.user_id.0.to_bytes(),
            code.client_id.0.to_bytes(),
            scope.to_string(),
            context.at.0
        ])?;
    let detail = scope.to_string();
    let (client, user) = (code.client_id, Some(code.user_id));
    tx.event(context, "consent.given", Some(&client), user, Some(&detail))
}
