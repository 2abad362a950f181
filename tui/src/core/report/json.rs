//! A report as JSON: what the Markdown tells, for programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Record;
use crate::core::{incident::steps::Kind, incident_subject::IncidentSubject, sanitize::clean_json};
use doorward_shared::{Timestamp, admin::Event};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    summary: String,
    subjects: Vec<NamedObject>,
    since: Timestamp,
    written_at: Timestamp,
    steps: Vec<StepOf>,
    notes: Vec<NoteOf<'a>>,
    related: Vec<Related>,
    live_sessions: Option<u64>,
    /// The timeline, oldest first.
    data: &'a [Event],
    /// Of those that the report is about.
    names: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct NamedObject {
    kind: &'static str,
    id: String,
    name: String,
}

#[derive(Serialize)]
struct StepOf {
    step: &'static str,
    subject: NamedObject,
    done: bool,
    state: String,
    by: Option<String>,
    at: Option<Timestamp>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct NoteOf<'a> {
    at: Timestamp,
    by: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Related {
    #[serde(flatten)]
    of: NamedObject,
    how: String,
    seen: u64,
    live_sessions: u64,
    last: Timestamp,
}

fn step(kind: Kind) -> &'static str {
    match kind {
        Kind::EndSessions => "endSessions",
        Kind::Disable => "disable",
        Kind::RequireReset => "requireReset",
        Kind::RevokeKeys => "revokeKeys",
        Kind::Block => "block",
        Kind::RevokeKey => "revokeKey",
        Kind::RotateKey => "rotateKey",
        Kind::RotateSecret => "rotateSecret",
        Kind::RotateSigning => "rotateSigningKey",
    }
}

/// The names of all that the report mentions, and of nobody else.
fn names<'a>(record: &'a Record<'_>) -> BTreeMap<&'a str, &'a str> {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    ids.extend(
        record
            .subjects
            .iter()
            .map(|subject| subject.id().to_owned()),
    );
    ids.extend(record.relations.iter().map(|one| one.of.id().to_owned()));
    ids.extend(record.notes.iter().map(|note| note.by.clone()));
    for event in &record.facts.events {
        ids.insert(event.actor.clone());
        ids.extend(event.target.clone());
        ids.extend(event.user_id.map(|id| id.to_string()));
        ids.extend(event.client_id.map(|id| id.to_string()));
    }
    let mentioned = record.names.iter().filter(|(id, _)| ids.contains(*id));
    mentioned
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect()
}

/// The report.
pub(super) fn json(record: &Record<'_>) -> String {
    let named = |subject: &IncidentSubject| NamedObject {
        kind: subject.kind(),
        id: subject.id().to_owned(),
        name: record.name(subject.id()),
    };
    let steps = record.steps().into_iter().map(|(one, progress)| {
        let (by, at) = progress.by.unzip();
        StepOf {
            step: step(one.kind),
            subject: named(&one.subject),
            done: progress.done,
            state: progress.about,
            by,
            at,
            detail: progress.detail,
        }
    });
    let related = record.relations.iter().map(|one| Related {
        of: named(&one.of),
        how: one.words(&|id| record.name(id)),
        seen: one.seen,
        live_sessions: one.live,
        last: one.last,
    });
    let notes = record.notes.iter().map(|note| NoteOf {
        at: note.at,
        by: &note.by,
        text: &note.text,
    });
    let report = Report {
        summary: record.summary(),
        subjects: record.subjects.iter().map(named).collect(),
        since: record.since,
        written_at: record.now,
        steps: steps.collect(),
        notes: notes.collect(),
        related: related.collect(),
        live_sessions: record.facts.live_sessions_total,
        data: &record.facts.events,
        names: names(record),
    };
    // Strings, numbers and lists of them: there is nothing that JSON cannot say.
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    format!("{}\n", clean_json(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        core::{incident::Facts, report::Format},
        tests::test_console::{event, noon},
    };

    #[test]
    fn a_report_for_programs_has_the_steps_and_the_events() {
        let facts = Facts {
            events: vec![event(1, "login.failed")],
            live: [("203.0.113.7".to_owned(), 0)].into(),
            ..Facts::default()
        };
        let subjects = [IncidentSubject::Address("203.0.113.7".into())];
        let names = [
            (facts.events[0].actor.clone(), "ada@example.org".to_owned()),
            ("user_else".to_owned(), "stranger@example.org".to_owned()),
        ];
        let names = names.into();
        let record = Record {
            subjects: &subjects,
            facts: &facts,
            relations: &[],
            notes: &[],
            names: &names,
            since: noon(),
            now: noon(),
        };
        let report: serde_json::Value =
            serde_json::from_str(&record.written(Format::Json)).unwrap();
        assert_eq!(report["steps"][0]["step"], "endSessions");
        assert_eq!(report["steps"][0]["done"], true);
        assert_eq!(report["data"][0]["action"], "login.failed");
        assert_eq!(report["subjects"][0]["id"], "203.0.113.7");
        assert!(!report.to_string().contains("stranger@"), "{report}");
        assert_eq!(report["writtenAt"], "2026-11-24T12:00:00.000Z");
    }
}
