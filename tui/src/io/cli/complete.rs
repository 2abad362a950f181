//! Ids and names for a shell that completes them. Nobody waits long for it, and nothing is said of what goes wrong.

use std::{sync::mpsc, thread, time::Duration};

use doorward_shared::client::{Client, Filter, ListQuery};

use super::{Outcome, output, watch::kind};
use crate::{
    command::{Complete, CompletionRequest, NamedServer},
    core::{
        resource::{Resource, Row},
        sanitize::clean,
    },
    io::{
        connect::{ConnectArgs, connect},
        list_rows::page,
        profiles::Profiles,
    },
};

/// How long a shell waits, at most.
const COMPLETION_TIMEOUT: Duration = Duration::from_millis(800);
/// Rows that are looked at.
const ROWS: usize = 100;

/// Prints what begins with what was typed: a line each, with a tab before what it is.
///
/// # Errors
/// As the output has them.
pub(super) fn run(asked: &Complete, profiles: &Profiles) -> Outcome {
    let Some(wanted) = asked.wanted() else {
        return Ok(());
    };
    let (tell, told) = mpsc::channel();
    let (args, profiles) = (ConnectArgs::from(wanted.from.clone()), profiles.clone());
    // Whatever takes longer ends with the program: finding the key as well as asking the server.
    thread::spawn(move || {
        let found = connect(&args, &profiles).ok().and_then(|connection| {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().ok()?;
            let known = connection.key_missing.is_none();
            known.then(|| runtime.block_on(candidates(&connection.client, &wanted)))
        });
        let _ = tell.send(found.unwrap_or_default());
    });
    let found = told.recv_timeout(COMPLETION_TIMEOUT).unwrap_or_default();
    let lines = found.iter().map(|(value, about)| {
        let about = clean(about).replace(['\t', '\n'], " ");
        format!("{value}\t{about}\n")
    });
    output::write(&lines.collect::<String>())
}

impl From<NamedServer> for ConnectArgs {
    fn from(named: NamedServer) -> Self {
        Self {
            server: named.server,
            key_file: named.key_file,
            profile: named.profile,
        }
    }
}

/// What begins with what was typed, and what it is.
async fn candidates(client: &Client, asked: &CompletionRequest) -> Vec<(String, String)> {
    let kind = kind(asked.what);
    let query = ListQuery::default().limited(ROWS);
    let looks_like_name = !asked.prefix.is_empty() && !asked.prefix.contains('_');
    let searched = looks_like_name && matches!(kind, Resource::Users);
    let query = if searched {
        query.with(Filter::Q, &asked.prefix)
    } else {
        query
    };
    let rows = page(client, kind, &query).await.map(|page| page.data);
    let named = rows
        .unwrap_or_default()
        .into_iter()
        .map(|row| named(&row, &asked.prefix));
    named
        .filter(|(value, _)| value.starts_with(&asked.prefix) && is_plain(value))
        .collect()
}

/// Whether a shell takes it for itself: people choose addresses, and what is put on a command line is run.
fn is_plain(value: &str) -> bool {
    let begins = value.starts_with(|c: char| c.is_ascii_alphanumeric());
    begins
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.@+:/-".contains(c))
}

/// How a row is named in a command, and what else tells of it.
fn named(row: &Row, typed: &str) -> (String, String) {
    match row {
        Row::User(user) if !typed.starts_with("user_") => (user.email.clone(), user.id.to_string()),
        Row::Session(session) => (session.id.to_string(), session.ip.clone()),
        row => (row.id(), row.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_shell_would_run_is_offered() {
        for (value, plain) in [
            ("ada@example.org", true),
            ("key_01m3250v00", true),
            ("203.0.113.0/24", true),
            ("$(id)@example.org", false),
            ("`id`@example.org", false),
            ("a;b", false),
            ("-rf", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(is_plain(value), plain, "{value}");
        }
    }
}
