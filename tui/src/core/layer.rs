//! What is opened on top of a view. Esc closes the topmost.

use crate::command::Revoke;

use super::{
    complete::Completion, confirm::Confirm, form::Form, help::Help, line::Line, list::ListFilter,
    palette::Palette, problem::Problem, reveal::Reveal, state::State,
};
use crate::core::{
    page::Subject,
    resource::{Resource, Row},
    subject::IncidentSubject,
    yours::{Output, RunQuestion},
};

/// Columns from which the list and the pane with all about one thing stand side by side.
pub(crate) const SPLIT: u16 = 110;

#[derive(Debug)]
pub(crate) enum Layer {
    Detail(Box<Detail>),
    Menu(Menu),
    /// The text before, which Esc brings back.
    Filter {
        line: Line,
        before: String,
        /// What Tab is going through.
        completion: Option<Completion>,
    },
    Palette(Palette),
    Help(Help),
    Note {
        title: String,
        lines: Vec<String>,
    },
    Form(Box<Form>),
    Confirm(Box<Confirm>),
    Reveal(Box<Reveal>),
    /// The question before an own command.
    Run(Box<RunQuestion>),
    /// What an own command says.
    Output(Box<Output>),
}

/// All about one thing.
#[derive(Debug)]
pub(crate) struct Detail {
    pub kind: Resource,
    pub id: String,
    pub item: Option<Row>,
    pub problem: Option<super::problem::Problem>,
    pub scroll: usize,
    /// Whether keys go here; the list has them otherwise.
    pub focused: bool,
}

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

impl State {
    /// Whether the list and the pane stand side by side.
    pub(crate) fn is_split(&self) -> bool {
        self.size.width >= SPLIT && self.detail().is_some() && self.has_side_pane()
    }

    fn has_side_pane(&self) -> bool {
        self.list().is_some() || self.page().is_some()
    }

    pub(crate) fn detail(&self) -> Option<&Detail> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Detail(detail) => Some(&**detail),
            _ => None,
        })
    }

    pub(crate) fn detail_mut(&mut self) -> Option<&mut Detail> {
        self.layers.iter_mut().find_map(|layer| match layer {
            Layer::Detail(detail) => Some(&mut **detail),
            _ => None,
        })
    }

    /// Beside a list that has the keys, the pane shows what is selected.
    pub(crate) fn detail_follows(&mut self) {
        let split = self.size.width >= SPLIT;
        if self.detail().is_none() {
            return;
        }
        let item = match self.page() {
            Some(_) => self.page_event().map(Row::Event),
            None => self.list().and_then(|list| list.item()).cloned(),
        };
        let Some(item) = item else { return };
        let Some(detail) = self.detail_mut() else {
            return;
        };
        let id = item.id();
        if detail.id == id {
            // A refreshed row is a refreshed pane.
            detail.item = Some(item);
        } else if !detail.focused && split {
            let kind = detail.kind;
            *detail = Detail {
                kind,
                id: id.clone(),
                item: Some(item),
                problem: None,
                scroll: 0,
                focused: false,
            };
        }
    }
}

impl Layer {
    /// Whether it waits for this change's answer.
    pub(crate) fn awaits(&self, ticket: u64) -> bool {
        match self {
            Self::Confirm(confirm) => confirm.ticket == Some(ticket),
            Self::Form(form) => form.ticket == Some(ticket),
            _ => false,
        }
    }

    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self, Self::Form(form) if form.is_sign_in())
    }

    /// The server said no, or nothing.
    pub(crate) fn refused(&mut self, problem: &Problem) {
        match self {
            Self::Confirm(confirm) => {
                confirm.ticket = None;
                confirm.problem = Some(problem.message.clone());
                confirm.typed = Line::default();
            }
            Self::Form(form) => form.refused(problem),
            _ => {}
        }
    }
}
