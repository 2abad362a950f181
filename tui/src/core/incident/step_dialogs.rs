//! Taking a step of an incident: which question or form it opens.

use super::{
    step_confirmation::{question, sessions_of},
    steps::Kind,
};
use crate::core::{
    form::Form,
    incident::{Incident, Pane},
    incident_subject::IncidentSubject,
    msg::Effect,
    page::Subject,
    resource::{Resource, Row},
    state::{State, View},
};

impl State {
    /// Takes the selected step, after a confirmation of the affected items.
    pub(super) fn take_step(&mut self, effects: &mut Vec<Effect>) {
        let View::Incident(incident) = &self.view else {
            return;
        };
        let Some(step) = incident.steps.get(incident.at).cloned() else {
            return;
        };
        let name = self.name_of(step.subject.id());
        if step.kind == Kind::Disable && step.progress(&incident.facts, self.now.wall).done {
            // Nothing would be done, and taking nothing back would let them in.
            return self.say(format!("{name} is disabled already"));
        }
        match step.kind {
            Kind::Block => {
                let network = step.subject.id().to_owned();
                self.open_form(Resource::Blocks.scope(), Form::block(&network));
            }
            Kind::EndSessions => self.end_sessions_around(&step.subject, effects),
            _ => match question(&step, &name) {
                Some((confirm, Some(at))) => {
                    self.preview_and_confirm(confirm.with_reason(), at, effects);
                }
                Some((confirm, None)) => self.confirm(confirm.with_reason()),
                None => {}
            },
        }
    }

    /// Ends the sessions around something, after a look at which.
    pub(crate) fn end_sessions_around(
        &mut self,
        subject: &IncidentSubject,
        effects: &mut Vec<Effect>,
    ) {
        let title = format!("End all sessions of {}?", self.name_of(subject.id()));
        if let Some(asked) = sessions_of(subject) {
            self.end_sessions(title, asked, effects);
        }
    }

    /// Asks which network is blocked: the one of what is selected.
    pub(crate) fn block(&mut self) {
        let network = self.block_network().unwrap_or_default();
        self.open_form(Resource::Blocks.scope(), Form::block(&network));
    }

    fn block_network(&self) -> Option<String> {
        match &self.view {
            View::Incident(incident) => incident.network(),
            View::Dashboard { .. } => self.dash_network(),
            View::Page(page) if self.item().is_none() => match &page.subject {
                Subject::Address(ip) => Some(ip.clone()),
                _ => None,
            },
            _ => match self.item()? {
                Row::Session(session) => Some(session.ip.clone()),
                Row::Event(event) => event.ip.clone(),
                _ => None,
            },
        }
    }
}

impl Incident {
    /// The network that a block would be of: the selected one, or the first subject that is one.
    fn network(&self) -> Option<String> {
        let is_network = |subject: &&IncidentSubject| {
            matches!(
                subject,
                IncidentSubject::Address(_) | IncidentSubject::Network(_)
            )
        };
        let of_step = self.steps.get(self.at).map(|step| &step.subject);
        let of_step = of_step.filter(|_| self.pane == Pane::Steps);
        let selected = self.selected().or(of_step).filter(is_network);
        let found = selected.or_else(|| self.subjects.iter().find(is_network));
        found.map(|subject| subject.id().to_owned())
    }
}
