//! `/admin/sessions`.

use std::fmt::Display;

use reqwest::Method;

use super::{Client, ClientError, Collection, ListQuery, call::segment};
use crate::{
    Page,
    admin::{RevokeSessions, RevokedSessions, Session},
};

/// The routes under `/admin/sessions`.
#[derive(Debug)]
pub struct Sessions<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/sessions`.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }
}

impl Sessions<'_> {
    fn path(id: impl Display) -> String {
        format!("{}/{}", Collection::Sessions.path(), segment(id))
    }

    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<Session>, ClientError> {
        self.0.list(Collection::Sessions, query).await
    }

    /// One session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, id: impl Display) -> Result<Session, ClientError> {
        self.0.get(&Self::path(id), &[]).await
    }

    /// Shows which sessions would end, or ends those of a preview.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke(&self, which: &RevokeSessions) -> Result<RevokedSessions, ClientError> {
        let path = format!("{}/revoke", Collection::Sessions.path());
        self.0.send(Method::POST, &path, which).await
    }
}
