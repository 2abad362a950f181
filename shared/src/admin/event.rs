//! `/admin/events`: the audit log.

use serde::{Deserialize, Serialize};

use crate::{ClientId, EventId, Timestamp, UserId};

/// One change, or one refused sign-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in the log, also `Last-Event-ID` of the stream.
    pub id: EventId,
    /// When it was committed.
    pub time: Timestamp,
    /// Who did it: the id of a user, an API key or a client, `system`, or `anonymous`.
    pub actor: String,
    /// `noun.verb`: `user.created`, `session.revoked`, `login.failed`, …
    pub action: String,
    /// Id of what it was done to.
    pub target: Option<String>,
    /// The account concerned, where there is one.
    pub user_id: Option<UserId>,
    /// Client address of the request.
    pub ip: Option<String>,
    /// `X-Request-Id` of the request's answer.
    pub request_id: Option<String>,
    /// What changed, or the reason given; never a secret. For people: what decides stands in `changes`.
    pub detail: Option<String>,
    /// Why; of `client.refused`, `login.blocked`, and refusals of callers that are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What was refused of the request, of events with a `cause` where that tells what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// Of events with a `cause`: how often it happened since the event before. One cause of one client and address
    /// makes at most one event a minute.
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

/// A parameter of a refused request, the last of those that one event stands for. Anybody can have sent it: it is text,
/// never an address to open. It is cut to 200 characters, has no characters that are not seen, and of a URI no user, query
/// or fragment: `…` stands for what is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sent {
    /// As the protocol spells it: `redirect_uri`.
    pub parameter: String,
    /// Empty where none came.
    pub value: String,
    /// What the client is registered for, or else what is known: 8 at most, then `…`.
    pub allowed: Vec<String>,
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
    /// How many match.
    pub events: u64,
    /// Of those, how many tell that somebody was refused.
    pub refused: u64,
    /// Successful sign-ins.
    pub logins: u64,
    /// Failed sign-ins.
    pub failures: u64,
    /// Time of the oldest that matches.
    pub first_at: Option<Timestamp>,
    /// Time of the newest that matches.
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

/// Events about one account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonEvents {
    /// The account.
    pub user_id: UserId,
    /// How many concern the account.
    pub events: u64,
    /// Of those, how many tell that somebody was refused.
    pub refused: u64,
    /// Time of the newest.
    pub last_at: Timestamp,
}

/// Events of one hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HourEvents {
    /// When it began.
    pub time: Timestamp,
    /// How many happened.
    pub events: u64,
    /// Of those, how many tell that somebody was refused.
    pub refused: u64,
}
