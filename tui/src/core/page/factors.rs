//! A user page's authentication methods, one-time links and mails.

use doorward_shared::{
    Timestamp,
    admin::{UserLink, UserMail, UserMailState},
    mfa::{Factors, Passkey},
};

use super::{
    SubjectPage,
    lines::{Line, SignInMethod},
};
use crate::core::{format::count, resource::Row, time_zone};

/// The ways in which a user shows who they are, beside the password; links that can still be opened, and mails.
pub(super) fn ways_in<'a>(page: &SubjectPage) -> Vec<Line<'a>> {
    let Some(Row::User(user)) = page.item() else {
        return Vec::new();
    };
    let mut ways = Vec::new();
    if let Some(mfa) = &user.mfa {
        ways.extend(mfa.totp.then(|| codes(mfa)));
        ways.extend(mfa.passkeys.iter().map(passkey));
    }
    ways.extend(user.links.iter().map(link));
    ways.extend(
        (0..)
            .zip(&user.mails)
            .map(|(number, sent)| mail(number, sent)),
    );
    ways.into_iter().map(Line::WayIn).collect()
}

const FACTOR: &str = "Second factor";

fn codes(mfa: &Factors) -> SignInMethod {
    SignInMethod {
        key: "totp".into(),
        noun: FACTOR,
        name: "authenticator app".into(),
        said: format!("{} left", count(mfa.recovery_codes.into(), "recovery code")),
        more: Vec::new(),
    }
}

fn passkey(passkey: &Passkey) -> SignInMethod {
    let used = passkey.last_used_at.map(day_and_minute);
    SignInMethod {
        key: passkey.id.to_string(),
        noun: FACTOR,
        name: passkey.name.clone(),
        said: format!("passkey since {}", time_zone::day(passkey.created_at)),
        more: vec![used.map_or("never used".into(), |used| format!("last used {used}"))],
    }
}

fn link(link: &UserLink) -> SignInMethod {
    let how = if link.mailed { "mailed" } else { "shown" };
    let made = day_and_minute(link.created_at);
    SignInMethod {
        key: format!("link {} {}", link.kind, link.created_at),
        noun: "One-time link",
        name: format!("{} link", link.kind),
        said: format!("{how}, until {}", day_and_minute(link.expires_at)),
        more: vec![format!("made {made}; a newer one ends it")],
    }
}

/// `number` tells mails of one kind and moment apart.
fn mail(number: usize, mail: &UserMail) -> SignInMethod {
    let became = match mail.state {
        UserMailState::Sent => "sent",
        UserMailState::Waiting => "waits since",
        UserMailState::Failed => "given up, of",
    };
    let when = day_and_minute(mail.sent_at.unwrap_or(mail.created_at));
    let error = mail.error.as_ref();
    SignInMethod {
        key: format!("mail {} {} {number}", mail.kind, mail.created_at),
        noun: "Mail",
        name: format!("mail {}", mail.kind),
        said: format!("{became} {when}"),
        more: error
            .map(|error| format!("the mail server: {error}"))
            .into_iter()
            .collect(),
    }
}

fn day_and_minute(at: Timestamp) -> String {
    format!("{} {}", time_zone::day(at), time_zone::minute(at))
}
