//! `/admin/events`: the audit log.

use super::{Client, ClientError, Collection, EventStream, ListQuery};
use crate::{
    EventId, Page,
    admin::{Event, EventSummary},
};

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

    /// What the events of a question come to, together; its filters count.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn summary(&self, query: &ListQuery) -> Result<EventSummary, ClientError> {
        let path = format!("{}/summary", Collection::Events.path());
        self.0.get(&path, &query.parameters()).await
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
