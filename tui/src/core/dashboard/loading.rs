//! What the dashboard asks for, and what has come.

use doorward_shared::{
    Timestamp,
    admin::{Event, Minute, Stats},
};

use super::Panel;
use crate::core::{
    State, chart::Window, client_diagnosis::FailingClient, list::Load, msg::Effect,
    problem::Problem,
};

/// How far back refusals are told, in seconds.
const REFUSALS: i64 = 3_600;
/// What ends within so many seconds is told: two weeks.
const SOON: i64 = 14 * 86_400;
/// Events that are kept for the dashboard.
const RECENT: usize = 200;
/// What seldom changes is asked for again after so long, in milliseconds.
const SELDOM: u64 = 60_000;
/// The scope that events and failing clients are told to.
const EVENTS_READ: &str = "admin:events:read";
const KEYS_READ: &str = "admin:apikeys:read";
const SERVER_READ: &str = "admin:server:read";

impl State {
    /// Asks for what the dashboard shows: of the series only what is not known yet.
    pub(crate) fn ask_dashboard(&mut self, effects: &mut Vec<Effect>) {
        let window = self.dash.window;
        let now = self.now;
        let oldest = now.wall.plus_seconds(-window.seconds() - 3_600);
        let last = self.known.series[window as usize].last();
        let since = last.map_or(oldest, |last| Timestamp(last.time.0.max(oldest.0)));
        self.ask(Effect::Stats { window, since }, effects);
        if self.holds(EVENTS_READ) {
            effects.push(Effect::Refusals(now.wall.plus_seconds(-REFUSALS)));
            if self.known.recent.is_none() || !self.connection.streaming {
                effects.push(Effect::Recent);
            }
        }
        let seldom = &mut self.known.slow_poll_at;
        if seldom.is_none_or(|at| at + SELDOM <= now.ms) {
            *seldom = Some(now.ms);
            if self.holds(KEYS_READ) {
                effects.push(Effect::Ending(now.wall.plus_seconds(SOON)));
            }
            if self.holds(SERVER_READ) {
                effects.push(Effect::Server);
            }
        }
    }

    /// Counters have come, and what happened since a time.
    pub(crate) fn stats(&mut self, window: Window, since: Timestamp, mut stats: Box<Stats>) {
        let oldest = self.now.wall.plus_seconds(-window.seconds() - 3_600);
        let new: Vec<Minute> = std::mem::take(&mut stats.series);
        let series = &mut self.known.series[window as usize];
        series.retain(|minute| minute.time < since && minute.time >= oldest);
        series.extend(new);
        self.known.stats = Some(stats);
        self.known.stats_problem = None;
        self.known.stats_at = Some(self.now.wall);
    }

    /// The newest events have come.
    pub(crate) fn recent(&mut self, events: Result<Vec<Event>, Problem>) {
        match events {
            Ok(events) => self.known.recent = Some(events),
            Err(problem) => self.failed(&problem),
        }
    }

    /// An event as it happened.
    pub(crate) fn note_recent(&mut self, event: &Event) {
        if let Some(recent) = &mut self.known.recent
            && recent.first().is_none_or(|newest| newest.id < event.id)
        {
            recent.insert(0, event.clone());
            recent.truncate(RECENT);
        }
    }

    /// The clients that were refused have come.
    pub(crate) fn refusals(&mut self, failing: Result<Vec<FailingClient>, Problem>) {
        match failing {
            Ok(failing) => {
                self.known.failing_clients = Some(failing);
                self.known.refusals_problem = None;
            }
            Err(problem) => {
                self.failed(&problem);
                self.known.refusals_problem = Some(problem);
            }
        }
    }

    /// How things stand with a panel that has no rows.
    pub(crate) fn dash_load(&self, panel: Panel) -> Load {
        let needs = |scope: &str| {
            let missing = format!("this needs the scope {scope}");
            Load::Failed(Problem::forbidden(missing))
        };
        let waiting = || Load::Waiting(self.connection.asked_at.unwrap_or(self.now.ms));
        match (panel, &self.known.refusals_problem) {
            (Panel::Clients | Panel::Events, _) if !self.holds(EVENTS_READ) => needs(EVENTS_READ),
            (Panel::Ending, _) if !self.holds(KEYS_READ) => needs(KEYS_READ),
            (Panel::Clients, Some(problem)) => Load::Failed(problem.clone()),
            (Panel::Clients, None) if self.known.failing_clients.is_none() => waiting(),
            (Panel::Events, _) if self.known.recent.is_none() => waiting(),
            (Panel::Ending, _) if self.known.ending.is_none() => waiting(),
            _ => Load::Done,
        }
    }
}
