//! `POST /admin/server/backup`, and how far it is.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How far the backup is that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupProgress {
    /// When the copy began.
    pub started_at: Timestamp,
    /// What it is at.
    pub phase: BackupPhase,
    /// Bytes copied so far.
    pub bytes: u64,
    /// Bytes of the database when the copy began; the copy has no free pages, and may end smaller.
    pub of_bytes: u64,
}

/// Steps of a backup, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BackupPhase {
    /// Pages are copied while the server goes on.
    Copying,
    /// The copy is read whole before it counts as made.
    Checking,
}

/// A backup that was written beside the database, in `backups/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupMade {
    /// Path on the server's machine.
    pub file: String,
    /// Size of the file.
    pub bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
}
