//! What is told of an incident: in numbers, in rows, and as Markdown for a ticket.

use doorward_shared::{
    Timestamp,
    admin::{Event, EventAction},
};

use super::{subject::IncidentSubject, text::clean};

/// What happened, in numbers.
pub fn summary(events: &[Event], live_sessions: Option<u64>) -> String {
    let of = |action: EventAction| events.iter().filter(|event| action.is(event)).count();
    let accounts: std::collections::BTreeSet<_> =
        events.iter().filter_map(|event| event.user_id).collect();
    let counted = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let mut parts = vec![
        counted(of(EventAction::LoginFailed), "failure", "failures"),
        counted(accounts.len(), "account", "accounts"),
        counted(of(EventAction::SessionCreated), "success", "successes"),
    ];
    parts.extend(live_sessions.map(|count| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        counted(count, "live session", "live sessions")
    }));
    parts.join(", ")
}

/// Events that differ in nothing but their time, one after another: the first of them, and how many.
pub fn collapsed(events: &[Event]) -> Vec<(&Event, usize)> {
    let same = |one: &Event, other: &Event| {
        (
            &one.action,
            &one.actor,
            &one.target,
            &one.ip,
            &one.detail,
            one.user_id,
        ) == (
            &other.action,
            &other.actor,
            &other.target,
            &other.ip,
            &other.detail,
            other.user_id,
        )
    };
    let mut rows: Vec<(&Event, usize)> = Vec::new();
    for event in events {
        match rows.last_mut() {
            Some((first, count)) if same(first, event) => *count += 1,
            _ => rows.push((event, 1)),
        }
    }
    rows
}

/// Text that stands in Markdown as itself: people choose their names, and what they try to sign in with.
fn plain(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            // Of HTML. A backslash would not keep `&lt;` from being read as `<`.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Inside a word it emphasizes nothing, and ids stay as they are.
            '_' if is_word(before) && is_word(after) => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' => out.extend(['\\', c]),
            // At the start of a line they make a list; before slashes, and after `www`, a link.
            '-' | '+' if before.is_none() => out.extend(['\\', c]),
            '.' if after == Some(' ') && out.bytes().all(|b| b.is_ascii_digit()) => {
                out.extend(['\\', c]);
            }
            ':' if after == Some('/') => out.extend(['\\', c]),
            '.' if is_www(&out) => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

fn is_www(text: &str) -> bool {
    let (_, end) = text.as_bytes().split_at(text.len().saturating_sub(3));
    end.eq_ignore_ascii_case(b"www")
}

/// The incident as Markdown: for a ticket. `done` is what the operator has done about it.
pub fn markdown(record: &Record<'_>) -> String {
    let cell = plain;
    let named = |id: &str| match record.names.get(id) {
        Some(name) => format!("{} ({})", cell(name), cell(id)),
        None => cell(id),
    };
    let subject = record.subject;
    let name = record.names.get(subject.id());
    let name = name.map(|name| format!(" ({})", cell(name)));
    let mut out = format!(
        "# Incident: {} {}{}\n\n",
        subject.kind(),
        cell(subject.id()),
        name.unwrap_or_default()
    );
    out.push_str(&format!(
        "{}\n\n",
        summary(record.events, record.live_sessions)
    ));
    if !record.done.is_empty() {
        out.push_str("## Done\n\n");
        for line in record.done {
            out.push_str(&format!("- {}\n", cell(line)));
        }
        out.push('\n');
    }
    out.push_str("## Timeline\n\n| time | action | actor | target | ip | detail |\n|---|---|---|---|---|---|\n");
    for (event, count) in collapsed(record.events) {
        let optional = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
        let times = if count > 1 {
            format!(" ×{count}")
        } else {
            String::new()
        };
        out.push_str(&format!(
            "| {} | {}{times} | {} | {} | {} | {} |\n",
            event.time,
            cell(&event.action),
            named(&event.actor),
            event.target.as_deref().map(named).unwrap_or_default(),
            optional(&event.ip),
            optional(&event.detail)
        ));
    }
    out
}

/// What an incident's Markdown is made of.
#[derive(Debug)]
pub struct Record<'a> {
    pub subject: &'a IncidentSubject,
    pub events: &'a [Event],
    pub live_sessions: Option<u64>,
    /// What the operator has done about it.
    pub done: &'a [String],
    pub names: &'a std::collections::BTreeMap<String, String>,
}

/// A name for the file of an incident.
pub fn file_name(subject: &IncidentSubject, now: Timestamp) -> String {
    let stamp = now.to_string().replace([':', '.'], "-");
    let about = subject.id().chars().map(|c| {
        let plain = c.is_ascii_alphanumeric() || "._-".contains(c);
        // Of an IPv6 address.
        if plain { c } else { '-' }
    });
    format!("incident-{}-{stamp}.md", about.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bench::{event, noon};

    #[test]
    fn eighty_failures_are_one_row_and_the_summary_counts_them() {
        let mut events: Vec<Event> = (1..=80).map(|n| event(n, "login.failed")).collect();
        events.push(event(81, "session.created"));
        let rows: Vec<_> = collapsed(&events)
            .iter()
            .map(|(event, count)| (event.action.clone(), *count))
            .collect();
        assert_eq!(
            rows,
            [
                ("login.failed".to_owned(), 80),
                ("session.created".to_owned(), 1)
            ]
        );
        assert_eq!(
            summary(&events, Some(2)),
            "80 failures, 1 account, 1 success, 2 live sessions"
        );
        let names = std::collections::BTreeMap::from([(
            events[0].actor.clone(),
            "ada@example.org".to_owned(),
        )]);
        let subject = IncidentSubject::Address("203.0.113.7".into());
        let text = markdown(&Record {
            subject: &subject,
            events: &events,
            live_sessions: None,
            done: &[],
            names: &names,
        });
        assert!(
            text.contains("| login.failed ×80 | ada@example.org (user_"),
            "{text}"
        );
        assert!(
            text.contains("80 failures, 1 account, 1 success\n"),
            "{text}"
        );
    }

    #[test]
    fn nothing_that_people_choose_is_markdown() {
        for (text, expected) in [
            ("a\\|b", r"a\\\|b"),
            (
                "[reset](https://evil.example)",
                r"\[reset\](https\://evil.example)",
            ),
            ("![](//evil)", r"!\[\](//evil)"),
            ("<img src=x>&lt;", "&lt;img src=x&gt;&amp;lt;"),
            ("**a** _b_ `c` ~~d~~", r"\*\*a\*\* \_b\_ \`c\` \~\~d\~\~"),
            ("WWW.evil.example", r"WWW\.evil.example"),
            ("- a", r"\- a"),
            ("1. a", r"1\. a"),
            ("# a\n# b", r"\# a\# b"),
            ("user_01abc", "user_01abc"),
            ("ada.b@example.org", "ada.b@example.org"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn file_names_keep_their_dots() {
        let name = |ip: &str| file_name(&IncidentSubject::Address(ip.into()), noon());
        assert_eq!(
            name("203.0.113.7"),
            "incident-203.0.113.7-2026-11-24T12-00-00-000Z.md"
        );
        assert!(name("2001:db8::1").starts_with("incident-2001-db8--1-2026"));
    }
}
