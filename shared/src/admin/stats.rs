//! `/admin/stats`: how the server is doing.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// Answer of `GET /admin/stats`: totals, failed sign-ins of the last hour, and a series.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// When `now` was counted: at most 5 seconds ago.
    pub time: Timestamp,
    /// Totals at `time`.
    pub now: Totals,
    /// Oldest first, one a minute of the last day or one an hour of the last 90 days, gaps left out; survives a restart.
    pub series: Vec<Minute>,
    /// Refused sign-ins of the last hour from known addresses.
    pub failures: u64,
    /// Networks with the most refused sign-ins of the last hour, worst first; at most 10.
    pub failing_networks: Vec<FailingNetwork>,
    /// Addresses with the most refused sign-ins of the last hour, worst first; at most 10.
    pub failing_addresses: Vec<FailingAddress>,
    /// Accounts with the most refused sign-ins of the last hour, worst first; at most 10.
    pub failing_accounts: Vec<FailingAccount>,
    /// Live API keys that expire within 7 days.
    pub keys_expiring: u64,
}

/// What there is now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Totals {
    /// All accounts, disabled ones included.
    pub users: u64,
    /// Accounts that nobody can sign in to.
    pub disabled_users: u64,
    /// Sessions whose tokens are accepted.
    pub active_sessions: u64,
    /// API keys that are neither expired nor revoked.
    pub api_keys: u64,
    /// Registered OAuth clients.
    pub clients: u64,
}

/// What happened in one minute, or in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Minute {
    /// Its start.
    pub time: Timestamp,
    /// Successful sign-ins.
    pub logins: u64,
    /// Sign-ins with a wrong password or factor: as many as there are events `login.failed`.
    pub failures: u64,
    /// Accounts that people opened themselves.
    pub registrations: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// Clients that were refused.
    #[serde(default)]
    pub refusals: u64,
    /// Requests answered.
    pub requests: u64,
    /// At the end of it.
    pub active_sessions: u64,
    /// Median time to answer a request, in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of the time to answer a request, in milliseconds.
    pub p95_ms: f64,
}

/// An address from which sign-ins were refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAddress {
    /// IPv4 or IPv6 address.
    pub ip: String,
    /// Refused sign-ins of the last hour.
    pub failures: u64,
}

/// The addresses of one network: 24 bits of IPv4, 48 of IPv6.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingNetwork {
    /// In CIDR notation.
    pub network: String,
    /// Refused sign-ins of the last hour.
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
    /// Its spelling in the query parameter `by`.
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

/// An account at which sign-ins were refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAccount {
    /// The account.
    pub user_id: UserId,
    /// The account's address.
    pub email: String,
    /// Refused sign-ins of the last hour.
    pub failures: u64,
}
