//! The server itself, and who calls it.

use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    Timestamp,
    admin::{BackupMade, SeriesBy, ServerInfo, Stats, Whoami},
    auth::{LoginRequest, TokenResponse},
};

/// The routes under `/admin`.
#[derive(Debug)]
pub struct Server<'a>(&'a Client);

impl Client {
    /// The routes under `/admin`.
    pub fn server(&self) -> Server<'_> {
        Server(self)
    }
}

impl Server<'_> {
    /// Who the caller is, and what they may do.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn whoami(&self) -> Result<Whoami, ClientError> {
        self.0.get("/admin/whoami", &[]).await
    }

    /// Version, storage and settings.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn info(&self) -> Result<ServerInfo, ClientError> {
        self.0.get("/admin/server", &[]).await
    }

    /// Counters now, and for each minute of the last day or each hour of the last 90 days, from a time on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stats(
        &self,
        by: SeriesBy,
        since: Option<Timestamp>,
    ) -> Result<Stats, ClientError> {
        let mut query = vec![("by", by.as_str().to_owned())];
        query.extend(since.map(|at| ("since", at.to_string())));
        self.0.get("/admin/stats", &query).await
    }

    /// Backs the database up, on the server's machine. It takes as long as that takes; [`info`](Self::info) says how far
    /// it is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn back_up(&self) -> Result<BackupMade, ClientError> {
        self.0.long("/admin/server/backup").await
    }

    /// Whether changes are taken: a server that says no is there, but its storage is not ready.
    ///
    /// # Errors
    /// [`ClientError`], other than that it says no.
    pub async fn is_ready(&self) -> Result<bool, ClientError> {
        match self.0.get::<serde_json::Value>("/health/ready", &[]).await {
            Ok(_) => Ok(true),
            Err(ClientError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Signs a person in.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login(&self, who: &LoginRequest) -> Result<TokenResponse, ClientError> {
        self.0.send(Method::POST, "/auth/login", who).await
    }
}
