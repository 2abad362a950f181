//! The effect of pending bulk revocations on lists and counts that read the rows.

use doorward_shared::Timestamp;

use super::{
    StoreError,
    bulk_revocations::ends_session,
    sql::{Connection, by_index, no_index, params},
};

/// Of an account's sessions, those that a pending bulk revocation of the whole account leaves: newer ones and those it
/// keeps. An expression for `s.id IN (…)` with the account twice and the result of `floor` between.
pub(super) const LEFT_OF: &str = "SELECT id FROM sessions WHERE user_id = ? AND id > ? \
     UNION ALL SELECT keep_id FROM endings WHERE user_id = ? AND keep_id IS NOT NULL";

/// Unrevoked sessions whose idle expiry is after the one parameter. Of accounts with a pending bulk revocation of all
/// sessions, only newer ones and those it keeps. The index `sessions_live` suffices; without it each row of the table
/// would be looked up.
pub(super) const LEFT: &str = concat!(
    "SELECT l.id FROM sessions l ",
    by_index!("sessions_live"),
    " WHERE l.revoked_at IS NULL AND l.idle_until > ? AND l.user_id NOT IN (SELECT user_id FROM endings WHERE WHOLE) \
     UNION ALL SELECT l.id FROM endings e JOIN sessions l ON l.user_id = e.user_id AND l.id > e.last_id WHERE e.user_id IS NOT NULL \
     UNION ALL SELECT keep_id FROM endings WHERE keep_id IS NOT NULL"
);

/// Pending bulk revocations of all sessions of an account.
const WHOLE: &str = "what = 'sessions' AND user_id IS NOT NULL AND client_id IS NULL AND first_ip IS NULL \
     AND made_until = 9223372036854775807";

/// [`LEFT`], as the engine reads it.
pub(super) fn left() -> String {
    LEFT.replace("WHOLE", WHOLE)
}

/// Pending bulk revocations of sessions, if each of them covers all sessions of a different account.
fn whole(conn: &Connection) -> Result<Option<Vec<WholeRevocation>>, StoreError> {
    let sql = format!(
        "SELECT user_id, last_id, keep_id, made_before, {WHOLE} FROM endings WHERE what = 'sessions' ORDER BY user_id"
    );
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map([], |row| {
        let is_whole = row.get::<_, Option<bool>>(4)?.unwrap_or_default();
        Ok(if is_whole {
            Some(WholeRevocation {
                user: row.get(0)?,
                last: row.get(1)?,
                keep: row.get(2)?,
                made_before: row.get(3)?,
            })
        } else {
            None
        })
    })?;
    let found = rows.collect::<Result<Option<Vec<_>>, _>>()?;
    let distinct =
        |found: &Vec<WholeRevocation>| found.windows(2).all(|two| two[0].user != two[1].user);
    Ok(found.filter(distinct))
}

/// Of an account's live sessions, those that a pending bulk revocation of the whole account has ended: from the index
/// alone.
const ENDED_BY_WHOLE: &str = concat!(
    "SELECT count(*) FROM sessions WHERE user_id = ?1 AND revoked_at IS NULL AND idle_until > ?2 AND ",
    no_index!("id"),
    " <= ?3 AND id IS DISTINCT FROM ?4"
);

/// The rest of [`ENDED_BY_WHOLE`]: sessions with a later, imported id. All later sessions are examined, which are few.
const ENDED_OF_LATER_ID: &str = concat!(
    "SELECT count(*) FROM sessions WHERE user_id = ?1 AND id > ?3 AND revoked_at IS NULL AND ",
    no_index!("idle_until"),
    " > ?2 AND id IS DISTINCT FROM ?4 AND created_at < ?5"
);

struct WholeRevocation {
    user: [u8; 16],
    last: [u8; 16],
    keep: Option<[u8; 16]>,
    made_before: i64,
}

/// Number of sessions that are live in their rows but ended by a pending bulk revocation.
pub(super) fn pending_live(conn: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    if let Some(whole) = whole(conn)? {
        let mut pending = 0;
        for ending in whole {
            let values = params![ending.user, now.0, ending.last, ending.keep];
            let mut select = conn.prepare_cached(ENDED_BY_WHOLE)?;
            pending += select.query_row(values, |row| row.get::<_, u64>(0))?;
            let mut select = conn.prepare_cached(ENDED_OF_LATER_ID)?;
            let values = params![
                ending.user,
                now.0,
                ending.last,
                ending.keep,
                ending.made_before
            ];
            pending += select.query_row(values, |row| row.get::<_, u64>(0))?;
        }
        return Ok(pending);
    }
    let mut endings =
        conn.prepare_cached("SELECT id, user_id, client_id FROM endings WHERE what = 'sessions'")?;
    type Of = ([u8; 16], Option<[u8; 16]>, Option<[u8; 16]>);
    let found: Vec<Of> = endings
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut pending = 0;
    for (id, user, client) in found {
        // The leading column of an index; the bulk revocation itself has the other conditions. A row that two of them
        // match counts once.
        let (narrow, of) = match (user, client) {
            (Some(user), _) => ("s.user_id = ?3", user),
            (None, Some(client)) => ("s.client_id = ?3", client),
            (None, None) => ("f.id = ?3", id),
        };
        let sql = format!(
            "SELECT count(*) FROM endings f JOIN sessions s ON {} WHERE f.id = ?1 AND {narrow} AND s.revoked_at IS NULL \
             AND s.idle_until > ?2 AND NOT EXISTS (SELECT 1 FROM endings e WHERE e.id < f.id AND {})",
            ends_session!("f"),
            ends_session!("e"),
        );
        let mut select = conn.prepare_cached(&sql)?;
        pending += select.query_row(params![id, now.0, of], |row| row.get::<_, u64>(0))?;
    }
    Ok(pending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{bulk_revocations::SESSION_ENDS, sqlite::test::plan};

    /// With 200,000 sessions, a table lookup per index entry is what other reads would wait for.
    #[test]
    fn what_a_pending_ending_has_ended_is_passed_over_without_a_look_at_its_rows() {
        let of_account = "sessions_user (user_id=? AND id>?)";
        let left = plan(&left());
        assert!(left.contains("COVERING INDEX sessions_live"), "{left}");
        assert!(left.contains(of_account), "{left}");
        let of_one = plan(LEFT_OF);
        assert!(
            of_one.contains(&format!("COVERING INDEX {of_account}")),
            "{of_one}"
        );
        let ended = plan(ENDED_BY_WHOLE);
        assert!(
            ended.contains("COVERING INDEX sessions_live (user_id=? AND idle_until>?)"),
            "{ended}"
        );
        let later = plan(ENDED_OF_LATER_ID);
        assert!(later.contains(of_account), "{later}");
        for through in [left.as_str(), &of_one, &ended, &later] {
            assert!(!through.contains("sessions_idle"), "{through}");
        }
        let list = plan(&format!(
            "SELECT s.id, s.scope FROM sessions s WHERE s.revoked_at IS NULL AND s.idle_until > ? AND NOT {SESSION_ENDS} \
             AND s.id IN ({}) ORDER BY s.id DESC LIMIT 21",
            super::left()
        ));
        assert!(list.contains("SEARCH s USING PRIMARY KEY (id=?)"), "{list}");
    }
}
