//! The zone in which times are shown: this machine's, or UTC where that was asked for.

use std::sync::OnceLock;

use doorward_shared::Timestamp;
use jiff::tz::TimeZone;

/// Chosen once, when the program starts: like the environment it comes from, it does not change while it runs. UTC before.
static ZONE: OnceLock<TimeZone> = OnceLock::new();

/// Chooses it.
pub(crate) fn choose(zone: TimeZone) {
    let _ = ZONE.set(zone);
}

fn zoned(at: Timestamp, format: &str) -> Option<String> {
    let zone = ZONE.get().cloned().unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(at.to_zoned_datetime(zone).strftime(format).to_string())
}

/// `2026-11-24 21:40:03`.
pub(crate) fn second(at: Timestamp) -> String {
    zoned(at, "%Y-%m-%d %H:%M:%S").unwrap_or_else(|| at.to_string())
}

/// `Tue 24`.
pub(crate) fn weekday(at: Timestamp) -> String {
    zoned(at, "%a %-d").unwrap_or_default()
}

/// `Tue 24 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    zoned(at, "%a %-d %b").unwrap_or_default()
}

/// `21:40`.
pub(crate) fn minute(at: Timestamp) -> String {
    zoned(at, "%H:%M").unwrap_or_default()
}

/// Seconds that the local clock is ahead of UTC at that time.
pub(crate) fn offset(at: Timestamp) -> i64 {
    let zone = ZONE.get().cloned().unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_millisecond(at.0);
    at.map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
}

/// `CET`, `UTC`, or an offset where the zone has no such name; at that time, since summer has another.
pub(crate) fn name(at: Timestamp) -> String {
    zoned(at, "%Z").unwrap_or_else(|| "UTC".into())
}

/// `2026-11-24 21:40:03 CET`.
pub(crate) fn full(at: Timestamp) -> String {
    format!("{} {}", second(at), name(at))
}
