//! The values that a term of the filter language may have.

use std::collections::BTreeSet;

use doorward_shared::scope::ADMIN_SCOPES;

use crate::core::{
    list::List,
    resource::Row,
    search::{
        terms::{kinds, states},
        values::{ACTIONS, GRANTS, SPANS},
    },
    state::State,
};

/// The values that a term may have here: the words it takes, and what the rows and names that are known hold.
pub(super) fn values(state: &State, list: &List, term: &str) -> Vec<String> {
    let fixed = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    match term {
        "state" => fixed(states(list.kind)),
        "kind" => fixed(kinds(list.kind)),
        "grant" => fixed(&GRANTS),
        "since" | "until" | "unused" | "expires" => fixed(&SPANS),
        "action" => of_rows(list, &fixed(&ACTIONS), |row| match row {
            Row::Event(event) => vec![event.action.clone()],
            _ => Vec::new(),
        }),
        "role" => of_rows(list, &fixed(&["admin", "customer"]), |row| match row {
            Row::User(user) => vec![user.role.clone()],
            _ => Vec::new(),
        }),
        "scope" => {
            let mut known = fixed(&["admin", "read", "write"]);
            for scope in ADMIN_SCOPES {
                known.extend([format!("{scope}:read"), scope.to_owned()]);
            }
            of_rows(list, &known, scopes)
        }
        "ip" => of_rows(list, &[], addresses),
        "owner" => named(state, &["user_"]),
        "client" => named(state, &["client_"]),
        _ => named(state, &["user_", "client_", "key_"]),
    }
}

fn scopes(row: &Row) -> Vec<String> {
    let scopes = match row {
        Row::User(user) => &user.permissions,
        Row::Session(session) => &session.scope,
        Row::Key(key) => &key.scopes,
        Row::Client(client) => &client.scopes,
        Row::Role(role) => &role.permissions,
        _ => return Vec::new(),
    };
    scopes.to_string().split(' ').map(str::to_owned).collect()
}

fn addresses(row: &Row) -> Vec<String> {
    let ip = match row {
        Row::Session(session) => Some(session.ip.clone()),
        Row::Key(key) => key.last_used_ip.clone(),
        Row::Event(event) => event.ip.clone(),
        _ => None,
    };
    ip.into_iter().collect()
}

/// What the loaded rows hold, and what is known besides, each once and in order.
fn of_rows(list: &List, known: &[String], of: impl Fn(&Row) -> Vec<String>) -> Vec<String> {
    let held = list.rows.iter().flat_map(of);
    let all: BTreeSet<String> = held.chain(known.iter().cloned()).collect();
    all.into_iter().filter(|one| !one.is_empty()).collect()
}

/// Names of what has such an id.
fn named(state: &State, prefixes: &[&str]) -> Vec<String> {
    let names = state.known.names.iter();
    let found = names.filter(|(id, _)| prefixes.iter().any(|prefix| id.starts_with(prefix)));
    let all: BTreeSet<String> = found.map(|(_, name)| name.clone()).collect();
    all.into_iter().collect()
}
