//! Statistics over the stored data: totals, and the addresses and accounts with the most failed sign-ins.

use std::collections::BTreeMap;

use doorward_shared::{
    Timestamp, UserId,
    admin::{FailingAccount, FailingAddress, FailingNetwork, Stats, Totals},
};

use super::{
    Store, StoreError, bulk_revocations, pending_bulk_revocations,
    row_counts::{self, Count},
    row_mapping,
    sql::{Connection, params},
};
use crate::domain::ip_prefix::provider_prefix;

/// Maximum refused sign-ins examined for the worst addresses and accounts.
const FAILURES: u32 = 20_000;
/// Number of addresses and accounts listed.
const WORST: u32 = 10;

impl Store {
    /// Current totals and the worst of the last hour; the time series is left empty.
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, StoreError> {
        self.read(move |conn| {
            let count = |sql: &str| -> Result<u64, StoreError> {
                Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
            };
            let soon = now.plus_seconds(7 * 86_400);
            let pending = if bulk_revocations::any(conn)? {
                format!("AND NOT {}", bulk_revocations::KEY_ENDS)
            } else {
                String::new()
            };
            let expiring = format!(
                "SELECT count(*) FROM api_keys k WHERE k.expires_at > ?1 AND k.expires_at < ?2 \
                 AND (k.revoked_at IS NULL OR k.revoked_at > ?1) {pending}"
            );
            let keys = format!(
                "SELECT count(*) FROM api_keys k WHERE (k.revoked_at IS NULL OR k.revoked_at > ?1) \
                 AND (k.expires_at IS NULL OR k.expires_at > ?1) {pending}"
            );
            let addresses = failing(conn, now)?;
            Ok(Stats {
                time: now,
                now: Totals {
                    users: row_counts::stored_count(conn, Count::Users)?,
                    disabled_users: count(
                        "SELECT count(*) FROM users WHERE disabled_at IS NOT NULL",
                    )?,
                    active_sessions: active(conn, now)?,
                    api_keys: conn
                        .prepare_cached(&keys)?
                        .query_row([now.0], |row| row.get(0))?,
                    clients: count("SELECT count(*) FROM clients")?,
                },
                series: Vec::new(),
                failures: addresses.iter().map(|one| one.failures).sum(),
                failing_networks: by_network(&addresses),
                failing_addresses: addresses.into_iter().take(WORST as usize).collect(),
                failing_accounts: failing_accounts(conn, now)?,
                keys_expiring: conn
                    .prepare_cached(&expiring)?
                    .query_row([now.0, soon.0], |row| row.get(0))?,
            })
        })
        .await
    }

    /// Number of live sessions.
    pub(crate) async fn active_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.read(move |conn| active(conn, now)).await
    }

    /// Checks that the disk accepts a commit.
    pub(crate) async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            // A different value each time: SQLite does not write an unchanged row.
            tx.conn
                .prepare_cached("INSERT INTO meta VALUES ('probe', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value")?
                .execute([now.to_string()])?;
            Ok(())
        })
        .await
    }
}

/// Number of live sessions, by the same rule as `Session::is_live`: unrevoked ones minus the few that have expired but
/// are not yet deleted, which have an index of their own, and those that a pending bulk revocation has ended.
pub(super) fn active(conn: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT rows - (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND idle_until <= ?1) \
               FROM counts WHERE name = 'sessions_unrevoked'";
    let rows: i64 = conn
        .prepare_cached(sql)?
        .query_row([now.0], |row| row.get(0))?;
    let rows = u64::try_from(rows).unwrap_or_default();
    Ok(rows.saturating_sub(pending_bulk_revocations::pending_live(conn, now)?))
}

/// The smallest id that an event of the last hour can have.
fn an_hour_ago(now: Timestamp) -> [u8; 16] {
    row_mapping::first_id(now.plus_seconds(-3600))
}

/// Refused sign-ins of the last hour by IP address, worst first. One event may stand for several.
fn failing(conn: &Connection, now: Timestamp) -> Result<Vec<FailingAddress>, StoreError> {
    let sql = "SELECT ip, sum(n) AS failures FROM (SELECT ip, coalesce(count, 1) AS n FROM events \
               WHERE action = 'login.failed' AND id >= ?1 AND ip IS NOT NULL ORDER BY id DESC LIMIT ?2) AS refused \
               GROUP BY ip ORDER BY failures DESC, ip";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![an_hour_ago(now), FAILURES], |row| {
        Ok(FailingAddress {
            ip: row.get(0)?,
            failures: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The same by network, worst first.
fn by_network(addresses: &[FailingAddress]) -> Vec<FailingNetwork> {
    let mut networks: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for one in addresses {
        let Ok(ip) = one.ip.parse() else { continue };
        let found = networks.entry(provider_prefix(ip).to_string()).or_default();
        found.0 += one.failures;
        found.1 += 1;
    }
    let rows = networks
        .into_iter()
        .map(|(network, (failures, addresses))| FailingNetwork {
            network,
            failures,
            addresses,
        });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.failures));
    rows.truncate(WORST as usize);
    rows
}

fn failing_accounts(conn: &Connection, now: Timestamp) -> Result<Vec<FailingAccount>, StoreError> {
    let sql = "SELECT u.id, u.email, sum(e.n) AS failures FROM (SELECT user_id, coalesce(count, 1) AS n FROM events \
               WHERE action = 'login.failed' AND id >= ?1 AND user_id IS NOT NULL ORDER BY id DESC LIMIT ?2) AS e \
               JOIN users u ON u.id = e.user_id GROUP BY u.id, u.email ORDER BY failures DESC LIMIT ?3";
    let mut select = conn.prepare_cached(sql)?;
    let rows = select.query_map(params![an_hour_ago(now), FAILURES, WORST], |row| {
        Ok(FailingAccount {
            user_id: UserId(row_mapping::ulid(row, 0)?),
            email: row.get(1)?,
            failures: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::test::database;

    #[test]
    fn addresses_of_one_network_are_added_up() {
        let at = |ip: &str, failures| FailingAddress {
            ip: ip.into(),
            failures,
        };
        let addresses = [
            at("203.0.113.7", 3),
            at("2001:db8:1:2::9", 4),
            at("203.0.113.200", 2),
            at("2001:db8:1:3::9", 1),
        ];
        let found = by_network(&addresses);
        let rows: Vec<_> = found
            .iter()
            .map(|row| (&*row.network, row.failures, row.addresses))
            .collect();
        assert_eq!(rows, [("2001:db8:1::/48", 5, 2), ("203.0.113.0/24", 5, 2)]);
    }

    #[test]
    fn sessions_that_are_live_are_known_from_what_is_kept() {
        let conn = database();
        let now = Timestamp(1000);
        for n in 0_u8..60 {
            let revoked = (n % 3 == 0).then_some(1);
            let until = if n % 5 == 0 { now.0 } else { now.0 + 1 };
            conn.execute(
                "INSERT INTO sessions (id, user_id, scope, ip, created_at, last_seen_at, expires_at, idle_until, revoked_at) \
                 VALUES (?1, ?1, '', x'00', 0, 0, ?2, ?2, ?3)",
                params![[n; 16], until, revoked],
            )
            .unwrap();
        }
        row_counts::recount(&conn).unwrap();
        let count = |sql: &str| -> u64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
        let all = count("SELECT count(*) FROM sessions");
        let live =
            count("SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND idle_until > 1000");
        assert_eq!(active(&conn, now).unwrap(), live);
        assert!(0 < live && live < all, "{live} of {all}");
    }
}
