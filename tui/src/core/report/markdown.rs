//! A report as Markdown: people and times by name.

use super::{Record, collapsed};
use crate::core::{format::second, sanitize::clean};

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

fn named(record: &Record<'_>, id: &str) -> String {
    match record.names.get(id) {
        Some(name) => format!("{} ({})", plain(name), plain(id)),
        None => plain(id),
    }
}

/// The report.
pub(super) fn markdown(record: &Record<'_>) -> String {
    let subjects = record.subjects.iter();
    let subjects: Vec<_> = subjects
        .map(|subject| {
            let name = record.names.get(subject.id());
            let name = name.map(|name| format!(" ({})", plain(name)));
            let (kind, id) = (subject.kind(), plain(subject.id()));
            format!("{kind} {id}{}", name.unwrap_or_default())
        })
        .collect();
    let mut out = format!("# Incident: {}\n\n", subjects.join(", "));
    out.push_str(&format!("{}\n\n", plain(&record.summary())));
    out.push_str(&format!(
        "From {} to {}.\n\n",
        second(record.since),
        second(record.now)
    ));
    steps(record, &mut out);
    notes(record, &mut out);
    related(record, &mut out);
    timeline(record, &mut out);
    out
}

fn steps(record: &Record<'_>, out: &mut String) {
    out.push_str("## Steps\n\n| step | state | by | at | reason |\n|---|---|---|---|---|\n");
    for (step, progress) in record.steps() {
        let label = step.label(&|id| record.name(id));
        let state = match (progress.done, progress.about.as_str()) {
            (true, "") => "done".to_owned(),
            (true, about) => format!("done: {about}"),
            (false, "") => "open".to_owned(),
            (false, about) => format!("open: {about}"),
        };
        let (by, at) = match &progress.by {
            Some((by, at)) => (named(record, by), at.to_string()),
            None => Default::default(),
        };
        let reason = progress.detail.unwrap_or_default();
        out.push_str(&format!(
            "| {} | {} | {by} | {at} | {} |\n",
            plain(&label),
            plain(&state),
            plain(&reason)
        ));
    }
    out.push('\n');
}

fn notes(record: &Record<'_>, out: &mut String) {
    if record.notes.is_empty() {
        return;
    }
    out.push_str("## Notes\n\n");
    for note in record.notes {
        let by = named(record, &note.by);
        out.push_str(&format!("- {} {by}: {}\n", note.at, plain(&note.text)));
    }
    out.push('\n');
}

fn related(record: &Record<'_>, out: &mut String) {
    if record.relations.is_empty() {
        return;
    }
    let head =
        "## Related\n\n| what | how | seen | live sessions | last |\n|---|---|---|---|---|\n";
    out.push_str(head);
    for one in record.relations {
        let how = one.words(&|id| record.name(id));
        out.push_str(&format!(
            "| {} {} | {} | {} | {} | {} |\n",
            one.of.kind(),
            named(record, one.of.id()),
            plain(&how),
            one.seen,
            one.live,
            one.last
        ));
    }
    out.push('\n');
}

fn timeline(record: &Record<'_>, out: &mut String) {
    out.push_str("## Timeline\n\n| time | action | actor | target | ip | detail |\n|---|---|---|---|---|---|\n");
    for (event, count) in collapsed(&record.facts.events) {
        let optional = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
        let times = if count > 1 {
            format!(" ×{count}")
        } else {
            String::new()
        };
        out.push_str(&format!(
            "| {} | {}{times} | {} | {} | {} | {} |\n",
            event.time,
            plain(&event.action),
            named(record, &event.actor),
            event
                .target
                .as_deref()
                .map(|id| named(record, id))
                .unwrap_or_default(),
            optional(&event.ip),
            plain(&crate::core::event_text::summary(event))
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{
            incident::{Facts, Note},
            incident_subject::IncidentSubject,
            report::Format,
        },
        tests::test_console::{event, noon},
    };

    #[test]
    fn a_report_names_people_and_times() {
        let mut events: Vec<_> = (1..=80).map(|n| event(n, "login.failed")).collect();
        events.push(event(81, "session.created"));
        let names = [(events[0].actor.clone(), "ada@example.org".to_owned())].into();
        let subjects = [IncidentSubject::Address("203.0.113.7".into())];
        let facts = Facts {
            events,
            blocks: Some(Vec::new()),
            ..Facts::default()
        };
        let note = Note {
            at: noon(),
            by: facts.events[0].actor.clone(),
            text: "called *them*".into(),
        };
        let record = Record {
            subjects: &subjects,
            facts: &facts,
            relations: &crate::core::incident::relations::relations(&facts, &subjects),
            notes: &[note],
            names: &names,
            since: noon().plus_seconds(-86_400),
            now: noon(),
        };
        let text = record.written(Format::Markdown);
        for part in [
            "# Incident: address 203.0.113.7\n",
            "80 failures on 1 account",
            "| Block 203.0.113.7 for sign-in | open |",
            "ada@example.org (user_",
            "called \\*them\\*",
            "| login.failed ×80 | ada@example.org (user_",
            "## Related",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
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
}
