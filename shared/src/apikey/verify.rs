//! `POST /apikey/verify` and `GET /apikey/{id}/usage`.

use serde::{Deserialize, Serialize};

use super::{Environment, Metadata, limits::some_from_one};
use crate::{KeyId, ScopeSet, Timestamp, UserId};

/// `POST /apikey/verify`: a key that somebody called an application with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    /// The key as it came.
    pub key: String,
    /// Scopes that the call needs; the key must cover all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Address the call came from. A key with `allowedIps` is not valid without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Units of the rate limit and quota that the call takes, a whole number from 1; 1 where left out.
    #[serde(
        default,
        deserialize_with = "some_from_one",
        skip_serializing_if = "Option::is_none"
    )]
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
    /// The key is good, and its limits have paid the call.
    Valid = "valid";
    /// There is no such key.
    NotFound = "not_found";
    /// Its owner was deleted, too.
    Revoked = "revoked";
    /// `expiresAt` is past.
    Expired = "expired";
    /// It was turned off, or its owner is disabled.
    Disabled = "disabled";
    /// The address is not in its `allowedIps`, or none was given.
    IpNotAllowed = "ip_not_allowed";
    /// It does not cover a scope that the call needs.
    InsufficientScope = "insufficient_scope";
    /// Its rate limit does not have the cost left.
    RateLimited = "rate_limited";
    /// Its quota does not have the cost left.
    QuotaExceeded = "quota_exceeded";
}

/// What is left of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLeft {
    /// Units in any window of the rate limit.
    pub limit: u64,
    /// Units left now.
    pub remaining: u64,
    /// Seconds until more is left; where the call was refused, until its cost is. 0 where nothing is spent.
    pub reset_seconds: u64,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuotaLeft {
    /// Units in a day or month.
    pub limit: u64,
    /// Units left until `resetsAt`.
    pub remaining: u64,
    /// The end of the day or month.
    pub resets_at: Timestamp,
}

/// Whether a key is good for a call. Only a valid call is counted against limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verification {
    /// Whether `code` is `valid`.
    pub valid: bool,
    /// `valid`, or the first reason against the call.
    pub code: KeyCode,
    /// Id of the key; absent for a key that there is not, as all that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<KeyId>,
    /// The account it belongs to; absent for the operator key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// What the owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do now: its scopes, as far as its owner has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    /// `live` or `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// What the application keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// End of its validity; absent for a key that does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What is left of its rate limit; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLeft>,
    /// What is left of its quota; absent without one.
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

/// Length of a step of `GET /apikey/{id}/usage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum UsageBy {
    /// Hours of UTC.
    Hour,
    /// Days of UTC.
    Day,
}

impl UsageBy {
    /// Its spelling in the query parameter `by`.
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
    /// Accepted uses.
    pub valid: u64,
    /// Uses that were refused, for whatever reason.
    pub refused: u64,
}

/// A key's use, ascending by time. Hours and days without use are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyUsage {
    /// Hours or days with at least one use.
    pub data: Vec<UsagePoint>,
}
