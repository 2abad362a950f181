//! Going from view to view, and back.

use super::{
    connection::SLOW,
    layer::{Detail, Layer},
    list::{List, ListFilter, Load, Want},
    msg::{Effect, Now},
    page::Subject,
    state::{State, View},
};
use crate::core::resource::{Resource, Row};
use doorward_shared::client::Filter;

/// Views that are remembered.
const HISTORY: usize = 50;
/// Of those, the newest that keep their rows: going back to them shows them at once, where one was.
const WHOLE: usize = 4;

/// A view without its rows: what history keeps of it.
fn kept(view: &View) -> View {
    match view {
        View::List(list) => View::List(Box::new(list.question())),
        View::Page(page) => View::Page(Box::new(page.bare())),
        other => other.clone(),
    }
}

/// Puts a view that is left into history.
fn remember(history: &mut Vec<View>, view: View) {
    history.push(view);
    // Notes that are in no file yet are kept however long ago.
    if history.len() > HISTORY
        && let Some(oldest) = history.iter().position(|view| !view.has_notes())
    {
        history.remove(oldest);
    }
    if let Some(old) = history.len().checked_sub(WHOLE + 1)
        && let Some(old) = history.get_mut(old)
    {
        *old = kept(old);
    }
}

/// The same place: going there again is no new step of history.
fn same(one: &View, other: &View) -> bool {
    match (one, other) {
        (View::Dashboard { .. }, View::Dashboard { .. })
        | (View::Health { .. }, View::Health { .. }) => true,
        (View::List(one), View::List(other)) => {
            let question =
                |list: &List| (list.kind, list.q.clone(), list.sort, list.columns.clone());
            one.filters == other.filters && question(one) == question(other)
        }
        (View::Incident(one), View::Incident(other)) => one.subjects == other.subjects,
        (View::Page(one), View::Page(other)) => one.subject == other.subject,
        _ => false,
    }
}

impl State {
    /// Goes to a view. What was open on top is closed.
    pub(crate) fn go(&mut self, view: View, effects: &mut Vec<Effect>) {
        self.layers.clear();
        if !same(&self.view, &view) {
            let ahead = std::mem::take(&mut self.forward);
            self.back.extend(ahead.into_iter().filter(View::has_notes));
            let before = std::mem::replace(&mut self.view, view);
            remember(&mut self.back, before);
        }
        self.enter(effects);
    }

    pub(crate) fn go_list(
        &mut self,
        kind: Resource,
        filters: Vec<ListFilter>,
        effects: &mut Vec<Effect>,
    ) {
        self.go(Self::list_view(kind, filters), effects);
    }

    /// Goes to one thing of a list, and opens all about it.
    pub(crate) fn go_row(&mut self, kind: Resource, id: String, effects: &mut Vec<Effect>) {
        if let Some(subject) = Subject::in_list(kind, id.clone()) {
            return self.go_page(subject, effects);
        }
        let name = self.name_of(&id);
        self.go_list(kind, vec![ListFilter::new(Filter::Q, &id, name)], effects);
        effects.push(Effect::Row(kind, id.clone()));
        self.layers.push(Layer::Detail(Box::new(Detail {
            kind,
            id,
            item: None,
            problem: None,
            scroll: 0,
            focused: true,
        })));
    }

    pub(crate) fn go_back(&mut self, effects: &mut Vec<Effect>) -> bool {
        let Some(view) = self.back.pop() else {
            return false;
        };
        self.layers.clear();
        let before = std::mem::replace(&mut self.view, view);
        remember(&mut self.forward, before);
        self.come_again(effects);
        true
    }

    pub(crate) fn go_forward(&mut self, effects: &mut Vec<Effect>) {
        let Some(view) = self.forward.pop() else {
            return self.say("there is nothing to go forward to");
        };
        self.layers.clear();
        let before = std::mem::replace(&mut self.view, view);
        remember(&mut self.back, before);
        self.come_again(effects);
    }

    /// Asks for what a view shows that was left: a list that has its rows goes on where it stands.
    fn come_again(&mut self, effects: &mut Vec<Effect>) {
        let has_rows = self.list().is_some_and(|list| !list.rows.is_empty());
        if has_rows {
            self.refresh(effects);
        } else {
            self.enter(effects);
        }
    }

    pub(crate) fn go_screen(&mut self, digit: u8, effects: &mut Vec<Effect>) {
        match digit {
            1 => self.go(View::DASHBOARD, effects),
            2 => self.go_list(Resource::Users, Vec::new(), effects),
            3 => self.go_list(Resource::Sessions, Vec::new(), effects),
            4 => self.go_list(Resource::Keys, Vec::new(), effects),
            5 => self.go_list(Resource::Clients, Vec::new(), effects),
            6 => self.go_list(Resource::Events, Vec::new(), effects),
            _ => self.go(View::Health { scroll: 0 }, effects),
        }
    }

    /// Asks for what the view shows.
    pub(crate) fn enter(&mut self, effects: &mut Vec<Effect>) {
        self.poll_at = self.now.ms + self.poll_every();
        match &mut self.view {
            View::Dashboard { .. } => self.ask_dashboard(effects),
            View::Health { .. } => self.ask(Effect::Server, effects),
            View::Incident(_) => self.enter_timeline(effects),
            View::Page(_) => self.load_page(effects),
            View::List(list) if list.kind == Resource::Profiles => {
                let height = usize::from(self.size.height);
                let rows = self.server.profiles.iter().cloned();
                list.rows = rows.map(Row::Profile).collect();
                list.total = list.rows.len() as u64;
                list.load = Load::Done;
                list.select(list.index().unwrap_or_default(), height);
            }
            View::List(_) => self.load(Want::Window { first: 0 }, effects),
        }
    }

    /// Asks again for what the view shows, where it stands.
    pub(crate) fn refresh(&mut self, effects: &mut Vec<Effect>) {
        match &self.view {
            View::List(list) if list.kind != Resource::Profiles => {
                let want = list.window();
                self.load(want, effects);
            }
            View::Incident(_) => self.load_timeline(effects),
            _ => self.enter(effects),
        }
        self.poll_at = self.now.ms + self.poll_every();
    }

    pub(crate) fn ask(&mut self, effect: Effect, effects: &mut Vec<Effect>) {
        self.connection.asked(self.now);
        effects.push(effect);
    }

    /// Goes to the events, with one of them open.
    pub(crate) fn show_event(
        &mut self,
        event: doorward_shared::admin::Event,
        effects: &mut Vec<Effect>,
    ) {
        self.go_list(Resource::Events, Vec::new(), effects);
        self.layers.push(Layer::Detail(Box::new(Detail {
            kind: Resource::Events,
            id: event.id.to_string(),
            item: Some(Row::Event(event)),
            problem: None,
            scroll: 0,
            focused: true,
        })));
    }

    /// How often a view is asked for again although nothing is known to have changed, in milliseconds.
    pub(crate) fn poll_every(&self) -> u64 {
        match &self.view {
            View::Dashboard { .. } | View::Health { .. } => 5_000,
            View::List(list) if list.kind == Resource::Profiles => 3_600_000,
            // Its events tell when something changed.
            View::Page(_) if self.connection.streaming => 30_000,
            _ => 10_000,
        }
    }

    /// When the state next changes by itself, on the monotonic clock.
    pub(crate) fn wake(&self) -> u64 {
        let second = self.now.ms + 1_000;
        let counting = self.connection.lost.is_some() || self.connection.wait_until.is_some();
        let slow = self
            .connection
            .asked_at
            .map(|at| (at + SLOW).max(self.now.ms));
        let slow = slow.map(|at| if at <= self.now.ms { second } else { at });
        let times = [
            counting.then_some(second),
            self.connection.retry_at,
            slow,
            self.list().and_then(|list| list.stale_at),
            self.toast.as_ref().map(|toast| toast.until),
            self.layers.last().and_then(|layer| layer.wake(self.now)),
            self.connection.lost.is_none().then_some(self.poll_at),
            self.alerts_wake(),
            self.stream_wake(),
            match &self.view {
                View::Incident(incident) => incident.relate_at,
                _ => None,
            },
        ];
        let soonest = times.into_iter().flatten().min();
        soonest.unwrap_or(self.now.ms + 10_000).max(self.now.ms + 1)
    }

    /// Opens the pane with all about what is selected beside the list, which keeps the keys.
    pub(crate) fn open_beside(&mut self, effects: &mut Vec<Effect>) {
        self.open_detail(effects);
        if let Some(detail) = self.detail_mut() {
            detail.focused = false;
        }
    }

    /// Opens all about the selected thing.
    pub(crate) fn open_detail(&mut self, effects: &mut Vec<Effect>) {
        let Some((kind, item)) = self.kind().zip(self.list().and_then(List::item).cloned()) else {
            return;
        };
        let id = item.id();
        if kind.has_details() {
            effects.push(Effect::Row(kind, id.clone()));
        }
        self.layers.push(Layer::Detail(Box::new(Detail {
            kind,
            id,
            item: Some(item),
            problem: None,
            scroll: 0,
            focused: true,
        })));
    }
}

impl Layer {
    fn wake(&self, now: Now) -> Option<u64> {
        match self {
            Self::Reveal(reveal) => reveal.shown_until,
            Self::Palette(palette) => palette.lookup.ask_at,
            // The seconds it has run are shown.
            Self::Output(output) => output.is_running().then_some(now.ms + 1_000),
            Self::Confirm(confirm) => {
                Some(confirm.opened_at + super::confirm::INPUT_GUARD).filter(|at| *at > now.ms)
            }
            _ => None,
        }
    }
}
