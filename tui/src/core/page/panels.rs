//! The panels of a page, and the lines in them.

use doorward_shared::{Timestamp, client::Filter};

use super::{
    Part, Subject, SubjectPage, Target,
    common_values::seen,
    days::{self, ByDay},
    factors::ways_in,
    ip_address::address,
    lines::Line,
};
use crate::core::{
    State, detail_fields,
    format::number,
    list::ListFilter,
    resource::{Resource, Row},
};

/// A part of a page's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Panel {
    About,
    Factors,
    Applications,
    Addresses,
    People,
    Causes,
    Blocks,
    Sessions,
    Near,
    Keys,
    Signing,
    /// Numbers by day.
    Chart,
    Timeline,
}

/// In which column it stands, where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Middle,
    Right,
}

impl Panel {
    pub(crate) fn side(self) -> Side {
        match self {
            Self::About
            | Self::Factors
            | Self::Applications
            | Self::Addresses
            | Self::Causes
            | Self::Blocks => Side::Left,
            Self::People | Self::Sessions | Self::Near | Self::Keys | Self::Signing => Side::Middle,
            Self::Chart | Self::Timeline => Side::Right,
        }
    }

    /// Whether its lines are rows of a list, which keys act on.
    pub(crate) fn has_rows(self) -> bool {
        matches!(
            self,
            Self::Sessions | Self::Near | Self::Keys | Self::Signing
        )
    }

    /// Whether its lines are columns that have names.
    pub(crate) fn has_head(self) -> bool {
        self.has_rows() || matches!(self, Self::Addresses | Self::People | Self::Applications)
    }

    /// What it shows comes with this part.
    pub(crate) fn part(self) -> Part {
        match self {
            Self::About | Self::Factors => Part::Item,
            Self::Applications => Part::Applications,
            Self::Sessions => Part::Sessions,
            Self::Near => Part::Near,
            Self::Keys => Part::Keys,
            Self::Signing => Part::Signing,
            Self::Blocks => Part::Blocks,
            Self::Addresses | Self::People | Self::Causes | Self::Timeline | Self::Chart => {
                Part::Events
            }
        }
    }

    /// What stands there when there is nothing.
    pub(crate) fn nothing(self) -> &'static str {
        match self {
            Self::About => "",
            Self::Factors => "Password only.",
            Self::Applications => "No connected applications.",
            Self::Addresses => "No address was seen.",
            Self::People => "Nobody was seen.",
            Self::Causes => "It was never refused.",
            Self::Blocks => "Not blocked.",
            Self::Sessions | Self::Near => "No live session.",
            Self::Keys => "No keys.",
            Self::Signing => "No other signing key.",
            Self::Chart => "",
            Self::Timeline => "Nothing happened in 30 days.",
        }
    }
}

/// The panels of a page in the order in which Tab comes to them.
pub(crate) fn of(subject: &Subject) -> &'static [Panel] {
    match subject {
        Subject::User(_) => &[
            Panel::About,
            Panel::Factors,
            Panel::Applications,
            Panel::Addresses,
            Panel::Sessions,
            Panel::Keys,
            Panel::Chart,
            Panel::Timeline,
        ],
        Subject::Session(_) => &[Panel::About, Panel::Sessions, Panel::Near, Panel::Timeline],
        Subject::Key(_) => &[
            Panel::About,
            Panel::Addresses,
            Panel::Keys,
            Panel::Chart,
            Panel::Timeline,
        ],
        Subject::Client(_) => &[
            Panel::About,
            Panel::Causes,
            Panel::People,
            Panel::Sessions,
            Panel::Chart,
            Panel::Timeline,
        ],
        Subject::Address(_) => &[
            Panel::About,
            Panel::Blocks,
            Panel::People,
            Panel::Sessions,
            Panel::Chart,
            Panel::Timeline,
        ],
        Subject::Signing(_) => &[Panel::About, Panel::Signing, Panel::Timeline],
    }
}

/// The title of a panel.
pub(crate) fn title(page: &SubjectPage, panel: Panel, dot: &str) -> String {
    let counted = |name: &str, part: Part| match page.rows(part).1 {
        0 => name.to_owned(),
        some => format!("{name} {dot} {}", number(some)),
    };
    match (panel, &page.subject) {
        (Panel::About, subject) => subject.noun().into(),
        (Panel::Factors, _) => "Factors, links, mails".into(),
        (Panel::Applications, _) => "Applications".into(),
        (Panel::Addresses, _) => "Addresses".into(),
        (Panel::People, _) => "People".into(),
        (Panel::Causes, _) => "Refused, and why".into(),
        (Panel::Blocks, _) => "Blocks".into(),
        (Panel::Sessions, Subject::Session(_)) => {
            counted("Live sessions of this user", Part::Sessions)
        }
        (Panel::Sessions, _) => counted("Live sessions", Part::Sessions),
        (Panel::Near, _) => counted("Live sessions from this address", Part::Near),
        (Panel::Keys, Subject::Key(_)) => counted("Keys of the owner", Part::Keys),
        (Panel::Keys, _) => counted("API keys, and 30 days of use", Part::Keys),
        (Panel::Signing, _) => "Other signing keys".into(),
        (Panel::Chart, Subject::Key(_)) => "Use in 30 days".into(),
        (Panel::Chart, _) => "Events in 30 days".into(),
        (Panel::Timeline, _) => "Timeline".into(),
    }
}

/// What the chart of a page is drawn from.
pub(crate) fn chart_part(page: &SubjectPage) -> Part {
    match page.subject {
        Subject::Key(_) => Part::Use,
        Subject::Address(_) => Part::Summary,
        _ => Part::Events,
    }
}

/// Numbers by day of a page's chart.
pub(crate) fn chart(page: &SubjectPage, now: Timestamp) -> ByDay {
    match &page.subject {
        Subject::Key(id) => days::of_use(page.usage(id).unwrap_or_default(), now),
        Subject::Address(_) => {
            let hours = page.summary().map(|summary| &*summary.hours);
            days::of_hours(hours.unwrap_or_default(), now)
        }
        _ => days::of_events(page.events().0, now),
    }
}

/// The lines of a panel.
pub(crate) fn lines<'a>(state: &State, page: &'a SubjectPage, panel: Panel) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = match panel {
        Panel::About => about_lines(state, page),
        Panel::Factors => ways_in(page),
        Panel::Applications => page.applications().iter().map(Line::Application).collect(),
        Panel::Addresses | Panel::People | Panel::Causes => {
            seen(page, panel).into_iter().map(Line::Seen).collect()
        }
        Panel::Blocks => page.blocks().iter().map(Line::Block).collect(),
        Panel::Sessions | Panel::Near => sessions(page, panel.part()),
        Panel::Keys => keys(state, page),
        Panel::Signing => others(page, Part::Signing).map(Line::Row).collect(),
        Panel::Chart => Vec::new(),
        Panel::Timeline => {
            let moments = days::timeline(page.events().0, state.now.wall);
            moments.into_iter().map(Line::Moment).collect()
        }
    };
    lines.extend(more(page, panel));
    lines
}

/// The rows of a part, without the thing that the page is about.
fn others(page: &SubjectPage, part: Part) -> impl Iterator<Item = &Row> {
    let own = page.subject.id();
    page.rows(part).0.iter().filter(move |row| row.id() != own)
}

fn sessions(page: &SubjectPage, part: Part) -> Vec<Line<'_>> {
    let of_one = match page.subject {
        Subject::User(_) => true,
        Subject::Session(_) => part == Part::Sessions,
        _ => false,
    };
    let sessions = others(page, part).filter_map(|row| match row {
        Row::Session(session) => Some(Line::Session(session, of_one)),
        _ => None,
    });
    sessions.collect()
}

fn keys<'a>(state: &State, page: &'a SubjectPage) -> Vec<Line<'a>> {
    let now = state.now.wall;
    let keys = others(page, Part::Keys).filter_map(|row| match row {
        Row::Key(key) => {
            let points = page.usage(&key.id.to_string());
            let by_day = points.map(|points| Box::new(days::of_use(points, now)));
            Some(Line::Key(key, by_day))
        }
        _ => None,
    });
    keys.collect()
}

/// Where the rest of a part is, when it is more than what was read.
fn more<'a>(page: &SubjectPage, panel: Panel) -> Option<Line<'a>> {
    let part = panel.part();
    let id = page.subject.id();
    let line = |text: String, kind, filters| Some(Line::More(text, Target::List(kind, filters)));
    let filter = |name| ListFilter::new(name, id, format!("of {id}"));
    match (panel, &page.subject) {
        (Panel::Timeline, subject) => {
            let (_, more) = page.events();
            let name = match subject {
                Subject::User(_) => Filter::UserId,
                Subject::Address(_) => Filter::Ip,
                _ => Filter::Target,
            };
            if !more {
                return None;
            }
            let text = "older events: enter lists them all".to_owned();
            line(text, Resource::Events, vec![filter(name)])
        }
        (Panel::Sessions | Panel::Keys, subject) => {
            let (rows, total) = page.rows(part);
            let left = total.saturating_sub(rows.len() as u64);
            let (kind, name) = match (panel, subject) {
                _ if left == 0 => return None,
                (Panel::Keys, Subject::User(_)) => (Resource::Keys, Filter::OwnerId),
                (Panel::Sessions, Subject::User(_)) => (Resource::Sessions, Filter::UserId),
                (Panel::Sessions, Subject::Client(_)) => (Resource::Sessions, Filter::ClientId),
                (Panel::Sessions, Subject::Address(_)) => (Resource::Sessions, Filter::Ip),
                _ => return None,
            };
            let text = format!("{} more: enter lists them all", number(left));
            line(text, kind, vec![filter(name)])
        }
        _ => None,
    }
}

fn about_lines<'a>(state: &State, page: &'a SubjectPage) -> Vec<Line<'a>> {
    let facts = match (&page.subject, page.item()) {
        (Subject::Address(ip), _) => address(state, page, ip),
        (_, Some(item)) => detail_fields::facts(state, item),
        (_, None) => Vec::new(),
    };
    facts.into_iter().map(Line::Fact).collect()
}
