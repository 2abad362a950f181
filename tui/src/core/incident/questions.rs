//! The question before each step, and what is looked at for it.

use super::steps::{Kind, Step};
use crate::{
    command::{ApiKeys, Clients, Command, Revoke, Rotate, SigningKeys, Users},
    core::{
        confirm::Confirm,
        form::Form,
        incident::{Incident, Pane},
        msg::{Effect, PreviewTarget},
        page::Subject,
        resource::{Resource, Row},
        state::{State, View},
        subject::IncidentSubject,
    },
};

impl State {
    /// Takes the selected step: asks what dies first.
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

/// The sessions around a subject; a key opens none.
fn sessions_of(subject: &IncidentSubject) -> Option<Revoke> {
    match subject {
        IncidentSubject::User(id) => id.parse().ok().map(Revoke::of_user),
        IncidentSubject::Client(id) => id.parse().ok().map(Revoke::of_client),
        IncidentSubject::Address(ip) | IncidentSubject::Network(ip) => {
            Some(Revoke::from_address(ip))
        }
        IncidentSubject::Key(_) => None,
    }
}

/// The question before a step, and what is looked at for it.
fn question(step: &Step, name: &str) -> Option<(Confirm, Option<PreviewTarget>)> {
    let new_secret = "The old secret dies at once; the new one is shown once.";
    match (step.kind, &step.subject) {
        (Kind::Disable, IncidentSubject::User(id)) => {
            let disable = Command::Users(Users::Disable { user: id.clone() });
            let enable = Command::Users(Users::Enable { user: id.clone() });
            let confirm = Confirm::new(format!("Disable {name}?"), "Disable", disable)
                .line("They cannot sign in, and all their sessions end at once.")
                .undone_by(enable);
            Some((confirm, Some(PreviewTarget::User(id.parse().ok()?))))
        }
        (Kind::RequireReset, IncidentSubject::User(id)) => {
            let title = format!("Require a new password of {name}?");
            let change = Command::Users(Users::RequireReset { user: id.clone() });
            let confirm = Confirm::new(title, "Require", change)
                .line("Their password is taken away, and all their sessions end at once.")
                .line("They set a new one by a mail they ask for, or by your link (L on Users).")
                .line("API keys and passkeys go on: a passkey alone still signs in (F removes factors).");
            Some((confirm, Some(PreviewTarget::Reset(id.parse().ok()?))))
        }
        (Kind::RevokeKeys, IncidentSubject::User(id)) => {
            let title = format!("Revoke the keys of {name}?");
            let none = Command::Apikeys(ApiKeys::Revoke { ids: Vec::new() });
            let confirm = Confirm::new(title, "Revoke", none);
            Some((confirm, Some(PreviewTarget::KeysOf(id.parse().ok()?))))
        }
        (Kind::RevokeKey, IncidentSubject::Key(id)) => {
            let title = format!("Revoke {name}?");
            let ids = vec![id.clone()];
            let confirm = Confirm::new(title, "Revoke", Command::Apikeys(ApiKeys::Revoke { ids }));
            Some((confirm, Some(PreviewTarget::Key(id.parse().ok()?))))
        }
        (Kind::RotateKey, IncidentSubject::Key(id)) => {
            let title = format!("Rotate {name}?");
            let change = Command::Apikeys(ApiKeys::Rotate(Rotate::after(id, 0)));
            let confirm = Confirm::new(title, "Rotate", change).line(new_secret);
            Some((confirm, Some(PreviewTarget::Key(id.parse().ok()?))))
        }
        (Kind::RotateSecret, IncidentSubject::Client(id)) => {
            let title = format!("A new secret for {name}?");
            let change = Command::Clients(Clients::Secret(Rotate::after(id, 0)));
            let confirm = Confirm::new(title, "Rotate", change).line(new_secret);
            Some((confirm, Some(PreviewTarget::Client(id.parse().ok()?))))
        }
        (Kind::RotateSigning, _) => Some((rotate_signing(), None)),
        _ => None,
    }
}

/// The question before the signing key is rotated.
pub(crate) fn rotate_signing() -> Confirm {
    Confirm::new(
        "Rotate the signing key?",
        "Rotate",
        Command::Keys(SigningKeys::Rotate),
    )
    .line("New tokens are signed with a new key from now on.")
    .line("The old one verifies until its last token has expired: nobody is signed out.")
}
