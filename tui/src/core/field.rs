//! Fields of forms.

use crossterm::event::{KeyCode, KeyEvent};

use super::{pick::Pick, scope_picker::Picker, text_input::TextInput};

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(TextInput),
    /// Not shown while it is typed.
    Hidden(TextInput),
    Choice {
        options: Vec<String>,
        at: usize,
    },
    Scopes(Box<Picker>),
    /// One of what the server has.
    Pick(Box<Pick>),
}

#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The server's name for it, by which an error finds it.
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub value: Value,
}

impl Field {
    fn new(name: &'static str, label: &'static str, hint: &'static str, value: Value) -> Self {
        Self {
            name,
            label,
            hint,
            value,
        }
    }

    pub(crate) fn text(
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        text: &str,
    ) -> Self {
        Self::new(name, label, hint, Value::Text(TextInput::new(text)))
    }

    pub(crate) fn hidden(name: &'static str, label: &'static str, hint: &'static str) -> Self {
        Self::new(name, label, hint, Value::Hidden(TextInput::default()))
    }

    pub(crate) fn choice(
        name: &'static str,
        label: &'static str,
        options: Vec<String>,
        at: usize,
    ) -> Self {
        let value = Value::Choice { options, at };
        Self::new(name, label, "left and right choose", value)
    }

    pub(crate) fn scopes(name: &'static str, label: &'static str, picker: Picker) -> Self {
        let value = Value::Scopes(Box::new(picker));
        Self::new(name, label, "type to search, space picks", value)
    }

    /// One of a kind that the server has.
    pub(crate) fn pick(
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        pick: Pick,
    ) -> Self {
        Self::new(name, label, hint, Value::Pick(Box::new(pick)))
    }

    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        match &mut self.value {
            Value::Pick(pick) => pick.key(key),
            Value::Text(line) | Value::Hidden(line) => line.key(key),
            Value::Scopes(picker) => picker.key(key),
            Value::Choice { options, at } => {
                let length = options.len().max(1);
                match key.code {
                    KeyCode::Right | KeyCode::Char(' ' | 'l') => *at = (*at + 1) % length,
                    KeyCode::Left | KeyCode::Char('h') => *at = (*at + length - 1) % length,
                    _ => return false,
                }
                true
            }
        }
    }
}
