//! Marked rows for actions on several rows.

use super::state::State;

impl State {
    pub(crate) fn mark(&mut self) {
        let height = self.rows_high();
        let Some(list) = self.list_mut() else { return };
        let Some(item) = list.item().cloned() else {
            return;
        };
        if list.marks.remove(&item.id()).is_none() {
            list.marks.insert(item.id(), item);
        }
        list.step(1, height);
    }

    pub(crate) fn mark_range(&mut self) {
        let Some(list) = self.list_mut() else { return };
        let Some(item) = list.item().cloned() else {
            return;
        };
        let Some(from) = list.anchor.take() else {
            list.anchor = Some(item.id());
            list.marks.insert(item.id(), item);
            return self.say("move, then v again marks up to there");
        };
        let start = list.rows.iter().position(|row| row.id() == from);
        let (Some(one), Some(two)) = (start, list.row_index()) else {
            return;
        };
        let range = one.min(two)..=one.max(two);
        let marked = list.rows[range].iter().map(|row| (row.id(), row.clone()));
        let marked: Vec<_> = marked.collect();
        list.marks.extend(marked);
    }

    pub(crate) fn mark_all(&mut self) {
        let Some(list) = self.list_mut() else { return };
        if list.marks.is_empty() {
            list.marks = list
                .rows
                .iter()
                .map(|row| (row.id(), row.clone()))
                .collect();
            let (loaded, total) = (list.rows.len() as u64, list.total);
            if loaded < total {
                self.say(format!("the {loaded} loaded rows are marked, of {total}"));
            }
        } else {
            list.marks.clear();
        }
    }
}
