//! The ways in which a user shows who they are.

use doorward_shared::{Timestamp, admin::UserMailState};

use super::{SubjectPage, lines::Line};
use crate::core::{format::count, resource::Row, zone};

/// The ways in which a user shows who they are, beside the password; links that can still be opened, and mails.
pub(super) fn factors<'a>(page: &SubjectPage) -> Vec<Line<'a>> {
    let Some(Row::User(user)) = page.item() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(mfa) = &user.mfa {
        if mfa.totp {
            let left = count(mfa.recovery_codes.into(), "recovery code");
            lines.push(Line::Factor(
                "authenticator app".into(),
                format!("{left} left"),
            ));
        }
        lines.extend(mfa.passkeys.iter().map(|passkey| {
            let made = format!("passkey since {}", zone::day(passkey.created_at));
            Line::Factor(passkey.name.clone(), made)
        }));
    }
    lines.extend(user.links.iter().map(|link| {
        let how = if link.mailed { "mailed" } else { "shown" };
        let until = day_and_minute(link.expires_at);
        let said = format!("until {until}, {how}");
        Line::Factor(format!("{} link", link.kind), said)
    }));
    lines.extend(user.mails.iter().map(|mail| {
        let became = match mail.state {
            UserMailState::Sent => "sent",
            UserMailState::Waiting => "waits since",
            UserMailState::Failed => "given up, of",
        };
        let at = day_and_minute(mail.sent_at.unwrap_or(mail.created_at));
        Line::Factor(format!("mail {}", mail.kind), format!("{became} {at}"))
    }));
    lines
}

fn day_and_minute(at: Timestamp) -> String {
    format!("{} {}", zone::day(at), zone::minute(at))
}
