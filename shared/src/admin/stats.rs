//! `/admin/stats`: how the server is doing.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    pub time: Timestamp,
    pub now: Totals,
    /// Oldest first, one a minute, gaps left out; survives a restart.
    pub series: Vec<Minute>,
    /// Most refused sign-ins of the last hour, worst first.
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

/// What happened in one minute.
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
    pub requests: u64,
    /// At the end of the minute.
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

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailingAccount {
    pub user_id: UserId,
    pub email: String,
    pub failures: u64,
}
