//! What a change came to: the secret that was made, and what is printed.

use super::{
    Outcome,
    output::{self, Format},
};
use crate::{command::Command, core::format::count, io::execute::Performed};

/// The secret that was made, and of what.
pub(super) fn new_secret(performed: &mut Performed) -> Option<(&mut String, String)> {
    match performed {
        Performed::Minted(key) | Performed::Rotated(key) => {
            let id = key.id.to_string();
            Some((&mut key.key, id))
        }
        Performed::Link(user, link) => {
            let of = format!("the link for {user}");
            link.url.as_mut().map(|url| (url, of))
        }
        Performed::Registered(client) | Performed::NewSecret(client) => {
            let id = client.id.to_string();
            client.client_secret.as_mut().map(|secret| (secret, id))
        }
        // Nobody looks it up: it has no id.
        Performed::RegistrationToken(made) => {
            Some((&mut made.token, "registration token".to_owned()))
        }
        _ => None,
    }
}

pub(super) fn print(format: Format, command: &Command, performed: &Performed) -> Outcome {
    let is_json = format.is_data();
    match performed {
        Performed::UserCreated(user) | Performed::User(user) => output::one(format, user),
        Performed::FactorsRemoved(id) => {
            let said = format!("{id}: the second factors are removed");
            output::did(format, "factors removed", id, &said)
        }
        Performed::PasswordSet(id) => {
            let said = format!("{id}: the password is set");
            output::did(format, "password set", id, &said)
        }
        Performed::PasswordRemoved(id) => {
            let said = format!("{id}: the password is taken away");
            output::did(format, "password removed", id, &said)
        }
        Performed::Link(_, link) => output::one(format, link),
        Performed::UserSessions(ended) if is_json => output::json(format, ended),
        Performed::UserSessions(ended) => output::line(&have_ended(ended.revoked)),
        Performed::Sessions(ended) if is_json => output::json(format, ended),
        Performed::Sessions(ended) => output::line(&have_ended(ended.revoked)),
        Performed::Minted(key) | Performed::Rotated(key) => output::one(format, key),
        Performed::Key(key) => output::one(format, key),
        Performed::Verified(told) => output::one(format, told),
        Performed::Registered(client)
        | Performed::NewSecret(client)
        | Performed::Client(client) => output::one(format, client),
        Performed::RegistrationToken(made) => output::one(format, made),
        Performed::Role(role) => output::one(format, role),
        Performed::Blocked(block) => output::one(format, block),
        Performed::SigningKey(key) => output::one(format, key),
        Performed::Backup(made) => output::one(format, made),
        // One API key is told as several are.
        Performed::Gone { ids, how } => match (command, ids.as_slice()) {
            (Command::Apikeys(_), ids) => output::did_all(format, how.as_str(), ids),
            (_, [id]) => {
                let said = format!("{id} is {}", how.as_str());
                output::did(format, how.as_str(), id, &said)
            }
            (_, ids) => output::did_all(format, how.as_str(), ids),
        },
    }
}

fn have_ended(sessions: u64) -> String {
    let have = if sessions == 1 { "has" } else { "have" };
    format!("{} {have} ended", count(sessions, "session"))
}
