//! The fields of a submitted form.

/// Fields of a form whose token was valid.
#[derive(Debug)]
pub(super) struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// A field's value; empty if it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// A field's value, if it has one.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(have, _)| have == name);
        of_name.map(|(_, value)| value.as_str())
    }
}
