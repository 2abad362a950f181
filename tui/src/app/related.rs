//! What belongs to a thing, one key away.

use doorward_shared::admin::{RevokeSessions, Session};

use super::{layer::Choice, list::Filter, state::State};
use crate::{
    incident::Pivot,
    item::{Item, Kind},
};

type Entry = (String, Choice);

fn go(label: impl Into<String>, kind: Kind, filter: Filter) -> Entry {
    (label.into(), Choice::Go(kind, vec![filter]))
}

/// The incident that turns around a thing.
pub fn pivot(item: &Item) -> Option<Pivot> {
    match item {
        Item::User(user) => Some(Pivot::User(user.id.to_string())),
        Item::Session(session) => Some(Pivot::User(session.user_id.to_string())),
        Item::Key(key) => Some(Pivot::Key(key.id.to_string())),
        Item::Client(client) => Some(Pivot::Client(client.id.to_string())),
        Item::Event(event) => {
            let user = event.user_id.map(|id| Pivot::User(id.to_string()));
            let target = || event.target.as_deref().and_then(|id| Pivot::parse(id).ok());
            let address = || event.ip.clone().map(Pivot::Address);
            user.or_else(target).or_else(address)
        }
        _ => None,
    }
}

fn user(state: &State, id: &str) -> Vec<Entry> {
    let name = state.name_of(id);
    let of = |param| Filter::new(param, id, format!("of {name}"));
    vec![
        go(format!("Sessions of {name}"), Kind::Sessions, of("userId")),
        go(format!("API keys of {name}"), Kind::Keys, of("ownerId")),
        go(
            format!("Events about {name}"),
            Kind::Events,
            Filter::new("userId", id, format!("about {name}")),
        ),
        go(
            format!("Events by {name}"),
            Kind::Events,
            Filter::new("actor", id, format!("by {name}")),
        ),
    ]
}

fn address(ip: &str) -> Vec<Entry> {
    let from = || Filter::new("ip", ip, format!("from {ip}"));
    vec![
        go(format!("Sessions from {ip}"), Kind::Sessions, from()),
        go(format!("Events from {ip}"), Kind::Events, from()),
        (
            format!("Incident: {ip}"),
            Choice::Incident(Pivot::Address(ip.to_owned())),
        ),
    ]
}

fn account(state: &State, id: &str) -> Entry {
    let name = state.name_of(id);
    go(
        format!("The user {name}"),
        Kind::Users,
        Filter::new("q", id, name),
    )
}

fn client(state: &State, id: &str) -> Vec<Entry> {
    let name = state.name_of(id);
    vec![
        go(
            format!("Sessions of {name}: its tokens"),
            Kind::Sessions,
            Filter::new("clientId", id, format!("of {name}")),
        ),
        go(
            format!("Events about {name}"),
            Kind::Events,
            Filter::new("target", id, format!("about {name}")),
        ),
        go(
            format!("Events by {name}"),
            Kind::Events,
            Filter::new("actor", id, format!("by {name}")),
        ),
    ]
}

/// The menu of a thing.
pub fn of(state: &State, item: &Item) -> Vec<Entry> {
    let mut entries = Vec::new();
    match item {
        Item::User(one) => entries.extend(user(state, &one.id.to_string())),
        Item::Session(session) => {
            entries.push(account(state, &session.user_id.to_string()));
            entries.extend(user(state, &session.user_id.to_string()));
            entries.extend(address(&session.ip));
            if let Some(id) = session.client_id {
                entries.extend(client(state, &id.to_string()).into_iter().take(1));
            }
        }
        Item::Key(key) => {
            let id = key.id.to_string();
            let name = &key.name;
            if let Some(owner) = key.owner_id {
                entries.push(account(state, &owner.to_string()));
                entries.extend(user(state, &owner.to_string()).into_iter().skip(1).take(1));
            }
            entries.push(go(
                format!("Events about {name}"),
                Kind::Events,
                Filter::new("target", &id, format!("about {name}")),
            ));
            entries.push(go(
                format!("Events by {name}"),
                Kind::Events,
                Filter::new("actor", &id, format!("by {name}")),
            ));
            if let Some(ip) = &key.last_used_ip {
                entries.extend(address(ip).into_iter().take(2));
            }
        }
        Item::Client(one) => entries.extend(client(state, &one.id.to_string())),
        Item::Event(event) => {
            if let Some(id) = event.user_id {
                entries.push(account(state, &id.to_string()));
                entries.extend(user(state, &id.to_string()));
            }
            if let Some(ip) = &event.ip {
                entries.extend(address(ip));
            }
            let action = event.action.clone();
            entries.push(go(
                format!("Events: {action}"),
                Kind::Events,
                Filter::new("action", &action, action.clone()),
            ));
        }
        Item::Role(role) => {
            let name = &role.name;
            entries.push(go(
                format!("Users with the role {name}"),
                Kind::Users,
                Filter::new("role", name, format!("role {name}")),
            ));
        }
        Item::Signing(_) | Item::Profile(_) => {}
    }
    if let Some(pivot) = pivot(item) {
        let name = state.name_of(pivot.id());
        entries.push((format!("Incident: {name}"), Choice::Incident(pivot)));
    }
    entries
}

/// Which sessions may end along with one.
pub fn ends(state: &State, session: &Session) -> Vec<Entry> {
    let end = |label: String, asked| {
        (
            label.clone(),
            Choice::End(Box::new(asked), format!("End all sessions {label}?")),
        )
    };
    let name = state.name_of(&session.user_id.to_string());
    let of_user = RevokeSessions {
        user_id: Some(session.user_id),
        ..RevokeSessions::default()
    };
    let from = RevokeSessions {
        ip: Some(session.ip.clone()),
        ..RevokeSessions::default()
    };
    let mut entries = vec![
        end(format!("of {name}"), of_user),
        end(format!("from {}", session.ip), from),
    ];
    if let Some(id) = session.client_id {
        let of_client = RevokeSessions {
            client_id: Some(id),
            ..RevokeSessions::default()
        };
        entries.push(end(
            format!("of {}", state.name_of(&id.to_string())),
            of_client,
        ));
    }
    entries.push((
        "of another user, client or address …".into(),
        Choice::EndOthers,
    ));
    entries
}
