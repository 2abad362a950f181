//! What can be done about it, and how far it is done: read from the server's state and events, so that each operator sees
//! what the others did.

use doorward_shared::{
    Timestamp,
    admin::{Event, KeyState, Session},
};

use super::facts::Facts;
use crate::core::{format::count, incident_subject::IncidentSubject};

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    EndSessions,
    Disable,
    RequireReset,
    RevokeKeys,
    Block,
    RevokeKey,
    RotateKey,
    RotateSecret,
    RotateSigning,
}

/// A step, and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub kind: Kind,
    pub subject: IncidentSubject,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    pub done: bool,
    /// What is left, or how it is.
    pub about: String,
    /// Who did it last, and when.
    pub by: Option<(String, Timestamp)>,
    /// Why, or what else the event says.
    pub detail: Option<String>,
}

impl Kind {
    /// Actions of the audit log that tell of it.
    pub(crate) fn actions(self) -> &'static [&'static str] {
        match self {
            Self::EndSessions => &["session.revoked", "user.sessions_revoked"],
            Self::Disable => &["user.disabled"],
            Self::RequireReset => &["user.password_removed"],
            Self::RevokeKeys | Self::RevokeKey => &["apikey.revoked"],
            Self::Block => &["network.blocked"],
            Self::RotateKey => &["apikey.rotated"],
            Self::RotateSecret => &["client.secret_rotated"],
            Self::RotateSigning => &["signing_key.rotated"],
        }
    }

    /// Whether an event alone tells of it: no state of the server says that it is done.
    fn is_told(self) -> bool {
        matches!(
            self,
            Self::RequireReset | Self::RotateKey | Self::RotateSecret | Self::RotateSigning
        )
    }

    fn of(subject: &IncidentSubject) -> &'static [Self] {
        match subject {
            IncidentSubject::User(_) => &[
                Self::EndSessions,
                Self::Disable,
                Self::RequireReset,
                Self::RevokeKeys,
            ],
            IncidentSubject::Address(_) | IncidentSubject::Network(_) => {
                &[Self::EndSessions, Self::Block]
            }
            IncidentSubject::Client(_) => &[Self::EndSessions, Self::RotateSecret],
            IncidentSubject::Key(_) => &[Self::RevokeKey, Self::RotateKey],
        }
    }
}

/// Actions that operators take in an incident, and take back.
pub(crate) fn is_step(event: &Event) -> bool {
    let back = ["user.enabled", "network.unblocked", "user.password_changed"];
    let kinds = [
        Kind::EndSessions,
        Kind::Disable,
        Kind::RequireReset,
        Kind::RevokeKey,
        Kind::Block,
        Kind::RotateKey,
        Kind::RotateSecret,
        Kind::RotateSigning,
    ];
    let is = |action: &&str| event.action == *action;
    kinds.iter().any(|kind| kind.actions().iter().any(&is)) || back.iter().any(is)
}

/// The checklist of some subjects.
pub(crate) fn steps(subjects: &[IncidentSubject]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for subject in subjects {
        let kinds = Kind::of(subject).iter();
        steps.extend(kinds.map(|kind| Step {
            kind: *kind,
            subject: subject.clone(),
        }));
    }
    // It is one for all.
    steps.extend(subjects.first().map(|subject| Step {
        kind: Kind::RotateSigning,
        subject: subject.clone(),
    }));
    steps
}

impl Step {
    /// What it does, to whom.
    pub(crate) fn label(&self, name_of: &dyn Fn(&str) -> String) -> String {
        let name = name_of(self.subject.id());
        match self.kind {
            Kind::EndSessions => match self.subject {
                IncidentSubject::User(_) => format!("End all sessions of {name}"),
                IncidentSubject::Client(_) => format!("End all sessions of the client {name}"),
                _ => format!("End all sessions from {name}"),
            },
            Kind::Disable => format!("Disable {name}"),
            Kind::RequireReset => format!("Require a new password of {name}"),
            Kind::RevokeKeys => format!("Revoke the API keys of {name}"),
            Kind::Block => format!("Block {name} for sign-in"),
            Kind::RevokeKey => format!("Revoke the key {name}"),
            Kind::RotateKey => format!("Rotate the key {name}"),
            Kind::RotateSecret => format!("Rotate the secret of the client {name}"),
            Kind::RotateSigning => "Rotate the signing key".into(),
        }
    }

    /// How far it is, as the server has it.
    pub(crate) fn progress(&self, facts: &Facts, now: Timestamp) -> Progress {
        let last = self.last(facts);
        if let Some(early) = last.filter(|last| self.kind.is_told() && last.time < facts.began(now))
        {
            let when = crate::core::format::second(early.time);
            return Progress {
                done: false,
                about: format!("last {when}, before this began"),
                by: None,
                detail: None,
            };
        }
        let (done, about) = self.state(facts, last.is_some());
        Progress {
            done,
            about,
            by: last.map(|event| (event.actor.clone(), event.time)),
            detail: last.and_then(|event| event.detail.clone()),
        }
    }

    /// The last event that tells of it.
    fn last<'f>(&self, facts: &'f Facts) -> Option<&'f Event> {
        let tells = |event: &&Event| {
            self.kind.actions().contains(&event.action.as_str()) && self.is_about(event, facts)
        };
        facts.events.iter().rev().find(tells)
    }

    fn is_about(&self, event: &Event, facts: &Facts) -> bool {
        let id = self.subject.id();
        let is_target = event.target.as_deref() == Some(id);
        let is_user = event.user_id.is_some_and(|user| user.to_string() == id);
        match self.kind {
            Kind::RotateSigning => true,
            Kind::Block => {
                let network = event.target.as_deref();
                let block = facts.block_of(id).map(|block| block.network.as_str());
                network.is_some() && network == block
            }
            // Whose sessions ended is what counts, not from where an operator ended them.
            Kind::EndSessions => match &self.subject {
                IncidentSubject::User(_) => is_user || is_target,
                subject => {
                    let target = event.target.as_deref();
                    let ended =
                        |session: &&Session| target == Some(session.id.to_string().as_str());
                    let session = facts.sessions.iter().find(ended);
                    session.is_some_and(|session| super::is_session_of(session, subject))
                }
            },
            Kind::RevokeKeys => is_user,
            _ => is_target,
        }
    }

    /// What the server says of it now; what it did not say is never done.
    fn state(&self, facts: &Facts, told: bool) -> (bool, String) {
        let id = self.subject.id();
        match self.kind {
            Kind::EndSessions => match facts.live.get(id) {
                Some(0) => (true, "no session lives".into()),
                Some(live) => (false, format!("{} now", count(*live, "live session"))),
                None => not_known(),
            },
            Kind::Disable => {
                let user = facts.users.iter().find(|user| user.id.to_string() == id);
                match user.map(|user| user.disabled) {
                    Some(true) => (true, "disabled".into()),
                    Some(false) => (false, String::new()),
                    None => not_known(),
                }
            }
            Kind::RevokeKeys => match facts.live_keys.get(id) {
                Some(0) => (true, "no key lives".into()),
                Some(live) => (false, count(*live, "live key")),
                None => not_known(),
            },
            Kind::RevokeKey => {
                let key = facts.keys.iter().find(|key| key.id.to_string() == id);
                key.map_or_else(not_known, |key| {
                    (key.state == KeyState::Revoked, key.state.as_str().into())
                })
            }
            Kind::Block => match facts.block_of(id) {
                Some(block) => {
                    let until = crate::core::format::second(block.until);
                    (true, format!("{} is blocked until {until}", block.network))
                }
                None if facts.blocks.is_none() => not_known(),
                None => (false, String::new()),
            },
            Kind::RequireReset | Kind::RotateKey | Kind::RotateSecret | Kind::RotateSigning => {
                (told, String::new())
            }
        }
    }
}

fn not_known() -> (bool, String) {
    (false, "not known".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{block, event, noon, user};

    #[test]
    fn what_another_operator_did_is_done_with_their_name_and_reason() {
        let mut ada = user(2, "ada@example.org");
        let subject = IncidentSubject::User(ada.id.to_string());
        let step = Step {
            kind: Kind::Disable,
            subject: subject.clone(),
        };
        let mut facts = Facts {
            users: vec![ada.clone()],
            ..Facts::default()
        };
        assert!(!step.progress(&facts, noon()).done);
        let told = event(5, "user.disabled");
        facts.events.push(told.clone());
        assert!(!step.progress(&facts, noon()).done, "let in again since");
        ada.disabled = true;
        facts.users = vec![ada];
        let progress = step.progress(&facts, noon());
        assert!(progress.done);
        assert_eq!(progress.by, Some((told.actor, told.time)));
        assert_eq!(progress.detail.as_deref(), Some("too many failures"));
    }

    #[test]
    fn an_address_is_blocked_by_the_block_of_its_network() {
        let subject = IncidentSubject::Address("203.0.113.7".into());
        let steps = steps(std::slice::from_ref(&subject));
        let kinds: Vec<_> = steps.iter().map(|step| step.kind).collect();
        assert_eq!(kinds, [Kind::EndSessions, Kind::Block, Kind::RotateSigning]);
        let mut blocked = event(7, "network.blocked");
        blocked.target = Some("203.0.113.0/24".into());
        let mut facts = Facts {
            events: vec![blocked],
            blocks: Some(Vec::new()),
            ..Facts::default()
        };
        assert!(
            !steps[1].progress(&facts, noon()).done,
            "it was lifted since"
        );
        facts.blocks = Some(vec![block()]);
        let progress = steps[1].progress(&facts, noon());
        assert!(progress.done && progress.by.is_some());
        assert!(
            progress
                .about
                .starts_with("203.0.113.0/24 is blocked until"),
            "{}",
            progress.about
        );
        facts.live.insert("203.0.113.7".into(), 0);
        assert!(steps[0].progress(&facts, noon()).done);
    }

    #[test]
    fn what_was_rotated_before_it_began_is_not_done() {
        let subject = IncidentSubject::parse("key_1").unwrap();
        let rotate = Step {
            kind: Kind::RotateKey,
            subject: subject.clone(),
        };
        let ago = |hours: i64, action: &str| {
            let mut event = event(1, action);
            event.target = Some("key_1".into());
            event.time = noon().plus_seconds(-hours * 3_600);
            event
        };
        let facts = |events: &[Event]| Facts {
            events: events.to_vec(),
            ..Facts::default()
        };
        let done = |events: &[Event]| rotate.progress(&facts(events), noon()).done;
        let old = ago(120, "apikey.rotated");
        let progress = rotate.progress(&facts(&[old.clone(), ago(3, "apikey.refused")]), noon());
        assert!(!progress.done && progress.by.is_none());
        assert!(
            progress.about.ends_with("before this began"),
            "{}",
            progress.about
        );
        assert!(
            !done(std::slice::from_ref(&old)),
            "nothing was refused since"
        );
        assert!(done(&[ago(20, "apikey.rotated")]));
        assert!(done(&[ago(3, "apikey.refused"), ago(2, "apikey.rotated")]));
        // One night of refusals led up to the next.
        let led = [
            ago(50, "apikey.refused"),
            ago(40, "apikey.rotated"),
            ago(30, "apikey.refused"),
            ago(8, "apikey.refused"),
        ];
        assert!(done(&led));
        assert!(!done(&[
            ago(100, "apikey.refused"),
            ago(40, "apikey.rotated"),
            ago(8, "apikey.refused")
        ]));
    }

    #[test]
    fn what_is_not_known_is_never_done() {
        let subjects = ["user_1", "203.0.113.7", "key_1", "client_1"];
        let subjects = subjects.map(|text| IncidentSubject::parse(text).unwrap());
        let facts = Facts::default();
        for step in steps(&subjects) {
            assert!(!step.progress(&facts, noon()).done, "{step:?}");
        }
        let keys = Step {
            kind: Kind::RevokeKeys,
            subject: subjects[0].clone(),
        };
        assert_eq!(keys.progress(&facts, noon()).about, "not known");
        let none = Facts {
            live_keys: [("user_1".to_owned(), 0)].into(),
            ..Facts::default()
        };
        assert!(keys.progress(&none, noon()).done);
        let mut refreshed = none;
        refreshed.update(Facts::default());
        assert!(
            keys.progress(&refreshed, noon()).done,
            "a refresh that failed forgets nothing"
        );
    }
}
