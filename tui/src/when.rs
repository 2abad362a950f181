//! Times as people type them.

use doorward_shared::Timestamp;

/// A time: RFC 3339.
///
/// # Errors
/// What it must be.
pub fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "must be an RFC 3339 time, such as 2027-01-31T00:00:00Z, or 30d, 24h, 15m".to_owned()
    })
}

/// A time, or 90s, 15m, 24h, 30d, 2w after `now`.
///
/// # Errors
/// What it must be.
pub fn ahead_of(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    relative(text).map_or_else(|| time(text), |seconds| Ok(now.plus_seconds(seconds)))
}

/// A time, or 90s, 15m, 24h, 30d, 2w before `now`.
///
/// # Errors
/// What it must be.
pub fn before(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    relative(text).map_or_else(|| time(text), |seconds| Ok(now.plus_seconds(-seconds)))
}

/// Seconds of `90s`, `15m`, `24h`, `30d` or `2w`.
fn relative(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    (0..1_000_000).contains(&number).then_some(number * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_be_relative() {
        let now = Timestamp(1_000_000_000_000);
        assert_eq!(relative("30d"), Some(30 * 86_400));
        assert_eq!(relative("15m"), Some(900));
        assert_eq!(relative("2w"), Some(14 * 86_400));
        assert_eq!(
            (relative("x"), relative(""), relative("-1h"), relative("3ü")),
            (None, None, None, None)
        );
        assert_eq!(ahead_of("1h", now), Ok(now.plus_seconds(3_600)));
        assert_eq!(before("1h", now), Ok(now.plus_seconds(-3_600)));
        assert!(ahead_of("tomorrow", now).is_err());
    }
}
