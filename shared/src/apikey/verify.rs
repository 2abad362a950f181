//! `POST /apikey/verify` and `GET /apikey/{id}/usage`.

use serde::{Deserialize, Serialize};

use super::{Environment, Metadata};
use crate::{KeyId, ScopeSet, Timestamp, UserId};

/// A key that somebody called an application with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    pub key: String,
    /// What it is to cover, all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The address it came from. A key with `allowedIps` is not valid without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// What the call costs, a whole number from 1; 1 where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Whether a key is good for a call, or the first of what is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum KeyCode {
            $($(#[$doc])* $name,)*
        }

        impl KeyCode {
            /// Every code, in the order in which they hold.
            pub const ALL: &'static [KeyCode] = &[$(Self::$name,)*];

            /// Its spelling on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    Valid = "valid";
    /// Nothing else is said of it.
    NotFound = "not_found";
    /// Its owner was deleted, too.
    Revoked = "revoked";
    Expired = "expired";
    /// It was turned off, or its owner is disabled.
    Disabled = "disabled";
    IpNotAllowed = "ip_not_allowed";
    InsufficientScope = "insufficient_scope";
    RateLimited = "rate_limited";
    QuotaExceeded = "quota_exceeded";
}

/// What is left of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLeft {
    pub limit: u64,
    pub remaining: u64,
    /// In so many seconds there is more again: as much as the call costs, where it was refused. 0 where nothing is spent.
    pub reset_seconds: u64,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuotaLeft {
    pub limit: u64,
    pub remaining: u64,
    /// The end of the day or month.
    pub resets_at: Timestamp,
}

/// Whether a key is good for a call. Only a valid call is counted against limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verification {
    pub valid: bool,
    pub code: KeyCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do now: its scopes, as far as its owner has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLeft>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaLeft>,
}

impl Verification {
    /// Of a key that there is not.
    pub fn not_found() -> Self {
        Self {
            valid: false,
            code: KeyCode::NotFound,
            key_id: None,
            owner_id: None,
            name: None,
            scopes: None,
            environment: None,
            metadata: None,
            expires_at: None,
            rate_limit: None,
            quota: None,
        }
    }
}

/// How long the steps of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UsageBy {
    Hour,
    Day,
}

impl UsageBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl std::str::FromStr for UsageBy {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            _ => Err("must be hour or day"),
        }
    }
}

/// How often a key was shown in an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsagePoint {
    /// Its start, in UTC.
    pub time: Timestamp,
    pub valid: u64,
    pub refused: u64,
}

/// A key's use, ascending by time. Hours and days without use are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyUsage {
    pub data: Vec<UsagePoint>,
}
