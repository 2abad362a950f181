//! Completing the line that is typed behind `/`.

use super::{Completion, completion, last_word};
use crate::core::{
    layer::Layer, msg::Effect, resource::Resource, state::State, text_input::TextInput,
};

/// Letters of a name from which the server is asked for more.
const LETTERS: usize = 2;

/// What a line may become. Only at its end: what stands behind the cursor is not thrown away.
fn completion_of(state: &State, line: &TextInput) -> Option<Completion> {
    let at_end = line.cursor() == line.text().chars().count();
    let list = state.list()?;
    at_end.then(|| completion(state, list, line.text()))
}

impl State {
    /// What may be typed next behind `/`.
    pub(crate) fn completion(&self) -> Option<Completion> {
        let Some(Layer::Filter {
            line, completion, ..
        }) = self.layers.last()
        else {
            return None;
        };
        match completion {
            Some(completion) => Some(completion.clone()),
            None => Some(completion_of(self, line)?),
        }
    }

    /// Puts the next candidate where the word at the cursor is. `false` where there is none.
    pub(crate) fn complete(&mut self, by: isize) -> bool {
        let Some(mut completion) = self.completion() else {
            return false;
        };
        let Some(text) = completion.turn(by) else {
            return false;
        };
        // The only one there is: what it may hold comes next.
        let is_last = completion.candidates.len() == 1;
        if let Some(Layer::Filter {
            line,
            completion: kept,
            ..
        }) = self.layers.last_mut()
        {
            *line = TextInput::new(text);
            *kept = Some(completion).filter(|_| !is_last);
        }
        true
    }

    /// Asks for names that the word at the cursor may mean.
    pub(crate) fn ask_completions(&mut self, effects: &mut Vec<Effect>) {
        let Some(Layer::Filter { line, .. }) = self.layers.last() else {
            return;
        };
        let Some((term, value)) = last_word(line.text()).1.split_once(':') else {
            return;
        };
        let kind = match term {
            "owner" | "actor" => Resource::Users,
            "client" => Resource::Clients,
            _ => return,
        };
        let text = value.trim_matches('"').to_owned();
        if text.chars().count() >= LETTERS {
            effects.push(Effect::Completions { kind, text });
        }
    }
}
