//! Events over time, column by column: how many there were, and how many told of a refusal.

use doorward_shared::{Timestamp, admin::Event};

use crate::core::event_kind::EventKind;

/// Events of one column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub all: u64,
    pub refused: u64,
}

/// The time that the columns stand for, both ends in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub first: Timestamp,
    pub last: Timestamp,
}

impl Period {
    fn column(self, at: Timestamp, columns: usize) -> usize {
        let length = (self.last.0 - self.first.0).max(1) as f64;
        let part = (at.0 - self.first.0) as f64 / length;
        (part * columns.saturating_sub(1) as f64).round() as usize
    }

    /// Counts events per column.
    pub(crate) fn counts<'a>(
        self,
        columns: usize,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Vec<Count> {
        let mut counts = vec![Count::default(); columns];
        for event in events {
            if let Some(count) = counts.get_mut(self.column(event.time, columns)) {
                count.all += event.times();
                if EventKind::of_event(event) == EventKind::Refused {
                    count.refused += event.times();
                }
            }
        }
        counts
    }
}
