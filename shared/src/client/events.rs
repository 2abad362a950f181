//! `/admin/events`: the audit log.

use super::{Client, ClientError, Collection, EventStream, ListQuery};
use crate::{EventId, Page, admin::Event};

/// The routes under `/admin/events`.
#[derive(Debug)]
pub struct Events<'a>(&'a Client);

impl Client {
    /// The routes under `/admin/events`.
    pub fn events(&self) -> Events<'_> {
        Events(self)
    }
}

impl Events<'_> {
    /// A page of the list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page<Event>, ClientError> {
        self.0.list(Collection::Events, query).await
    }

    /// Opens the stream of events after `last`, or of new ones. Where it starts is known then: [`EventStream::last`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stream(&self, last: Option<EventId>) -> Result<EventStream, ClientError> {
        let path = format!("{}/stream", Collection::Events.path());
        self.0.open(&path, last).await
    }
}
