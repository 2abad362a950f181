//! Facts that a sign-in is checked against, and the session it opens.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::{
    Store, StoreError, account_limits, accounts, browser_sessions, bulk_revocations,
    factors::{has_factor, with_factor},
    new_sign_in_alert, row_mapping, session_rows,
    sql::{OptionalExtension, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::{refresh_token::NextToken, secret::Digest256},
    domain::{
        Account, AuditContext, DomainError, RequestedClaims, Session, SignInMethod, User,
        client_prefix, is_unknown, rules::session,
    },
};

/// Account data that a sign-in is checked against.
#[derive(Debug, Clone)]
pub struct LoginRecord {
    pub user_id: UserId,
    /// PHC string; `None` if no password is set.
    pub password: Option<String>,
    pub disabled: bool,
    pub email_verified: bool,
    /// Whether this IP address has signed in to the account before; false for an unknown IP address.
    pub known_address: bool,
    /// Whether a second factor is set up.
    pub has_factor: bool,
    pub role: String,
    /// The account's count of cancelled pending sign-ins.
    pub sign_ins_ended: i64,
}

/// Data that a password is checked against.
#[derive(Debug, Clone)]
pub struct LoginFacts {
    /// `None` if no account has the address.
    pub account: Option<LoginRecord>,
    /// A hash of the most expensive kind stored: a check costs the same with or without an account.
    pub costliest: Option<String>,
}

/// The first entry of the index `users_password_cost`.
const DEAREST: &str = "SELECT password FROM users WHERE password IS NOT NULL ORDER BY \
     CAST(substr(password, instr(password, '$m=') + 3) AS INTEGER) \
     * CAST(substr(password, instr(password, ',t=') + 3) AS INTEGER) DESC LIMIT 1";

/// A session to open.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub client_id: Option<ClientId>,
    /// `None`: everything the user may do at the time.
    pub scope: Option<ScopeSet>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    /// The first refresh token; `None` if the grant issues none.
    pub refresh: Option<NextToken>,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
    /// The absolute expiry.
    pub expires_at: Timestamp,
    /// Hash of the browser's cookie.
    pub browser: Option<Digest256>,
    /// Audiences of its tokens, RFC 8707; empty: this server.
    pub resources: Vec<String>,
    /// When the user signed in; `None`: now.
    pub auth_time: Option<Timestamp>,
    /// How the user signed in.
    pub method: SignInMethod,
    /// The browser session in which a client's session was authorized.
    pub signed_in_by: Option<SessionId>,
    /// Individually requested claims.
    pub claims: RequestedClaims,
}

impl Store {
    /// Facts that a sign-in from `ip` is checked against; `keys` are those of [`Email::keys_of`].
    pub async fn login_facts(
        &self,
        keys: [String; 2],
        ip: IpAddr,
    ) -> Result<LoginFacts, StoreError> {
        self.read(move |conn| {
            const FOUND: &str = concat!(
                "SELECT u.id, u.password, u.disabled_at IS NOT NULL, \
                 EXISTS (SELECT 1 FROM user_addresses a WHERE a.user_id = u.id AND a.ip = ?3), ",
                with_factor!("u.id"),
                ", u.sign_ins_ended, u.role, u.email_verified FROM users u WHERE u.email_key IN (?1, ?2) ORDER BY u.email_key = ?1 DESC LIMIT 1"
            );
            let [beside, key] = keys;
            let found = conn.prepare_cached(FOUND)?.query_row(
                params![beside, key, row_mapping::ip_bytes(client_prefix(ip))],
                |row| {
                    Ok(LoginRecord {
                        user_id: UserId(row_mapping::ulid(row, 0)?),
                        password: row.get(1)?,
                        disabled: row.get(2)?,
                        known_address: row.get(3)? && !is_unknown(ip),
                        has_factor: row.get(4)?,
                        sign_ins_ended: row.get(5)?,
                        role: row.get(6)?,
                        email_verified: row.get(7)?,
                    })
                },
            );
            let account = found.optional()?;
            let dearest = conn
                .prepare_cached(DEAREST)?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(LoginFacts { account, costliest: dearest })
        })
        .await
    }

    /// Opens a session after a correct password, if `password` is still the account's and the account is enabled: a
    /// login concurrent with a change of either opens no session. With `rehashed`, also replaces the password's hash.
    ///
    /// # Errors
    /// [`DomainError::PasswordChanged`] (also for a deleted account), [`DomainError::Disabled`].
    pub async fn open_session(
        &self,
        user_id: UserId,
        password: String,
        rehashed: Option<String>,
        new: NewSession,
        context: AuditContext,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |tx| {
            demand_password(tx, user_id, &password, rehashed)?;
            // If a factor was set up since the password check, the next try asks for it.
            session::password_is_enough(has_factor(tx.conn, user_id)?)?;
            open(tx, user_id, new, &context)
        })
        .await
    }
}

/// Requires a verified password to be still the account's; replaces its hash by a more expensive one.
pub(super) fn demand_password(
    tx: &mut WriteTx<'_>,
    user: UserId,
    password: &str,
    rehashed: Option<String>,
) -> Result<(), StoreError> {
    let stored: Option<Option<String>> = tx
        .conn
        .prepare_cached("SELECT password FROM users WHERE id = ?1")?
        .query_row([user.0.to_bytes()], |row| row.get(0))
        .optional()?;
    session::password_stands(stored.flatten().as_deref(), password)?;
    if let Some(rehashed) = rehashed {
        tx.conn
            .prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
            .execute(params![user.0.to_bytes(), rehashed])?;
    }
    Ok(())
}

/// Opens a session for an authenticated user.
pub(super) fn open(
    tx: &mut WriteTx<'_>,
    user_id: UserId,
    new: NewSession,
    context: &AuditContext,
) -> Result<(User, Session), StoreError> {
    let account = session::may_sign_in(accounts::account(tx.conn, user_id)?)?;
    let must_have = tx.memory.demands_factor(&account.user.role);
    session::factor_suffices(must_have, new.method)?;
    // A client's session follows from a sign-in that was already checked.
    if new.client_id.is_none() && tx.memory.requires_verified_email() {
        session::has_verified_email(&account)?;
    }
    let scope = new.scope.clone();
    let scope = scope.unwrap_or_else(|| account.may.clone());
    let session = insert(tx, user_id, scope, new, context)?;
    let mut user = account.user;
    user.last_login_at = Some(context.at);
    let may = account.may;
    let account = Account { user, may };
    tx.changes.now_is_account(&account);
    Ok((account.user, session))
}

/// The initial state of a session.
fn begun(
    id: SessionId,
    user_id: UserId,
    scope: ScopeSet,
    new: &NewSession,
    now: Timestamp,
) -> Session {
    Session {
        id,
        user_id,
        client_id: new.client_id,
        scope,
        ip: new.ip,
        user_agent: new.user_agent.clone(),
        created_at: now,
        last_seen_at: now,
        expires_at: new.expires_at,
        idle_until: session::idle_until(session::SessionEnds {
            access: new.access_until,
            refresh: new.refresh.as_ref().map(|_| new.refresh_until),
            absolute: new.expires_at,
        }),
        revoked_at: None,
        auth_time: new.auth_time,
        method: new.method,
        claims: new.claims,
    }
}

/// Inserts a session, its first refresh token and the event, and records the sign-in with its account.
pub(super) fn insert(
    tx: &mut WriteTx<'_>,
    user_id: UserId,
    scope: ScopeSet,
    new: NewSession,
    context: &AuditContext,
) -> Result<Session, StoreError> {
    // A client's session follows from a sign-in that was already checked, and its IP address is the application's.
    if new.client_id.is_none() && tx.memory.keeps_out(new.ip) {
        return Err(DomainError::Blocked.into());
    }
    let session = begun(
        SessionId(tx.id(context.at)),
        user_id,
        scope,
        &new,
        context.at,
    );
    session_rows::write(tx, &session, &new)?;
    if let Some(browser) = new.browser {
        browser_sessions::insert(tx, browser, session.id)?;
    }
    new_sign_in_alert::note(tx, &session, context)?;
    tx.changes.users.push(user_id);
    let by = session.client_id.map(|id| id.to_string());
    let through = AuditContext {
        client_id: session.client_id.or(context.client_id),
        ..context.clone()
    };
    tx.event(
        &through,
        "session.created",
        Some(&session.id),
        Some(user_id),
        by.as_deref(),
    )?;
    account_limits::evict(tx, &session, context)?;
    if !bulk_revocations::ends(tx.conn, session.id)? {
        tx.changes.now_is_session(&session);
    }
    Ok(session)
}
