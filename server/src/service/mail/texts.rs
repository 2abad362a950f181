//! Texts of the mails, one table for each language.

mod de;
mod en;

use crate::domain::mail::{Language, MailKind};

/// Text of one kind of mail. `{site}`, `{about}` and `{until}` are filled in.
#[derive(Debug)]
pub(super) struct MailText {
    pub subject: &'static str,
    pub lines: &'static [&'static str],
    /// Label of its link; empty if it has none.
    pub button: &'static str,
    /// After the link.
    pub after: &'static [&'static str],
}

/// Words common to all mails of a language.
#[derive(Debug)]
pub(super) struct Words {
    pub when: &'static str,
    pub from: &'static str,
    pub device: &'static str,
    /// `{site}`
    pub sent_by: &'static str,
}

pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &Words {
            when: "When",
            from: "IP address",
            device: "Device",
            sent_by: "Sent by {site}. Replies to this mail are not read.",
        },
        Language::De => &Words {
            when: "Wann",
            from: "IP-Adresse",
            device: "Gerät",
            sent_by: "Gesendet von {site}. Antworten auf diese Mail werden nicht gelesen.",
        },
    }
}

/// The texts of one language.
struct Mails {
    sign_up: MailText,
    verify: MailText,
    forgot: MailText,
    reset: MailText,
    invite: MailText,
    change: MailText,
    change_asked: MailText,
    email_changed: MailText,
    new_sign_in: MailText,
    password_changed: MailText,
    factors_changed: MailText,
    key_minted: MailText,
    test: MailText,
}

pub(super) fn text(kind: MailKind, language: Language) -> &'static MailText {
    let mails = match language {
        Language::En => &en::MAILS,
        Language::De => &de::MAILS,
    };
    match kind {
        MailKind::SignUp => &mails.sign_up,
        MailKind::Verify => &mails.verify,
        MailKind::Forgot => &mails.forgot,
        MailKind::Reset => &mails.reset,
        MailKind::Invite => &mails.invite,
        MailKind::Change => &mails.change,
        MailKind::ChangeAsked => &mails.change_asked,
        MailKind::EmailChanged => &mails.email_changed,
        MailKind::NewSignIn => &mails.new_sign_in,
        MailKind::PasswordChanged => &mails.password_changed,
        MailKind::FactorsChanged => &mails.factors_changed,
        MailKind::KeyMinted => &mails.key_minted,
        MailKind::Test => &mails.test,
    }
}
