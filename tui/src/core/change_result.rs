//! Handles a completed change: message, undo entry, refresh.

use super::{
    keymap::Action,
    layer::Layer,
    msg::{CommandResult, Effect},
    problem::{Problem, ProblemKind},
    resource::Row,
    state::State,
    undo::unmade_by,
};
use crate::command::Command;

/// How a change is taken back, as its question knew it.
#[derive(Default)]
struct UndoPlan {
    undo: Option<Command>,
    /// What is gone, where it can be made again.
    before: Option<Box<Row>>,
}

impl State {
    pub(super) fn changed(
        &mut self,
        ticket: u64,
        done: Result<CommandResult, Problem>,
        effects: &mut Vec<Effect>,
    ) {
        match done {
            Ok(done) => {
                self.heard();
                self.done(ticket, done);
                self.refresh(effects);
            }
            Err(problem) => self.not_done(ticket, &problem),
        }
    }

    fn awaiting(&self, ticket: u64) -> Option<usize> {
        self.layers.iter().position(|layer| layer.awaits(ticket))
    }

    fn done(&mut self, ticket: u64, done: CommandResult) {
        let place = self.awaiting(ticket);
        let is_undo = self.undone(ticket, None);
        let mut back = match place {
            Some(at) => self.close_asked(at, &done),
            None => UndoPlan::default(),
        };
        if let CommandResult::Edited { item, .. } = &done
            && !is_undo
        {
            // Taking back what took something back is no act of its own.
            back.undo = back.undo.or_else(|| unmade_by(item));
        }
        match done {
            CommandResult::Plain(text) => match (back.undo, back.before) {
                (Some(undo), Some(before)) => {
                    self.say(format!("{text}{}", self.undo_hint()));
                    self.remember_undo(text, undo, *before);
                }
                _ => self.say(text),
            },
            CommandResult::Edited { text, item } => {
                if matches!(*item, Row::Role(_) | Row::Block(_)) {
                    // It may be new.
                    self.select_new(item.id());
                }
                match back.undo {
                    Some(undo) => {
                        self.say(format!("{text}{}", self.undo_hint()));
                        self.remember_undo(text, undo, *item);
                    }
                    None => self.say(text),
                }
            }
            CommandResult::Made { text, id } => {
                self.say(text);
                self.select_new(id);
            }
            CommandResult::Secret(made) => {
                let id = made.id.clone();
                self.reveal(made);
                self.select_new(id);
            }
        }
    }

    fn undo_hint(&self) -> String {
        format!(" ({} undoes it)", self.keymap.label(Action::Undo))
    }

    /// Closes the dialog whose change is done, and the form it came from; answers how it is taken back.
    fn close_asked(&mut self, at: usize, done: &CommandResult) -> UndoPlan {
        self.log_done(at, done);
        let mut back = UndoPlan::default();
        if let Some(Layer::Confirm(confirm)) = self.layers.get_mut(at) {
            back.undo = confirm.undo.take();
            back.before = confirm.before.take();
            // What was marked is done.
            if let Some(list) = self.list_mut() {
                list.marks.clear();
            }
        }
        self.layers.truncate(at);
        if matches!(self.layers.last(), Some(Layer::Form(_))) {
            self.layers.pop();
        }
        back
    }

    fn not_done(&mut self, ticket: u64, problem: &Problem) {
        self.undone(ticket, Some(problem));
        let mut said = problem.clone();
        if problem.what == ProblemKind::Unreachable {
            self.connection.lost(&problem.message, self.now);
            said.message = format!(
                "no answer: it may have been done, look before you try again ({})",
                problem.message
            );
        }
        let place = self.awaiting(ticket);
        match place.and_then(|at| self.layers.get_mut(at)) {
            Some(layer) => layer.refused(&said),
            None => self.warn(said.message),
        }
        if problem.what == ProblemKind::Unauthorized {
            self.ask_sign_in(&problem.message);
        }
    }

    /// What was just made is what its list shows selected, once it has come.
    fn select_new(&mut self, id: String) {
        if let Some(list) = self.list_mut() {
            list.selected = Some(id);
        }
    }
}
