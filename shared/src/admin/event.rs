//! `/admin/events`: the audit log.

use serde::{Deserialize, Serialize};

use crate::{ClientId, EventId, Timestamp, UserId};

/// One change, or one refused sign-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    pub id: EventId,
    pub time: Timestamp,
    /// Who did it: the id of a user, an API key or a client, `system`, or `anonymous`.
    pub actor: String,
    /// `noun.verb`: `user.created`, `session.revoked`, `login.failed`, …
    pub action: String,
    /// Id of what it was done to.
    pub target: Option<String>,
    /// The account concerned, where there is one.
    pub user_id: Option<UserId>,
    pub ip: Option<String>,
    pub request_id: Option<String>,
    /// What changed, or the reason given; never a secret. For people: what decides stands in `changes`.
    pub detail: Option<String>,
    /// Of `client.refused`, `login.blocked` and refusals of nobody that is known: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Of those: how often since the event before; the same cause of one client and address is told at most once a
    /// minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The OAuth client through which the person acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What changed: each field's name, and its value before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub changes: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Event {
    /// How many it stands for.
    pub fn times(&self) -> u64 {
        u64::from(self.count.unwrap_or(1))
    }

    /// Whether somebody was refused, or something was misused.
    pub fn is_refusal(&self) -> bool {
        is_refusal(&self.action)
    }
}

/// Whether an action tells that somebody was refused, or something was misused.
pub fn is_refusal(action: &str) -> bool {
    let (noun, verb) = action.split_once('.').unwrap_or(("", action));
    matches!(
        (noun, verb),
        ("login", "blocked") | (_, "refused" | "replayed" | "failed")
    )
}

/// `GET /admin/events/summary`: what events come to, together. An event that stands for several counts as many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSummary {
    pub events: u64,
    /// Of those, how many tell that somebody was refused.
    pub refused: u64,
    /// Successful sign-ins.
    pub logins: u64,
    /// Failed sign-ins.
    pub failures: u64,
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    /// How many different accounts are concerned.
    pub people: u64,
    /// Those that were concerned last, latest first: 20 at most.
    pub latest_people: Vec<PersonEvents>,
    /// Hours in which something happened, oldest first.
    pub hours: Vec<HourEvents>,
    /// Whether these are all: the newest 20,000 are looked at.
    pub complete: bool,
}

/// What happened about one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonEvents {
    pub user_id: UserId,
    pub events: u64,
    pub refused: u64,
    pub last_at: Timestamp,
}

/// What happened in one hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HourEvents {
    /// When it began.
    pub time: Timestamp,
    pub events: u64,
    pub refused: u64,
}
