//! Names of users and clients for their ids: remembered, and asked for.

use std::collections::BTreeSet;

use super::{
    msg::Effect,
    resource::Row,
    state::{State, View},
};

/// Names that are remembered for ids.
const NAMES: usize = 5_000;

/// Names that are asked for at once.
const AT_ONCE: usize = 60;

/// Events of the dashboard whose people and clients are named.
const EVENTS: usize = 40;

impl State {
    /// The name behind an id, or the id.
    pub(crate) fn name_of(&self, id: &str) -> String {
        self.known
            .names
            .get(id)
            .cloned()
            .unwrap_or_else(|| id.to_owned())
    }

    pub(crate) fn learn(&mut self, names: impl IntoIterator<Item = (String, String)>) {
        if self.known.names.len() > NAMES {
            self.known.names.clear();
            self.known.asked_names.clear();
        }
        self.known.names.extend(names);
    }

    /// Asks for the names of what is on the screen.
    pub(crate) fn ask_names(&mut self, effects: &mut Vec<Effect>) {
        let height = self.rows_high();
        let mut ids: Vec<String> = match &self.view {
            View::List(list) => {
                let shown = list.in_sight(height).iter();
                shown.flat_map(Row::mentions).collect()
            }
            View::Incident(incident) => incident.mentions(),
            View::Page(page) => page.mentions(),
            View::Dashboard { .. } => {
                let failing = self.known.failing_clients.iter().flatten();
                let clients = failing.filter_map(|one| one.client.clone());
                let recent = self.known.recent.iter().flatten().take(EVENTS);
                let named = recent.flat_map(|event| Row::Event(event.clone()).mentions());
                clients.chain(named).collect()
            }
            View::Health { .. } => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        ids.retain(|id| {
            let known = self.known.names.contains_key(id) || self.known.asked_names.contains(id);
            !known && seen.insert(id.clone())
        });
        // The others are asked for when these have come.
        ids.truncate(AT_ONCE);
        if !ids.is_empty() && self.connection.lost.is_none() {
            self.known.asked_names.extend(ids.iter().cloned());
            effects.push(Effect::Names(ids));
        }
    }
}
