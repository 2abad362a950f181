//! The rows of a list as the screen shows them, equal neighbours as one.

use super::List;
use crate::core::resource::Row;

fn times(row: &Row) -> u64 {
    match row {
        Row::Event(event) => event.times(),
        _ => 1,
    }
}

impl List {
    /// Rows of the screen, were it high enough for all.
    pub(crate) fn shown_count(&self) -> usize {
        self.folds.count(self.rows.len())
    }

    /// So many rows of the screen from the offset on, and how often each happened, of which one event may tell many.
    pub(crate) fn shown(&self, height: usize) -> impl Iterator<Item = (&Row, u64)> {
        let rows = self.rows.len();
        let shown = self.offset..(self.offset + height).min(self.shown_count());
        shown.filter_map(move |at| {
            let from = self.folds.row_of(at, rows);
            let to = self.folds.row_of(at + 1, rows);
            let rows = self.rows.get(from..to)?;
            Some((rows.first()?, rows.iter().map(times).sum()))
        })
    }

    /// The rows that so many rows of the screen stand for.
    pub(crate) fn in_sight(&self, height: usize) -> &[Row] {
        let rows = self.rows.len();
        let from = self.folds.row_of(self.offset, rows);
        let to = self.folds.row_of(self.offset + height, rows);
        self.rows.get(from..to.max(from)).unwrap_or_default()
    }

    /// Opens the equal neighbours that the selected row stands for, or closes them again.
    pub(crate) fn turn_fold(&mut self, height: usize) {
        if let Some(at) = self.row_index() {
            self.folds.turn(&self.rows, at);
            self.keep_visible(height);
        }
    }
}
