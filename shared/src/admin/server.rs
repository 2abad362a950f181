//! `/admin/server`: version, storage, set-up and mail status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::backup::BackupProgress;
use crate::Timestamp;

/// Answer of `GET /admin/server`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerInfo {
    /// Version of the server's program.
    pub version: String,
    /// The setting `issuer`: `iss` of its tokens.
    pub issuer: String,
    /// When the process started.
    pub started_at: Timestamp,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// The database on disk.
    pub storage: StorageInfo,
    /// Absent where no mail is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailInfo>,
    /// What is done and what is left of setting the server up.
    #[serde(default)]
    pub setup: Setup,
    /// Absent while none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupProgress>,
    /// The settings that matter, by key; none of them secret.
    pub settings: BTreeMap<String, String>,
}

/// Size of the database and its schema.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageInfo {
    /// `PRAGMA user_version` of the database.
    pub schema_version: u32,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Size of the write-ahead log beside the database.
    pub wal_bytes: u64,
}

/// What was done of setting the server up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    /// `issuer` is an address that others can reach, or at least not one of this machine alone.
    pub issuer_set: bool,
    /// An enabled account has the role admin.
    pub administrator: bool,
    /// The running server's last backup; each is examined when it is made.
    pub backed_up_at: Option<Timestamp>,
    /// Forwarding headers came from an address of this machine or a private network that is not one of
    /// `trusted_proxies`, and are ignored: probably from the operator's own proxy.
    pub untrusted_proxy: bool,
    /// Who sent forwarding headers that are ignored, since the start: eight at most. Anybody can send them.
    pub forwarded_by: Vec<Forwarder>,
    /// A mail server has taken a mail.
    pub mail_sent: bool,
    /// Somebody signed in through an OAuth client.
    pub client_connected: bool,
}

/// An address that sends forwarding headers without being trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forwarder {
    /// The address that the connection came from.
    pub ip: String,
    /// Requests with such headers since the start.
    pub times: u64,
}

/// Mails on their way.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailInfo {
    /// Mails that no mail server has taken yet.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest_at: Option<Timestamp>,
    /// Why the last try of one of them failed.
    pub last_error: Option<String>,
}
