//! The dashboard's panels and rows: what each is called, what it counts, and where it leads.

use doorward_shared::client::Filter;
use doorward_shared::{
    Timestamp,
    admin::{EventAction, FailingAccount, FailingAddress, Minute, SeriesBy, Stats},
};

use super::{
    form::Form,
    list::{ListFilter, Load},
    msg::Effect,
    problem::Problem,
    state::{State, View},
};
use crate::core::{
    format::number,
    refusal::{self, FailingClient},
    resource::Resource,
    subject::IncidentSubject,
};

/// Minutes that the sparklines show.
const HOUR: usize = 60;
/// How far back refusals are told, in seconds.
const REFUSALS: i64 = 3_600;
const WEEK: i64 = 7 * 86_400;
/// The scope that failing clients are told to.
const EVENTS_READ: &str = "admin:events:read";

/// A part of the dashboard, in the order in which the focus moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    LastHour,
    Addresses,
    Accounts,
    Now,
    Clients,
}

impl Panel {
    pub const ALL: [Self; 5] = [
        Self::LastHour,
        Self::Addresses,
        Self::Accounts,
        Self::Now,
        Self::Clients,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::LastHour => "Last hour",
            Self::Addresses => "Failing addresses",
            Self::Accounts => "Failing accounts",
            Self::Now => "Now",
            Self::Clients => "Failing clients",
        }
    }

    /// The panel after this one, or before it.
    pub fn turned(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|panel| *panel == self);
        let at = at.unwrap_or_default().cast_signed() + by;
        Self::ALL[at.rem_euclid(Self::ALL.len().cast_signed()).cast_unsigned()]
    }
}

/// A number of each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Series {
    Logins,
    Failures,
    Tokens,
    Sessions,
    P95,
}

impl Series {
    pub const ALL: [Self; 5] = [
        Self::Logins,
        Self::Failures,
        Self::Tokens,
        Self::Sessions,
        Self::P95,
    ];

    fn of(self, minute: &Minute) -> f64 {
        match self {
            Self::Logins => minute.logins as f64,
            Self::Failures => minute.failures as f64,
            Self::Tokens => minute.tokens as f64,
            Self::Sessions => minute.active_sessions as f64,
            Self::P95 => minute.p95_ms,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Logins => "Logins",
            Self::Failures => "Failures",
            Self::Tokens => "Tokens",
            Self::Sessions => "Sessions now",
            Self::P95 => "p95 ms now",
        }
    }

    /// The hour's sum of what is counted; of what is measured the last minute.
    fn value(self, values: &[f64]) -> String {
        let last = values.last().copied().unwrap_or_default();
        match self {
            Self::Logins | Self::Failures | Self::Tokens => {
                format!("{:.0}", values.iter().sum::<f64>())
            }
            Self::Sessions => format!("{last:.0}"),
            Self::P95 => format!("{last:.1}"),
        }
    }
}

/// A number of things that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Users,
    DisabledUsers,
    LiveSessions,
    LiveKeys,
    Clients,
    ExpiringKeys,
}

impl Count {
    const ALL: [Self; 6] = [
        Self::Users,
        Self::DisabledUsers,
        Self::LiveSessions,
        Self::LiveKeys,
        Self::Clients,
        Self::ExpiringKeys,
    ];

    fn of(self, stats: &Stats) -> u64 {
        match self {
            Self::Users => stats.now.users,
            Self::DisabledUsers => stats.now.disabled_users,
            Self::LiveSessions => stats.now.active_sessions,
            Self::LiveKeys => stats.now.api_keys,
            Self::Clients => stats.now.clients,
            Self::ExpiringKeys => stats.keys_expiring,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::DisabledUsers => "of them disabled",
            Self::LiveSessions => "Live sessions",
            Self::LiveKeys => "Live API keys",
            Self::Clients => "Clients",
            Self::ExpiringKeys => "Keys expiring in 7 days",
        }
    }
}

/// A row of a panel.
#[derive(Debug, Clone)]
pub enum DashRow {
    /// With its value in each minute of the last hour, oldest first.
    Series(Series, Vec<f64>),
    Address(FailingAddress),
    Account(FailingAccount),
    Count(Count, u64),
    Client(FailingClient),
}

/// Where a row leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Opens {
    List(Resource, Vec<ListFilter>),
    /// All about one thing, by its id.
    Row(Resource, String),
}

impl DashRow {
    pub fn label(&self, state: &State) -> String {
        match self {
            Self::Series(series, _) => series.label().into(),
            Self::Address(row) => row.ip.clone(),
            Self::Account(row) => row.email.clone(),
            Self::Count(count, _) => count.label().into(),
            Self::Client(row) => {
                let name = row.client.as_deref().map(|id| state.name_of(id));
                let name = name.unwrap_or_else(|| "no client id".into());
                format!("{name}  {}", refusal::explain(&row.cause).what)
            }
        }
    }

    pub fn value(&self) -> String {
        match self {
            Self::Series(series, values) => series.value(values),
            Self::Address(row) => number(row.failures),
            Self::Account(row) => number(row.failures),
            Self::Count(_, value) => number(*value),
            Self::Client(row) => number(row.count),
        }
    }

    /// What is said of the row while it is selected.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Client(row) => Some(refusal::explain(&row.cause).advice(row.client.as_deref())),
            _ => None,
        }
    }

    /// What Enter opens.
    pub fn opens(&self, now: Timestamp) -> Option<Opens> {
        let action =
            |action: EventAction| ListFilter::new(Filter::Action, action.as_str(), action.as_str());
        let live = || ListFilter::new(Filter::Active, "true", "live");
        Some(match self {
            Self::Series(Series::Logins, _) => {
                Opens::List(Resource::Events, vec![action(EventAction::SessionCreated)])
            }
            Self::Series(Series::Failures, _) => {
                Opens::List(Resource::Events, vec![action(EventAction::LoginFailed)])
            }
            Self::Series(Series::Tokens | Series::Sessions, _)
            | Self::Count(Count::LiveSessions, _) => Opens::List(Resource::Sessions, vec![live()]),
            Self::Series(Series::P95, _) => return None,
            Self::Address(row) => {
                let from = ListFilter::new(Filter::Ip, &row.ip, format!("from {}", row.ip));
                Opens::List(
                    Resource::Events,
                    vec![action(EventAction::LoginFailed), from],
                )
            }
            Self::Account(row) => {
                let label = format!("about {}", row.email);
                let about = ListFilter::new(Filter::UserId, row.user_id.to_string(), label);
                Opens::List(
                    Resource::Events,
                    vec![action(EventAction::LoginFailed), about],
                )
            }
            Self::Count(Count::Users, _) => Opens::List(Resource::Users, Vec::new()),
            Self::Count(Count::DisabledUsers, _) => {
                let disabled = ListFilter::new(Filter::Disabled, "true", "disabled");
                Opens::List(Resource::Users, vec![disabled])
            }
            Self::Count(Count::LiveKeys, _) => Opens::List(Resource::Keys, vec![live()]),
            Self::Count(Count::Clients, _) => Opens::List(Resource::Clients, Vec::new()),
            Self::Count(Count::ExpiringKeys, _) => {
                let until = now.plus_seconds(WEEK).to_string();
                let soon = ListFilter::new(Filter::ExpiresBefore, until, "expiring in 7 days");
                Opens::List(Resource::Keys, vec![soon, live()])
            }
            Self::Client(row) => match &row.client {
                Some(id) => Opens::Row(Resource::Clients, id.clone()),
                // Nobody knows whose it is: its events tell from where.
                None => Opens::List(Resource::Events, vec![action(EventAction::ClientRefused)]),
            },
        })
    }

    /// The incident around it.
    fn subject(&self) -> Option<IncidentSubject> {
        match self {
            Self::Address(row) => Some(IncidentSubject::Address(row.ip.clone())),
            Self::Account(row) => Some(IncidentSubject::User(row.user_id.to_string())),
            Self::Client(row) => row.client.clone().map(IncidentSubject::Client),
            Self::Series(..) | Self::Count(..) => None,
        }
    }
}

impl State {
    /// Rows of a panel; none before anything is known.
    pub fn dash_rows(&self, panel: Panel) -> Vec<DashRow> {
        if panel == Panel::Clients {
            let failing = self.known.failing_clients.iter().flatten();
            return failing.cloned().map(DashRow::Client).collect();
        }
        let Some(stats) = self.known.stats.as_deref() else {
            return Vec::new();
        };
        match panel {
            Panel::LastHour => {
                let minutes = &stats.series[stats.series.len().saturating_sub(HOUR)..];
                let values = |series: Series| minutes.iter().map(move |minute| series.of(minute));
                Series::ALL
                    .into_iter()
                    .map(|series| DashRow::Series(series, values(series).collect()))
                    .collect()
            }
            Panel::Addresses => {
                let rows = stats.failing_addresses.iter().cloned();
                rows.map(DashRow::Address).collect()
            }
            Panel::Accounts => {
                let rows = stats.failing_accounts.iter().cloned();
                rows.map(DashRow::Account).collect()
            }
            Panel::Now => Count::ALL
                .into_iter()
                .map(|count| DashRow::Count(count, count.of(stats)))
                .collect(),
            Panel::Clients => Vec::new(),
        }
    }

    /// The selected row of the dashboard.
    fn dash_row(&self) -> Option<DashRow> {
        let View::Dashboard { panel, at } = self.view else {
            return None;
        };
        self.dash_rows(panel).into_iter().nth(at)
    }

    /// Moves within a panel.
    pub fn dash_step(&mut self, by: isize) {
        let View::Dashboard { panel, at } = self.view else {
            return;
        };
        let last = self.dash_rows(panel).len().saturating_sub(1);
        let at = at.saturating_add_signed(by).min(last);
        self.view = View::Dashboard { panel, at };
    }

    pub fn dash_open(&mut self, effects: &mut Vec<Effect>) {
        match self.dash_row().and_then(|row| row.opens(self.now.wall)) {
            Some(Opens::List(kind, filters)) => self.go_list(kind, filters, effects),
            Some(Opens::Row(kind, id)) => self.go_row(kind, id, effects),
            None => {}
        }
    }

    pub fn dash_incident(&mut self, effects: &mut Vec<Effect>) {
        match self.dash_row().and_then(|row| row.subject()) {
            Some(subject) => self.go_incident(subject, effects),
            None => self.ask_form(Form::incident(), effects),
        }
    }

    /// Asks for what the dashboard shows.
    pub fn ask_dashboard(&mut self, effects: &mut Vec<Effect>) {
        let since = self.now.wall.plus_seconds(-3_600);
        self.ask(Effect::Stats(SeriesBy::Minute, since), effects);
        if self.holds(EVENTS_READ) {
            let since = self.now.wall.plus_seconds(-REFUSALS);
            effects.push(Effect::Refusals(since));
        }
    }

    /// The clients that were refused have come.
    pub fn refusals(&mut self, failing: Result<Vec<FailingClient>, Problem>) {
        match failing {
            Ok(failing) => {
                self.known.failing_clients = Some(failing);
                self.known.refusals_problem = None;
                // Fewer rows than before: the selection stays on one.
                self.dash_step(0);
            }
            Err(problem) => {
                self.failed(&problem);
                self.known.refusals_problem = Some(problem);
            }
        }
    }

    /// How things stand with a panel that has no rows.
    pub fn dash_load(&self, panel: Panel) -> Load {
        match (panel, &self.known.refusals_problem) {
            (Panel::Clients, _) if !self.holds(EVENTS_READ) => {
                let missing = format!("this needs the scope {EVENTS_READ}");
                Load::Failed(Problem::forbidden(missing))
            }
            (Panel::Clients, Some(problem)) => Load::Failed(problem.clone()),
            (Panel::Clients, None) if self.known.failing_clients.is_none() => {
                Load::Waiting(self.connection.asked_at.unwrap_or(self.now.ms))
            }
            _ => Load::Done,
        }
    }
}
