//! Secrets that a change made, as they are shown once.

use doorward_shared::admin::{AdminMintedKey, Client as OauthClient, Link, RegistrationToken};

use super::change_messages::plain;
use crate::{
    command::secret::Secret,
    core::{
        msg::{CommandResult, OneTimeSecret},
        sanitize::clean,
    },
};

pub(super) fn minted(title: &str, key: AdminMintedKey) -> CommandResult {
    let expires = key
        .expires_at
        .map_or_else(|| "never".into(), crate::core::format::second);
    CommandResult::Secret(OneTimeSecret {
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

pub(super) fn linked(user: String, link: Link) -> CommandResult {
    let until = crate::core::format::second(link.expires_at);
    match link.url {
        None => plain(&format!("the link is mailed; it works until {until}")),
        Some(url) => CommandResult::Secret(OneTimeSecret {
            title: "The one-time link".into(),
            lines: vec![("Works until".into(), until), ("User".into(), user.clone())],
            file: file_name(&user, "link"),
            id: user,
            secret: Secret::new(url),
        }),
    }
}

pub(super) fn invited(made: RegistrationToken) -> CommandResult {
    CommandResult::Secret(OneTimeSecret {
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

pub(super) fn registered(title: &str, client: OauthClient) -> CommandResult {
    let Some(secret) = client.client_secret else {
        return CommandResult::Made {
            text: clean(&format!("{} is registered: {}", client.name, client.id)),
            id: client.id.to_string(),
        };
    };
    CommandResult::Secret(OneTimeSecret {
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
