//! A page: all about one user, session, key, client, address or signing key, on one screen. Every line leads on.

mod common_values;
pub(crate) mod days;
mod factors;
mod ip_address;
mod layout;
pub(crate) mod lines;
pub(crate) mod navigation;
pub(crate) mod panels;
pub(crate) mod screen;
mod subject;

use std::collections::BTreeMap;

use doorward_shared::{
    Page, Timestamp,
    admin::{Block, Event, EventSummary},
    apikey::UsagePoint,
    auth::OwnApplication as Application,
};

use self::panels::Panel;
pub(crate) use self::subject::Subject;
use crate::core::{
    list::{ListFilter, Load},
    problem::Problem,
    resource::{Resource, Row},
};

/// How far back a page looks, in days.
pub(crate) const DAYS: i64 = 30;

/// What a page is made of; each part comes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The thing itself.
    Item,
    Sessions,
    /// Sessions from the same address.
    Near,
    Keys,
    Signing,
    Blocks,
    Applications,
    /// How often keys were used.
    Use,
    Events,
    /// What all events of an address come to, those that are not read among them.
    Summary,
}

/// How often a key was used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyUse {
    /// A point for each day.
    pub points: Vec<UsagePoint>,
    /// When it was used last, as far as was known then: it is read again when that is later.
    pub used_at: Option<Timestamp>,
}

/// What a page knows already, so that it is not read again.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PageFacts {
    /// When the newest of its events happened.
    pub newest: Option<Timestamp>,
    /// When each key was used last whose use is known.
    pub used: BTreeMap<String, Option<Timestamp>>,
}

/// What came of a part.
#[derive(Debug, Clone)]
pub(crate) enum LoadedPart {
    Item(Box<Row>),
    /// Rows, and how many there are.
    Rows(Page<Row>),
    Blocks(Vec<Block>),
    Applications(Vec<Application>),
    /// By the key's id; what was read before stays.
    Use(BTreeMap<String, KeyUse>),
    /// Newest first, and whether there are older ones.
    Events(Vec<Event>, bool),
    /// Those that came since, besides the ones that are known.
    NewEvents(Vec<Event>),
    Summary(Box<EventSummary>),
}

/// Where a line leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    Page(Subject),
    List(Resource, Vec<ListFilter>),
    Event(Box<Event>),
    /// The whole of a text that has no room: its title, and its lines.
    Text(String, Vec<String>),
}

/// A page as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct SubjectPage {
    pub subject: Subject,
    pub since: Timestamp,
    parts: BTreeMap<Part, LoadedPart>,
    problems: BTreeMap<Part, Problem>,
    /// Whether the thing is known from a list alone, whose rows lack what only one of them is asked for.
    is_listed: bool,
    /// Of the answers that are awaited; others are stale.
    pub generation: u64,
    /// When all of it was asked for last, on the monotonic clock.
    whole_at: Option<u64>,
    /// Since when it waits for all of its parts, on the monotonic clock.
    pub asked_at: u64,
    pub loaded_at: Option<Timestamp>,
    /// The line with the cursor: of which panel, and its key. The first one of the page before any was chosen.
    pub chosen: Option<(Panel, String)>,
    /// Where that line was, for when it is gone.
    pub at: usize,
}

impl SubjectPage {
    pub(crate) fn new(subject: Subject, now: Timestamp) -> Self {
        Self {
            subject,
            since: now.plus_seconds(-DAYS * 86_400),
            parts: BTreeMap::new(),
            problems: BTreeMap::new(),
            is_listed: false,
            generation: 0,
            whole_at: None,
            asked_at: 0,
            loaded_at: None,
            chosen: None,
            at: 0,
        }
    }

    /// The same page without what was read: what history keeps of old ones.
    #[must_use]
    pub(crate) fn bare(&self) -> Self {
        Self {
            chosen: self.chosen.clone(),
            at: self.at,
            since: self.since,
            ..Self::new(self.subject.clone(), self.since)
        }
    }

    /// Shows what a list knows of it until it was read itself.
    pub(crate) fn begin_with(&mut self, row: Row) {
        self.parts
            .insert(Part::Item, LoadedPart::Item(Box::new(row)));
        self.is_listed = true;
    }

    /// Takes a part that came, or why it did not: then the old one stays.
    pub(crate) fn take(&mut self, part: Part, found: Result<LoadedPart, Problem>) {
        match found {
            Ok(found) => {
                self.problems.remove(&part);
                self.is_listed &= part != Part::Item;
                self.put(part, found);
            }
            Err(problem) => {
                // What is no more there is not shown as if it were.
                if part == Part::Item && problem.is_gone {
                    self.parts.remove(&part);
                }
                self.problems.insert(part, problem);
            }
        }
    }

    fn put(&mut self, part: Part, found: LoadedPart) {
        match (self.parts.get_mut(&part), found) {
            (Some(LoadedPart::Use(known)), LoadedPart::Use(newer)) => known.extend(newer),
            (Some(LoadedPart::Events(known, more)), LoadedPart::NewEvents(newer)) => {
                known.extend(newer);
                known.sort_by_key(|event| std::cmp::Reverse(event.id));
                known.dedup_by_key(|event| event.id);
                *more |= known.len() > MOST_EVENTS;
                known.truncate(MOST_EVENTS);
            }
            // Nothing is known that they could be added to.
            (_, LoadedPart::NewEvents(events)) => {
                self.parts.insert(part, LoadedPart::Events(events, true));
            }
            (_, found) => {
                self.parts.insert(part, found);
            }
        }
    }

    /// What need not be read again. After a while all of it is.
    pub(crate) fn known(&mut self, now: u64) -> PageFacts {
        if self.whole_at.is_none_or(|at| now >= at + WHOLE) {
            self.whole_at = Some(now);
            return PageFacts::default();
        }
        let newest = match (self.problems.get(&Part::Events), self.events().0.first()) {
            (None, Some(event)) => Some(event.time),
            _ => None,
        };
        let used = match self.parts.get(&Part::Use) {
            Some(LoadedPart::Use(all)) => all
                .iter()
                .map(|(id, one)| (id.clone(), one.used_at))
                .collect(),
            _ => BTreeMap::new(),
        };
        PageFacts { newest, used }
    }

    /// How things stand with a part that shows nothing.
    pub(crate) fn load(&self, part: Part) -> Load {
        match self.problems.get(&part) {
            Some(problem) => Load::Failed(problem.clone()),
            None if self.parts.contains_key(&part) => Load::Done,
            None => Load::Waiting(self.asked_at),
        }
    }

    /// How things stand with a panel that shows nothing: factors are not in the rows of a list.
    pub(crate) fn load_of(&self, panel: Panel) -> Load {
        let part = match (panel, &self.subject) {
            (Panel::People, Subject::Address(_)) => Part::Summary,
            _ => panel.part(),
        };
        match self.load(part) {
            Load::Done if panel == Panel::Factors && self.is_listed => Load::Waiting(self.asked_at),
            load => load,
        }
    }

    /// What the keys act on: the row with the cursor where it is a thing of its own, or else what the page is about.
    pub(crate) fn acting(&self) -> Option<&Row> {
        match &self.chosen {
            Some((panel, key)) if panel.has_rows() => {
                let (rows, _) = self.rows(panel.part());
                rows.iter().find(|row| row.id() == *key)
            }
            _ => self.item(),
        }
    }

    /// Whether the cursor is on what the keys act on, and not on something else of the page.
    pub(crate) fn is_on_acting(&self) -> bool {
        match &self.chosen {
            Some((Panel::About, _)) | None => true,
            Some((panel, _)) => panel.has_rows() && self.acting().is_some(),
        }
    }

    /// The thing itself.
    pub(crate) fn item(&self) -> Option<&Row> {
        match self.parts.get(&Part::Item) {
            Some(LoadedPart::Item(item)) => Some(item),
            _ => None,
        }
    }

    /// Rows of a part, and how many there are of them.
    pub(crate) fn rows(&self, part: Part) -> (&[Row], u64) {
        match self.parts.get(&part) {
            Some(LoadedPart::Rows(page)) => (&page.data, page.pagination.total),
            _ => (&[], 0),
        }
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        match self.parts.get(&Part::Blocks) {
            Some(LoadedPart::Blocks(blocks)) => blocks,
            _ => &[],
        }
    }

    pub(crate) fn applications(&self) -> &[Application] {
        match self.parts.get(&Part::Applications) {
            Some(LoadedPart::Applications(applications)) => applications,
            _ => &[],
        }
    }

    /// A key's use by day; none where it was not read.
    pub(crate) fn usage(&self, key: &str) -> Option<&[UsagePoint]> {
        match self.parts.get(&Part::Use) {
            Some(LoadedPart::Use(all)) => all.get(key).map(|one| one.points.as_slice()),
            _ => None,
        }
    }

    /// What happened, newest first, and whether more did before.
    pub(crate) fn events(&self) -> (&[Event], bool) {
        match self.parts.get(&Part::Events) {
            Some(LoadedPart::Events(events, more)) => (events, *more),
            _ => (&[], false),
        }
    }

    /// What all events of an address come to.
    pub(crate) fn summary(&self) -> Option<&EventSummary> {
        match self.parts.get(&Part::Summary) {
            Some(LoadedPart::Summary(summary)) => Some(summary),
            _ => None,
        }
    }

    /// An event as it happened; answers whether it is one of this page's.
    pub(crate) fn note(&mut self, event: &Event) -> bool {
        if !self.is_touched_by(event) {
            return false;
        }
        if let Some(LoadedPart::Events(events, _)) = self.parts.get_mut(&Part::Events)
            && events.first().is_none_or(|newest| newest.id < event.id)
        {
            events.insert(0, event.clone());
            events.truncate(MOST_EVENTS);
        }
        true
    }

    fn is_touched_by(&self, event: &Event) -> bool {
        let id = self.subject.id();
        let about = event.actor == id || event.target.as_deref() == Some(id);
        match &self.subject {
            Subject::User(_) => about || event.user_id.is_some_and(|user| user.to_string() == id),
            Subject::Address(_) => event.ip.as_deref() == Some(id),
            Subject::Client(_) => {
                about
                    || event
                        .client_id
                        .is_some_and(|client| client.to_string() == id)
            }
            Subject::Session(_) | Subject::Key(_) | Subject::Signing(_) => about,
        }
    }

    /// Ids on it that have names elsewhere.
    pub(crate) fn mentions(&self) -> Vec<String> {
        let rows = [Part::Sessions, Part::Near, Part::Keys].into_iter();
        let rows = rows.flat_map(|part| self.rows(part).0);
        let events = self.events().0.iter().take(MENTIONED);
        let events = events.map(|event| Row::Event(event.clone()));
        rows.chain(self.item())
            .flat_map(Row::mentions)
            .chain(events.flat_map(|event| event.mentions()))
            .collect()
    }
}

/// How long only what is new is read, in milliseconds.
const WHOLE: u64 = 5 * 60 * 1_000;
/// Events of a page, at most.
pub(crate) const MOST_EVENTS: usize = 500;
/// Events whose people and clients are named without being looked at.
const MENTIONED: usize = 60;
