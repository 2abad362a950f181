//! Stored usage of API keys: consumption of their limits, and use counts.

use std::collections::BTreeMap;

use doorward_shared::{
    KeyId, Timestamp,
    apikey::{UsageBy, UsagePoint},
};

use super::{
    Store, StoreError,
    sql::{self, OptionalExtension, Row, params},
};
use crate::{
    domain::rules::{
        key_usage::{Meter, Period, day_of, month_after, month_of},
        sliding_window::SlidingWindow,
    },
    state::Uses,
};

const DAY: i64 = 86_400_000;
/// Rows per transaction, so that other writes are not delayed.
const ROWS_PER_UNIT: usize = 200;
/// Retention of hourly and daily use counts, in days: 35 days and 13 months.
pub(super) const KEEP_HOURS: i64 = 35;
pub(super) const KEEP_DAYS: i64 = 396;

/// The requested part of a key's use counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsageRange {
    pub by: UsageBy,
    pub from: Option<Timestamp>,
    /// Until now, if absent.
    pub to: Option<Timestamp>,
}

impl Store {
    /// A key's consumption when it was last written; `None` if it never had a limit.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn key_meter(
        &self,
        id: KeyId,
        now: Timestamp,
    ) -> Result<Option<Meter>, StoreError> {
        self.read(move |conn| {
            let sql =
                "SELECT day, day_spent, month, month_spent, \"window\", (SELECT max(rate_seconds) FROM api_keys \
                 WHERE id = ?1 OR meter_id = ?1) FROM key_meters WHERE id = ?1";
            let mut select = conn.prepare_cached(sql)?;
            let found = select.query_row([id.0.to_bytes()], |row| meter(row, now));
            Ok(found.optional()?)
        })
        .await
    }

    /// Writes the consumption of keys.
    ///
    /// # Errors
    /// [`StoreError`], with the entries not written.
    pub(crate) async fn write_key_meters(
        &self,
        mut meters: Vec<(KeyId, Meter)>,
        now: Timestamp,
    ) -> Result<(), (StoreError, Vec<KeyId>)> {
        while !meters.is_empty() {
            let some = meters.split_off(meters.len().saturating_sub(ROWS_PER_UNIT));
            let ids: Vec<_> = some.iter().map(|(id, _)| *id).collect();
            let written = self.write(move |tx| {
                let mut put = tx.conn.prepare_cached(
                    "INSERT INTO key_meters (id, changed_at, day, day_spent, month, month_spent, \"window\") \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
                     changed_at = excluded.changed_at, day = excluded.day, day_spent = excluded.day_spent, \
                     month = excluded.month, month_spent = excluded.month_spent, \"window\" = excluded.\"window\"",
                )?;
                for (id, meter) in some {
                    put.execute(params![
                        id.0.to_bytes(),
                        now.0,
                        meter.day.start,
                        stored(meter.day.spent),
                        meter.month.start,
                        stored(meter.month.spent),
                        packed(&meter.window)
                    ])?;
                }
                Ok(())
            });
            if let Err(error) = written.await {
                let left = meters.into_iter().map(|(id, _)| id);
                return Err((error, ids.into_iter().chain(left).collect()));
            }
        }
        Ok(())
    }

    /// Adds to the hourly use counts of keys.
    ///
    /// # Errors
    /// [`StoreError`], with the counts not added.
    pub(crate) async fn add_key_uses(
        &self,
        mut uses: Vec<((KeyId, Timestamp), Uses)>,
    ) -> Result<(), (StoreError, Vec<((KeyId, Timestamp), Uses)>)> {
        while !uses.is_empty() {
            let some = uses.split_off(uses.len().saturating_sub(ROWS_PER_UNIT));
            let written = some.clone();
            let added = self.write(move |tx| {
                for (table, day) in [("key_hours", false), ("key_days", true)] {
                    let mut add = tx.conn.prepare_cached(&format!(
                        "INSERT INTO {table} AS kept (key_id, time, valid, refused) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (key_id, time) DO UPDATE SET valid = kept.valid + excluded.valid, \
                         refused = kept.refused + excluded.refused"
                    ))?;
                    for ((key, hour), uses) in &written {
                        let time = if day { day_of(hour.0) } else { hour.0 };
                        add.execute(params![key.0.to_bytes(), time, uses.valid, uses.refused])?;
                    }
                }
                Ok(())
            });
            match added.await {
                Ok(()) => {}
                // The count may already be stored. Adding it twice would be wrong forever, so it is dropped.
                Err(error @ StoreError::Uncertain(_)) => return Err((error, uses)),
                Err(error) => {
                    uses.extend(some);
                    return Err((error, uses));
                }
            }
        }
        Ok(())
    }

    /// Use counts of a key, in the hours or days that overlap `of`, including counts not written yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn key_usage(
        &self,
        id: KeyId,
        of: UsageRange,
        unwritten: Vec<(Timestamp, Uses)>,
        now: Timestamp,
    ) -> Result<Vec<UsagePoint>, StoreError> {
        let (table, step, keep) = match of.by {
            UsageBy::Hour => ("key_hours", 3_600_000, KEEP_HOURS),
            UsageBy::Day => ("key_days", 86_400_000, KEEP_DAYS),
        };
        let kept = now.plus_seconds(-keep * 86_400).0;
        let from = of.from.map_or(kept, |from| from.0.max(kept));
        let from = from - from.rem_euclid(step);
        let to = of.to.map_or(now.0 + 1000, |to| to.0);
        let mut points = self
            .read(move |conn| {
                let sql = format!(
                    "SELECT time, valid, refused FROM {table} WHERE key_id = ?1 AND time >= ?2 AND time < ?3"
                );
                let mut select = conn.prepare_cached(&sql)?;
                let rows = select.query_map(params![id.0.to_bytes(), from, to], |row| {
                    let uses = Uses {
                        valid: row.get(1)?,
                        refused: row.get(2)?,
                    };
                    Ok((row.get::<_, i64>(0)?, uses))
                })?;
                Ok(rows.collect::<Result<BTreeMap<_, _>, _>>()?)
            })
            .await?;
        for (hour, more) in unwritten {
            let time = hour.0 - hour.0.rem_euclid(step);
            if (from..to).contains(&time) {
                let uses = points.entry(time).or_default();
                uses.valid += more.valid;
                uses.refused += more.refused;
            }
        }
        let point = |(time, uses): (i64, Uses)| UsagePoint {
            time: Timestamp(time),
            valid: uses.valid,
            refused: uses.refused,
        };
        Ok(points.into_iter().map(point).collect())
    }
}

fn meter(row: &Row<'_>, now: Timestamp) -> sql::Result<Meter> {
    let period = |at: usize| {
        Ok::<_, sql::Error>(Period {
            start: row.get(at)?,
            spent: row.get(at + 1)?,
        })
    };
    let (today, this_month) = (day_of(now.0), month_of(now.0));
    let window = row.get_ref(4)?.as_blob()?;
    let longest: Option<i64> = row.get(5)?;
    Ok(Meter {
        longest: longest.unwrap_or_default() * 1000,
        window: SlidingWindow::from_entries(unpacked(window), now.0),
        day: period(0)?.taken_up(today, today + DAY),
        month: period(2)?.taken_up(this_month, month_after(this_month)),
    })
}

/// SQLite integers end at 2^63 - 1.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Encodes a window: per entry the time since the previous one, in milliseconds, and the cost, each as a
/// variable-length integer with seven bits per byte, least significant first.
fn packed(window: &SlidingWindow) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |mut number: u64| {
        while number >= 0x80 {
            bytes.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    };
    let mut last = 0;
    for (at, cost) in window.entries() {
        put(u64::try_from(at - last).unwrap_or_default());
        put(cost);
        last = at;
    }
    bytes
}

/// Decodes the output of [`packed`]; stops at truncated data.
fn unpacked(bytes: &[u8]) -> Vec<(i64, u64)> {
    let mut bytes = bytes.iter();
    let mut next = || {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    };
    let mut entries = Vec::new();
    let mut last = 0_i64;
    while let (Some(pause), Some(cost)) = (next(), next()) {
        last = last.saturating_add(i64::try_from(pause).unwrap_or(i64::MAX));
        entries.push((last, cost));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_back_as_it_was_written() {
        let mut window = SlidingWindow::default();
        for at in [1_764_000_000_000, 1_764_000_000_001, 1_764_000_086_400] {
            window.spend(1 + (at as u64 % 300), 1000, 60_000, at);
        }
        let bytes = packed(&window);
        assert!(bytes.len() < 20, "{}", bytes.len());
        let entries: Vec<_> = window.entries().collect();
        assert_eq!(unpacked(&bytes), entries);
        assert!(unpacked(&[0xff; 40]).is_empty());
    }
}
