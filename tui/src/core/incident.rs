//! An incident: a timeline around one user, address, client or key, and what to do about it.

use doorward_shared::{Timestamp, admin::Event, client::Filter};

use super::{
    confirm::Confirm,
    layer::Layer,
    list::Load,
    msg::{Done, Effect, PreviewTarget, Timeline},
    problem::Problem,
    state::{State, View},
};
use crate::{
    command::{ApiKeys, Clients, Command, Revoke, Rotate, SigningKeys, Users, secret::Secret},
    core::{
        form::Form,
        page::Subject,
        resource::{Resource, Row},
        subject::IncidentSubject,
    },
};

/// How far back a timeline goes, in seconds: a week.
const BACK: i64 = 7 * 86_400;

/// Something to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    EndSessions,
    Disable,
    RevokeKeys,
    Block,
    RevokeKey,
    RotateKey,
    RotateSecret,
    RotateSigning,
}

impl Step {
    pub fn label(self) -> &'static str {
        match self {
            Self::EndSessions => "End all sessions",
            Self::Disable => "Disable the user",
            Self::RevokeKeys => "Revoke their API keys",
            Self::Block => "Block the network for sign-in",
            Self::RevokeKey => "Revoke the key",
            Self::RotateKey => "Rotate the key",
            Self::RotateSecret => "Rotate the client's secret",
            Self::RotateSigning => "Rotate the signing key",
        }
    }

    fn of(subject: &IncidentSubject) -> Vec<Self> {
        match subject {
            IncidentSubject::User(_) => vec![
                Self::EndSessions,
                Self::Disable,
                Self::RevokeKeys,
                Self::RotateSigning,
            ],
            IncidentSubject::Address(_) => {
                vec![Self::EndSessions, Self::Block, Self::RotateSigning]
            }
            IncidentSubject::Client(_) => {
                vec![Self::EndSessions, Self::RotateSecret, Self::RotateSigning]
            }
            IncidentSubject::Key(_) => vec![Self::RevokeKey, Self::RotateKey, Self::RotateSigning],
        }
    }
}

#[derive(Debug, Clone)]
pub struct Incident {
    pub subject: IncidentSubject,
    pub since: Timestamp,
    pub events: Vec<Event>,
    pub live_sessions: Option<u64>,
    pub load: Load,
    pub loaded_at: Option<Timestamp>,
    pub generation: u64,
    pub steps: Vec<(Step, Option<String>)>,
    /// Whether the checklist has the focus; the timeline otherwise.
    pub on_steps: bool,
    pub at: usize,
    /// First event on the screen.
    pub scroll: usize,
    /// What was done, for the export.
    pub log: Vec<String>,
    /// How much of that was written into a file.
    pub written: usize,
    /// The step whose dialog is open.
    pub doing: Option<Step>,
}

impl Incident {
    pub fn new(subject: IncidentSubject, now: Timestamp) -> Self {
        let steps = Step::of(&subject)
            .into_iter()
            .map(|step| (step, None))
            .collect();
        Self {
            subject,
            since: now.plus_seconds(-BACK),
            events: Vec::new(),
            live_sessions: None,
            load: Load::Waiting(0),
            loaded_at: None,
            generation: 0,
            steps,
            on_steps: true,
            at: 0,
            scroll: 0,
            log: Vec::new(),
            written: 0,
            doing: None,
        }
    }

    /// Ids in it that have names elsewhere.
    pub fn mentions(&self) -> Vec<String> {
        let ids = self
            .events
            .iter()
            .flat_map(|event| [Some(event.actor.clone()), event.target.clone()]);
        let own = [Some(self.subject.id().to_owned())];
        let named = |id: &String| Resource::of_id(id).is_some();
        ids.chain(own).flatten().filter(named).take(200).collect()
    }

    /// Whether an event belongs into its timeline.
    pub fn touches(&self, event: &Event) -> bool {
        let user = event.user_id.map(|id| id.to_string());
        self.subject
            .filters()
            .into_iter()
            .any(|(name, value)| match name {
                Filter::UserId => user.as_deref() == Some(value),
                Filter::Actor => event.actor == value,
                Filter::Target => event.target.as_deref() == Some(value),
                _ => event.ip.as_deref() == Some(value),
            })
    }

    pub fn step(&mut self, by: isize) {
        if self.on_steps {
            self.at = self
                .at
                .saturating_add_signed(by)
                .min(self.steps.len().saturating_sub(1));
        } else {
            self.scroll = self
                .scroll
                .saturating_add_signed(by)
                .min(self.rows().len().saturating_sub(1));
        }
    }

    /// Rows of the timeline: events of one kind are one.
    pub fn rows(&self) -> Vec<(&Event, usize)> {
        crate::core::report::collapsed(&self.events)
    }
}

impl State {
    pub fn timeline(&mut self, generation: u64, timeline: Result<Timeline, Problem>) {
        let now = self.now;
        let View::Incident(incident) = &mut self.view else {
            return;
        };
        if incident.generation != generation {
            return;
        }
        match timeline {
            Ok(timeline) => {
                let first = incident.loaded_at.is_none();
                incident.events = timeline.events;
                incident.live_sessions = timeline.live_sessions;
                incident.load = Load::Done;
                incident.loaded_at = Some(now.wall);
                if first {
                    // The newest is what an operator looks for.
                    incident.scroll = incident.rows().len().saturating_sub(5);
                }
                self.connection.answered(now);
            }
            Err(problem) => {
                incident.load = Load::Failed(problem.clone());
                self.failed(&problem);
            }
        }
    }

    /// Takes the selected step: asks what dies first.
    pub fn take_step(&mut self, effects: &mut Vec<Effect>) {
        let View::Incident(incident) = &mut self.view else {
            return;
        };
        let Some((step, _)) = incident.steps.get(incident.at) else {
            return;
        };
        let (step, subject) = (*step, incident.subject.clone());
        incident.doing = Some(step);
        let name = self.name_of(subject.id());
        if step == Step::Block {
            return self.block();
        }
        if step == Step::EndSessions {
            return self.end_sessions_around(&subject, effects);
        }
        match question(step, &subject, &name) {
            Some((confirm, Some(at))) => {
                self.preview_and_confirm(confirm.with_reason(), at, effects)
            }
            Some((confirm, None)) => self.confirm(confirm.with_reason()),
            None => {}
        }
    }

    /// Ends the sessions around something, after a look at which.
    pub fn end_sessions_around(&mut self, subject: &IncidentSubject, effects: &mut Vec<Effect>) {
        let title = format!("End all sessions of {}?", self.name_of(subject.id()));
        if let Some(asked) = sessions_of(subject) {
            self.end_sessions(title, asked, effects);
        }
    }

    /// Notes in the incident what a dialog did.
    pub fn log_done(&mut self, layer: usize, done: &Done) {
        let Some(Layer::Confirm(confirm)) = self.layers.get(layer) else {
            return;
        };
        let reason = confirm.why();
        let what = match done {
            Done::Plain(text) | Done::Edited { text, .. } | Done::Made { text, .. } => text.clone(),
            Done::Secret { title, .. } => title.clone(),
        };
        let now = self.now.wall;
        let View::Incident(incident) = &mut self.view else {
            return;
        };
        let because = reason.map(|reason| format!(" ({reason})"));
        incident
            .log
            .push(format!("{now} {what}{}", because.unwrap_or_default()));
        if let Some(doing) = incident.doing.take()
            && let Some((_, outcome)) = incident.steps.iter_mut().find(|(step, _)| *step == doing)
        {
            *outcome = Some(what);
        }
    }

    /// The incident as Markdown, into a file.
    pub fn export(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.wall;
        let View::Incident(incident) = &mut self.view else {
            return;
        };
        let text = crate::core::report::markdown(&crate::core::report::Record {
            subject: &incident.subject,
            events: &incident.events,
            live_sessions: incident.live_sessions,
            done: &incident.log,
            names: &self.known.names,
        });
        incident.written = incident.log.len();
        let path = crate::core::report::file_name(&incident.subject, now).into();
        effects.push(Effect::Write {
            path,
            text: Secret::new(text),
        });
    }
}

impl State {
    /// Asks which network is blocked: the one of what is selected.
    pub fn block(&mut self) {
        let network = self.block_network().unwrap_or_default();
        self.open_form(Resource::Blocks.scope(), Form::block(&network));
    }

    fn block_network(&self) -> Option<String> {
        match &self.view {
            View::Incident(incident) => match &incident.subject {
                IncidentSubject::Address(ip) => Some(ip.clone()),
                _ => None,
            },
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

/// The sessions around a subject; a key opens none.
fn sessions_of(subject: &IncidentSubject) -> Option<Revoke> {
    match subject {
        IncidentSubject::User(id) => id.parse().ok().map(Revoke::of_user),
        IncidentSubject::Client(id) => id.parse().ok().map(Revoke::of_client),
        IncidentSubject::Address(ip) => Some(Revoke::from_address(ip)),
        IncidentSubject::Key(_) => None,
    }
}

/// The question before a step, and what is looked at for it.
fn question(
    step: Step,
    subject: &IncidentSubject,
    name: &str,
) -> Option<(Confirm, Option<PreviewTarget>)> {
    let new_secret = "The old secret dies at once; the new one is shown once.";
    match (step, subject) {
        (Step::Disable, IncidentSubject::User(id)) => {
            let disable = Command::Users(Users::Disable { user: id.clone() });
            let enable = Command::Users(Users::Enable { user: id.clone() });
            let confirm = Confirm::new(format!("Disable {name}?"), "Disable", disable)
                .line("They cannot sign in, and all their sessions end at once.")
                .undone_by(enable);
            Some((confirm, Some(PreviewTarget::User(id.parse().ok()?))))
        }
        (Step::RevokeKeys, IncidentSubject::User(id)) => {
            let title = format!("Revoke the keys of {name}?");
            let confirm = Confirm::new(
                title,
                "Revoke",
                Command::Apikeys(ApiKeys::Revoke { ids: Vec::new() }),
            );
            Some((confirm, Some(PreviewTarget::KeysOf(id.parse().ok()?))))
        }
        (Step::RevokeKey, IncidentSubject::Key(id)) => {
            let title = format!("Revoke {name}?");
            let ids = vec![id.clone()];
            let confirm = Confirm::new(title, "Revoke", Command::Apikeys(ApiKeys::Revoke { ids }));
            Some((confirm, Some(PreviewTarget::Key(id.parse().ok()?))))
        }
        (Step::RotateKey, IncidentSubject::Key(id)) => {
            let title = format!("Rotate {name}?");
            let change = Command::Apikeys(ApiKeys::Rotate(Rotate::after(id, 0)));
            let confirm = Confirm::new(title, "Rotate", change).line(new_secret);
            Some((confirm, Some(PreviewTarget::Key(id.parse().ok()?))))
        }
        (Step::RotateSecret, IncidentSubject::Client(id)) => {
            let title = format!("A new secret for {name}?");
            let change = Command::Clients(Clients::Secret(Rotate::after(id, 0)));
            let confirm = Confirm::new(title, "Rotate", change).line(new_secret);
            Some((confirm, Some(PreviewTarget::Client(id.parse().ok()?))))
        }
        (Step::RotateSigning, _) => Some((rotate_signing(), None)),
        _ => None,
    }
}

/// The question before the signing key is rotated.
pub fn rotate_signing() -> Confirm {
    Confirm::new(
        "Rotate the signing key?",
        "Rotate",
        Command::Keys(SigningKeys::Rotate),
    )
    .line("New tokens are signed with a new key from now on.")
    .line("The old one verifies until its last token has expired: nobody is signed out.")
}
