//! A list: a window of pages over rows the server has, however many.

mod folded;

use std::collections::{BTreeMap, VecDeque};

use doorward_shared::{
    Page, Timestamp,
    client::{Filter, ListQuery, Sort},
};

use super::{event_grouping::Folds, problem::Problem};
use crate::core::{
    columns::ColumnId,
    resource::{Resource, Row},
    search::{Search, SearchError},
};

/// Rows in a page.
pub(crate) const PAGE: usize = 100;
/// Pages kept; those far from the selection are dropped and read again when it comes back.
const WINDOW: usize = 8;
/// How near to an end of the window the next page is asked for.
const NEAR: usize = 30;

/// What a list was narrowed down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListFilter {
    /// The server's parameter.
    pub name: Filter,
    pub value: String,
    /// How the title says it.
    pub label: String,
}

impl ListFilter {
    pub(crate) fn new(name: Filter, value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            label: label.into(),
        }
    }
}

/// Which pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// The window anew, from a page on.
    Window {
        first: usize,
    },
    After,
    Before,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Load {
    /// Asked for, at this instant of the monotonic clock.
    Waiting(u64),
    Done,
    Failed(Problem),
}

#[derive(Debug, Clone)]
pub(crate) struct List {
    pub kind: Resource,
    pub filters: Vec<ListFilter>,
    /// The search.
    pub q: String,
    /// Which of the kind's sorts, and whether the greatest is first.
    pub sort: Option<(usize, bool)>,
    /// Columns of its own: of a view that was kept with them.
    pub columns: Option<Vec<ColumnId>>,
    pub rows: Vec<Row>,
    /// Rows of each page in the window.
    sizes: VecDeque<usize>,
    /// Number of the window's first page.
    first: usize,
    /// Where each page begins, as far as is known; the first begins without a cursor.
    cursors: Vec<Option<String>>,
    pub total: u64,
    /// Whether there may be more than that.
    pub total_at_least: bool,
    pub selected: Option<String>,
    /// First row on the screen.
    pub offset: usize,
    /// The query changed: its first row will be selected.
    fresh: bool,
    /// What is marked, as it was when it was seen last: a filter may hide it.
    pub marks: BTreeMap<String, Row>,
    pub anchor: Option<String>,
    pub load: Load,
    /// When rows came last.
    pub loaded_at: Option<Timestamp>,
    /// Of the answer that is awaited; others are stale.
    pub generation: u64,
    /// Something changed on the server; it is read again at this instant.
    pub stale_at: Option<u64>,
    /// Live events that wait while it is paused.
    pub paused: Option<Vec<Row>>,
    /// What is to be said of the search whose rows these are.
    pub note: Option<String>,
    /// Equal neighbours are one row of the screen; the selection and the offset count those.
    pub(super) folds: Folds,
    /// Events that came above the screen while something below was looked at.
    pub new_above: usize,
    /// The selection was at the top when something came that is not in the window yet: it stays at the top.
    follows: bool,
}

impl List {
    pub(crate) fn new(kind: Resource, filters: Vec<ListFilter>) -> Self {
        Self {
            kind,
            filters,
            q: String::new(),
            sort: None,
            columns: None,
            rows: Vec::new(),
            sizes: VecDeque::new(),
            first: 0,
            cursors: vec![None],
            total: 0,
            total_at_least: false,
            selected: None,
            offset: 0,
            fresh: false,
            marks: BTreeMap::new(),
            anchor: None,
            load: Load::Waiting(0),
            loaded_at: None,
            generation: 0,
            stale_at: None,
            paused: None,
            note: None,
            folds: Folds::default(),
            new_above: 0,
            follows: false,
        }
    }

    /// The same question without its rows: what history keeps.
    #[must_use]
    pub(crate) fn question(&self) -> Self {
        Self {
            q: self.q.clone(),
            sort: self.sort,
            columns: self.columns.clone(),
            selected: self.selected.clone(),
            marks: self.marks.clone(),
            ..Self::new(self.kind, self.filters.clone())
        }
    }

    /// What is searched for, read; none where nothing is.
    ///
    /// # Errors
    /// One line that names the term at fault.
    pub(crate) fn search(&self, now: Timestamp) -> Result<Option<Search>, SearchError> {
        let search = Search::parse(self.kind, &self.q, now)?;
        Ok(Some(search).filter(|search| *search != Search::default()))
    }

    /// The order that was chosen.
    pub(crate) fn sort(&self) -> Option<Sort> {
        let (at, descending) = self.sort?;
        let (field, _) = self.kind.sorts().get(at)?;
        Some(Sort {
            field: *field,
            descending,
        })
    }

    /// The question to the server, without what is searched for.
    pub(crate) fn query(&self) -> ListQuery {
        let filters = self.filters.iter();
        let query = ListQuery::default().sorted(self.sort());
        filters.fold(query, |query, filter| {
            query.with(filter.name, &filter.value)
        })
    }

    /// Another question: the next pages begin at the first.
    pub(crate) fn restart(&mut self) {
        self.fresh = true;
        self.first = 0;
        self.sizes.clear();
        self.sizes.push_back(self.rows.len());
        self.cursors = vec![None];
    }

    /// Rows before the window.
    pub(crate) fn before(&self) -> usize {
        self.first * PAGE
    }

    /// The selection among the rows of the screen.
    pub(crate) fn index(&self) -> Option<usize> {
        self.row_index().map(|at| self.folds.shown_of(at))
    }

    /// The selection among all rows.
    pub(crate) fn row_index(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.id() == *id)
    }

    /// The selected row; of equal neighbours the first.
    pub(crate) fn item(&self) -> Option<&Row> {
        let at = self.index()?;
        self.rows.get(self.folds.row_of(at, self.rows.len()))
    }

    /// How many of the marked are not among the rows.
    pub(crate) fn hidden_marks(&self) -> usize {
        let shown = |row: &&Row| self.marks.contains_key(&row.id());
        self.marks.len() - self.rows.iter().filter(shown).count()
    }

    fn mark_anew(&mut self) {
        for row in &self.rows {
            if let Some(marked) = self.marks.get_mut(&row.id()) {
                marked.clone_from(row);
            }
        }
    }

    /// Puts the selection on a row, and the row on a screen of `height` rows.
    pub(crate) fn select(&mut self, at: usize, height: usize) {
        let at = at.min(self.shown_count().saturating_sub(1));
        let row = self.folds.row_of(at, self.rows.len());
        self.selected = self.rows.get(row).map(Row::id);
        if at == 0 && self.first == 0 {
            self.new_above = 0;
        }
        self.keep_visible(height);
    }

    pub(crate) fn keep_visible(&mut self, height: usize) {
        let (at, height) = (self.index().unwrap_or_default(), height.max(1));
        self.offset = self.offset.clamp((at + 1).saturating_sub(height), at);
        self.offset = self.offset.min(self.shown_count().saturating_sub(height));
    }

    pub(crate) fn step(&mut self, by: isize, height: usize) {
        let at = self.index().unwrap_or_default();
        let to = at.saturating_add_signed(by);
        if to >= self.shown_count() && by > 0 {
            // The last of equal neighbours: more of them may follow.
            self.selected = self.rows.last().map(Row::id);
            return self.keep_visible(height);
        }
        self.select(to, height);
    }

    /// The page the window would be read anew from: where the screen begins.
    pub(crate) fn window(&self) -> Want {
        let mut end = 0;
        let offset = self.folds.row_of(self.offset, self.rows.len());
        let inside = self.sizes.iter().position(|size| {
            end += size;
            offset < end
        });
        let first = self.first + inside.unwrap_or_default();
        Want::Window { first }
    }

    /// The page that is needed next, if the selection is near an end of the window.
    pub(crate) fn next_want(&self) -> Option<Want> {
        if !matches!(self.load, Load::Done) {
            return None;
        }
        let at = self.row_index().unwrap_or_default();
        let end = self.first + self.sizes.len();
        // Many equal neighbours make few rows: then a whole window is read, and no more.
        let few = self.sizes.len() < WINDOW
            && self.index().unwrap_or_default() + NEAR > self.shown_count();
        if (at + NEAR > self.rows.len() || few) && self.cursors.len() > end {
            return Some(Want::After);
        }
        (at < NEAR && self.first > 0).then_some(Want::Before)
    }

    /// Where to read what is wanted, and how many pages.
    pub(crate) fn place(&self, want: Want) -> (Option<String>, usize) {
        let (page, pages) = match want {
            Want::Window { first } => (first, if self.sizes.len() > 1 { 2 } else { 1 }),
            Want::After => (self.first + self.sizes.len(), 1),
            Want::Before => (self.first.saturating_sub(1), 1),
        };
        (self.cursors.get(page).cloned().flatten(), pages)
    }

    /// Takes pages that came.
    pub(crate) fn take(
        &mut self,
        want: Want,
        pages: Vec<Page<Row>>,
        now: Timestamp,
        height: usize,
    ) {
        let (was_at, was_row) = (self.index(), self.row_index());
        let on_screen = was_at.map(|at| at.saturating_sub(self.offset));
        let absolute = self.before() + was_at.unwrap_or_default();
        self.load = Load::Done;
        self.loaded_at = Some(now);
        if let Some(page) = pages.last() {
            self.total = page.pagination.total;
            self.total_at_least = page.pagination.total_at_least;
        }
        match want {
            Want::Window { first } => self.replace(first, pages),
            Want::After => pages.into_iter().for_each(|page| self.append(page)),
            Want::Before => pages.into_iter().for_each(|page| self.prepend(page)),
        }
        self.folds.fold(&self.rows);
        self.mark_anew();
        let follows = std::mem::take(&mut self.follows) && self.first == 0;
        if std::mem::take(&mut self.fresh) || follows {
            return self.select(0, height);
        }
        if self.kind == Resource::Events && self.first == 0 && matches!(want, Want::Window { .. }) {
            let came = self.row_index().zip(was_row);
            self.new_above += came.map_or(0, |(is, was)| is.saturating_sub(was));
        }
        let at = self
            .index()
            .unwrap_or_else(|| absolute.saturating_sub(self.before()));
        self.offset = at.saturating_sub(on_screen.unwrap_or_default());
        self.select(at, height);
    }

    fn replace(&mut self, first: usize, pages: Vec<Page<Row>>) {
        self.rows.clear();
        self.sizes.clear();
        self.first = first;
        self.cursors.truncate(first + 1);
        for page in pages {
            self.append(page);
        }
    }

    fn append(&mut self, page: Page<Row>) {
        self.sizes.push_back(page.data.len());
        self.rows.extend(page.data);
        let number = self.first + self.sizes.len();
        self.cursors.truncate(number);
        if let Some(next) = page.pagination.next_cursor {
            self.cursors.push(Some(next));
        }
        if self.sizes.len() > WINDOW
            && let Some(size) = self.sizes.pop_front()
        {
            self.rows.drain(..size);
            self.first += 1;
        }
    }

    fn prepend(&mut self, page: Page<Row>) {
        self.first = self.first.saturating_sub(1);
        self.sizes.push_front(page.data.len());
        self.rows.splice(0..0, page.data);
        if self.sizes.len() > WINDOW
            && let Some(size) = self.sizes.pop_back()
        {
            self.rows.truncate(self.rows.len() - size);
        }
    }

    /// A live event, at the top. `false` when the window has to be read anew instead.
    pub(crate) fn push_live(&mut self, item: Row, height: usize) -> bool {
        let grown = self.sizes.front().is_none_or(|size| *size >= 4 * PAGE);
        let at_top = self.first == 0 && self.index().unwrap_or_default() == 0;
        if self.first > 0 || grown || self.sort.is_some_and(|(_, descending)| !descending) {
            // It is read anew: then those above the selection are counted, unless they are out of its window.
            self.follows |= at_top;
            self.new_above += usize::from(self.first > 0);
            return false;
        }
        self.new_above += usize::from(!at_top);
        let before = self.shown_count();
        self.rows.insert(0, item);
        if let Some(size) = self.sizes.front_mut() {
            *size += 1;
        }
        self.total += 1;
        self.folds.fold(&self.rows);
        if at_top {
            self.select(0, height);
        } else {
            self.offset += self.shown_count() - before.min(self.shown_count());
            self.keep_visible(height);
        }
        true
    }
}

#[cfg(test)]
mod tests;
