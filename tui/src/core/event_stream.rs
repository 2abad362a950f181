//! The stream of events, taken into the state as they happen.

use doorward_shared::{Timestamp, admin::Event, client::Filter};

use super::{
    list::List,
    msg::StreamEvent,
    problem::ProblemKind,
    state::{State, View},
};
use crate::core::{
    resource::{Resource, Row},
    search::Names,
};

/// After an event, lists wait so long for more before they are read again.
const SETTLE: u64 = 400;
/// The same where something is searched for, which may take many calls.
const SEARCH_SETTLE: u64 = 3_000;

/// Live events that wait while the list is paused, at most; the rest is read from the server.
pub(crate) const MOST_WAITING: usize = 1_000;

impl State {
    pub(super) fn streamed(&mut self, streamed: StreamEvent) {
        match streamed {
            StreamEvent::Began(after) => {
                self.connection.streaming = true;
                self.connection.stream_at = None;
                // Lost before the first event, it goes on here.
                self.last_event = self.last_event.or(after);
            }
            StreamEvent::Event(event) => self.live(*event),
            StreamEvent::Ended => self.connection.stream_ended(self.now),
            StreamEvent::Lost(problem) => {
                // Whoever may not follow them, or has to sign in first, does not ask again by itself.
                match problem.what {
                    ProblemKind::Forbidden | ProblemKind::Unauthorized => {
                        self.connection.streaming = false;
                    }
                    _ => self.connection.stream_ended(self.now),
                }
                self.failed(&problem);
            }
        }
    }

    /// An event as it happened: shown where events are, and a reason to read lists again that it changes.
    fn live(&mut self, event: Event) {
        self.heard();
        self.last_event = Some(event.id);
        self.note_recent(&event);
        let height = self.rows_high();
        let searching = self.list().is_some_and(|list| !list.q.is_empty());
        let later = self.now.ms + if searching { SEARCH_SETTLE } else { SETTLE };
        if self.incident_event(&event) {
            self.poll_at = self.poll_at.min(later);
        }
        if let View::Page(page) = &mut self.view
            && page.note(&event)
        {
            // The event itself is shown; the rest takes many calls.
            self.poll_at = self.poll_at.min(self.now.ms + SEARCH_SETTLE);
        }
        let (names, now) = (&self.known.names, self.now.wall);
        let wanted = self
            .list()
            .is_some_and(|list| list.wants(&event, names, now));
        let Some(list) = self.list_mut() else { return };
        if list.kind != Resource::Events {
            if list.kind.changes_with(&event.action) {
                list.stale_at.get_or_insert(later);
            }
            return;
        }
        if !wanted {
            return;
        }
        let item = Row::Event(event);
        if let Some(paused) = &mut list.paused {
            paused.insert(0, item);
            paused.truncate(MOST_WAITING);
        } else if !list.push_live(item, height) {
            list.stale_at.get_or_insert(later);
        }
    }
}

impl List {
    /// Whether an event is one of those this list was narrowed down to.
    pub(crate) fn wants(&self, event: &Event, names: &Names, now: Timestamp) -> bool {
        let user = event.user_id.map(|id| id.to_string());
        let client = event.client_id.map(|id| id.to_string());
        let fits = self.filters.iter().all(|filter| {
            let value = Some(filter.value.as_str());
            match filter.name {
                Filter::Actor => value == Some(&event.actor),
                Filter::Action => event.action.starts_with(&filter.value),
                Filter::Target => value == event.target.as_deref(),
                Filter::UserId => value == user.as_deref(),
                Filter::Ip => value == event.ip.as_deref(),
                Filter::ClientId => value == client.as_deref(),
                _ => true,
            }
        });
        let item = Row::Event(event.clone());
        let search = self.search(now).ok().flatten();
        fits && search.is_none_or(|search| search.matches(&item, names, now))
    }
}
