//! State transitions of an incident: opening, loading, navigation, notes, export.

use doorward_shared::{UserId, admin::Event};

use super::{Incident, Note, Pane, facts::Facts, steps};
use crate::{
    command::secret::Secret,
    core::{
        form::Form,
        incident_subject::{IncidentSubject, SUBJECTS},
        layer::Layer,
        list::{List, Load},
        msg::{CommandResult, Effect},
        page::Subject,
        problem::Problem,
        related, report,
        resource::{Resource, Row},
        state::{State, View},
    },
};

/// Events may be written a little after they happened, in seconds.
const LATE: i64 = 120;
/// A reading that did not end after so long is given up, in milliseconds.
const READING_TIMEOUT_MS: u64 = 60_000;
/// After an event it is waited so long for more before it is looked who is related, in milliseconds.
const SETTLE: u64 = 500;
/// Pause between two readings while events keep coming, in milliseconds.
const PAUSE: u64 = 2_000;

impl State {
    /// Opens an incident around one thing, or more.
    pub(crate) fn go_incident(
        &mut self,
        subjects: Vec<IncidentSubject>,
        effects: &mut Vec<Effect>,
    ) {
        let subjects = self.few(subjects);
        let incident = Incident::new(subjects, self.now.wall);
        self.go(View::Incident(Box::new(incident)), effects);
    }

    /// Each once, and not too many.
    fn few(&mut self, subjects: Vec<IncidentSubject>) -> Vec<IncidentSubject> {
        let mut few: Vec<IncidentSubject> = Vec::new();
        for subject in subjects {
            if !few.contains(&subject) {
                few.push(subject);
            }
        }
        if few.len() > SUBJECTS {
            self.warn(format!(
                "an incident is around {SUBJECTS} at most: the first {SUBJECTS} of {}",
                few.len()
            ));
            few.truncate(SUBJECTS);
        }
        few
    }

    /// Opens an incident around what is selected or marked; in one, asks what else it is around.
    pub(crate) fn open_incident(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.view, View::Dashboard { .. }) && self.layers.is_empty() {
            return self.dash_incident(effects);
        }
        let marked = self.list().filter(|list| !list.marks.is_empty());
        let rows: Vec<Row> = match marked {
            Some(list) => list.marks.values().cloned().collect(),
            None => self.item().cloned().into_iter().collect(),
        };
        if let Some(Subject::Address(ip)) = self.page().map(|page| &page.subject)
            && self.item().is_none()
        {
            return self.go_incident(vec![IncidentSubject::Address(ip.clone())], effects);
        }
        let subjects: Vec<_> = rows.iter().filter_map(related::subject).collect();
        if subjects.is_empty() {
            return self.ask_form(Form::incident(), effects);
        }
        self.go_incident(subjects, effects);
    }

    /// From words: ids, addresses, networks, and emails that were seen.
    pub(crate) fn incident_about(&mut self, words: &str, effects: &mut Vec<Effect>) {
        let mut subjects = Vec::new();
        for word in words.split([' ', ',']).filter(|word| !word.is_empty()) {
            // An id or address first, and by name an account alone: people choose what keys and clients are called.
            let parsed = IncidentSubject::parse(word).or_else(|why| {
                let mut names = self.known.names.iter();
                let known =
                    names.find(|(id, name)| id.starts_with(UserId::PREFIX) && *name == word);
                known
                    .map(|(id, _)| IncidentSubject::User(id.clone()))
                    .ok_or(why)
            });
            match parsed {
                Ok(subject) => subjects.push(subject),
                Err(why) => return self.warn(why.to_string()),
            }
        }
        if subjects.is_empty() {
            return self.open_incident(effects);
        }
        self.go_incident(subjects, effects);
    }

    /// Another subject of the open incident; a new incident where none is open.
    pub(crate) fn add_subjects(&mut self, more: Vec<IncidentSubject>, effects: &mut Vec<Effect>) {
        let View::Incident(incident) = &self.view else {
            return self.go_incident(more, effects);
        };
        let mut subjects = incident.subjects.clone();
        subjects.extend(more);
        self.set_incident_subjects(subjects, effects);
    }

    fn set_incident_subjects(&mut self, subjects: Vec<IncidentSubject>, effects: &mut Vec<Effect>) {
        let subjects = self.few(subjects);
        self.layers.clear();
        if let View::Incident(incident) = &mut self.view {
            incident.set_subjects(subjects);
            self.load_timeline(effects);
        }
    }

    /// Enter: the step, the page of a subject, or a relation that becomes a subject.
    pub(crate) fn incident_open(&mut self, effects: &mut Vec<Effect>) {
        let View::Incident(incident) = &self.view else {
            return;
        };
        match incident.pane {
            Pane::Steps => self.take_step(effects),
            Pane::Related => {
                let Some(chosen) = incident.selected().cloned() else {
                    return;
                };
                if incident.subjects.contains(&chosen) {
                    return self.open_subject(&chosen, effects);
                }
                self.add_subjects(vec![chosen], effects);
            }
            Pane::Timeline => {
                let row = incident
                    .rows()
                    .get(incident.scroll)
                    .map(|(event, _)| (*event).clone());
                if let Some(event) = row {
                    self.show_event(event, effects);
                }
            }
        }
    }

    fn open_subject(&mut self, subject: &IncidentSubject, effects: &mut Vec<Effect>) {
        let id = subject.id().to_owned();
        match Resource::of_id(&id) {
            Some(kind) => self.go_row(kind, id, effects),
            None => {
                let mut list = List::new(Resource::Events, Vec::new());
                list.q = format!("ip:{id}");
                self.go(View::List(Box::new(list)), effects);
            }
        }
    }

    /// Takes the selected subject out; the last one stays.
    pub(crate) fn drop_subject(&mut self, effects: &mut Vec<Effect>) {
        let View::Incident(incident) = &self.view else {
            return;
        };
        let chosen = incident.selected().cloned();
        let mut subjects = incident.subjects.clone();
        match chosen.and_then(|chosen| subjects.iter().position(|one| *one == chosen)) {
            Some(at) if subjects.len() > 1 => {
                subjects.remove(at);
                self.set_incident_subjects(subjects, effects);
            }
            Some(_) => self.say("it is the only one that this incident is around"),
            None => self.say("select one of the subjects (tab) to take it out"),
        }
    }

    /// Reads it again, however it stood: it is come to anew.
    pub(crate) fn enter_timeline(&mut self, effects: &mut Vec<Effect>) {
        if let View::Incident(incident) = &mut self.view {
            incident.reading = None;
        }
        self.load_timeline(effects);
    }

    /// Reads it, or once more when the reading that is under way has ended: in a flood each would else end the one before.
    pub(crate) fn load_timeline(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        if let View::Incident(incident) = &mut self.view
            && incident
                .reading
                .is_some_and(|at| now.ms < at + READING_TIMEOUT_MS)
        {
            incident.again = true;
            return;
        }
        let generation = self.next_generation();
        if let View::Incident(incident) = &mut self.view {
            incident.generation = generation;
            incident.reading = Some(now.ms);
            incident.again = false;
            incident.load = Load::Waiting(now.ms);
            let newest = incident
                .facts
                .events
                .last()
                .map(|event| event.time.plus_seconds(-LATE));
            let newest = newest.filter(|_| incident.loaded_at.is_some());
            effects.push(Effect::Timeline {
                generation,
                subjects: incident.subjects.clone(),
                since: newest.unwrap_or(incident.since),
                whole: incident.loaded_at.is_none(),
            });
            self.connection.asked(now);
        }
    }

    pub(crate) fn timeline(&mut self, generation: u64, timeline: Result<Box<Facts>, Problem>) {
        let now = self.now;
        let View::Incident(incident) = &mut self.view else {
            return;
        };
        if incident.generation != generation {
            return;
        }
        incident.reading = None;
        if std::mem::take(&mut incident.again) {
            self.poll_at = self.poll_at.min(now.ms + PAUSE);
        }
        match timeline {
            Ok(facts) => {
                let first = incident.loaded_at.is_none();
                incident.facts.update(*facts);
                incident.relate();
                incident.load = Load::Done;
                incident.loaded_at = Some(now.wall);
                if first {
                    // The newest is what an operator looks for.
                    incident.scroll = incident.rows().len().saturating_sub(1);
                }
                self.connection.answered(now);
            }
            Err(problem) => {
                incident.load = Load::Failed(problem.clone());
                self.failed(&problem);
            }
        }
    }

    /// An event as it happened: it stands in the timeline at once, and what another operator did is said.
    pub(crate) fn incident_event(&mut self, event: &Event) -> bool {
        let me = self.known.who.as_ref().map(|who| who.id.clone());
        let now = self.now.ms;
        let View::Incident(incident) = &mut self.view else {
            return false;
        };
        if !incident.touches(event) {
            return false;
        }
        let at_end = incident.scroll + 1 >= incident.rows().len();
        if incident.loaded_at.is_some() && incident.facts.add_event(event.clone()) {
            incident.relate_at.get_or_insert(now + SETTLE);
            incident.relate_in_time(now);
            if at_end {
                incident.scroll = incident.rows().len().saturating_sub(1);
            }
        }
        if steps::is_step(event) && me.is_some_and(|me| me != event.actor) {
            let target = event.target.as_deref().map(|id| self.name_of(id));
            let (by, target) = (self.name_of(&event.actor), target.unwrap_or_default());
            self.say(format!("{by}: {} {target}", event.action));
        }
        true
    }

    /// Notes in the incident what a dialog did.
    pub(crate) fn log_done(&mut self, layer: usize, done: &CommandResult) {
        let Some(Layer::Confirm(confirm)) = self.layers.get(layer) else {
            return;
        };
        let because = confirm.why().map(|reason| format!(" ({reason})"));
        let what = match done {
            CommandResult::Plain(text)
            | CommandResult::Edited { text, .. }
            | CommandResult::Made { text, .. } => text.clone(),
            CommandResult::Secret(made) => made.title.clone(),
        };
        self.note(format!("{what}{}", because.unwrap_or_default()));
    }

    /// Writes something down in the open incident.
    pub(crate) fn note(&mut self, text: String) {
        let at = self.now.wall;
        let by = self
            .known
            .who
            .as_ref()
            .map_or("me", |who| who.id.as_str())
            .to_owned();
        if let View::Incident(incident) = &mut self.view {
            incident.log.push(Note { at, by, text });
        }
    }

    /// The incident as Markdown or JSON, into a file.
    pub(crate) fn export(&mut self, format: report::Format, effects: &mut Vec<Effect>) {
        let now = self.now.wall;
        let View::Incident(incident) = &self.view else {
            return;
        };
        if incident.loaded_at.is_none() {
            return self.warn("it is not read yet: a report of it would be empty");
        }
        let record = report::Record {
            subjects: &incident.subjects,
            facts: &incident.facts,
            relations: &incident.relations,
            notes: &incident.log,
            names: &self.known.names,
            since: incident.since,
            now,
        };
        let text = Secret::new(record.written(format));
        let path = report::file_name(&incident.subjects, now, format).into();
        effects.push(Effect::Write { path, text });
        if let View::Incident(incident) = &mut self.view {
            incident.written = incident.log.len();
        }
    }
}
