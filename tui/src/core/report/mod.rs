//! The incident report, exported as Markdown or JSON.

mod json;
mod markdown;

use std::collections::BTreeMap;

use doorward_shared::{Timestamp, admin::Event};

use super::{
    event_text,
    incident::{
        Note,
        facts::{Facts, sentence},
        relations::Relation,
        steps::{Progress, Step, steps},
    },
    incident_subject::IncidentSubject,
};

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Markdown,
    Json,
}

/// What a report of an incident is made of.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub subjects: &'a [IncidentSubject],
    pub facts: &'a Facts,
    pub relations: &'a [Relation],
    /// What operators wrote down, and did from here.
    pub notes: &'a [Note],
    /// Emails and names by id.
    pub names: &'a BTreeMap<String, String>,
    pub since: Timestamp,
    pub now: Timestamp,
}

impl Record<'_> {
    /// The report.
    pub(crate) fn written(&self, format: Format) -> String {
        match format {
            Format::Markdown => markdown::markdown(self),
            Format::Json => json::json(self),
        }
    }

    /// The name behind an id, or the id.
    fn name(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    /// What happened, in one sentence.
    fn summary(&self) -> String {
        sentence(self.facts, &|id| self.name(id))
    }

    /// The checklist, and how far each step is.
    fn steps(&self) -> Vec<(Step, Progress)> {
        let steps = steps(self.subjects).into_iter();
        steps
            .map(|step| {
                let progress = step.progress(self.facts, self.now);
                (step, progress)
            })
            .collect()
    }
}

/// Events that differ in nothing but their time, one after another: the first of them, and how often it happened.
pub(crate) fn collapsed(events: &[Event]) -> Vec<(&Event, u64)> {
    let alike = events.chunk_by(event_text::is_repeat);
    alike
        .filter_map(|alike| Some((alike.first()?, event_text::times(alike))))
        .collect()
}

/// A name for the file of an incident.
pub(crate) fn file_name(subjects: &[IncidentSubject], now: Timestamp, format: Format) -> String {
    let stamp = now.to_string().replace([':', '.'], "-");
    let first = subjects.first().map_or("nothing", IncidentSubject::id);
    let about = first.chars().map(|c| {
        let plain = c.is_ascii_alphanumeric() || "._-".contains(c);
        // Of an IPv6 address or a network.
        if plain { c } else { '-' }
    });
    let more = match subjects.len() {
        0 | 1 => String::new(),
        many => format!("-and-{}-more", many - 1),
    };
    let ending = match format {
        Format::Markdown => "md",
        Format::Json => "json",
    };
    format!(
        "incident-{}{more}-{stamp}.{ending}",
        about.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{event, noon};

    #[test]
    fn equal_events_after_one_another_are_one_row() {
        let mut events: Vec<Event> = (1..=80).map(|n| event(n, "login.failed")).collect();
        events.push(event(81, "session.created"));
        events[3].count = Some(5);
        let rows: Vec<_> = collapsed(&events)
            .iter()
            .map(|(event, count)| (event.action.clone(), *count))
            .collect();
        assert_eq!(
            rows,
            [
                ("login.failed".to_owned(), 84),
                ("session.created".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn file_names_keep_their_dots() {
        let name = |words: &[&str]| {
            let subjects: Vec<_> = words
                .iter()
                .filter_map(|word| IncidentSubject::parse(word).ok())
                .collect();
            file_name(&subjects, noon(), Format::Markdown)
        };
        assert_eq!(
            name(&["203.0.113.7"]),
            "incident-203.0.113.7-2026-11-24T12-00-00-000Z.md"
        );
        assert!(name(&["2001:db8::1"]).starts_with("incident-2001-db8--1-2026"));
        assert!(
            name(&["203.0.113.0/24", "key_1"])
                .starts_with("incident-203.0.113.0-24-and-1-more-2026")
        );
    }
}
