//! The console's complete state.

use std::collections::BTreeMap;

use doorward_shared::{
    EventId, ScopeSet, Timestamp,
    admin::{Event, Minute, ServerInfo, Stats, Whoami},
};

use ratatui::layout::Size;

use super::{
    connection::Connection,
    dashboard::{Dashboard, Expiry, Panel},
    incident::Incident,
    layer::Layer,
    list::{List, ListFilter, Load},
    msg::{Effect, Now, ServerName},
    page::SubjectPage,
    problem::Problem,
    undo::Undos,
};
use crate::core::{
    appearance::{Glyphs, Theme},
    client_diagnosis::FailingClient,
    customization::{Alerts, Customization},
    keymap::{KeyContext, Keymap},
    layout::Areas,
    own_theme::{ColourDepth, OwnTheme},
    resource::{Resource, Row},
};

/// What is on the screen below everything that was opened on top.
#[derive(Debug, Clone)]
pub(crate) enum View {
    Dashboard {
        /// Which has the focus, and its row.
        panel: Panel,
        at: usize,
    },
    List(Box<List>),
    Health {
        scroll: usize,
    },
    Incident(Box<Incident>),
    /// All about one thing.
    Page(Box<SubjectPage>),
}

impl View {
    /// The dashboard as it is come to.
    pub(crate) const DASHBOARD: Self = Self::Dashboard {
        panel: Panel::Chart,
        at: 0,
    };
}

/// A passing word at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub text: String,
    pub bad: bool,
    pub until: u64,
}

/// What the whole console knows of the server, list by list apart.
#[derive(Debug, Default)]
pub(crate) struct ServerFacts {
    pub stats: Option<Box<Stats>>,
    /// What happened in each minute or hour of each window, oldest first.
    pub series: [Vec<Minute>; 3],
    /// The newest events, newest first.
    pub recent: Option<Vec<Event>>,
    /// Keys that end soon.
    pub ending: Option<Vec<Expiry>>,
    /// When that was last asked for, on the monotonic clock.
    pub slow_poll_at: Option<u64>,
    pub stats_problem: Option<Problem>,
    pub server: Option<Box<ServerInfo>>,
    pub server_problem: Option<Problem>,
    pub ready: Option<bool>,
    pub stats_at: Option<Timestamp>,
    /// Clients that were refused in the last hour.
    pub failing_clients: Option<Vec<FailingClient>>,
    pub refusals_problem: Option<Problem>,
    pub server_at: Option<Timestamp>,
    pub who: Option<Box<Whoami>>,
    /// Emails of users and names of clients, by id.
    pub names: BTreeMap<String, String>,
    /// Ids that were asked for, so that none is asked for twice.
    pub asked_names: std::collections::BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub now: Now,
    pub size: Size,
    pub theme: Theme,
    /// How many colours the terminal has.
    pub depth: ColourDepth,
    /// Themes of files by name, or what is wrong in the file.
    pub own_themes: Vec<(String, Result<OwnTheme, String>)>,
    /// Whether the terminal's background is light.
    pub is_light: bool,
    pub glyphs: Glyphs,
    pub keymap: Keymap,
    /// Changes are switched off, by the command line.
    pub read_only: bool,
    pub server: ServerName,
    /// What the operator made their own.
    pub customization: Customization,
    /// How its alert rules stand.
    pub alerts: Alerts,
    pub known: ServerFacts,
    pub connection: Connection,
    pub view: View,
    pub back: Vec<View>,
    pub forward: Vec<View>,
    pub layers: Vec<Layer>,
    pub toast: Option<Toast>,
    pub wide: bool,
    /// What was chosen for the dashboard's chart.
    pub dash: Dashboard,
    /// What the dashboard's selected row is about: news move rows, and not the selection.
    pub dashboard_selection: Option<String>,
    pub dirty: bool,
    pub generation: u64,
    pub next_request_id: u64,
    /// What the keys of calls that may be repeated begin with: no other console's do.
    pub calls: String,
    calls_made: u64,
    pub undos: Undos,
    /// Unwritten lines of incidents that were given up for another server.
    pub abandoned_requests: usize,
    /// When the view is asked for again although nothing is known to have changed.
    pub poll_at: u64,
    /// The newest event that was seen: where a lost stream goes on.
    pub last_event: Option<EventId>,
}

impl State {
    pub(crate) fn new(size: Size, server: ServerName, keymap: Keymap) -> Self {
        Self {
            now: Now::default(),
            size,
            theme: Theme::default(),
            depth: ColourDepth::Indexed,
            own_themes: Vec::new(),
            is_light: false,
            glyphs: Glyphs { ascii: false },
            keymap,
            read_only: false,
            server,
            customization: Customization::default(),
            alerts: Alerts::default(),
            known: ServerFacts::default(),
            connection: Connection::default(),
            view: View::DASHBOARD,
            back: Vec::new(),
            forward: Vec::new(),
            layers: Vec::new(),
            toast: None,
            wide: false,
            dash: Dashboard::default(),
            dashboard_selection: None,
            dirty: true,
            generation: 0,
            next_request_id: 0,
            calls: String::new(),
            calls_made: 0,
            undos: Undos::default(),
            abandoned_requests: 0,
            poll_at: 0,
            last_event: None,
        }
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) {
        self.size = Size { width, height };
        let height = self.rows_high();
        if let Some(list) = self.list_mut() {
            list.keep_visible(height);
        }
    }

    pub(crate) fn areas(&self) -> Areas {
        Areas::of(self)
    }

    /// Rows of a list that fit on the screen.
    pub(crate) fn rows_high(&self) -> usize {
        usize::from(self.areas().rows.height) / self.row_height()
    }

    /// Lines of the screen that a row of the list takes: events have a second one where that was asked for.
    pub(crate) fn row_height(&self) -> usize {
        let two = self.wide
            && self
                .list()
                .is_some_and(|list| list.kind == Resource::Events);
        if two { 2 } else { 1 }
    }

    pub(crate) fn list(&self) -> Option<&List> {
        match &self.view {
            View::List(list) => Some(list),
            _ => None,
        }
    }

    pub(crate) fn list_mut(&mut self) -> Option<&mut List> {
        match &mut self.view {
            View::List(list) => Some(list),
            _ => None,
        }
    }

    /// The thing that is selected, or that the open pane is about.
    pub(crate) fn item(&self) -> Option<&Row> {
        for layer in self.layers.iter().rev() {
            if let Layer::Detail(detail) = layer
                && detail.focused
                && let Some(item) = &detail.item
            {
                return Some(item);
            }
        }
        match &self.view {
            View::List(list) => list.item(),
            View::Page(page) => page.acting(),
            _ => None,
        }
    }

    /// The kind of thing that keys act on.
    pub(crate) fn kind(&self) -> Option<Resource> {
        match &self.view {
            View::List(list) => Some(list.kind),
            View::Page(page) => match page.acting() {
                Some(row) => Some(row.kind()),
                None => page.subject.kind(),
            },
            _ => None,
        }
    }

    /// Where keys are pressed, most particular first.
    pub(crate) fn contexts(&self) -> Vec<KeyContext> {
        let detail = matches!(self.layers.last(), Some(Layer::Detail(detail)) if detail.focused);
        let mut contexts = if detail {
            vec![KeyContext::Detail]
        } else {
            Vec::new()
        };
        match &self.view {
            View::Dashboard { .. } => contexts.push(KeyContext::Dashboard),
            View::Health { .. } => contexts.push(KeyContext::Health),
            View::Incident(_) => contexts.push(KeyContext::Incident),
            // The pane over a page is about an event.
            View::Page(_) if detail => contexts.push(KeyContext::Events),
            View::Page(_) => {
                contexts.push(KeyContext::Page);
                contexts.extend(self.kind().map(KeyContext::of));
            }
            View::List(list) => {
                contexts.push(KeyContext::of(list.kind));
                if !detail {
                    contexts.push(KeyContext::List);
                }
            }
        }
        contexts.push(KeyContext::Anywhere);
        contexts
    }

    pub(crate) fn scopes(&self) -> Option<&ScopeSet> {
        self.known.who.as_ref().map(|who| &who.scopes)
    }

    pub(crate) fn holds(&self, scope: &str) -> bool {
        self.scopes().is_none_or(|scopes| scopes.covers(scope))
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only || self.server.read_only
    }

    /// Why nothing can be changed now, when nothing can.
    pub(crate) fn no_change(&self, scope: &str) -> Option<String> {
        if self.is_read_only() {
            let unlock = match (
                self.read_only,
                self.keymap.label(crate::core::keymap::Action::Unlock),
            ) {
                (false, key) => format!("; {key} switches them on"),
                (true, _) => String::new(),
            };
            return Some(format!("read-only: changes are switched off here{unlock}"));
        }
        if !self.connection.is_up(self.now) {
            return Some("the server cannot be reached: changes are off until it is back".into());
        }
        (!self.holds(scope)).then(|| format!("this needs the scope {scope}, which you do not hold"))
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.toast_for(text.into(), false, 5_000);
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.toast_for(text.into(), true, 8_000);
    }

    fn toast_for(&mut self, text: String, bad: bool, ms: u64) {
        let until = self.now.ms + ms;
        self.toast = Some(Toast { text, bad, until });
    }

    /// A key by which one call can be sent again without being done twice.
    pub(crate) fn next_idempotency_key(&mut self) -> String {
        self.calls_made += 1;
        format!("{}-{}", self.calls, self.calls_made)
    }

    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Reads the list's rows: what is wanted.
    pub(crate) fn load(&mut self, want: super::list::Want, effects: &mut Vec<Effect>) {
        let generation = self.next_generation();
        let now = self.now;
        let Some(list) = self.list_mut() else { return };
        list.stale_at = None;
        if list.kind == Resource::Profiles {
            return;
        }
        let (cursor, pages) = list.place(want);
        list.generation = generation;
        let search = match list.search(now.wall) {
            Ok(search) => search,
            Err(why) => {
                list.rows.clear();
                list.total = 0;
                list.load = Load::Failed(Problem::refused(why.to_string()));
                return;
            }
        };
        list.load = Load::Waiting(now.ms);
        effects.push(Effect::Load {
            generation,
            kind: list.kind,
            query: list.query(),
            search: search.map(Box::new),
            now: now.wall,
            cursor,
            pages,
            want,
        });
        self.connection.asked(now);
    }

    /// Goes on where the selection went: asks for the pages, the names and the thing it needs.
    pub(crate) fn follow_selection(&mut self, effects: &mut Vec<Effect>) {
        if let Some(want) = self.list().and_then(List::next_want)
            && self.connection.lost.is_none()
        {
            self.load(want, effects);
        }
        self.detail_follows();
        self.ask_names(effects);
    }

    /// A list on its own, or narrowed down.
    pub(crate) fn list_view(kind: Resource, filters: Vec<ListFilter>) -> View {
        View::List(Box::new(List::new(kind, filters)))
    }
}
