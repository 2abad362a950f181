//! Refresh tokens: each can be used once, and reuse ends its session. The decision is made in
//! `domain/rules/refresh.rs`; this file loads its facts and applies it.

use doorward_shared::{ScopeSet, SessionId, Timestamp};

use super::{
    Store, StoreError, accounts, audiences, dynamic_registration, factors,
    refresh_rows::{RefreshState, facts, keep, resources},
    sessions::end,
    sql::{Connection, params},
    write_tx::WriteTx,
};
use crate::{
    crypto::{
        refresh_token::{NextToken, Presented},
        secret::Secret,
    },
    domain::{
        Account, AuditContext, RefreshOwner, Session, SessionCore, User,
        rules::{
            credential,
            refresh::{Decision, GracePeriods, decide},
        },
    },
};

/// One use of a refresh token.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The presented token.
    pub used: Presented,
    /// Its successor.
    pub next: NextToken,
    /// The owner it was presented by: a client or the first party.
    pub owner: RefreshOwner,
    /// Expiry of the successor; never later than that of its session.
    pub next_until: Timestamp,
    pub access_until: Timestamp,
    pub windows: GracePeriods,
    /// Requested scopes; `None`: all that were granted.
    pub scope: Option<ScopeSet>,
    /// Requested audiences; empty: all that were granted.
    pub resources: Vec<String>,
    /// This server's own audience, which every client may request.
    pub issuer: String,
}

/// Result of a use.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each request, and mostly the large one"
)]
pub enum Refreshed {
    /// The token is used up, and its successor is valid.
    Rotated {
        session: Session,
        user: User,
        scope: ScopeSet,
        /// Audiences of the next access token.
        resources: Vec<String>,
        refresh_token: Secret,
    },
    /// Unknown, or not a token of this owner (client or first party).
    Unknown,
    Expired,
    /// The session had already ended, or a concurrent request has just used the token.
    Revoked,
    /// Reuse detected: the whole session has been ended.
    Replayed,
    /// The account's role now requires a second factor, which this sign-in did not have. The token stays valid in case
    /// the role no longer requires one later.
    NeedsFactor {
        /// Whether the account has a factor for the next sign-in.
        has_factor: bool,
    },
    /// More scopes were requested than granted. The token stays valid.
    ScopeTooWide,
    /// An audience was requested that was not granted, or none of the granted ones belongs to the client any more. The
    /// token stays valid.
    OtherResource,
}

impl Store {
    /// Uses a refresh token: one atomic check-and-set. Of concurrent uses exactly one rotates it.
    pub async fn rotate_refresh(
        &self,
        rotation: Rotation,
        context: AuditContext,
    ) -> Result<Refreshed, StoreError> {
        let used = rotation.used;
        if !matches!(used, Presented::Numbered { genuine: true, .. }) {
            // A guessed token is rejected here without using the writer.
            let found = self.read(move |conn| Ok(facts(conn, used)?.is_some()));
            if !found.await? {
                return Ok(Refreshed::Unknown);
            }
        }
        self.write(move |tx| rotate(tx, &rotation, &context)).await
    }

    /// As [`Store::session`]; on a cache miss, also reads the pages that the use of its refresh token changes. The
    /// writer, which all writes wait for, then does not wait for the disk.
    pub async fn session_to_refresh(
        &self,
        id: SessionId,
    ) -> Result<Option<SessionCore>, StoreError> {
        self.session_and(id, look_ahead).await
    }

    /// The session of a refresh token, and the token's expiry; `None` once it was used.
    pub async fn refresh_token(
        &self,
        shown: Presented,
    ) -> Result<Option<(Session, Option<Timestamp>)>, StoreError> {
        self.read(move |conn| {
            let Some(facts) = facts(conn, shown)? else {
                return Ok(None);
            };
            let RefreshState {
                session,
                family,
                shown,
            } = facts;
            let until = (family.newest == shown).then_some(family.expires_at);
            Ok(Some((session, until)))
        })
        .await
    }
}

/// The next entry after a session in each index that the use of its refresh token changes, and the account that the
/// decision depends on.
const NEIGHBOURS: &str = "SELECT (SELECT id FROM sessions WHERE last_seen_at = ?2 AND id >= ?1 ORDER BY id LIMIT 1), \
     (SELECT id FROM sessions WHERE idle_until = ?3 AND id >= ?1 AND revoked_at IS NULL ORDER BY id LIMIT 1), \
     (SELECT min(idle_until) FROM sessions WHERE user_id = ?4 AND idle_until >= ?3 AND revoked_at IS NULL), \
     (SELECT disabled_at FROM users WHERE id = ?4)";

/// Reads the pages that the use of a session's refresh token changes, and the page of its account.
fn look_ahead(conn: &Connection, session: &Session) -> Result<(), StoreError> {
    let session = params![
        session.id.0.to_bytes(),
        session.last_seen_at.0,
        session.idle_until.0,
        session.user_id.0.to_bytes()
    ];
    conn.prepare_cached(NEIGHBOURS)?
        .query_row(session, |_| Ok(()))?;
    Ok(())
}

fn rotate(
    tx: &mut WriteTx<'_>,
    rotation: &Rotation,
    context: &AuditContext,
) -> Result<Refreshed, StoreError> {
    let now = context.at;
    let Some(facts) = facts(tx.conn, rotation.used)? else {
        return Ok(Refreshed::Unknown);
    };
    let decision = match decided(tx, &facts, rotation, context)? {
        Ok(decision) => decision,
        Err(refused) => return Ok(refused),
    };
    let session = facts.session;
    let (account, resources) = match allowed(tx.conn, &session, rotation)? {
        Ok(allowed) => allowed,
        Err(refused) => return Ok(refused),
    };
    if tx.memory.demands_factor(&account.user.role) && !session.method.has_factor() {
        let has_factor = factors::has_factor(tx.conn, session.user_id)?;
        return Ok(Refreshed::NeedsFactor { has_factor });
    }
    let (family, windows) = (facts.family, rotation.windows);
    let next_until = rotation.next_until.min(session.expires_at);
    let refresh_token = rotation.next.token(session.id, family.next_generation());
    let next = refresh_token.digest();
    let next = match decision {
        Decision::Retry => family.retried(next, next_until),
        _ => family.rotated(next, next_until, now, windows),
    };
    keep(tx, rotation, &session, &next, now)?;
    dynamic_registration::session_used(tx, session.client_id, now)?;
    if decision == Decision::Retry {
        let (action, user) = ("session.refresh_retried", Some(session.user_id));
        tx.event(context, action, Some(&session.id), user, None)?;
    }
    let scope = credential::scopes_left(&session.scope, &account.may, None);
    Ok(Refreshed::Rotated {
        session,
        user: account.user,
        scope,
        resources,
        refresh_token,
    })
}

/// Returns [`Decision::Rotate`] or [`Decision::Retry`], or the result if the use ends here. Reuse ends the session.
fn decided(
    tx: &mut WriteTx<'_>,
    facts: &RefreshState,
    rotation: &Rotation,
    context: &AuditContext,
) -> Result<Result<Decision, Refreshed>, StoreError> {
    let (session, now) = (&facts.session, context.at);
    let lineage = session
        .client_id
        .map_or(RefreshOwner::FirstParty, RefreshOwner::Client);
    if lineage != rotation.owner {
        return Ok(Err(Refreshed::Unknown));
    }
    if session.revoked_at.is_some() {
        return Ok(Err(Refreshed::Revoked));
    }
    let decision = decide(&facts.family, facts.shown, now, rotation.windows);
    Ok(match decision {
        Decision::Rotate | Decision::Retry if session.is_live(now) => Ok(decision),
        Decision::Rotate | Decision::Retry | Decision::Expired => Err(Refreshed::Expired),
        Decision::Lost => Err(Refreshed::Revoked),
        Decision::Replay => {
            replayed(tx, session, context)?;
            Err(Refreshed::Replayed)
        }
    })
}

fn replayed(
    tx: &mut WriteTx<'_>,
    session: &Session,
    context: &AuditContext,
) -> Result<(), StoreError> {
    end(tx, session.id, context.at)?;
    let user = Some(session.user_id);
    let why = "refresh token reuse detected";
    tx.event(
        context,
        "session.replayed",
        Some(&session.id),
        user,
        Some(why),
    )
}

/// The account of a session and the audiences of its next token, or the result if the request is rejected.
fn allowed(
    conn: &Connection,
    session: &Session,
    rotation: &Rotation,
) -> Result<Result<(Account, Vec<String>), Refreshed>, StoreError> {
    let wide = |wanted: &ScopeSet| !session.scope.covers_all(wanted);
    if rotation.scope.as_ref().is_some_and(wide) {
        return Ok(Err(Refreshed::ScopeTooWide));
    }
    // First-party sessions have no granted audiences.
    let granted = match session.client_id {
        Some(_) => resources(conn, session.id)?,
        None => Vec::new(),
    };
    // Audiences that the client has lost since are no longer granted.
    let still = match session.client_id {
        Some(client) => audiences::still_registered(conn, client, &granted, &rotation.issuer)?,
        None => Vec::new(),
    };
    let asked = &rotation.resources;
    let is_lost = !granted.is_empty() && still.is_empty();
    if is_lost || !granted.is_empty() && !asked.iter().all(|uri| still.contains(uri)) {
        return Ok(Err(Refreshed::OtherResource));
    }
    let account = accounts::account(conn, session.user_id)?;
    let Some(account) = account.filter(|account| account.user.is_enabled()) else {
        return Ok(Err(Refreshed::Revoked));
    };
    Ok(Ok((account, credential::audience(asked, still))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::test::plan;

    /// A lookup by another path would leave the read of the changed page to the writer.
    #[test]
    fn what_a_use_changes_is_read_in_each_index_of_it() {
        let plan = plan(NEIGHBOURS);
        for way in [
            "COVERING INDEX sessions_seen (last_seen_at=? AND id>?)",
            "INDEX sessions_idle (idle_until=? AND id>?)",
            "COVERING INDEX sessions_live (user_id=? AND idle_until>?)",
        ] {
            assert!(plan.contains(way), "{way}: {plan}");
        }
    }
}
