//! The menu of objects related to the selected row, and the incident opened from it.

use doorward_shared::admin::{AdminKey, Event, Role, Session};
use doorward_shared::client::Filter;

use super::{layer::Choice, list::ListFilter, state::State};
use crate::command::Revoke;
use crate::core::{
    incident_subject::IncidentSubject,
    page::Subject,
    resource::{Resource, Row},
};

type Entry = (String, Choice);

fn go(label: impl Into<String>, kind: Resource, filter: ListFilter) -> Entry {
    (label.into(), Choice::Go(kind, vec![filter]))
}

/// The incident that turns around a thing.
pub(super) fn subject(item: &Row) -> Option<IncidentSubject> {
    match item {
        Row::User(user) => Some(IncidentSubject::User(user.id.to_string())),
        Row::Session(session) => Some(IncidentSubject::User(session.user_id.to_string())),
        Row::Key(key) => Some(IncidentSubject::Key(key.id.to_string())),
        Row::Client(client) => Some(IncidentSubject::Client(client.id.to_string())),
        Row::Event(event) => {
            let user = event
                .user_id
                .map(|id| IncidentSubject::User(id.to_string()));
            let target = || {
                event
                    .target
                    .as_deref()
                    .and_then(|id| IncidentSubject::parse(id).ok())
            };
            let address = || event.ip.clone().map(IncidentSubject::Address);
            user.or_else(target).or_else(address)
        }
        _ => None,
    }
}

fn user(state: &State, id: &str) -> Vec<Entry> {
    let name = state.name_of(id);
    let of = |param| ListFilter::new(param, id, format!("of {name}"));
    vec![
        go(
            format!("Sessions of {name}"),
            Resource::Sessions,
            of(Filter::UserId),
        ),
        go(
            format!("API keys of {name}"),
            Resource::Keys,
            of(Filter::OwnerId),
        ),
        go(
            format!("Events about {name}"),
            Resource::Events,
            ListFilter::new(Filter::UserId, id, format!("about {name}")),
        ),
        events_by(&name, id),
    ]
}

/// All about something, on its page.
fn page(label: String, id: &str) -> Option<Entry> {
    Some((label, Choice::Page(Subject::of_id(id)?)))
}

fn address(ip: &str) -> Vec<Entry> {
    let from = || ListFilter::new(Filter::Ip, ip, format!("from {ip}"));
    vec![
        go(format!("Sessions from {ip}"), Resource::Sessions, from()),
        go(format!("Events from {ip}"), Resource::Events, from()),
        (
            format!("Incident: {ip}"),
            Choice::Incident(IncidentSubject::Address(ip.to_owned())),
        ),
    ]
}

fn account(state: &State, id: &str) -> Entry {
    let label = format!("The user {}", state.name_of(id));
    (label, Choice::Page(Subject::User(id.to_owned())))
}

fn client(state: &State, id: &str) -> Vec<Entry> {
    let name = state.name_of(id);
    vec![
        go(
            format!("Sessions of {name}: its tokens"),
            Resource::Sessions,
            ListFilter::new(Filter::ClientId, id, format!("of {name}")),
        ),
        events_about(&name, id),
        events_by(&name, id),
    ]
}

fn events_about(name: &str, id: &str) -> Entry {
    let filter = ListFilter::new(Filter::Target, id, format!("about {name}"));
    go(format!("Events about {name}"), Resource::Events, filter)
}

fn events_by(name: &str, id: &str) -> Entry {
    let filter = ListFilter::new(Filter::Actor, id, format!("by {name}"));
    go(format!("Events by {name}"), Resource::Events, filter)
}

fn of_session(state: &State, session: &Session) -> Vec<Entry> {
    let user_id = session.user_id.to_string();
    let mut entries = vec![account(state, &user_id)];
    entries.extend(user(state, &user_id));
    entries.extend(address(&session.ip));
    entries.extend(page(format!("The address {}", session.ip), &session.ip));
    if let Some(id) = session.client_id.map(|id| id.to_string()) {
        entries.extend(client(state, &id).into_iter().take(1));
        entries.extend(page(format!("The client {}", state.name_of(&id)), &id));
    }
    entries
}

fn of_key(state: &State, key: &AdminKey) -> Vec<Entry> {
    let id = key.id.to_string();
    let mut entries = Vec::new();
    if let Some(owner) = key.owner_id {
        entries.push(account(state, &owner.to_string()));
        entries.extend(user(state, &owner.to_string()).into_iter().skip(1).take(1));
    }
    entries.push(events_about(&key.name, &id));
    entries.push(events_by(&key.name, &id));
    if let Some(ip) = &key.last_used_ip {
        entries.extend(address(ip).into_iter().take(2));
    }
    entries
}

fn of_event(state: &State, event: &Event) -> Vec<Entry> {
    let mut entries = Vec::new();
    let person = event.user_id.map(|id| id.to_string());
    if let Some(id) = &person {
        entries.push(account(state, id));
        entries.extend(user(state, id));
    }
    if let Some(ip) = &event.ip {
        entries.extend(address(ip));
        entries.extend(page(format!("The address {ip}"), ip));
    }
    let target = event.target.as_deref();
    let thing = target.filter(|id| Some(*id) != person.as_deref());
    entries.extend(thing.and_then(|id| page(state.name_of(id), id)));
    let action = event.action.clone();
    entries.push(go(
        format!("Events: {action}"),
        Resource::Events,
        ListFilter::new(Filter::Action, &action, action.clone()),
    ));
    entries
}

fn of_role(role: &Role) -> Entry {
    let name = &role.name;
    go(
        format!("Users with the role {name}"),
        Resource::Users,
        ListFilter::new(Filter::Role, name, format!("role {name}")),
    )
}

/// The menu of a thing.
pub(super) fn of(state: &State, item: &Row) -> Vec<Entry> {
    let mut entries = match item {
        Row::User(one) => user(state, &one.id.to_string()),
        Row::Session(session) => of_session(state, session),
        Row::Key(key) => of_key(state, key),
        Row::Client(one) => client(state, &one.id.to_string()),
        Row::Event(event) => of_event(state, event),
        Row::Role(role) => vec![of_role(role)],
        Row::Block(block) => {
            let by = &block.created_by;
            vec![events_by(&state.name_of(by), by)]
        }
        Row::Signing(_) | Row::Profile(_) => Vec::new(),
    };
    if let Some(subject) = subject(item) {
        let name = state.name_of(subject.id());
        entries.push((format!("Incident: {name}"), Choice::Incident(subject)));
    }
    entries
}

/// Which sessions may end along with one.
pub(super) fn ends(state: &State, session: &Session) -> Vec<Entry> {
    let end = |label: String, asked| {
        (
            label.clone(),
            Choice::End(Box::new(asked), format!("End all sessions {label}?")),
        )
    };
    let name = state.name_of(&session.user_id.to_string());
    let of_user = Revoke::of_user(session.user_id);
    let from = Revoke::from_address(&session.ip);
    let mut entries = vec![
        end(format!("of {name}"), of_user),
        end(format!("from {}", session.ip), from),
    ];
    if let Some(id) = session.client_id {
        let of_client = Revoke::of_client(id);
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
