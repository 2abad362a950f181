//! A menu, and what its entries do.

use crate::{
    command::Revoke,
    core::{
        incident_subject::IncidentSubject, list::ListFilter, page::Subject, resource::Resource,
    },
};

/// A choice.
#[derive(Debug)]
pub(crate) struct Menu {
    pub title: String,
    /// What is to be known before one chooses.
    pub lines: Vec<String>,
    pub entries: Vec<(String, Choice)>,
    pub at: usize,
}

impl Menu {
    pub(crate) fn new(title: impl Into<String>, entries: Vec<(String, Choice)>) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
            entries,
            at: 0,
        }
    }
}

/// What an entry of a menu does.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    Go(Resource, Vec<ListFilter>),
    Incident(IncidentSubject),
    Page(Subject),
    Sort(usize),
    /// Takes a change back, by its number.
    Undo(u64),
    Stay,
    Quit,
    /// Goes to another server.
    Switch(String),
    /// Which sessions end, and the question before it.
    End(Box<Revoke>, String),
    /// Asks whose sessions end.
    EndOthers,
    /// Whether this server's master.key is copied.
    KeyCopied(bool),
}
