//! How a session begins: what it starts with, what is demanded of whoever opens it, and what is written.

use std::net::IpAddr;

use doorward_shared::{ClientId, ScopeSet, SessionId, Timestamp, UserId};

use super::{
    Store, StoreError, accounts, browsers, caps,
    counts::SESSION_ADDED,
    endings, factors,
    rows::{self, ip_bytes},
    signed_in_from,
    sql::{OptionalExtension, params},
    unit::Unit,
};
use crate::{
    crypto::{refresh::NextToken, secret::Digest256},
    domain::{
        Account, Cause, Refusal, RequestedClaims, Session, SignInMethod, User,
        rules::{refresh::Family, session},
    },
};

/// What a session starts with.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub client_id: Option<ClientId>,
    /// All the user may do then, when `None`.
    pub scope: Option<ScopeSet>,
    pub ip: IpAddr,
    pub user_agent: Option<String>,
    /// The first refresh token; none where the grant gives no refresh token.
    pub refresh: Option<NextToken>,
    pub refresh_until: Timestamp,
    pub access_until: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
    /// Hash of the cookie of the browser that signs in.
    pub browser: Option<Digest256>,
    /// Audiences its tokens are for, RFC 8707; the server itself when there are none.
    pub resources: Vec<String>,
    /// When the person signed in; now, when `None`.
    pub auth_time: Option<Timestamp>,
    /// How the person signed in.
    pub method: SignInMethod,
    /// The browser's session in which a client's session was allowed.
    pub signed_in_by: Option<SessionId>,
    /// Claims that were asked for one by one.
    pub claims: RequestedClaims,
}

impl Store {
    /// Opens a session after a right password. Only if `password` is still the account's and it is not disabled:
    /// a login that races a change of either leaves no session. With `rehashed` the password's hash is replaced too.
    ///
    /// # Errors
    /// [`Refusal::PasswordChanged`] (also for an account that is gone), [`Refusal::Disabled`].
    pub async fn open_session(
        &self,
        user_id: UserId,
        password: String,
        rehashed: Option<String>,
        new: NewSession,
        cause: Cause,
    ) -> Result<(User, Session), StoreError> {
        self.write(move |unit| {
            demand_password(unit, user_id, &password, rehashed)?;
            // A factor that was set up since the password was checked is asked for at the next try.
            session::password_is_enough(factors::has_factor(unit.conn, user_id)?)?;
            open(unit, user_id, new, &cause)
        })
        .await
    }
}

/// Demands that a password, which was found right, is still the account's; replaces its hash by a dearer one.
pub(super) fn demand_password(
    unit: &mut Unit<'_>,
    user: UserId,
    password: &str,
    rehashed: Option<String>,
) -> Result<(), StoreError> {
    let stored: Option<Option<String>> = unit
        .conn
        .prepare_cached("SELECT password FROM users WHERE id = ?1")?
        .query_row([user.0.to_bytes()], |row| row.get(0))
        .optional()?;
    session::password_stands(stored.flatten().as_deref(), password)?;
    if let Some(rehashed) = rehashed {
        unit.conn
            .prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
            .execute(params![user.0.to_bytes(), rehashed])?;
    }
    Ok(())
}

/// Opens a session for a user who has shown who they are.
pub(super) fn open(
    unit: &mut Unit<'_>,
    user_id: UserId,
    new: NewSession,
    cause: &Cause,
) -> Result<(User, Session), StoreError> {
    let account = session::may_sign_in(accounts::account(unit.conn, user_id)?)?;
    let must_have = unit.memory.demands_factor(&account.user.role);
    session::factor_suffices(must_have, new.method)?;
    // A client's session rests on a sign-in that was judged.
    if new.client_id.is_none() && unit.memory.requires_verified_email() {
        session::has_verified_email(&account)?;
    }
    let scope = new.scope.clone();
    let scope = scope.unwrap_or_else(|| account.may.clone());
    let session = insert(unit, user_id, scope, new, cause)?;
    let mut user = account.user;
    user.last_login_at = Some(cause.at);
    let may = account.may;
    let account = Account { user, may };
    unit.changes.now_is_account(&account);
    Ok((account.user, session))
}

/// A session as it begins.
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
        idle_until: session::idle_until(session::Ends {
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

/// The resource servers that a session's tokens are for, where it names some.
fn insert_resources(
    unit: &Unit<'_>,
    id: SessionId,
    resources: &[String],
) -> Result<(), StoreError> {
    if resources.is_empty() {
        return Ok(());
    }
    unit.conn
        .prepare_cached("INSERT INTO session_resources VALUES (?1, ?2)")?
        .execute(params![id.0.to_bytes(), rows::lines(resources)])?;
    Ok(())
}

/// Writes a session, its first refresh token and the event, and notes the sign-in with its account.
pub(super) fn insert(
    unit: &mut Unit<'_>,
    user_id: UserId,
    scope: ScopeSet,
    new: NewSession,
    cause: &Cause,
) -> Result<Session, StoreError> {
    // A client's session rests on a sign-in that was judged, and its address is the application's.
    if new.client_id.is_none() && unit.memory.keeps_out(new.ip) {
        return Err(Refusal::Blocked.into());
    }
    let session = begun(SessionId(unit.id(cause.at)), user_id, scope, &new, cause.at);
    write(unit, &session, &new)?;
    if let Some(browser) = new.browser {
        browsers::insert(unit, browser, session.id)?;
    }
    insert_resources(unit, session.id, &new.resources)?;
    signed_in_from::note(unit, &session, cause)?;
    unit.changes.users.push(user_id);
    let by = session.client_id.map(|id| id.to_string());
    let through = Cause {
        client_id: session.client_id.or(cause.client_id),
        ..cause.clone()
    };
    unit.event(
        &through,
        "session.created",
        Some(&session.id),
        Some(user_id),
        by.as_deref(),
    )?;
    caps::evict(unit, &session, cause)?;
    if !endings::ends(unit.conn, session.id)? {
        unit.changes.now_is_session(&session);
    }
    Ok(session)
}

/// Writes the row of a new session, with its first refresh token.
fn write(unit: &mut Unit<'_>, session: &Session, new: &NewSession) -> Result<(), StoreError> {
    let first = |next: &NextToken| {
        let until = new.refresh_until.min(session.expires_at);
        Family::first(next.digest(session.id, 1), until)
    };
    let family = new.refresh.as_ref().map(first);
    let sql = "INSERT INTO sessions (id, user_id, client_id, scope, ip, user_agent, created_at, last_seen_at, expires_at, \
               idle_until, auth_time, refresh_generation, refresh_hash, refresh_until, amr, signed_in_by, claims) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    unit.counted(
        SESSION_ADDED,
        sql,
        params![
            session.id.0.to_bytes(),
            session.user_id.0.to_bytes(),
            session.client_id.map(|id| id.0.to_bytes()),
            session.scope.to_string(),
            ip_bytes(session.ip),
            session.user_agent,
            session.created_at.0,
            session.last_seen_at.0,
            session.expires_at.0,
            session.idle_until.0,
            session.auth_time.map(|at| at.0),
            family.as_ref().map(|family| family.generation),
            family.as_ref().map(|family| family.newest.0),
            family.as_ref().map(|family| family.expires_at.0),
            session.method.stored(),
            new.signed_in_by.map(|id| id.0.to_bytes()),
            session.claims.stored()
        ],
    )?;
    Ok(())
}
