//! The dashboard: its panels, and what they hold.

mod loading;
mod metrics;

use doorward_shared::{Timestamp, admin::Event};

pub(crate) use self::metrics::{Count, DashRow, EndingKind, Expiry, Opens, Series};
use super::{
    form::Form,
    layer::Layer,
    list::List,
    msg::Effect,
    state::{State, View},
};
use crate::core::{
    chart::{self, Bin, Window},
    event_text,
    format::full,
    keymap::Action,
    resource::Resource,
    setup_checklist::Task,
};

/// Bins of the sparklines, at most.
const SPARKS: usize = 60;

/// A part of the dashboard, in the order in which the focus moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    Chart,
    Networks,
    Accounts,
    Now,
    Setup,
    Ending,
    Events,
    Clients,
}

impl Panel {
    pub(crate) const ALL: [Self; 8] = [
        Self::Chart,
        Self::Networks,
        Self::Accounts,
        Self::Now,
        Self::Setup,
        Self::Ending,
        Self::Events,
        Self::Clients,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Chart => "",
            Self::Now => "Now",
            Self::Setup => "A first evening",
            Self::Ending => "Ends soon",
            Self::Networks => "Failures by network",
            Self::Accounts => "Failures by account",
            Self::Events => "Events",
            Self::Clients => "Refused clients",
        }
    }

    /// What stands in it when there is nothing.
    pub(crate) fn nothing(self) -> &'static str {
        match self {
            Self::Ending => "Nothing ends in 14 days.",
            Self::Events => "Nothing has happened yet.",
            _ => "None in the last hour.",
        }
    }
}

/// What was chosen for the chart; kept from visit to visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dashboard {
    pub window: Window,
    /// One above another, or one at a time; as there is room where nothing was chosen.
    pub stacked: Option<bool>,
    /// Bins back from the last one, where the cursor is.
    pub cursor: Option<usize>,
    /// Bins that the chart last had.
    pub series: usize,
}

impl State {
    /// The panels that have something to say.
    pub(crate) fn dash_panels(&self) -> Vec<Panel> {
        let shown = |panel: &Panel| match panel {
            Panel::Setup => !self.checklist().is_empty(),
            _ => true,
        };
        Panel::ALL.into_iter().filter(shown).collect()
    }

    /// The panel after this one, or before it.
    pub(crate) fn dash_turn(&mut self, by: isize) {
        let View::Dashboard { panel, .. } = self.view else {
            return;
        };
        let panels = self.dash_panels();
        let at = panels.iter().position(|one| *one == panel);
        let at = at.unwrap_or_default().cast_signed() + by;
        let at = at.rem_euclid(panels.len().cast_signed()).cast_unsigned();
        let at = panels.get(at).copied().unwrap_or(Panel::Chart);
        self.dash_select(at, 0);
    }

    fn dash_select(&mut self, panel: Panel, at: usize) {
        self.view = View::Dashboard { panel, at };
        self.dashboard_selection = self.dash_row().and_then(|row| row.key());
    }

    /// Finds the selected row again after something has come.
    pub(super) fn dash_settle(&mut self) {
        let View::Dashboard { panel, at } = self.view else {
            return;
        };
        if panel == Panel::Chart {
            return;
        }
        // The first evening is over.
        if !self.dash_panels().contains(&panel) {
            return self.dash_select(Panel::Chart, 0);
        }
        let rows = self.dash_rows(panel);
        let found = self
            .dashboard_selection
            .as_ref()
            .and_then(|key| match panel {
                Panel::Events => self.dash_event(&rows, key),
                _ => rows.iter().position(|row| row.key().as_ref() == Some(key)),
            });
        match found {
            Some(at) => self.view = View::Dashboard { panel, at },
            // What it was is gone.
            None => self.dash_select(panel, at.min(rows.len().saturating_sub(1))),
        }
    }

    /// The row in which an event stands: equal neighbours are one, and the newest of them names it.
    fn dash_event(&self, rows: &[DashRow], id: &str) -> Option<usize> {
        let events = self.known.recent.as_deref().unwrap_or_default();
        let place = events.iter().position(|event| event.id.to_string() == id)?;
        let mut end = 0;
        rows.iter().position(|row| {
            end += match row {
                DashRow::Event { rows, .. } => *rows,
                _ => 1,
            };
            place < end
        })
    }

    /// What happened in the window, cut into so many bins at most.
    pub(crate) fn dash_bins(&self, most: usize) -> Vec<Bin> {
        let window = self.dash.window;
        let series = &self.known.series[window as usize];
        chart::bins(series, window, self.now.wall, most)
    }

    /// Rows of a panel; none before anything is known.
    pub(crate) fn dash_rows(&self, panel: Panel) -> Vec<DashRow> {
        let known = &self.known;
        let now = self.now.wall;
        match panel {
            Panel::Clients => {
                let failing = known.failing_clients.iter().flatten();
                return failing.cloned().map(DashRow::Client).collect();
            }
            Panel::Setup => {
                let tasks = self.checklist().into_iter();
                return tasks
                    .map(|(task, done)| DashRow::Task(task, done))
                    .collect();
            }
            Panel::Ending => {
                let ending = known.ending.iter().flatten().cloned();
                return ending.map(|row| DashRow::Ending(row, now)).collect();
            }
            Panel::Events => {
                let events = known.recent.as_deref().unwrap_or_default();
                let row = |alike: &[Event]| DashRow::Event {
                    event: Box::new(alike[0].clone()),
                    rows: alike.len(),
                    times: event_text::times(alike),
                };
                return events.chunk_by(event_text::is_repeat).map(row).collect();
            }
            _ => {}
        }
        let Some(stats) = known.stats.as_deref() else {
            return Vec::new();
        };
        match panel {
            Panel::Chart => self.dash_series(),
            Panel::Networks => {
                let rows = stats.failing_networks.iter().cloned();
                rows.map(|row| DashRow::Network(row, stats.failures))
                    .collect()
            }
            Panel::Accounts => {
                let rows = stats.failing_accounts.iter().cloned();
                rows.map(|row| DashRow::Account(row, stats.failures))
                    .collect()
            }
            _ => Count::ALL
                .into_iter()
                .map(|count| DashRow::Count(count, count.of(stats)))
                .collect(),
        }
    }

    fn dash_series(&self) -> Vec<DashRow> {
        let bins = self.dash_bins(SPARKS);
        let values = |series: Series| {
            // Of what is measured, times of which nothing is known have no value.
            let known = bins
                .iter()
                .filter(|bin| series.is_count() || bin.sum.is_some());
            let value = move |bin: &Bin| bin.sum.map_or(0., |sum| series.of(&sum));
            known.map(value).collect()
        };
        Series::ALL
            .into_iter()
            .map(|series| DashRow::Series(series, values(series)))
            .collect()
    }

    /// The selected row of the dashboard.
    fn dash_row(&self) -> Option<DashRow> {
        let View::Dashboard { panel, at } = self.view else {
            return None;
        };
        self.dash_rows(panel).into_iter().nth(at)
    }

    /// Moves within a panel.
    pub(crate) fn dash_step(&mut self, by: isize) {
        let View::Dashboard { panel, at } = self.view else {
            return;
        };
        let last = self.dash_rows(panel).len().saturating_sub(1);
        let at = at.saturating_add_signed(by).min(last);
        self.dash_select(panel, at);
        if panel == Panel::Chart {
            self.dash.series = at;
        }
    }

    /// Another window of time.
    pub(crate) fn dash_window(&mut self, effects: &mut Vec<Effect>) {
        self.dash.window = self.dash.window.next();
        self.dash.cursor = None;
        self.ask_dashboard(effects);
    }

    /// The chart's cursor to an earlier or a later bin; beyond the last one it goes.
    pub(crate) fn dash_cursor(&mut self, back: isize) {
        let last = self.dash_bins(usize::MAX).len().saturating_sub(1);
        self.dash.cursor = match (self.dash.cursor, back) {
            (None, 1..) => Some(0),
            (None | Some(0), _) if back < 0 => None,
            (at, back) => at.map(|at| at.saturating_add_signed(back).min(last)),
        };
    }

    pub(crate) fn dash_open(&mut self, effects: &mut Vec<Effect>) {
        match self.dash_row().and_then(|row| row.opens()) {
            Some(Opens::List(kind, filters)) => self.go_list(kind, filters, effects),
            Some(Opens::Search(kind, text)) => {
                let mut list = List::new(kind, Vec::new());
                list.q = text;
                self.go(View::List(Box::new(list)), effects);
            }
            Some(Opens::Row(kind, id)) => self.go_row(kind, id, effects),
            Some(Opens::Event(event)) => self.show_event(*event, effects),
            Some(Opens::Task(task)) => self.dash_task(task, effects),
            Some(Opens::Certificate(end)) => self.tell_certificate(end),
            None => {}
        }
    }

    fn tell_certificate(&mut self, end: Timestamp) {
        let lines = vec![
            format!("{} shows a certificate that ends", self.server.url),
            String::new(),
            format!("  {}", full(end, self.now.wall)),
            String::new(),
            "Then no application and no console connects any more. Renew it where TLS ends: at the proxy, or, where this server has tls.certs, in those files; SIGHUP makes it read them again.".into(),
        ];
        self.layers.push(Layer::note("TLS certificate", lines));
    }

    /// Opens what does a task of the first evening.
    fn dash_task(&mut self, task: Task, effects: &mut Vec<Effect>) {
        let Some(server) = self.known.server.as_deref() else {
            return;
        };
        let title = format!("First evening: {}", task.label());
        let lines = task.advice(server);
        match task {
            Task::Administrator => {
                self.go_list(Resource::Users, Vec::new(), effects);
                self.act(Action::New, effects);
            }
            Task::Client => {
                self.go_list(Resource::Clients, Vec::new(), effects);
                self.act(Action::New, effects);
            }
            Task::Backup => {
                self.go(View::Health { scroll: 0 }, effects);
                self.act(Action::Backup, effects);
            }
            Task::MasterKey => self.ask_for_key(title, lines),
            Task::Issuer | Task::Proxies | Task::Mail => {
                self.layers.push(Layer::note(title, lines));
            }
        }
    }

    /// The network of the selected row.
    pub(crate) fn dash_network(&self) -> Option<String> {
        match self.dash_row()? {
            DashRow::Network(row, _) => Some(row.network),
            DashRow::Event { event, .. } => event.ip,
            _ => None,
        }
    }

    pub(crate) fn dash_incident(&mut self, effects: &mut Vec<Effect>) {
        match self.dash_row().and_then(|row| row.subject()) {
            Some(subject) => self.go_incident(vec![subject], effects),
            None => self.ask_form(Form::incident(), effects),
        }
    }
}
