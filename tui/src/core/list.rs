//! A list: a window of pages over rows the server has, however many.

use std::collections::{BTreeMap, VecDeque};

use doorward_shared::{
    Page, Timestamp,
    client::{Filter, ListQuery, Sort},
};

use super::problem::Problem;
use crate::core::{
    resource::{Resource, Row},
    search::{Search, SearchError},
};

/// Rows in a page.
pub const PAGE: usize = 100;
/// Pages kept; those far from the selection are dropped and read again when it comes back.
const WINDOW: usize = 8;
/// How near to an end of the window the next page is asked for.
const NEAR: usize = 30;

/// What a list was narrowed down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFilter {
    /// The server's parameter.
    pub name: Filter,
    pub value: String,
    /// How the title says it.
    pub label: String,
}

impl ListFilter {
    pub fn new(name: Filter, value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            label: label.into(),
        }
    }
}

/// Which pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The window anew, from a page on.
    Window {
        first: usize,
    },
    After,
    Before,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// Asked for, at this instant of the monotonic clock.
    Waiting(u64),
    Done,
    Failed(Problem),
}

#[derive(Debug, Clone)]
pub struct List {
    pub kind: Resource,
    pub filters: Vec<ListFilter>,
    /// What is searched for.
    pub q: String,
    /// Which of the kind's sorts, and whether the greatest is first.
    pub sort: Option<(usize, bool)>,
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
    /// Another question was asked: its first row will be selected.
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
}

impl List {
    pub fn new(kind: Resource, filters: Vec<ListFilter>) -> Self {
        Self {
            kind,
            filters,
            q: String::new(),
            sort: None,
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
        }
    }

    /// The same question without its rows: what history keeps.
    #[must_use]
    pub fn question(&self) -> Self {
        Self {
            q: self.q.clone(),
            sort: self.sort,
            selected: self.selected.clone(),
            marks: self.marks.clone(),
            ..Self::new(self.kind, self.filters.clone())
        }
    }

    /// What is searched for, read; none where nothing is.
    ///
    /// # Errors
    /// One line that names the term at fault.
    pub fn search(&self, now: Timestamp) -> Result<Option<Search>, SearchError> {
        let search = Search::parse(self.kind, &self.q, now)?;
        Ok(Some(search).filter(|search| *search != Search::default()))
    }

    /// The order that was chosen.
    pub fn sort(&self) -> Option<Sort> {
        let (at, descending) = self.sort?;
        let (field, _) = self.kind.sorts().get(at)?;
        Some(Sort {
            field: *field,
            descending,
        })
    }

    /// The question to the server, without what is searched for.
    pub fn query(&self) -> ListQuery {
        let filters = self.filters.iter();
        let query = ListQuery::default().sorted(self.sort());
        filters.fold(query, |query, filter| {
            query.with(filter.name, &filter.value)
        })
    }

    /// Another question: the next pages begin at the first.
    pub fn restart(&mut self) {
        self.fresh = true;
        self.first = 0;
        self.sizes.clear();
        self.sizes.push_back(self.rows.len());
        self.cursors = vec![None];
    }

    /// Rows before the window.
    pub fn before(&self) -> usize {
        self.first * PAGE
    }

    pub fn index(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.id() == *id)
    }

    pub fn item(&self) -> Option<&Row> {
        self.index().and_then(|at| self.rows.get(at))
    }

    /// How many of the marked are not among the rows.
    pub fn hidden_marks(&self) -> usize {
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
    pub fn select(&mut self, at: usize, height: usize) {
        let at = at.min(self.rows.len().saturating_sub(1));
        self.selected = self.rows.get(at).map(Row::id);
        self.keep_visible(height);
    }

    pub fn keep_visible(&mut self, height: usize) {
        let (at, height) = (self.index().unwrap_or_default(), height.max(1));
        self.offset = self.offset.clamp((at + 1).saturating_sub(height), at);
        self.offset = self.offset.min(self.rows.len().saturating_sub(height));
    }

    pub fn step(&mut self, by: isize, height: usize) {
        let at = self.index().unwrap_or_default();
        self.select(at.saturating_add_signed(by), height);
    }

    /// The page the window would be read anew from: where the screen begins.
    pub fn window(&self) -> Want {
        let mut end = 0;
        let inside = self.sizes.iter().position(|size| {
            end += size;
            self.offset < end
        });
        let first = self.first + inside.unwrap_or_default();
        Want::Window { first }
    }

    /// The page that is needed next, if the selection is near an end of the window.
    pub fn next_want(&self) -> Option<Want> {
        if !matches!(self.load, Load::Done) {
            return None;
        }
        let at = self.index().unwrap_or_default();
        let end = self.first + self.sizes.len();
        if at + NEAR > self.rows.len() && self.cursors.len() > end {
            return Some(Want::After);
        }
        (at < NEAR && self.first > 0).then_some(Want::Before)
    }

    /// Where to read what is wanted, and how many pages.
    pub fn place(&self, want: Want) -> (Option<String>, usize) {
        let (page, pages) = match want {
            Want::Window { first } => (first, if self.sizes.len() > 1 { 2 } else { 1 }),
            Want::After => (self.first + self.sizes.len(), 1),
            Want::Before => (self.first.saturating_sub(1), 1),
        };
        (self.cursors.get(page).cloned().flatten(), pages)
    }

    /// Takes pages that came.
    pub fn take(&mut self, want: Want, pages: Vec<Page<Row>>, now: Timestamp, height: usize) {
        let was_at = self.index();
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
        self.mark_anew();
        if std::mem::take(&mut self.fresh) {
            return self.select(0, height);
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
    pub fn push_live(&mut self, item: Row, height: usize) -> bool {
        let grown = self.sizes.front().is_none_or(|size| *size >= 4 * PAGE);
        if self.first > 0 || grown || self.sort.is_some_and(|(_, descending)| !descending) {
            return false;
        }
        let at_top = self.index().unwrap_or_default() == 0;
        self.rows.insert(0, item);
        if let Some(size) = self.sizes.front_mut() {
            *size += 1;
        }
        self.total += 1;
        if at_top {
            self.select(0, height);
        } else {
            self.offset += 1;
            self.keep_visible(height);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{Pagination, admin::Role};

    use super::*;

    fn page(from: usize, to: usize, total: usize) -> Page<Row> {
        let role = |n: usize| {
            Row::Role(Role {
                name: format!("role{n:05}"),
                permissions: Default::default(),
                built_in: false,
                users: 0,
            })
        };
        Page {
            data: (from..to).map(role).collect(),
            pagination: Pagination {
                total: total as u64,
                next_cursor: (to < total).then(|| to.to_string()),
                ..Pagination::default()
            },
        }
    }

    /// Answers what the list asks for until it asks for nothing more.
    fn serve(list: &mut List, total: usize) {
        while let Some(want) = list.next_want() {
            let (cursor, _) = list.place(want);
            let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            list.take(
                want,
                vec![page(from, (from + PAGE).min(total), total)],
                Timestamp(0),
                20,
            );
        }
    }

    fn filled(total: usize) -> List {
        let mut list = List::new(Resource::Roles, Vec::new());
        let want = Want::Window { first: 0 };
        list.take(
            want,
            vec![page(0, PAGE.min(total), total)],
            Timestamp(0),
            20,
        );
        list
    }

    #[test]
    fn a_long_list_is_walked_both_ways_in_bounded_memory() {
        let total = 5_000;
        let mut list = filled(total);
        for _ in 0..total {
            list.step(1, 20);
            serve(&mut list, total);
            assert!(list.rows.len() <= (WINDOW + 1) * PAGE);
        }
        assert_eq!(list.selected.as_deref(), Some("role04999"));
        for step in (0..total - 1).rev() {
            list.step(-1, 20);
            assert_eq!(list.selected, Some(format!("role{step:05}")));
            serve(&mut list, total);
        }
    }

    #[test]
    fn the_selection_stays_on_its_row_when_others_come_or_go() {
        let mut list = filled(50);
        list.select(10, 20);
        let mut changed = page(5, 50, 45);
        changed.data.remove(0);
        list.take(list.window(), vec![changed], Timestamp(0), 20);
        assert_eq!(list.selected.as_deref(), Some("role00010"));
        assert_eq!(list.index(), Some(4));
    }

    #[test]
    fn when_the_selected_row_is_gone_its_neighbour_is_selected() {
        let mut list = filled(50);
        list.select(10, 20);
        let mut changed = page(0, 50, 49);
        changed.data.remove(10);
        list.take(list.window(), vec![changed], Timestamp(0), 20);
        assert_eq!(list.selected.as_deref(), Some("role00011"));
        list.take(list.window(), vec![page(0, 0, 0)], Timestamp(0), 20);
        assert_eq!(list.selected, None);
    }

    #[test]
    fn a_refresh_far_down_reads_only_what_is_on_the_screen() {
        let total = 1_000;
        let mut list = filled(total);
        for _ in 0..450 {
            list.step(1, 20);
            serve(&mut list, total);
        }
        let want = list.window();
        let (cursor, pages) = list.place(want);
        assert_eq!((cursor.as_deref(), pages), (Some("400"), 2));
        list.take(
            want,
            vec![page(400, 500, total), page(500, 600, total)],
            Timestamp(0),
            20,
        );
        assert_eq!((list.before(), list.rows.len()), (400, 200));
        assert_eq!(list.selected.as_deref(), Some("role00450"));
    }
}
