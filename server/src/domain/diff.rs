//! Field-by-field diff, the structured part of an audit event.

use std::fmt;

/// A value as stored in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DiffValue {
    #[default]
    Nothing,
    Text(String),
    List(Vec<String>),
    Flag(bool),
}

impl From<&str> for DiffValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<&str>> for DiffValue {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, Self::from)
    }
}

impl From<bool> for DiffValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl DiffValue {
    /// A list, or a set of scopes.
    pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(|item| item.to_string()).collect())
    }
}

impl fmt::Display for DiffValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Text(text) => quoted(text).fmt(f),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    let space = if at > 0 { " " } else { "" };
                    write!(f, "{space}{}", quoted(item))?;
                }
                f.write_str("]")
            }
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

/// User-chosen text in a sentence of the log: quoted unless it is one plain word, so that no name can pass for a part
/// of the sentence.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-:/+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("{text:?}")
    }
}

/// The changed fields: each one's name, and its value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff(Vec<(&'static str, DiffValue, DiffValue)>);

impl Diff {
    /// Notes a field, if it changed.
    pub fn note(
        &mut self,
        field: &'static str,
        before: impl Into<DiffValue>,
        after: impl Into<DiffValue>,
    ) -> &mut Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.0.push((field, before, after));
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &(&'static str, DiffValue, DiffValue)> {
        self.0.iter()
    }
}

/// Readable form: `role customer to admin, permissions [] to [read:orders]`.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (field, before, after)) in self.0.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{field} {before} to {after}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_noted_and_names_cannot_pass_for_more() {
        let mut diff = Diff::default();
        diff.note("role", "customer", "customer");
        assert!(diff.is_empty());
        diff.note("role", "customer", "admin");
        diff.note("name", "x", "y, scopes [read] to [admin]");
        diff.note("name", "", "say \"so\"\n");
        assert_eq!(
            diff.to_string(),
            "role customer to admin, name x to \"y, scopes [read] to [admin]\", name \"\" to \"say \\\"so\\\"\\n\""
        );
    }
}
