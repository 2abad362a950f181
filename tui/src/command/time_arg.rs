//! Times as people type them.

use std::{fmt, str::FromStr};

use doorward_shared::Timestamp;

/// Why a text is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time, such as 2027-01-31T00:00:00Z, or 30d, 24h, 15m")]
pub(crate) struct TimeArgError;

/// A time as people type it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeArg {
    /// RFC 3339.
    At(Timestamp),
    /// Seconds from now, or ago: 90s, 15m, 24h, 30d, 2w.
    Span(i64),
}

impl TimeArg {
    pub(crate) const WEEK: Self = Self::Span(7 * 86_400);

    /// The time, a span counting from `now` on.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Span(seconds) => now.plus_seconds(seconds),
        }
    }

    /// The time, a span counting back from `now`.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Span(seconds) => now.plus_seconds(-seconds),
        }
    }
}

impl FromStr for TimeArg {
    type Err = TimeArgError;
    fn from_str(text: &str) -> Result<Self, TimeArgError> {
        relative(text)
            .map(Self::Span)
            .or_else(|| Timestamp::parse(text).map(Self::At))
            .ok_or(TimeArgError)
    }
}

/// As it is read back.
impl fmt::Display for TimeArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::Span(seconds) => match seconds {
                days if days % 86_400 == 0 => write!(f, "{}d", days / 86_400),
                hours if hours % 3_600 == 0 => write!(f, "{}h", hours / 3_600),
                seconds => write!(f, "{seconds}s"),
            },
        }
    }
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
        let read = |text: &str| text.parse::<TimeArg>();
        assert_eq!(
            read("1h").map(|at| at.after(now)),
            Ok(now.plus_seconds(3_600))
        );
        assert_eq!(
            read("1h").map(|at| at.before(now)),
            Ok(now.plus_seconds(-3_600))
        );
        assert_eq!(read("tomorrow"), Err(TimeArgError));
        for text in ["30d", "5h", "90s", "2027-01-31T00:00:00.000Z"] {
            assert_eq!(read(text).map(|at| at.to_string()), Ok(text.to_owned()));
        }
    }
}
