//! The confirmation before a change: the affected items, and a word that has to be typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::command::Command;

use super::{
    edit_conflict::ExpectedState, layer::Layer, msg::Effect, problem::Problem, resource::Row,
    state::State, text_input::TextInput,
};

/// Keys that confirm are not heard so long after a dialog opened: they were typed before it could be read. What else is
/// typed then is kept. Milliseconds.
pub(crate) const INPUT_GUARD: u64 = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Cancel,
    Reason,
    Word,
    Go,
}

/// What is known about the affected items.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PreviewState {
    /// The server is asked; the answer has this generation.
    Asked(u64),
    Known,
    Failed(Problem),
}

#[derive(Debug)]
pub(crate) struct Confirm {
    pub title: String,
    /// What happens, and to whom.
    pub lines: Vec<String>,
    /// The label of the button.
    pub verb: String,
    /// What has to be typed: `yes`, or how many; nothing for what can be taken back.
    pub word: Option<String>,
    /// The change that undoes it.
    pub undo: Option<Command>,
    /// The number of the change that this takes back.
    pub takes_back: Option<u64>,
    /// What is gone afterwards, as it was, where that can be made again.
    pub before: Option<Box<Row>>,
    pub typed: TextInput,
    /// Why; only where it is kept.
    pub reason: Option<TextInput>,
    pub focus: Focus,
    pub opened_at: u64,
    pub preview_state: PreviewState,
    pub change: Command,
    pub problem: Option<String>,
    /// The change that was sent.
    pub request_id: Option<u64>,
    /// So that a repeated call is not a second one.
    idempotency_key: String,
}

impl Confirm {
    pub(crate) fn new(title: impl Into<String>, verb: &str, change: Command) -> Self {
        Self {
            title: title.into(),
            lines: Vec::new(),
            verb: verb.into(),
            word: Some("yes".into()),
            undo: None,
            takes_back: None,
            before: None,
            typed: TextInput::default(),
            reason: None,
            focus: Focus::Cancel,
            opened_at: 0,
            preview_state: PreviewState::Known,
            change,
            problem: None,
            request_id: None,
            idempotency_key: String::new(),
        }
    }

    #[must_use]
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// More than one thing: the count has to be typed.
    #[must_use]
    pub(crate) fn count(mut self, count: u64) -> Self {
        if count != 1 {
            self.word = Some(count.to_string());
        }
        self
    }

    /// It can be taken back by this change: no word has to be typed.
    #[must_use]
    pub(crate) fn undone_by(mut self, undo: Command) -> Self {
        self.word = None;
        self.undo = Some(undo);
        self
    }

    /// What is gone afterwards can be made again by this change; the word has to be typed all the same.
    #[must_use]
    pub(crate) fn made_again_by(mut self, undo: Command, before: Row) -> Self {
        self.undo = Some(undo);
        self.before = Some(Box::new(before));
        self
    }

    /// It takes this change back, by its number: no word has to be typed.
    #[must_use]
    pub(crate) fn taking_back(mut self, id: u64) -> Self {
        self.word = None;
        self.takes_back = Some(id);
        self
    }

    /// Whether it is destructive and cannot be undone.
    pub(crate) fn is_danger(&self) -> bool {
        let ends_sessions = matches!(self.change, Command::Sessions(_));
        let hurts = ends_sessions || self.change.warning().is_some();
        hurts && self.undo.is_none() && self.takes_back.is_none()
    }

    #[must_use]
    pub(crate) fn with_reason(mut self) -> Self {
        self.reason = Some(TextInput::default());
        self
    }

    /// Whether the word was typed.
    pub(crate) fn is_typed(&self) -> bool {
        let typed = |word: &String| self.typed.text().trim() == word;
        self.preview_state == PreviewState::Known && self.word.as_ref().is_none_or(typed)
    }

    /// Whether there is nothing to confirm: the affected items are unknown, or there are none.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.preview_state, PreviewState::Failed(_))
    }

    /// The equivalent command.
    pub(crate) fn command_line(&self) -> String {
        self.change.because(self.why().as_deref())
    }

    fn ring(&self) -> Vec<Focus> {
        let mut ring = vec![Focus::Cancel];
        if self.is_over() {
            return ring;
        }
        if self.reason.is_some() {
            ring.push(Focus::Reason);
        }
        if self.word.is_some() {
            ring.push(Focus::Word);
        }
        ring.push(Focus::Go);
        ring
    }

    fn turn(&mut self, by: usize) {
        let ring = self.ring();
        let at = ring
            .iter()
            .position(|focus| *focus == self.focus)
            .unwrap_or_default();
        self.focus = ring[(at + by) % ring.len()];
    }

    /// The change, when it was confirmed.
    fn confirmed(&self) -> Option<Command> {
        self.is_typed().then(|| self.change.clone())
    }

    /// Whether the server refuses it for want of a reason.
    fn lacks_reason(&self) -> bool {
        self.is_typed() && self.change.needs_reason() && self.why().is_none()
    }

    /// Why, when a reason was given.
    pub(crate) fn why(&self) -> Option<String> {
        let reason = self.reason.as_ref()?.text().trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }
}

/// The result of a key press.
enum Press {
    Stay,
    Close,
    Send(Box<Command>),
}

impl Confirm {
    fn press(&mut self, key: KeyEvent, now: u64) -> Press {
        // Backing out is never too early.
        if key.code == KeyCode::Esc {
            return Press::Close;
        }
        if key.code == KeyCode::Enter && now < self.opened_at + INPUT_GUARD {
            return Press::Stay;
        }
        if self.request_id.is_some() {
            return Press::Stay;
        }
        if self.is_over() {
            self.focus = Focus::Cancel;
        }
        match key.code {
            KeyCode::Tab | KeyCode::Down => self.turn(1),
            KeyCode::BackTab | KeyCode::Up => self.turn(self.ring().len() - 1),
            KeyCode::Enter => return self.enter(),
            _ if self.is_over() => {}
            _ => self.edit(key),
        }
        Press::Stay
    }

    fn enter(&mut self) -> Press {
        match self.focus {
            Focus::Cancel => return Press::Close,
            Focus::Reason => self.turn(1),
            Focus::Word | Focus::Go if self.lacks_reason() => {
                self.focus = Focus::Reason;
                self.problem = Some("enter a reason; it is recorded in the audit log".into());
            }
            Focus::Word | Focus::Go => match self.confirmed() {
                Some(change) => return Press::Send(Box::new(change)),
                None if self.preview_state == PreviewState::Known => {
                    let word = self.word.as_deref().unwrap_or_default();
                    self.problem = Some(format!("type {word} to go on"));
                }
                None => {}
            },
        }
        Press::Stay
    }

    fn edit(&mut self, key: KeyEvent) {
        let held = KeyModifiers::CONTROL | KeyModifiers::ALT;
        let character = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(held);
        // Typing goes where the word belongs: one need not find it with Tab.
        if character && self.focus != Focus::Reason {
            self.focus = match (&self.word, &self.reason) {
                (Some(_), _) => Focus::Word,
                (None, Some(_)) => Focus::Reason,
                (None, None) => self.focus,
            };
        }
        self.problem = None;
        match (self.focus, &mut self.reason) {
            (Focus::Reason, Some(reason)) => reason.key(key),
            (Focus::Word, _) => self.typed.key(key),
            _ => false,
        };
    }
}

pub(crate) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let now = state.now.ms;
    let Some(Layer::Confirm(confirm)) = state.layers.last_mut() else {
        return;
    };
    match confirm.press(key, now) {
        Press::Stay => {}
        Press::Close => {
            state.layers.pop();
        }
        Press::Send(_) if let Some(id) = confirm.takes_back => {
            state.layers.pop();
            state.undo_one(id, effects);
        }
        Press::Send(change) => {
            let order = PendingChange {
                idempotency_key: confirm.idempotency_key.clone(),
                reason: confirm.why(),
                change: *change,
                expected: None,
            };
            match state.send(order, effects) {
                Ok(ticket) => {
                    if let Some(Layer::Confirm(confirm)) = state.layers.last_mut() {
                        confirm.request_id = Some(ticket);
                    }
                }
                Err(why) => {
                    if let Some(Layer::Confirm(confirm)) = state.layers.last_mut() {
                        confirm.problem = Some(why);
                    }
                }
            }
        }
    }
}

/// A change that is to be sent.
#[derive(Debug)]
pub(crate) struct PendingChange {
    /// So that a repeated call is not a second one.
    pub idempotency_key: String,
    /// Why; goes into the events.
    pub reason: Option<String>,
    pub change: Command,
    /// State that nobody else may have changed.
    pub expected: Option<Box<ExpectedState>>,
}

impl State {
    /// Sends a change off, unless nothing may be changed now. The only place where one leaves.
    pub(crate) fn send(
        &mut self,
        order: PendingChange,
        effects: &mut Vec<Effect>,
    ) -> Result<u64, String> {
        if let Some(why) = self.no_change(order.change.scope()) {
            return Err(why);
        }
        self.next_request_id += 1;
        let ticket = self.next_request_id;
        let PendingChange {
            idempotency_key,
            reason,
            change,
            expected,
        } = order;
        let effect = Effect::Change {
            ticket,
            idempotency_key,
            reason,
            change,
            expected,
            now: self.now.wall,
        };
        self.ask(effect, effects);
        Ok(ticket)
    }

    /// Asks before a change.
    pub(crate) fn confirm(&mut self, mut confirm: Confirm) {
        if let Some(why) = self.no_change(confirm.change.scope()) {
            return self.warn(why);
        }
        confirm.opened_at = self.now.ms;
        confirm.idempotency_key = self.next_idempotency_key();
        self.layers.push(Layer::Confirm(Box::new(confirm)));
    }
}
