//! Parameters of a query, each given at most once.

use std::str::FromStr;

use doorward_shared::Timestamp;
use percent_encoding::percent_decode_str;

use super::ApiError;

const PAGING: [&str; 5] = ["limit", "cursor", "offset", "sort", "q"];

/// Parameters of a query, each given at most once.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn read(query: &str, known: &[&str]) -> Result<Self, ApiError> {
        let mut params: Vec<(String, String)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decoded(name), decoded(value));
            let name = name.unwrap_or_else(|| "query".into());
            if !PAGING.contains(&&*name) && !known.contains(&&*name) {
                let name: String = name.chars().take(100).collect();
                return Err(ApiError::request(&name, "is an unknown parameter"));
            }
            if params.iter().any(|(have, _)| *have == name) {
                return Err(ApiError::request(&name, "is given twice"));
            }
            let value = value.ok_or_else(|| ApiError::request(&name, "must be UTF-8"))?;
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// Parses a query that is not a list's: only these names are allowed.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter.
    pub fn exactly(query: &str, names: &[&str]) -> Result<Self, ApiError> {
        let params = Self::read(query, names)?;
        match params.0.iter().find(|(name, _)| !names.contains(&&**name)) {
            Some((name, _)) => Err(ApiError::request(name, "is an unknown parameter")),
            None => Ok(params),
        }
    }

    /// A parameter's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter's value; `what` says what it must be.
    pub fn parse<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse()
                .map_err(|_| ApiError::request(name, format!("must be {what}")))
        };
        self.get(name).map(parse).transpose()
    }

    /// A parameter's text, if it has the right form; `what` says what it must be.
    pub fn text(
        &self,
        name: &str,
        is_well_formed: impl Fn(&str) -> bool,
        what: &str,
    ) -> Result<Option<String>, ApiError> {
        match self.get(name) {
            Some(text) if !is_well_formed(text) => {
                Err(ApiError::request(name, format!("must be {what}")))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// A number, written in digits only.
    pub(super) fn number(&self, name: &str, what: &str) -> Result<Option<u64>, ApiError> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let text = self.text(name, digits, what)?;
        let malformed = || ApiError::request(name, format!("must be {what}"));
        text.map(|text| text.parse().map_err(|_| malformed()))
            .transpose()
    }

    /// A time.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let parse = |text: &str| {
            Timestamp::parse(text)
                .ok_or_else(|| ApiError::request(name, "must be an RFC 3339 time"))
        };
        self.get(name).map(parse).transpose()
    }
}

/// A name or value of a query; `None` if it is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
