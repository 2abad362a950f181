//! Messages on the screen about completed changes.

use super::made_secret::{invited, linked, minted, registered};
use doorward_shared::admin::User;

use crate::{
    command::{Command, Users},
    core::{
        format::{bytes, count},
        msg::CommandResult,
        resource::Row,
        sanitize::clean,
    },
    io::execute::{Performed, Removal},
};

pub(super) fn told(command: &Command, performed: Performed) -> CommandResult {
    match performed {
        Performed::UserCreated(user) => CommandResult::Made {
            text: clean(&format!("{} is created", user.email)),
            id: user.id.to_string(),
        },
        Performed::User(user) => user_changed(command, user),
        Performed::PasswordSet(_) => plain("the password is set"),
        Performed::PasswordRemoved(_) => {
            plain("the password is taken away: a new one has to be set, by mail or link")
        }
        Performed::FactorsRemoved(_) => plain("the second factors are removed"),
        Performed::Link(user, link) => linked(user, link),
        Performed::UserSessions(ended) => {
            plain(&format!("ended: {}", count(ended.revoked, "session")))
        }
        Performed::Sessions(ended) => plain(&format!(
            "ended: {} of {}",
            count(ended.revoked, "session"),
            count(ended.users, "user")
        )),
        Performed::Minted(key) => minted("The key is minted", key),
        Performed::Rotated(key) => minted("The key has a new secret", key),
        Performed::Key(key) => edited(&format!("the key {} is changed", key.name), Row::Key(key)),
        Performed::Verified(told) => plain(&format!("the key is {}", told.code.as_str())),
        Performed::Registered(client) => registered("The client is registered", client),
        Performed::NewSecret(client) => registered("The client has a new secret", client),
        Performed::Client(client) => {
            let text = format!("the client {} is changed", client.name);
            edited(&text, Row::Client(client))
        }
        Performed::RegistrationToken(made) => invited(made),
        Performed::Role(role) => {
            let text = format!("the role {} holds {}", role.name, role.permissions);
            edited(&text, Row::Role(role))
        }
        Performed::Blocked(block) => {
            edited(&format!("{} is blocked", block.network), Row::Block(block))
        }
        Performed::SigningKey(key) => plain(&format!("{} signs from now on", key.id)),
        Performed::Backup(made) => {
            let size = bytes(made.bytes);
            plain(&format!("backed up to {} ({size})", made.file))
        }
        Performed::Gone { ids, how } => gone(&ids, how),
    }
}

pub(super) fn plain(text: &str) -> CommandResult {
    CommandResult::Plain(clean(text))
}

fn edited(text: &str, item: Row) -> CommandResult {
    CommandResult::Edited {
        text: clean(text),
        item: Box::new(item),
    }
}

fn user_changed(command: &Command, user: User) -> CommandResult {
    let became = match command {
        Command::Users(Users::Disable { .. }) => "is disabled",
        Command::Users(Users::Enable { .. }) => "may sign in again",
        _ => "is changed",
    };
    edited(&format!("{} {became}", user.email), Row::User(user))
}

fn gone(ids: &[String], how: Removal) -> CommandResult {
    let how = how.as_str();
    plain(&match ids {
        [one] => format!("{one} is {how}"),
        many => format!("{} {how}", many.len()),
    })
}
