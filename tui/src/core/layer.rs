//! Dialogs and panes on top of a view. Esc closes the topmost.

mod detail;
mod menu;

pub(crate) use self::{
    detail::{Detail, SPLIT},
    menu::{Choice, Menu},
};
use super::{
    command_palette::Palette, confirm::Confirm, filter_completion::Completion, form::Form,
    help::Help, problem::Problem, secret_dialog::Reveal, text_input::TextInput,
};
use crate::core::{
    customization::{Output, RunQuestion},
    sanitize::wrapped,
};

#[derive(Debug)]
pub(crate) enum Layer {
    Detail(Box<Detail>),
    Menu(Menu),
    /// The text before, which Esc brings back.
    Filter {
        line: TextInput,
        before: String,
        /// What Tab is going through.
        completion: Option<Completion>,
    },
    Palette(Palette),
    Help(Help),
    Note {
        title: String,
        lines: Vec<String>,
        /// Lines above, as it is drawn.
        scroll: usize,
    },
    Form(Box<Form>),
    Confirm(Box<Confirm>),
    Reveal(Box<Reveal>),
    /// The question before an own command.
    Run(Box<RunQuestion>),
    /// Output of a custom command.
    Output(Box<Output>),
}

/// Columns of a note's frame and margins, and rows of what is around its text.
const NOTE_AROUND: (u16, u16) = (6, 4);

/// A note's lines as they are drawn in a body so wide.
pub(crate) fn note_text(lines: &[String], body: u16) -> Vec<String> {
    let room = usize::from(body.saturating_sub(NOTE_AROUND.0));
    let text = lines.iter().flat_map(|line| wrapped(line, room));
    text.collect()
}

/// Rows of a note's text that a body so high shows.
pub(crate) fn note_rows(body: u16) -> usize {
    body.saturating_sub(NOTE_AROUND.1).into()
}

impl Layer {
    /// Something to read.
    pub(crate) fn note(title: impl Into<String>, lines: Vec<String>) -> Self {
        Self::Note {
            title: title.into(),
            lines,
            scroll: 0,
        }
    }

    /// Whether it waits for this change's answer.
    pub(crate) fn awaits(&self, ticket: u64) -> bool {
        match self {
            Self::Confirm(confirm) => confirm.request_id == Some(ticket),
            Self::Form(form) => form.request_id == Some(ticket),
            _ => false,
        }
    }

    pub(crate) fn is_sign_in(&self) -> bool {
        matches!(self, Self::Form(form) if form.is_sign_in())
    }

    /// The server rejected the request or did not respond.
    pub(crate) fn refused(&mut self, problem: &Problem) {
        match self {
            Self::Confirm(confirm) => {
                confirm.request_id = None;
                confirm.problem = Some(problem.message.clone());
                confirm.typed = TextInput::default();
            }
            Self::Form(form) => form.refused(problem),
            _ => {}
        }
    }
}
