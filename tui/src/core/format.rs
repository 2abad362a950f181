//! Times and sizes, as people read them.

use doorward_shared::{
    Timestamp,
    admin::{BackupPhase, BackupProgress},
};

use crate::core::time_zone;

/// `12s`, `5m`, `3h`, `12d`, `4y`.
pub(crate) fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..63_072_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// How long ago, or how soon: `5m ago`, `in 3d`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds() - at.seconds();
    let length = span(seconds.unsigned_abs());
    if seconds.abs() < 2 {
        "now".into()
    } else if seconds > 0 {
        format!("{length} ago")
    } else {
        format!("in {length}")
    }
}

pub(crate) fn maybe(at: Option<Timestamp>, now: Timestamp, never: &str) -> String {
    at.map_or_else(|| never.into(), |at| relative(at, now))
}

/// To the second, with the relative time.
pub(crate) fn full(at: Timestamp, now: Timestamp) -> String {
    format!("{}  ({})", second(at), relative(at, now))
}

/// `2026-11-24 21:40:03 CET`.
pub(crate) fn second(at: Timestamp) -> String {
    time_zone::full(at)
}

/// `21:40:03`, with the date where it is not today's.
pub(crate) fn clock(at: Timestamp, now: Timestamp) -> String {
    let (text, today) = (time_zone::second(at), time_zone::second(now));
    match (text.get(..10), text.get(11..)) {
        (Some(date), Some(time)) if today.starts_with(date) => time.to_owned(),
        _ => text.get(5..16).unwrap_or(&text).to_owned(),
    }
}

/// `1.5 MiB`.
pub(crate) fn bytes(size: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1024. && unit + 1 < units.len() {
        value /= 1024.;
        unit += 1;
    }
    if unit == 0 {
        format!("{size} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// `1,234,567`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 session`, `2 sessions`.
pub(crate) fn count(value: u64, noun: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", number(value))
}

/// How far a backup is. A copy without free pages ends before the number it began with.
pub(crate) fn backup_progress(backup: &BackupProgress) -> String {
    match backup.phase {
        BackupPhase::Copying => format!(
            "{} of at most {} copied",
            bytes(backup.bytes),
            bytes(backup.of_bytes)
        ),
        BackupPhase::Checking => format!("{} copied, being checked", bytes(backup.bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
        assert_eq!(relative(now.plus_seconds(-300), now), "5m ago");
        assert_eq!(relative(now.plus_seconds(3 * 86_400), now), "in 3d");
        assert_eq!(relative(now, now), "now");
        assert_eq!(clock(now.plus_seconds(-3_600), now), "11:00:00");
        assert_eq!(clock(now.plus_seconds(-86_400), now), "11-23 12:00");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(bytes(1_572_864), "1.5 MiB");
    }
}
