//! The language of `/` in the console and of `--q` in the CLI: words that a row must contain, and terms like `role:admin`.

mod matching;
mod row_facts;
pub(crate) mod terms;
#[cfg(test)]
mod tests;
pub(crate) mod values;

use doorward_shared::{Timestamp, client::Filter};

pub(crate) use self::{
    matching::Names,
    terms::{Term, WrongValue},
};
use crate::core::resource::Resource;

/// What is searched for in one kind of list. All of it must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Search {
    /// Words a row must show, as they were typed.
    pub words: Vec<String>,
    pub terms: Vec<Term>,
    /// Words with a colon whose first part is no term here: they are text, as scopes and IPv6 addresses are.
    pub colons: Vec<String>,
}

/// A term whose value is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{term}: {why}")]
pub(crate) struct SearchError {
    term: String,
    #[source]
    why: WrongValue,
}

impl Search {
    /// Reads what was typed. A term without its value is not there yet.
    ///
    /// # Errors
    /// One line that names the term whose value is wrong, and says what it may be.
    pub(crate) fn parse(kind: Resource, text: &str, now: Timestamp) -> Result<Self, SearchError> {
        let mut search = Self::default();
        for word in pieces(text) {
            let term = word
                .split_once(':')
                .filter(|(name, _)| terms::names(kind).contains(&name.to_lowercase().as_str()));
            match term {
                Some((_, "")) => {}
                Some((name, value)) => {
                    let name = name.to_lowercase();
                    let term = Term::parse(kind, &name, value, now);
                    let term = term.map_err(|why| SearchError { term: name, why })?;
                    search.terms.push(term);
                }
                None => {
                    if word.contains(':') {
                        search.colons.push(word.clone());
                    }
                    search.words.push(word);
                }
            }
        }
        Ok(search)
    }

    /// Parameters of the server's list that narrow it down without losing a row.
    pub(crate) fn params(&self, kind: Resource) -> Vec<(Filter, String)> {
        let mut params: Vec<(Filter, String)> = Vec::new();
        for term in &self.terms {
            for (name, value) in term.params(kind) {
                // A parameter is given once; a second term is judged here.
                if !params.iter().any(|(have, _)| *have == name) {
                    params.push((name, value));
                }
            }
        }
        params
    }

    /// Whether those parameters say all of it: then the server's own pages are the answer.
    pub(crate) fn is_the_servers(&self, kind: Resource) -> bool {
        let whole = |term: &Term| !term.params(kind).is_empty() && term.is_exact(kind);
        let distinct = self.params(kind).len() == self.terms.len();
        self.words.is_empty() && distinct && self.terms.iter().all(whole)
    }

    /// The word that the server's own search finds fewest rows by.
    pub(crate) fn longest(&self) -> Option<&str> {
        let words = self.words.iter().max_by_key(|word| word.chars().count());
        words.map(String::as_str)
    }

    /// What is said where nothing was found and a word looked like a term.
    pub(crate) fn hint(&self, kind: Resource) -> Option<String> {
        let word = self.colons.first()?;
        Some(format!(
            "{word} was searched for as text; {}",
            terms_of(kind)
        ))
    }
}

/// The terms there are, in a sentence.
pub(crate) fn terms_of(kind: Resource) -> String {
    let names: Vec<_> = terms::names(kind)
        .iter()
        .map(|name| format!("{name}:"))
        .collect();
    format!("terms here are {}", names.join(" "))
}

/// Words; what stands between double quotes is one, also behind a colon.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => pieces.push(std::mem::take(&mut piece)),
            c => piece.push(c),
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}
