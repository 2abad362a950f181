//! Undo, and unlocking a profile.

use std::collections::BTreeMap;

use crate::command::{Blocks, Command};

use super::{
    confirm::{Confirm, PendingChange},
    edit_conflict::ExpectedState,
    form::Form,
    layer::{Choice, Layer, Menu},
    msg::Effect,
    problem::{Problem, ProblemKind},
    state::State,
};
use crate::core::resource::Row;

/// How long a change can be undone, in milliseconds: 15 minutes.
const UNDOABLE: u64 = 15 * 60 * 1_000;
/// Changes that are remembered, at most.
const MAX_UNDOS: usize = 50;

const NOTHING: &str =
    "nothing to undo: disabling, enabling, blocks, roles and scopes can be, for 15 minutes";
const TOO_LATE: &str =
    "this cannot be undone anymore: it was undone already, or 15 minutes have passed";

/// A change that undoes another.
#[derive(Debug, Clone)]
pub(crate) struct Undo {
    /// Its number: a list of them may be older than what was done since.
    id: u64,
    /// What was said of the change that it takes back.
    done: String,
    change: Command,
    /// Nobody else may have changed this meanwhile.
    expected: ExpectedState,
    /// Too late from then on.
    until: u64,
}

/// What takes something back that was just made.
pub(crate) fn unmade_by(item: &Row) -> Option<Command> {
    match item {
        Row::Block(block) => Some(Command::Blocks(Blocks::Remove {
            ids: vec![block.id.to_string()],
        })),
        _ => None,
    }
}

/// Changes that can be undone, newest last.
#[derive(Debug, Default)]
pub(crate) struct Undos {
    done: Vec<Undo>,
    /// How many there were.
    numbered: u64,
    /// What was sent, by its ticket: it comes back should it fail.
    sent: BTreeMap<u64, Undo>,
}

impl State {
    /// Remembers how a change is taken back that left a thing like this.
    pub(crate) fn remember_undo(&mut self, done: String, change: Command, after: Row) {
        let until = self.now.ms + UNDOABLE;
        let me = self.known.who.as_ref().map(|who| who.id.clone());
        let expected = ExpectedState::of(after, &change, me);
        self.undos.numbered += 1;
        self.undos.done.push(Undo {
            id: self.undos.numbered,
            done,
            change,
            expected,
            until,
        });
        if self.undos.done.len() > MAX_UNDOS {
            self.undos.done.remove(0);
        }
    }

    /// Asks before the last change is undone.
    pub(crate) fn undo(&mut self) {
        let now = self.now.ms;
        self.undos.done.retain(|undo| undo.until > now);
        match self.undos.done.last().map(|undo| undo.id) {
            Some(id) => self.ask_undo(id),
            None => self.say(NOTHING),
        }
    }

    /// Asks before a change is taken back, by its number.
    pub(crate) fn ask_undo(&mut self, id: u64) {
        let now = self.now.ms;
        let mut left = self.undos.done.iter().filter(|undo| undo.until > now);
        let Some(undo) = left.find(|undo| undo.id == id) else {
            return self.say(TOO_LATE);
        };
        let title = format!("Undo: {}?", undo.done);
        let confirm = Confirm::new(title, "Undo", undo.change.clone())
            .line(format!("It does: {}", self.words_of(undo)))
            .line("Items changed by someone else since are skipped.")
            .taking_back(undo.id);
        self.confirm(confirm);
    }

    /// What takes a change back, with names instead of ids.
    fn words_of(&self, undo: &Undo) -> String {
        let line = undo.change.to_string();
        let words = line.split(' ').skip(1).map(|word| self.name_of(word));
        words.collect::<Vec<_>>().join(" ")
    }

    /// Lists the changes that can be undone, newest first.
    pub(crate) fn open_undos(&mut self) {
        let now = self.now.ms;
        self.undos.done.retain(|undo| undo.until > now);
        if self.undos.done.is_empty() {
            return self.say(NOTHING);
        }
        let entry = |undo: &Undo| {
            let left = (undo.until - now).div_ceil(60_000);
            let label = format!("{}  ({left} min left)", self.words_of(undo));
            (label, Choice::Undo(undo.id))
        };
        let entries = self.undos.done.iter().rev().map(entry);
        let menu = Menu::new("Undo: what takes each back", entries.collect());
        self.layers.push(Layer::Menu(menu));
    }

    /// Undoes one change, by its number.
    pub(crate) fn undo_one(&mut self, id: u64, effects: &mut Vec<Effect>) {
        let now = self.now.ms;
        self.undos.done.retain(|undo| undo.until > now);
        let Some(place) = self.undos.done.iter().position(|undo| undo.id == id) else {
            return self.say(TOO_LATE);
        };
        let undo = self.undos.done.remove(place);
        let order = PendingChange {
            idempotency_key: self.next_idempotency_key(),
            reason: Some("undone in the console".into()),
            change: undo.change.clone(),
            expected: Some(Box::new(undo.expected.clone())),
        };
        match self.send(order, effects) {
            Ok(ticket) => {
                self.undos.sent.insert(ticket, undo);
            }
            Err(why) => {
                self.undos.done.insert(place, undo);
                self.warn(why);
            }
        }
    }

    /// The answer to a change: one that failed to take something back can be tried again, unless somebody else's change is
    /// in the way. Answers whether it was one that takes something back.
    pub(crate) fn undone(&mut self, ticket: u64, failed: Option<&Problem>) -> bool {
        let Some(undo) = self.undos.sent.remove(&ticket) else {
            return false;
        };
        let line = undo.change.to_string();
        match failed {
            None => self.note(format!("undone by {line}")),
            // Nor is there anything to take back where the thing is gone.
            Some(problem) if problem.is_gone || problem.what == ProblemKind::Overtaken => {}
            Some(_) => self.undos.done.push(undo),
        }
        true
    }

    /// Asks for the profile's name, which switches its changes on.
    pub(crate) fn open_unlock(&mut self) {
        if self.read_only {
            return self.warn("changes were switched off by --read-only: start without it");
        }
        if !self.server.read_only {
            return self.say("changes are not switched off here");
        }
        let mut form = Form::unlock(&self.server.profile);
        form.opened_at = self.now.ms;
        self.layers.push(Layer::Form(Box::new(form)));
    }
}
