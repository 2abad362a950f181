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
