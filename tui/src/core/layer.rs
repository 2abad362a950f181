//! What is opened on top of a view. Esc closes the topmost.

mod detail;
mod menu;

pub(crate) use self::{
    detail::{Detail, SPLIT},
    menu::{Choice, Menu},
};
use super::{
    complete::Completion, confirm::Confirm, form::Form, help::Help, line::Line, palette::Palette,
    problem::Problem, reveal::Reveal,
};
use crate::core::yours::{Output, RunQuestion};

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
