//! Rows of the dashboard: what each is called, what it counts, and where it leads.

use doorward_shared::{
    Timestamp,
    admin::{Event, EventAction, FailingAccount, FailingNetwork, Minute, Stats},
    client::Filter,
};

use crate::core::{
    State,
    client_diagnosis::{self, FailingClient},
    format::{count, number, relative},
    incident_subject::IncidentSubject,
    list::ListFilter,
    resource::Resource,
    setup_checklist::Task,
};

/// A number of each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    Logins,
    Failures,
    Tokens,
    Refusals,
    Sessions,
    P95,
}

impl Series {
    pub(crate) const ALL: [Self; 6] = [
        Self::Logins,
        Self::Failures,
        Self::Tokens,
        Self::Refusals,
        Self::Sessions,
        Self::P95,
    ];
    /// Those that are drawn above one another.
    pub(crate) const STACKED: [Self; 4] = [Self::Logins, Self::Failures, Self::Tokens, Self::P95];

    pub(crate) fn of(self, minute: &Minute) -> f64 {
        match self {
            Self::Logins => minute.logins as f64,
            Self::Failures => minute.failures as f64,
            Self::Tokens => minute.tokens as f64,
            Self::Refusals => minute.refusals as f64,
            Self::Sessions => minute.active_sessions as f64,
            Self::P95 => minute.p95_ms,
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Logins => "Logins",
            Self::Failures => "Failures",
            Self::Tokens => "Tokens",
            Self::Refusals => "Refusals",
            Self::Sessions => "Sessions now",
            Self::P95 => "p95 ms now",
        }
    }

    /// What it is called beside a chart, where "now" would be wrong.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sessions => "Sessions",
            Self::P95 => "p95",
            other => other.label(),
        }
    }

    /// Whether it is counted, and not measured.
    pub(crate) fn is_count(self) -> bool {
        !matches!(self, Self::Sessions | Self::P95)
    }

    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::Failures | Self::Refusals)
    }

    /// The window's sum; of what is measured the last value.
    pub(crate) fn value(self, values: &[f64]) -> String {
        let last = values.last().copied().unwrap_or_default();
        if self.is_count() {
            number(values.iter().sum::<f64>() as u64)
        } else {
            self.one(last)
        }
    }

    /// A single value.
    pub(crate) fn one(self, value: f64) -> String {
        if self == Self::P95 {
            format!("{value:.1}")
        } else {
            number(value as u64)
        }
    }
}

/// A number of things that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Users,
    DisabledUsers,
    LiveSessions,
    LiveKeys,
    Clients,
    ExpiringKeys,
}

impl Count {
    pub(crate) const ALL: [Self; 6] = [
        Self::Users,
        Self::DisabledUsers,
        Self::LiveSessions,
        Self::LiveKeys,
        Self::Clients,
        Self::ExpiringKeys,
    ];

    pub(crate) fn of(self, stats: &Stats) -> u64 {
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

/// What a thing that ends soon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndingKind {
    ApiKey,
    SigningKey,
    /// The one that the server shows, or the proxy before it.
    Certificate,
}

/// A key or certificate that ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    pub kind: EndingKind,
    pub id: String,
    pub name: String,
    pub at: Timestamp,
}

/// A row of a panel.
#[derive(Debug, Clone)]
pub(crate) enum DashRow {
    /// With its values over the window, oldest first.
    Series(Series, Vec<f64>),
    /// With what it is a share of.
    Network(FailingNetwork, u64),
    Account(FailingAccount, u64),
    Count(Count, u64),
    Task(Task, bool),
    Ending(Expiry, Timestamp),
    Event {
        event: Box<Event>,
        /// Equal ones that it stands for.
        rows: usize,
        /// How often it happened: one event may tell many.
        times: u64,
    },
    Client(FailingClient),
}

impl DashRow {
    /// By which it is found again when others have moved it.
    pub(super) fn key(&self) -> Option<String> {
        Some(match self {
            Self::Series(series, _) => format!("{series:?}"),
            Self::Network(row, _) => row.network.clone(),
            Self::Account(row, _) => row.user_id.to_string(),
            Self::Count(count, _) => format!("{count:?}"),
            Self::Task(task, _) => task.label().to_owned(),
            Self::Ending(row, _) => row.id.clone(),
            Self::Event { event, .. } => event.id.to_string(),
            Self::Client(row) => format!("{:?}", row.client),
        })
    }
}

/// Where a row leads.
#[derive(Debug, PartialEq)]
pub(crate) enum Opens {
    List(Resource, Vec<ListFilter>),
    /// What a search finds.
    Search(Resource, String),
    /// All about one thing, by its id.
    Row(Resource, String),
    Event(Box<Event>),
    Task(Task),
    /// What there is to know of the server's certificate, which ends then.
    Certificate(Timestamp),
}

impl DashRow {
    pub(crate) fn label(&self, state: &State) -> String {
        match self {
            Self::Series(series, _) => series.label().into(),
            Self::Network(row, _) => row.network.clone(),
            Self::Account(row, _) => row.email.clone(),
            Self::Count(count, _) => count.label().into(),
            Self::Task(task, done) => {
                let sign = if *done {
                    state.glyphs.done()
                } else {
                    state.glyphs.off()
                };
                format!("{sign} {}", task.label())
            }
            Self::Ending(row, _) => match row.kind {
                EndingKind::ApiKey => row.name.clone(),
                EndingKind::SigningKey => format!("signing key {}", row.name),
                EndingKind::Certificate => "TLS certificate".into(),
            },
            Self::Event { event, .. } => event.action.clone(),
            Self::Client(row) => {
                let name = row.client.as_deref().map(|id| state.name_of(id));
                let name = name.unwrap_or_else(|| "no client id".into());
                format!("{name}  {}", client_diagnosis::explain(&row.cause).what)
            }
        }
    }

    pub(crate) fn value(&self) -> String {
        match self {
            Self::Series(series, values) => series.value(values),
            Self::Network(row, _) => number(row.failures),
            Self::Account(row, _) => number(row.failures),
            Self::Count(_, value) => number(*value),
            Self::Task(_, done) => if *done { "done" } else { "to do" }.into(),
            Self::Ending(row, now) => relative(row.at, *now),
            Self::Event { .. } => String::new(),
            Self::Client(row) => number(row.count),
        }
    }

    /// Which part of all failures it is, from 0 to 1.
    pub(crate) fn share(&self) -> Option<f64> {
        let (part, all) = match self {
            Self::Network(row, all) => (row.failures, *all),
            Self::Account(row, all) => (row.failures, *all),
            _ => return None,
        };
        (all > 0).then(|| (part as f64 / all as f64).min(1.))
    }

    /// What is said of the row while it is selected.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Network(row, _) => Some(format!(
                "{} in it; b blocks the network for sign-in",
                count(row.addresses, "host")
            )),
            Self::Client(row) => Some(row.advice()),
            _ => None,
        }
    }

    /// What Enter opens.
    pub(crate) fn opens(&self) -> Option<Opens> {
        let action =
            |action: EventAction| ListFilter::new(Filter::Action, action.as_str(), action.as_str());
        Some(match self {
            Self::Series(series, _) => return of_series(*series),
            Self::Network(row, _) => Opens::Search(
                Resource::Events,
                format!("action:login.failed ip:{}", row.network),
            ),
            Self::Account(row, _) => {
                let label = format!("about {}", row.email);
                let about = ListFilter::new(Filter::UserId, row.user_id.to_string(), label);
                Opens::List(
                    Resource::Events,
                    vec![action(EventAction::LoginFailed), about],
                )
            }
            Self::Count(count, _) => of_count(*count),
            Self::Task(task, _) => Opens::Task(*task),
            Self::Ending(row, _) => match row.kind {
                EndingKind::ApiKey => Opens::Row(Resource::Keys, row.id.clone()),
                EndingKind::SigningKey => Opens::List(Resource::Signing, Vec::new()),
                EndingKind::Certificate => Opens::Certificate(row.at),
            },
            Self::Event { event, .. } => Opens::Event(event.clone()),
            Self::Client(row) => match &row.client {
                Some(id) => Opens::Row(Resource::Clients, id.clone()),
                // Nobody knows whose it is: its events tell from where.
                None => Opens::List(Resource::Events, vec![action(EventAction::ClientRefused)]),
            },
        })
    }

    /// The incident around it.
    pub(crate) fn subject(&self) -> Option<IncidentSubject> {
        match self {
            Self::Account(row, _) => Some(IncidentSubject::User(row.user_id.to_string())),
            Self::Network(row, _) => IncidentSubject::parse(&row.network).ok(),
            Self::Client(row) => row.client.clone().map(IncidentSubject::Client),
            Self::Event { event, .. } => match (&event.user_id, &event.ip) {
                (Some(id), _) => Some(IncidentSubject::User(id.to_string())),
                (None, Some(ip)) => Some(IncidentSubject::Address(ip.clone())),
                (None, None) => None,
            },
            Self::Ending(row, _) if row.kind == EndingKind::ApiKey => {
                Some(IncidentSubject::Key(row.id.clone()))
            }
            _ => None,
        }
    }
}

fn of_series(series: Series) -> Option<Opens> {
    let events = |action: EventAction| {
        let filter = ListFilter::new(Filter::Action, action.as_str(), action.as_str());
        Some(Opens::List(Resource::Events, vec![filter]))
    };
    match series {
        Series::Logins => events(EventAction::SessionCreated),
        Series::Failures => events(EventAction::LoginFailed),
        Series::Refusals => events(EventAction::ClientRefused),
        Series::Tokens | Series::Sessions => {
            let live = ListFilter::new(Filter::Active, "true", "live");
            Some(Opens::List(Resource::Sessions, vec![live]))
        }
        Series::P95 => None,
    }
}

fn of_count(count: Count) -> Opens {
    let live = || ListFilter::new(Filter::Active, "true", "live");
    match count {
        Count::Users => Opens::List(Resource::Users, Vec::new()),
        Count::DisabledUsers => {
            let disabled = ListFilter::new(Filter::Disabled, "true", "disabled");
            Opens::List(Resource::Users, vec![disabled])
        }
        Count::LiveSessions => Opens::List(Resource::Sessions, vec![live()]),
        Count::LiveKeys => Opens::List(Resource::Keys, vec![live()]),
        Count::Clients => Opens::List(Resource::Clients, Vec::new()),
        // Times of a search count anew whenever it is gone to, from a saved view too.
        Count::ExpiringKeys => Opens::Search(Resource::Keys, "expires:7d state:live".into()),
    }
}
