//! Cells of the lists.

use doorward_shared::{
    Timestamp,
    admin::{AdminKey, Block, Client, Event, Role, Session, SigningKey, User},
};

use super::{
    event_text,
    format::{clock, maybe, relative},
    resource::{ProfileRow, Row},
};

/// The name behind an id, or the id.
type NameOf<'a> = &'a dyn Fn(&str) -> String;

/// The cells of all columns.
pub(crate) fn cells(name_of: NameOf<'_>, now: Timestamp, item: &Row) -> Vec<String> {
    match item {
        Row::User(user) => self::user(user, now),
        Row::Session(session) => self::session(name_of, now, session),
        Row::Key(key) => self::key(name_of, now, key),
        Row::Client(client) => self::client(client, now),
        Row::Event(event) => self::event(name_of, now, event),
        Row::Role(role) => self::role(role),
        Row::Signing(key) => signing(key, now),
        Row::Block(block) => self::block(name_of, now, block),
        Row::Profile(profile) => self::profile(profile),
    }
}

pub(crate) fn full_name(user: &User) -> String {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()];
    names.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn user(user: &User, now: Timestamp) -> Vec<String> {
    vec![
        user.email.clone(),
        full_name(user),
        user.role.clone(),
        if user.disabled { "disabled" } else { "active" }.into(),
        maybe(user.last_login_at, now, "never"),
        relative(user.created_at, now),
        user.id.to_string(),
    ]
}

/// "Firefox on Linux", as far as a user agent says so.
pub(crate) fn device(agent: Option<&str>) -> String {
    let Some(agent) = agent else {
        return "-".into();
    };
    let browsers = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(sign, _)| agent.contains(sign))
            .map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => agent.split(' ').next().unwrap_or(agent).to_owned(),
    }
}

fn session(name_of: NameOf<'_>, now: Timestamp, session: &Session) -> Vec<String> {
    let client = session.client_id.map(|id| name_of(&id.to_string()));
    vec![
        name_of(&session.user_id.to_string()),
        session.ip.clone(),
        session.state.as_str().into(),
        device(session.user_agent.as_deref()),
        relative(session.last_seen_at, now),
        relative(session.ends_at, now),
        client.unwrap_or_else(|| "-".into()),
        session.id.to_string(),
    ]
}

fn key(name_of: NameOf<'_>, now: Timestamp, key: &AdminKey) -> Vec<String> {
    let owner = key.owner_id.map(|id| name_of(&id.to_string()));
    vec![
        key.name.clone(),
        key.state.as_str().into(),
        owner.unwrap_or_else(|| "the operator".into()),
        key.scopes.to_string(),
        maybe(key.last_used_at, now, "never"),
        maybe(key.ends_at, now, "never"),
        key.hint.clone(),
        key.id.to_string(),
    ]
}

fn client(client: &Client, now: Timestamp) -> Vec<String> {
    vec![
        client.name.clone(),
        match (client.confidential, client.dynamic) {
            (true, false) => "confidential",
            (false, false) => "public",
            (true, true) => "confidential, dynamic",
            (false, true) => "public, dynamic",
        }
        .into(),
        client.grant_types.join(" "),
        client.scopes.to_string(),
        relative(client.created_at, now),
        client.id.to_string(),
    ]
}

fn event(name_of: NameOf<'_>, now: Timestamp, event: &Event) -> Vec<String> {
    vec![
        clock(event.time, now),
        event.action.clone(),
        name_of(&event.actor),
        event.target.as_deref().map_or_else(|| "-".into(), name_of),
        event.ip.clone().unwrap_or_else(|| "-".into()),
        event_text::said(event),
        event
            .client_id
            .map_or_else(|| "-".into(), |id| name_of(&id.to_string())),
    ]
}

fn role(role: &Role) -> Vec<String> {
    vec![
        role.name.clone(),
        role.users.to_string(),
        if role.built_in { "built in" } else { "own" }.into(),
        role.permissions.to_string(),
    ]
}

fn block(name_of: NameOf<'_>, now: Timestamp, block: &Block) -> Vec<String> {
    vec![
        block.network.clone(),
        relative(block.until, now),
        name_of(&block.created_by),
        block.reason.clone(),
        relative(block.created_at, now),
        block.id.to_string(),
    ]
}

fn signing(key: &SigningKey, now: Timestamp) -> Vec<String> {
    vec![
        key.id.clone(),
        key.algorithm.clone(),
        if key.active { "signs" } else { "verifies" }.into(),
        relative(key.created_at, now),
        maybe(key.retires_at, now, "-"),
    ]
}

fn profile(profile: &ProfileRow) -> Vec<String> {
    vec![
        profile.name.clone(),
        profile.url.clone(),
        if profile.read_only { "off" } else { "on" }.into(),
        if profile.current { "current" } else { "" }.into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_said_in_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(device(Some(firefox)), "Firefox on Linux");
        assert_eq!(device(Some("curl/8.5.0")), "curl/8.5.0");
        assert_eq!(device(None), "-");
    }
}
