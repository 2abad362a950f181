//! Command lines as a shell reads them.

use std::fmt;

/// A command line under construction.
#[derive(Debug, Clone)]
pub(crate) struct Words(String);

/// Quoted so that a shell reads one word.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@,+=%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

impl Words {
    /// Begins with the command's own words.
    pub(crate) fn new(start: &str) -> Self {
        Self(format!("doorward {start}"))
    }

    pub(crate) fn word(mut self, text: impl fmt::Display) -> Self {
        self.0.push(' ');
        self.0.push_str(&quoted(&text.to_string()));
        self
    }

    /// An optional word.
    pub(crate) fn flag(self, name: &str, given: bool) -> Self {
        if given { self.word(name) } else { self }
    }

    pub(crate) fn option(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.word(name).word(value),
            None => self,
        }
    }

    /// An option repeated for each value.
    pub(crate) fn each<T: fmt::Display>(self, name: &str, values: &[T]) -> Self {
        let option = |words: Self, value: &T| words.option(name, Some(value));
        values.iter().fold(self, option)
    }

    pub(crate) fn all<T: fmt::Display>(self, values: &[T]) -> Self {
        values.iter().fold(self, Self::word)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
