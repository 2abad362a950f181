//! Which equal neighbours of a list are one row: events that differ in nothing but their time.

use std::collections::BTreeSet;

use crate::core::{event_text, resource::Row};

/// Which rows of a list stand for those after them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folds {
    /// Where each row of the screen begins among the list's rows. Empty: each row stands for itself.
    heads: Vec<usize>,
    /// Rows that were opened: no group that holds one of them is one row.
    opened: BTreeSet<String>,
}

fn is_repeat(one: &Row, other: &Row) -> bool {
    match (one, other) {
        (Row::Event(one), Row::Event(other)) => event_text::is_repeat(one, other),
        _ => false,
    }
}

impl Folds {
    /// Folds rows anew. Lists that hold no events are as they are.
    pub(crate) fn fold(&mut self, rows: &[Row]) {
        self.heads.clear();
        if !matches!(rows.first(), Some(Row::Event(_))) {
            return;
        }
        let mut from = 0;
        for alike in rows.chunk_by(is_repeat) {
            let is_open = alike.len() > 1
                && !self.opened.is_empty()
                && alike.iter().any(|row| self.opened.contains(&row.id()));
            if is_open {
                self.heads.extend(from..from + alike.len());
            } else {
                self.heads.push(from);
            }
            from += alike.len();
        }
    }

    /// Opens the group that holds a row, or closes it again.
    pub(crate) fn turn(&mut self, rows: &[Row], at: usize) {
        let mut from = 0;
        for alike in rows.chunk_by(is_repeat) {
            if (from..from + alike.len()).contains(&at) {
                let ids: Vec<_> = alike.iter().map(Row::id).collect();
                let was_open = ids.iter().any(|id| self.opened.contains(id));
                for id in ids {
                    if was_open {
                        self.opened.remove(&id);
                    } else {
                        self.opened.insert(id);
                    }
                }
                break;
            }
            from += alike.len();
        }
        self.fold(rows);
    }

    /// Rows on the screen for so many rows.
    pub(crate) fn count(&self, rows: usize) -> usize {
        if self.heads.is_empty() {
            rows
        } else {
            self.heads.len()
        }
    }

    /// The first row that a row of the screen stands for; past the last one for what is past the screen's.
    pub(crate) fn row_of(&self, shown: usize, rows: usize) -> usize {
        if self.heads.is_empty() {
            shown.min(rows)
        } else {
            self.heads.get(shown).copied().unwrap_or(rows)
        }
    }

    /// The row of the screen that stands for a row.
    pub(crate) fn shown_of(&self, row: usize) -> usize {
        if self.heads.is_empty() {
            row
        } else {
            self.heads
                .partition_point(|head| *head <= row)
                .saturating_sub(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::event;

    fn rows(actions: &str) -> Vec<Row> {
        let letters = actions.chars().zip(1..);
        letters
            .map(|(action, n)| Row::Event(event(n, &action.to_string())))
            .collect()
    }

    #[test]
    fn neighbours_that_differ_only_in_time_are_one_row_until_it_is_opened() {
        let rows = rows("aaabca");
        let mut folds = Folds::default();
        folds.fold(&rows);
        assert_eq!(folds.count(6), 4);
        let firsts: Vec<_> = (0..5).map(|at| folds.row_of(at, 6)).collect();
        assert_eq!(firsts, [0, 3, 4, 5, 6]);
        let shown: Vec<_> = (0..6).map(|at| folds.shown_of(at)).collect();
        assert_eq!(shown, [0, 0, 0, 1, 2, 3]);
        folds.turn(&rows, 1);
        assert_eq!(folds.count(6), 6);
        folds.turn(&rows, 2);
        assert_eq!(folds.count(6), 4, "the same key closes it again");
    }

    #[test]
    fn another_cause_or_other_values_are_no_repeat() {
        let mut rows = rows("aaa");
        if let Row::Event(event) = &mut rows[1] {
            event.cause = Some("invalid_client: the client secret is wrong".into());
        }
        let mut folds = Folds::default();
        folds.fold(&rows);
        assert_eq!(folds.count(3), 3);
    }
}
