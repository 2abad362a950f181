//! Lines of a page: what each says, by which key it is found again, and where it leads.

use doorward_shared::{
    Timestamp, UserId,
    admin::{AdminKey, Block, Event, Session},
    auth::OwnApplication as Application,
    client::Filter,
};

use super::{
    Subject, SubjectPage, Target,
    days::{self, ByDay, Moment},
};
use crate::core::{
    State,
    cells::device,
    detail_fields::Fact,
    event_kind::EventKind,
    event_text,
    format::{count, maybe, number, relative},
    list::ListFilter,
    resource::{Resource, Row},
    sanitize::wrapped,
    time_zone,
};

/// Columns of the mark and the label before a fact's value.
pub(crate) const FACT_LABEL: u16 = 16;
/// Lines of a fact's value that are shown; Enter shows all.
const MOST_LINES: u16 = 3;

/// Columns for the value of a fact.
pub(crate) fn fact_room(columns: u16) -> u16 {
    columns.saturating_sub(FACT_LABEL).max(1)
}

/// The key of the line that leads to the rest.
pub(crate) const MORE: &str = "more";

/// A line of a page.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    Fact(Fact),
    /// A session, told by its person where the page is not about them.
    Session(&'a Session, bool),
    /// A key, and its use by day.
    /// With its use, where that was read.
    Key(&'a AdminKey, Option<Box<ByDay>>),
    Row(&'a Row),
    Block(&'a Block),
    Application(&'a Application),
    /// A factor, a link or a mail.
    WayIn(SignInMethod),
    /// An address, a person or a cause, and what it did.
    Seen(CommonFact),
    Moment(Moment<'a>),
    /// There is more than is shown; where all of it is.
    More(String, Target),
}

/// How somebody gets in, or what was sent to them about it.
#[derive(Debug, Clone)]
pub(crate) struct SignInMethod {
    /// Unlike that of any other: of mails there are several of a kind.
    pub key: String,
    pub noun: &'static str,
    pub name: String,
    pub said: String,
    /// What only Enter shows.
    pub more: Vec<String>,
}

/// Something that several events and sessions have in common.
#[derive(Debug, Clone)]
pub(crate) struct CommonFact {
    pub what: CommonValue,
    pub events: u64,
    pub refused: u64,
    pub last: Timestamp,
}

/// What they have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CommonValue {
    Address(String),
    Person(UserId),
    Cause(String),
}

impl Line<'_> {
    /// Lines of the screen that it takes in so many columns.
    pub(crate) fn height(&self, columns: u16) -> u16 {
        let Self::Fact(fact) = self else { return 1 };
        let room = usize::from(fact_room(columns));
        let lines = wrapped(&fact.value, room).len();
        u16::try_from(lines)
            .unwrap_or(MOST_LINES)
            .clamp(1, MOST_LINES)
    }

    /// By which it is found again after its page was read anew.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Fact(fact) => fact.label.to_owned(),
            Self::Session(session, _) => session.id.to_string(),
            Self::Key(key, _) => key.id.to_string(),
            Self::Row(row) => row.id(),
            Self::Block(block) => block.id.to_string(),
            Self::Application(application) => application.client_id.to_string(),
            Self::WayIn(way) => way.key.clone(),
            Self::Seen(seen) => match &seen.what {
                CommonValue::Address(text) | CommonValue::Cause(text) => text.clone(),
                CommonValue::Person(id) => id.to_string(),
            },
            Self::Moment(Moment::Event(event, _)) => event.id.to_string(),
            Self::Moment(Moment::Day(_) | Moment::Gap(_)) => String::new(),
            Self::More(..) => MORE.into(),
        }
    }

    /// Whether the cursor can stand on it.
    pub(crate) fn is_selectable(&self) -> bool {
        !matches!(self, Self::Moment(Moment::Day(_) | Moment::Gap(_)))
    }

    /// Where Enter leads.
    pub(crate) fn target(&self, page: &SubjectPage) -> Option<Target> {
        Some(match self {
            Self::Fact(fact) => match &fact.target {
                Some(target) => target.clone(),
                None => Target::Text(fact.label.to_owned(), vec![fact.value.clone()]),
            },
            Self::Session(session, _) => Target::Page(Subject::Session(session.id.to_string())),
            Self::Key(key, _) => Target::Page(Subject::Key(key.id.to_string())),
            Self::Row(row) => Target::Page(Subject::of(row)?),
            Self::Block(block) => {
                let lines = vec![block.network.clone(), block.reason.clone()];
                Target::Text("Blocked network".into(), lines)
            }
            Self::Application(application) => {
                Target::Page(Subject::Client(application.client_id.to_string()))
            }
            Self::WayIn(way) => {
                let said = format!("{}: {}", way.name, way.said);
                let lines = std::iter::once(said).chain(way.more.clone());
                Target::Text(way.noun.into(), lines.collect())
            }
            Self::Seen(seen) => match &seen.what {
                CommonValue::Address(ip) => Target::Page(Subject::of_id(ip)?),
                CommonValue::Person(id) => Target::Page(Subject::User(id.to_string())),
                CommonValue::Cause(cause) => {
                    let id = page.subject.id();
                    let action = ListFilter::new(Filter::Action, "client.refused", "refused");
                    let of = ListFilter::new(Filter::Target, id, cause.clone());
                    Target::List(Resource::Events, vec![action, of])
                }
            },
            Self::Moment(Moment::Event(event, _)) => Target::Event(Box::new((*event).clone())),
            Self::Moment(_) => return None,
            Self::More(_, target) => target.clone(),
        })
    }

    /// What stands in its columns.
    pub(crate) fn cells(&self, state: &State, subject: &Subject) -> Vec<String> {
        let now = state.now.wall;
        let name = |id: &str| state.name_of(id);
        match self {
            Self::Fact(fact) => vec![fact.label.to_owned(), fact.value.clone()],
            Self::Session(session, is_theirs) => session_cells(state, session, *is_theirs),
            Self::Key(key, by_day) => key_cells(key, by_day.as_deref(), now),
            Self::Row(row) => {
                let state = row.state().unwrap_or_default();
                vec![row.name(), state.to_owned()]
            }
            Self::Block(block) => vec![
                block.network.clone(),
                relative(block.until, now),
                block.reason.clone(),
            ],
            Self::Application(application) => vec![
                application.name.clone(),
                relative(application.granted_at, now),
                application.scope.to_string(),
            ],
            Self::WayIn(way) => vec![way.name.clone(), way.said.clone()],
            Self::Seen(seen) => {
                let what = match &seen.what {
                    CommonValue::Address(text) | CommonValue::Cause(text) => text.clone(),
                    CommonValue::Person(id) => name(&id.to_string()),
                };
                let refused = match seen.refused {
                    0 => String::new(),
                    some => format!("{} refused", number(some)),
                };
                let events = count(seen.events, "event");
                vec![what, relative(seen.last, now), events, refused]
            }
            Self::Moment(Moment::Event(event, alike)) => event_cells(state, subject, event, *alike),
            Self::Moment(Moment::Day(name)) => vec![name.clone()],
            Self::Moment(Moment::Gap(length)) => vec![days::gap(*length)],
            Self::More(text, _) => vec![text.clone()],
        }
    }
}

/// A session: by its device where it is known whose it is, else by its person.
fn session_cells(state: &State, session: &Session, is_theirs: bool) -> Vec<String> {
    let now = state.now.wall;
    let device = device(session.user_agent.as_deref());
    let (who, more) = if is_theirs {
        let client = session.client_id.map(|id| state.name_of(&id.to_string()));
        (device, client.unwrap_or_else(|| "-".into()))
    } else {
        (state.name_of(&session.user_id.to_string()), device)
    };
    vec![
        who,
        session.ip.clone(),
        relative(session.last_seen_at, now),
        more,
        relative(session.created_at, now),
        session.state.as_str().into(),
    ]
}

fn key_cells(key: &AdminKey, by_day: Option<&ByDay>, now: Timestamp) -> Vec<String> {
    let used = by_day.map(|by_day| by_day.iter().map(|day| day.all()).sum());
    vec![
        key.name.clone(),
        key.state.as_str().into(),
        // The view draws it.
        String::new(),
        // What is not known is no nought: by that, keys are ended as unused.
        used.map_or("-".into(), number),
        maybe(key.last_used_at, now, "never"),
        maybe(key.ends_at, now, "never"),
    ]
}

/// An event as the page's timeline tells it: what the page is about needs no saying.
/// Who acts without having signed in.
const ANONYMOUS: &str = "anonymous";

fn event_cells(state: &State, subject: &Subject, event: &Event, alike: u64) -> Vec<String> {
    let id = subject.id();
    let times = match alike {
        1 => String::new(),
        many => format!(" {}{many}", state.glyphs.times()),
    };
    let person = event.user_id.map(|id| id.to_string());
    let others = [Some(event.actor.clone()), event.target.clone(), person];
    let mut told: Vec<String> = Vec::new();
    for other in others.into_iter().flatten() {
        let name = state.name_of(&other);
        if other != id && !told.contains(&name) {
            told.push(name);
        }
    }
    // Where somebody is named, nobody is no news.
    if told.len() > 1 {
        told.retain(|name| name != ANONYMOUS);
    }
    let ip = event.ip.as_deref().filter(|ip| *ip != id);
    vec![
        time_zone::minute(event.time),
        EventKind::of_event(event).glyph(state.glyphs).to_owned(),
        format!("{}{times}", event.action),
        ip.unwrap_or_default().to_owned(),
        told.join(", "),
        event_text::said(event),
    ]
}
