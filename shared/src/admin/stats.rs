//! `/admin/stats`: how the server is doing.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    pub time: Timestamp,
    pub now: Totals,
    /// Oldest first, one a minute of the last day or one an hour of the last 90 days, gaps left out; survives a restart.
    pub series: Vec<Minute>,
    /// Refused sign-ins of the last hour from known addresses.
    pub failures: u64,
    /// Most refused sign-ins of the last hour, worst first.
    pub failing_networks: Vec<FailingNetwork>,
    pub failing_addresses: Vec<FailingAddress>,
    pub failing_accounts: Vec<FailingAccount>,
    /// Live API keys that expire within 7 days.
    pub keys_expiring: u64,
}

/// What there is now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Totals {
    pub users: u64,
    pub disabled_users: u64,
    pub active_sessions: u64,
    pub api_keys: u64,
    pub clients: u64,
}

/// What happened in one minute, or in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Minute {
    pub time: Timestamp,
    pub logins: u64,
    pub failures: u64,
    pub registrations: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// Clients that were refused.
    #[serde(default)]
    pub refusals: u64,
    pub requests: u64,
    /// At the end of it.
    pub active_sessions: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAddress {
    pub ip: String,
    pub failures: u64,
}

/// The addresses of one network: 24 bits of IPv4, 48 of IPv6.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingNetwork {
    /// In CIDR notation.
    pub network: String,
    pub failures: u64,
    /// Different addresses in it that failed.
    pub addresses: u64,
}

/// What a row of the series covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SeriesBy {
    /// The last day.
    #[default]
    Minute,
    /// The last 90 days.
    Hour,
}

impl SeriesBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }

    /// Length of a row, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }
}

impl std::str::FromStr for SeriesBy {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "minute" => Ok(Self::Minute),
            "hour" => Ok(Self::Hour),
            _ => Err("must be minute or hour"),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAccount {
    pub user_id: UserId,
    pub email: String,
    pub failures: u64,
}
