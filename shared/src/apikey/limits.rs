//! Rate limit and quota of an API key.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize};

/// At most `limit` uses in any window of `windowSeconds`, a sliding window. As text `100/60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLimit {
    /// 1 to 1,000,000,000.
    #[serde(deserialize_with = "from_one::<NonZeroU64, _, _>")]
    pub limit: u64,
    /// 1 to 2,678,400, which are 31 days.
    #[serde(deserialize_with = "from_one::<NonZeroU32, _, _>")]
    pub window_seconds: u32,
}

/// Calendar period of a quota, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", try_from = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum QuotaPeriod {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// At most `limit` uses in a day or month of UTC. As text `1000/day`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quota {
    /// 1 to 2^53 - 1.
    #[serde(deserialize_with = "from_one::<NonZeroU64, _, _>")]
    pub limit: u64,
    /// When the count starts again.
    pub period: QuotaPeriod,
}

/// Reads a whole number from 1, so that whoever sends another is told the least.
fn from_one<'de, N, T, D>(deserializer: D) -> Result<T, D::Error>
where
    N: Deserialize<'de> + Into<T>,
    D: Deserializer<'de>,
{
    N::deserialize(deserializer).map(Into::into)
}

/// As [`from_one`], where it may be left out.
pub(super) fn some_from_one<'de, D>(deserializer: D) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    let number = Option::<NonZeroU64>::deserialize(deserializer)?;
    Ok(number.map(NonZeroU64::get))
}

impl QuotaPeriod {
    /// Its spelling on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl FromStr for QuotaPeriod {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "day" => Ok(Self::Day),
            "month" => Ok(Self::Month),
            _ => Err("neither day nor month"),
        }
    }
}

impl TryFrom<String> for QuotaPeriod {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.limit, self.window_seconds)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.limit, self.period.as_str())
    }
}

impl FromStr for RateLimit {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be like 100/60s: uses, and the seconds in which they may come";
        let (limit, window) = text.split_once('/').ok_or(wrong)?;
        let seconds = window.strip_suffix('s').ok_or(wrong)?;
        Ok(Self {
            limit: digits(limit).ok_or(wrong)?,
            window_seconds: digits(seconds).ok_or(wrong)?,
        })
    }
}

impl FromStr for Quota {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be like 1000/day or 1000/month";
        let (limit, period) = text.split_once('/').ok_or(wrong)?;
        Ok(Self {
            limit: digits(limit).ok_or(wrong)?,
            period: period.parse().map_err(|_| wrong)?,
        })
    }
}

fn digits<T: FromStr>(text: &str) -> Option<T> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        for text in ["100/60s", "1/1s"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        for text in ["1000/day", "5/month"] {
            assert_eq!(text.parse::<Quota>().unwrap().to_string(), text);
        }
        for text in ["", "100", "100/60", "-1/60s", "+1/60s", "1/1.5s", "/s"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
        for text in ["", "100", "100/week", "x/day", "1/"] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }
}
