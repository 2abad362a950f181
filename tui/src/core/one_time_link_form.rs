//! The form for a one-time link with which somebody sets their password, and what it comes to.

use doorward_shared::{
    UserId,
    admin::{LinkPurpose, User},
};

use super::{
    confirm::Confirm,
    field::Field,
    form::{Form, Purpose, Submission},
    forms::choice,
    submission::FieldError,
};
use crate::command::{Command, LinkArgs, SecretArgs, Users, span};

/// How it gets to whom it is for.
const SHOWN: &str = "shown once";
const MAILED: &str = "mailed to them";

/// Whether the server mails links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailDelivery {
    /// As far as is known.
    Perhaps,
    Never,
}

impl Form {
    /// A one-time link. Whoever has never signed in is invited.
    pub(crate) fn link(user: &User, mails: MailDelivery) -> Self {
        let likely = user.last_login_at.map_or("invite", |_| "reset");
        let (purposes, at) = choice(&["reset", "invite"], likely);
        let mut fields = vec![
            Field::choice("purpose", "It is to", purposes, at),
            Field::text("expiresInSeconds", "Works for", "60s to 30d", "1d"),
        ];
        if mails == MailDelivery::Perhaps {
            let (ways, at) = choice(&[SHOWN, MAILED], SHOWN);
            fields.push(Field::choice("send", "It is", ways, at));
        }
        let mut form = Self::new(
            format!("A one-time link for {}", user.email),
            Purpose::Link(user.id, user.email.clone()),
            "Review",
            fields,
        );
        form.note = "Whoever opens it sets the password; hand it to nobody else.".into();
        form
    }
}

pub(super) fn link(form: &Form, id: UserId, email: &str) -> Result<Submission, FieldError> {
    let link = LinkArgs {
        user: id.to_string(),
        purpose: match form.get("purpose") {
            "invite" => LinkPurpose::Invite,
            _ => LinkPurpose::Reset,
        },
        expires_in: span(form.get("expiresInSeconds").trim())
            .map_err(|why| ("expiresInSeconds", why))?,
        send: form.get("send") == MAILED,
        secret: SecretArgs::default(),
    };
    let way = if link.send {
        format!("It is mailed to {email}.")
    } else {
        "It is shown once.".to_owned()
    };
    let change = Command::Users(Users::Link(link));
    let confirm = Confirm::new(format!("A link for {email}?"), "Make it", change)
        .line(format!("{way} A link made before does not work any more."))
        .line("Whoever opens it sets the password, and all their sessions end.");
    Ok(Submission::Ask(Box::new(confirm)))
}
