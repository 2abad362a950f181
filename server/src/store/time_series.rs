//! Time series of events: per minute for the last day, and per hour for the last 90 days.

use doorward_shared::{
    Timestamp,
    admin::{Minute, SeriesBy},
};

use super::{
    Store, StoreError,
    sql::{self, Connection, OptionalExtension, Row, params},
};
use crate::domain::Latencies;

const HOUR: i64 = 3_600;

/// Retention of rows, in seconds.
fn kept(by: SeriesBy) -> i64 {
    match by {
        SeriesBy::Minute => 24 * HOUR,
        SeriesBy::Hour => 90 * 24 * HOUR,
    }
}

fn table(by: SeriesBy) -> &'static str {
    match by {
        SeriesBy::Minute => "minutes",
        SeriesBy::Hour => "hours",
    }
}

/// The start of the hour an instant lies in.
pub(crate) fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(1000 * HOUR))
}

impl Store {
    /// The stored series since a time, oldest first, without the unfinished interval.
    pub(crate) async fn series(
        &self,
        by: SeriesBy,
        since: Timestamp,
    ) -> Result<Vec<Minute>, StoreError> {
        self.read(move |conn| series(conn, by, since)).await
    }

    /// Stores one minute, merged with what an earlier process has written for it, adds it to its hour, and deletes
    /// expired rows. Of two parts of a minute, the latency is that of the one with more requests.
    pub(crate) async fn put_minute(
        &self,
        minute: Minute,
        latencies: Latencies,
    ) -> Result<(), StoreError> {
        self.write(move |tx| put_minute(tx.conn, &minute, &latencies))
            .await
    }
}

fn put_minute(conn: &Connection, minute: &Minute, latencies: &Latencies) -> Result<(), StoreError> {
    for by in [SeriesBy::Minute, SeriesBy::Hour] {
        let floor = minute.time.plus_seconds(-kept(by));
        conn.prepare_cached(&format!("DELETE FROM {} WHERE time < ?1", table(by)))?
            .execute([floor.0])?;
    }
    put(conn, SeriesBy::Minute, minute)?;
    let time = hour_of(minute.time);
    let before: Option<Vec<u8>> = conn
        .prepare_cached("SELECT latencies FROM hours WHERE time = ?1")?
        .query_row([time.0], |row| row.get(0))
        .optional()?;
    let all = Latencies::from_bytes(&before.unwrap_or_default()).plus(latencies);
    let hour = Minute { time, ..*minute };
    put(conn, SeriesBy::Hour, &hour)?;
    conn.prepare_cached(
        "UPDATE hours SET latencies = ?2, p50_ms = ?3, p95_ms = ?4 WHERE time = ?1",
    )?
    .execute(params![
        time.0,
        all.to_bytes(),
        all.percentile(0.5),
        all.percentile(0.95)
    ])?;
    Ok(())
}

/// Adds a part to its row.
fn put(conn: &Connection, by: SeriesBy, part: &Minute) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO {} AS kept (time, logins, failures, registrations, tokens, refusals, requests, active_sessions, p50_ms, p95_ms)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (time) DO UPDATE SET logins = kept.logins + excluded.logins,
           failures = kept.failures + excluded.failures, registrations = kept.registrations + excluded.registrations,
           tokens = kept.tokens + excluded.tokens, refusals = kept.refusals + excluded.refusals,
           requests = kept.requests + excluded.requests, active_sessions = excluded.active_sessions,
           p50_ms = CASE WHEN excluded.requests >= kept.requests THEN excluded.p50_ms ELSE kept.p50_ms END,
           p95_ms = CASE WHEN excluded.requests >= kept.requests THEN excluded.p95_ms ELSE kept.p95_ms END",
        table(by)
    );
    conn.prepare_cached(&sql)?.execute(params![
        part.time.0,
        part.logins,
        part.failures,
        part.registrations,
        part.tokens,
        part.refusals,
        part.requests,
        part.active_sessions,
        part.p50_ms,
        part.p95_ms
    ])?;
    Ok(())
}

fn series(conn: &Connection, by: SeriesBy, since: Timestamp) -> Result<Vec<Minute>, StoreError> {
    let sql = format!(
        "SELECT time, logins, failures, registrations, tokens, refusals, requests, active_sessions, p50_ms, p95_ms \
         FROM {} WHERE time >= ?1 ORDER BY time LIMIT 4000",
        table(by)
    );
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map([since.0], minute)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn minute(row: &Row<'_>) -> sql::Result<Minute> {
    Ok(Minute {
        time: Timestamp(row.get(0)?),
        logins: row.get(1)?,
        failures: row.get(2)?,
        registrations: row.get(3)?,
        tokens: row.get(4)?,
        refusals: row.get(5)?,
        requests: row.get(6)?,
        active_sessions: row.get(7)?,
        p50_ms: row.get(8)?,
        p95_ms: row.get(9)?,
    })
}

/// The earliest time that can be returned, limited by the retention.
pub(crate) fn floor(by: SeriesBy, now: Timestamp, since: Option<Timestamp>) -> Timestamp {
    let oldest = now.plus_seconds(-kept(by));
    since.map_or(oldest, |since| Timestamp(since.0.max(oldest.0)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::latency::{BUCKETS, bucket},
        store::sqlite::test::database,
    };

    fn took(milliseconds: u64, count: u64) -> Latencies {
        let mut counts = [0; BUCKETS];
        counts[bucket(Duration::from_millis(milliseconds))] = count;
        Latencies::new(counts)
    }

    fn part(time: i64, requests: u64, active_sessions: u64, p50_ms: f64) -> Minute {
        Minute {
            time: Timestamp(time),
            logins: requests,
            failures: 1,
            registrations: 2,
            tokens: 3,
            refusals: 4,
            requests,
            active_sessions,
            p50_ms,
            p95_ms: 2. * p50_ms,
        }
    }

    #[test]
    fn both_parts_of_a_minute_in_which_the_server_restarted_count() {
        let conn = database();
        put_minute(&conn, &part(60_000, 10, 5, 1.), &took(1, 10)).unwrap();
        put_minute(&conn, &part(60_000, 4, 6, 8.), &took(8, 4)).unwrap();
        let both = Minute {
            failures: 2,
            registrations: 4,
            tokens: 6,
            refusals: 8,
            ..part(60_000, 14, 6, 1.)
        };
        let found = series(&conn, SeriesBy::Minute, Timestamp(0)).unwrap();
        assert_eq!(found, [both]);
    }

    #[test]
    fn an_hour_is_the_sum_of_its_minutes_and_its_percentile_that_of_all_its_requests() {
        let conn = database();
        for minute in 0..60 {
            let slow = if minute < 4 { 100 } else { 2 };
            put_minute(
                &conn,
                &part(minute * 60_000, 10, 7, slow as f64),
                &took(slow, 10),
            )
            .unwrap();
        }
        put_minute(&conn, &part(3_600_000, 1, 8, 1.), &took(1, 1)).unwrap();
        let hours = series(&conn, SeriesBy::Hour, Timestamp(0)).unwrap();
        let times: Vec<_> = hours.iter().map(|hour| hour.time.0).collect();
        assert_eq!(times, [0, 3_600_000]);
        assert_eq!((hours[0].requests, hours[0].refusals), (600, 240));
        // A fifteenth of the requests was slow: more than a twentieth.
        assert!(
            (100. ..=125.).contains(&hours[0].p95_ms),
            "{}",
            hours[0].p95_ms
        );
        assert!(
            (2. ..=2.5).contains(&hours[0].p50_ms),
            "{}",
            hours[0].p50_ms
        );
    }

    #[test]
    fn a_day_of_minutes_and_90_days_of_hours_are_kept_and_no_more() {
        let conn = database();
        let day = 86_400_000;
        for at in [0, day, 89 * day, 90 * day, 90 * day + 3_600_000] {
            put_minute(&conn, &part(at, 1, 1, 1.), &took(1, 1)).unwrap();
        }
        let times = |by| {
            let rows = series(&conn, by, Timestamp(0)).unwrap();
            rows.iter().map(|row| row.time.0).collect::<Vec<_>>()
        };
        assert_eq!(times(SeriesBy::Minute), [90 * day, 90 * day + 3_600_000]);
        let hours = [day, 89 * day, 90 * day, 90 * day + 3_600_000];
        assert_eq!(times(SeriesBy::Hour), hours);
    }
}
