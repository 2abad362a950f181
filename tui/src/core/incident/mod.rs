//! Incident investigation: merged events of several subjects, related objects, and response steps.

pub(crate) mod facts;
pub(crate) mod relations;
mod step_confirmation;
mod step_dialogs;
pub(crate) mod steps;
mod update;

use doorward_shared::{
    SessionId, Timestamp,
    admin::{Event, Session},
};

pub(crate) use self::{
    facts::{Facts, keeps_out},
    step_confirmation::rotate_signing,
};
use self::{
    relations::{Relation, relations},
    steps::{Step, steps},
};
use super::list::Load;
use crate::core::{incident_subject::IncidentSubject, report, resource::Resource};

/// How far back a timeline goes, in seconds: a week.
const BACK: i64 = 7 * 86_400;

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    Steps,
    Related,
    Timeline,
}

/// A note of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub at: Timestamp,
    pub by: String,
    pub text: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub subjects: Vec<IncidentSubject>,
    pub since: Timestamp,
    pub facts: Facts,
    pub relations: Vec<Relation>,
    pub load: Load,
    /// Since when it is read, on the monotonic clock; and whether it is to be read again then.
    pub reading: Option<u64>,
    pub again: bool,
    pub loaded_at: Option<Timestamp>,
    /// When it is looked anew who is related, on the monotonic clock: not for each event of a flood.
    pub relate_at: Option<u64>,
    pub generation: u64,
    pub steps: Vec<Step>,
    pub pane: Pane,
    /// The selected step.
    pub at: usize,
    /// The selected subject or relation.
    pub related_at: usize,
    /// The selected row of the timeline.
    pub scroll: usize,
    /// What was written down and done here, for the report.
    pub log: Vec<Note>,
    /// How much of that was written into a file.
    pub written: usize,
}

impl Incident {
    pub(crate) fn new(subjects: Vec<IncidentSubject>, now: Timestamp) -> Self {
        Self {
            steps: steps(&subjects),
            subjects,
            since: now.plus_seconds(-BACK),
            facts: Facts::default(),
            relations: Vec::new(),
            load: Load::Waiting(0),
            reading: None,
            again: false,
            loaded_at: None,
            relate_at: None,
            generation: 0,
            pane: Pane::Steps,
            at: 0,
            related_at: 0,
            scroll: 0,
            log: Vec::new(),
            written: 0,
        }
    }

    /// Ids in it that have names elsewhere.
    pub(crate) fn mentions(&self) -> Vec<String> {
        let own = self.subjects.iter().map(|subject| subject.id().to_owned());
        let related = self.relations.iter().map(|one| one.of.id().to_owned());
        let events = self.facts.events.iter().rev();
        let acted = events.flat_map(|event| [Some(event.actor.clone()), event.target.clone()]);
        let all = own.chain(related).chain(acted.flatten());
        all.filter(|id| Resource::of_id(id).is_some())
            .take(200)
            .collect()
    }

    /// Whether an event belongs into its timeline.
    pub(crate) fn touches(&self, event: &Event) -> bool {
        touches(&self.subjects, &self.facts, event)
    }

    /// The subject or relation that is selected in its pane.
    pub(crate) fn selected(&self) -> Option<&IncidentSubject> {
        if self.pane != Pane::Related {
            return None;
        }
        self.selected_any()
    }

    fn selected_any(&self) -> Option<&IncidentSubject> {
        self.listed().nth(self.related_at)
    }

    /// The subjects, and then what is related to them.
    fn listed(&self) -> impl Iterator<Item = &IncidentSubject> {
        let related = self.relations.iter().map(|one| &one.of);
        self.subjects.iter().chain(related)
    }

    pub(crate) fn step(&mut self, by: isize) {
        let (at, rows) = match self.pane {
            Pane::Steps => (self.at, self.steps.len()),
            Pane::Related => (self.related_at, self.subjects.len() + self.relations.len()),
            Pane::Timeline => (self.scroll, self.rows().len()),
        };
        let to = at.saturating_add_signed(by).min(rows.saturating_sub(1));
        match self.pane {
            Pane::Steps => self.at = to,
            Pane::Related => self.related_at = to,
            Pane::Timeline => self.scroll = to,
        }
    }

    pub(crate) fn turn(&mut self, by: isize) {
        let ring = [Pane::Steps, Pane::Related, Pane::Timeline];
        let at = ring
            .iter()
            .position(|pane| *pane == self.pane)
            .unwrap_or_default();
        let to = (at.cast_signed() + by).rem_euclid(3).cast_unsigned();
        self.pane = ring[to % 3];
    }

    /// Rows of the timeline: equal events one after another are one.
    pub(crate) fn rows(&self) -> Vec<(&Event, u64)> {
        report::collapsed(&self.facts.events)
    }

    /// Looks anew who is related, when it is time.
    pub(crate) fn relate_in_time(&mut self, now: u64) {
        if self.relate_at.is_some_and(|at| at <= now) {
            self.relate();
        }
    }

    fn relate(&mut self) {
        self.relate_at = None;
        let selected = self.selected_any().cloned();
        self.relations = relations(&self.facts, &self.subjects);
        // What others do must not move another thing under the cursor.
        let same = selected.and_then(|one| self.listed().position(|other| *other == one));
        self.related_at = same.unwrap_or(self.related_at);
        let last = (self.subjects.len() + self.relations.len()).saturating_sub(1);
        self.related_at = self.related_at.min(last);
    }

    /// Around these from now on.
    fn set_subjects(&mut self, subjects: Vec<IncidentSubject>) {
        self.steps = steps(&subjects);
        self.at = self.at.min(self.steps.len().saturating_sub(1));
        self.subjects = subjects;
        self.facts = Facts::default();
        self.relations.clear();
        self.loaded_at = None;
        self.reading = None;
    }
}

/// Whether an event belongs into the timeline of these subjects.
pub(crate) fn touches(subjects: &[IncidentSubject], facts: &Facts, event: &Event) -> bool {
    let target = event.target.as_deref().unwrap_or_default();
    // Which addresses a block keeps out stands in its target.
    let blocks = event.action.starts_with("network.")
        && subjects
            .iter()
            .any(|subject| network_holds(target, subject));
    // A session that an operator ends is the person's, and was where the person was.
    let ends = || {
        let session = facts
            .sessions
            .iter()
            .find(|session| session.id.to_string() == target);
        session.is_some_and(|session| {
            subjects
                .iter()
                .any(|subject| is_session_of(session, subject))
        })
    };
    blocks
        || event.action == "signing_key.rotated"
        || subjects.iter().any(|subject| subject.touches(event))
        || (target.starts_with(SessionId::PREFIX) && ends())
}

fn is_session_of(session: &Session, subject: &IncidentSubject) -> bool {
    match subject {
        IncidentSubject::User(id) => session.user_id.to_string() == *id,
        IncidentSubject::Client(id) => session
            .client_id
            .is_some_and(|client| client.to_string() == *id),
        subject => subject.holds(&session.ip),
    }
}

/// Whether a network holds an address or network that is a subject.
fn network_holds(outside: &str, subject: &IncidentSubject) -> bool {
    match subject {
        IncidentSubject::Address(ip) => IncidentSubject::Network(outside.into()).holds(ip),
        IncidentSubject::Network(inside) => {
            let nets = (
                outside.parse::<ipnet::IpNet>(),
                inside.parse::<ipnet::IpNet>(),
            );
            matches!(nets, (Ok(outside), Ok(inside)) if outside.contains(&inside))
        }
        _ => false,
    }
}
