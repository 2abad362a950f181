//! Changes, and how the screen tells what they came to.

use doorward_shared::{
    admin::{AdminMintedKey, Client as OauthClient, Link, RegistrationToken},
    client::Client,
};

use super::{problem, read};
use crate::{
    command::{ApiKeys, Clients, Command, Mint, Roles, Users, secret::Secret},
    core::{
        format::{bytes, count},
        msg::{Done, OneTimeSecret},
        overtaken::is_as_before,
        problem::Problem,
        resource::{Resource, Row},
        text::clean,
    },
    io::perform::{Gone, Making, PerformError, Performed, perform, resolve_all},
};

/// Does it. With the same key a call that makes something is safe to repeat.
pub(super) async fn change(
    client: &Client,
    mut command: Command,
    making: Making<'_>,
) -> Result<Done, Problem> {
    resolve_all(client, &mut command)
        .await
        .map_err(|error| failed(&command, error))?;
    let before = standing(client, &command).await;
    let performed = perform(client, &command, making).await;
    let performed = performed.map_err(|error| failed(&command, error))?;
    let done = told(&command, performed);
    Ok(match (before, done) {
        // Taking it back would take back what somebody else did.
        (Some(before), Done::Edited { item, .. }) if is_as_before(&command, &before, &item) => {
            plain(&format!(
                "nothing was changed: {} was so already",
                item.name()
            ))
        }
        (_, done) => done,
    })
}

/// What a change finds, where it sets fields of something.
async fn standing(client: &Client, command: &Command) -> Option<Box<Row>> {
    let (kind, id) = match command {
        Command::Users(Users::Update(update)) => (Resource::Users, &update.user),
        Command::Users(Users::Disable { user } | Users::Enable { user }) => (Resource::Users, user),
        Command::Apikeys(ApiKeys::Update(update)) => (Resource::Keys, &update.id),
        Command::Clients(Clients::Update(update)) => (Resource::Clients, &update.id),
        Command::Roles(Roles::Put(put)) => (Resource::Roles, &put.name),
        _ => return None,
    };
    // Whoever may change it and not see it, changes it.
    read::row(client, kind, id).await.ok()
}

/// Why it was not done, at the field that is wrong.
fn failed(command: &Command, error: PerformError) -> Problem {
    let message = clean(&error.to_string());
    match error {
        PerformError::Client(error) => problem(error),
        PerformError::Partly { error, .. } => Problem {
            message,
            ..problem(error)
        },
        PerformError::NoReference(_) | PerformError::UnknownEmail(_) => Problem {
            field: matches!(command, Command::Apikeys(ApiKeys::Mint(Mint { .. })))
                .then(|| "ownerId".into()),
            ..Problem::refused(message)
        },
        PerformError::NoChange(_) => Problem::refused(message),
    }
}

fn plain(text: &str) -> Done {
    Done::Plain(clean(text))
}

fn edited(text: &str, item: Row) -> Done {
    Done::Edited {
        text: clean(text),
        item: Box::new(item),
    }
}

fn told(command: &Command, performed: Performed) -> Done {
    match performed {
        Performed::UserCreated(user) => Done::Made {
            text: clean(&format!("{} is created", user.email)),
            id: user.id.to_string(),
        },
        Performed::User(user) => {
            let text = match command {
                Command::Users(Users::Disable { .. }) => format!("{} is disabled", user.email),
                Command::Users(Users::Enable { .. }) => {
                    format!("{} may sign in again", user.email)
                }
                _ => format!("{} is changed", user.email),
            };
            edited(&text, Row::User(user))
        }
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

fn gone(ids: &[String], how: Gone) -> Done {
    let how = how.as_str();
    plain(&match ids {
        [one] => format!("{one} is {how}"),
        many => format!("{} {how}", many.len()),
    })
}

fn minted(title: &str, key: AdminMintedKey) -> Done {
    let expires = key
        .expires_at
        .map_or_else(|| "never".into(), crate::core::format::second);
    Done::Secret(OneTimeSecret {
        title: title.into(),
        lines: vec![
            ("Name".into(), clean(&key.name)),
            ("Scopes".into(), key.scopes.to_string()),
            ("Environment".into(), key.environment.as_str().into()),
            ("Expires".into(), expires),
            ("Id".into(), key.id.to_string()),
        ],
        file: file_name(&key.name, "key"),
        id: key.id.to_string(),
        secret: Secret::new(key.key),
    })
}

fn linked(user: String, link: Link) -> Done {
    let until = crate::core::format::second(link.expires_at);
    match link.url {
        None => plain(&format!("the link is mailed; it works until {until}")),
        Some(url) => Done::Secret(OneTimeSecret {
            title: "The one-time link".into(),
            lines: vec![("Works until".into(), until), ("User".into(), user.clone())],
            file: file_name(&user, "link"),
            id: user,
            secret: Secret::new(url),
        }),
    }
}

fn invited(made: RegistrationToken) -> Done {
    Done::Secret(OneTimeSecret {
        title: "A client may register itself".into(),
        lines: vec![
            (
                "Expires".into(),
                crate::core::format::second(made.expires_at),
            ),
            ("Clients".into(), made.max_uses.to_string()),
        ],
        file: file_name("registration", "token"),
        id: String::new(),
        secret: Secret::new(made.token),
    })
}

fn registered(title: &str, client: OauthClient) -> Done {
    let Some(secret) = client.client_secret else {
        return Done::Made {
            text: clean(&format!("{} is registered: {}", client.name, client.id)),
            id: client.id.to_string(),
        };
    };
    Done::Secret(OneTimeSecret {
        title: title.into(),
        lines: vec![
            ("Name".into(), clean(&client.name)),
            ("Client id".into(), client.id.to_string()),
            ("Grants".into(), client.grant_types.join(" ")),
            ("Scopes".into(), client.scopes.to_string()),
        ],
        file: file_name(&client.name, "secret"),
        id: client.id.to_string(),
        secret: Secret::new(secret),
    })
}

/// A file name out of what somebody called the thing.
fn file_name(name: &str, kind: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| {
            let kept = c.is_ascii_alphanumeric() || "._".contains(c);
            if kept { c } else { '-' }
        })
        .take(40)
        .collect();
    // No name begins with a dot: it would be hidden, or lead upwards.
    format!("{}.{kind}", plain.trim_matches(['-', '.']).to_lowercase())
}
