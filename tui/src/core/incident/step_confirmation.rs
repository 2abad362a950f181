//! The question before a step.

use super::steps::{Kind, Step};
use crate::{
    command::{ApiKeys, Clients, Command, Revoke, Rotate, SigningKeys, Users},
    core::{confirm::Confirm, incident_subject::IncidentSubject, msg::PreviewTarget},
};

/// The sessions around a subject; a key opens none.
pub(super) fn sessions_of(subject: &IncidentSubject) -> Option<Revoke> {
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
pub(super) fn question(step: &Step, name: &str) -> Option<(Confirm, Option<PreviewTarget>)> {
    let new_secret = "The old secret is revoked immediately; the new one is shown once.";
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
