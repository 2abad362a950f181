//! Parameters of an OAuth request: each at most once, RFC 6749 section 3.1.

use std::collections::HashSet;

use memchr::{memchr, memchr_iter, memchr2};
use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};

use super::OAuthError;

/// Parameters, in the order received. Those without a value count as not sent.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

/// May be given more than once: RFC 8707 section 2.
const REPEATABLE: &str = "resource";

/// Maximum number of parameters of a form or query.
pub(crate) const MAX_PARAMETERS: usize = 256;

/// The pairs of `application/x-www-form-urlencoded` text; `None` when there are more than [`MAX_PARAMETERS`], which is
/// checked before anything is decoded.
pub(crate) fn pairs(text: &[u8]) -> Option<Vec<(String, String)>> {
    let parts = || {
        let ends = memchr_iter(b'&', text).chain([text.len()]);
        let parts = ends.scan(0, |start, end| {
            let part = &text[*start..end];
            *start = end + 1;
            Some(part)
        });
        parts.filter(|part| !part.is_empty())
    };
    let many = parts().nth(MAX_PARAMETERS);
    many.is_none().then(|| parts().map(pair).collect())
}

/// A decoded name and value. Most contain no escapes, so they are copied at once instead of character by character.
fn pair(part: &[u8]) -> (String, String) {
    match std::str::from_utf8(part) {
        Ok(text) if !has_encoded(part) => {
            let end = memchr(b'=', part).unwrap_or(text.len());
            let value = text.get(end + 1..).unwrap_or_default();
            (text[..end].to_owned(), value.to_owned())
        }
        _ => {
            let mut decoded = form_urlencoded::parse(part).into_owned();
            decoded.next().unwrap_or_default()
        }
    }
}

/// Whether it contains `%` or `+`.
fn has_encoded(part: &[u8]) -> bool {
    memchr2(b'%', b'+', part).is_some()
}

impl Form {
    /// Parses `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    /// `invalid_request` for a parameter that is given twice, and for more than [`MAX_PARAMETERS`].
    pub fn parse(text: &[u8]) -> Result<Self, OAuthError> {
        Self::checked(pairs(text).ok_or_else(OAuthError::too_many_parameters)?)
    }

    /// Parses a JSON object of strings; `resource` may be a list of them.
    ///
    /// # Errors
    /// As [`Form::parse`]; also for any other JSON.
    pub fn parse_json(text: &[u8]) -> Result<Self, OAuthError> {
        if text.starts_with(BYTE_ORDER_MARK) {
            let why = "the body begins with a byte order mark (U+FEFF): send JSON without it";
            return Err(OAuthError::request(why));
        }
        let mut json = serde_json::Deserializer::from_slice(text);
        let bad = |_| OAuthError::request("the body must be a JSON object of strings");
        let members = (&mut json).deserialize_map(Members).map_err(bad)?;
        json.end().map_err(bad)?;
        // Several audiences are sent as one list.
        let mut pairs = Vec::with_capacity(members.len());
        let mut names = HashSet::with_capacity(members.len());
        for (name, values) in members {
            if !names.insert(name.clone()) {
                return Err(given_twice(&name));
            }
            pairs.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        Self::checked(pairs)
    }

    /// Converts `grantType` and the like to RFC 6749's spelling.
    #[must_use]
    pub fn in_snake_case(self) -> Self {
        let snake = |name: String| {
            let mut out = String::with_capacity(name.len() + 4);
            for c in name.chars() {
                if c.is_ascii_uppercase() {
                    out.push('_');
                }
                out.push(c.to_ascii_lowercase());
            }
            out
        };
        let pairs = self.0.into_iter();
        Self(pairs.map(|(name, value)| (snake(name), value)).collect())
    }

    /// Rejects duplicate parameters, and drops those without a value.
    ///
    /// # Errors
    /// `invalid_request`, naming the parameter.
    pub fn checked(pairs: Vec<(String, String)>) -> Result<Self, OAuthError> {
        if pairs.len() > MAX_PARAMETERS {
            return Err(OAuthError::too_many_parameters());
        }
        let mut names = HashSet::with_capacity(pairs.len());
        for (name, _) in &pairs {
            if name != REPEATABLE && !names.insert(name) {
                return Err(given_twice(name));
            }
        }
        Ok(Self(
            pairs
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        ))
    }

    /// As [`Form::in_snake_case`], rejecting a parameter sent in both spellings.
    ///
    /// # Errors
    /// As [`Form::checked`].
    pub fn with_both_spellings(self) -> Result<Self, OAuthError> {
        Self::checked(self.in_snake_case().0)
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter's value.
    ///
    /// # Errors
    /// `invalid_request` when it is missing.
    pub fn require(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name)
            .ok_or_else(|| OAuthError::request(format!("{name} is missing")))
    }

    /// All values of a repeatable parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(have, _)| have == name);
        values.map(|(_, value)| value.clone()).collect()
    }

    /// All parameters.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// U+FEFF in UTF-8, which some editors and languages prepend.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Vec<String>)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use serde_json::Value;
        let text = |value| match value {
            Value::String(text) => Ok(text),
            _ => Err(A::Error::custom("not a string")),
        };
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            let values = match value {
                Value::Null => Vec::new(),
                Value::Array(values) if name == REPEATABLE => {
                    values.into_iter().map(text).collect::<Result<_, _>>()?
                }
                value => vec![text(value)?],
            };
            members.push((name, values));
        }
        Ok(members)
    }
}

fn given_twice(name: &str) -> OAuthError {
    let name: String = name
        .chars()
        .take(50)
        .filter(char::is_ascii_graphic)
        .collect();
    OAuthError::request(format!("{name} is given twice"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_given_twice_is_refused_in_every_spelling() {
        let twice = |form: Result<Form, OAuthError>| {
            form.and_then(Form::with_both_spellings)
                .is_err_and(|failure| failure.error == "invalid_request")
        };
        assert!(twice(Form::parse(b"grant_type=a&grant_type=a")));
        assert!(twice(Form::parse(b"grant_type=a&grantType=a")));
        assert!(twice(Form::parse_json(br#"{"scope":"a","scope":"b"}"#)));
        assert!(!twice(Form::parse(b"resource=a&resource=b")));
        assert!(twice(Form::parse_json(
            br#"{"resource":"a","resource":"b"}"#
        )));
        let list = Form::parse_json(br#"{"resource":["a","b"]}"#).unwrap();
        assert_eq!(list.all("resource"), ["a", "b"]);
    }

    /// The fast path for text without escapes gives the same result.
    #[test]
    fn every_text_is_read_as_the_standard_reads_it() {
        let parts = [
            "a=b", "a", "=b", "a=b=c", "a+b=%2B", "%zz=1", "a=%C3%A9", "é=ü", "=", "+", "%",
        ];
        let mut texts: Vec<Vec<u8>> = parts.iter().map(|part| part.as_bytes().into()).collect();
        texts.push(b"a=\xff".into());
        texts.push(b"".into());
        for first in &texts {
            for second in &texts {
                let text = [first.as_slice(), b"&", second, b"&&"].concat();
                let standard: Vec<_> = form_urlencoded::parse(&text).into_owned().collect();
                assert_eq!(pairs(&text), Some(standard), "{text:?}");
            }
        }
    }

    #[test]
    fn there_are_at_most_256_parameters() {
        let form = |n: usize| (0..n).fold(String::new(), |form, n| form + &format!("a{n}=x&"));
        assert!(Form::parse(form(256).as_bytes()).is_ok());
        let refused = Form::parse(form(257).as_bytes()).unwrap_err();
        assert_eq!((refused.status, refused.error), (400, "invalid_request"));
        let json = |n: usize| {
            let members: Vec<_> = (0..n).map(|n| format!("\"a{n}\":\"x\"")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(Form::parse_json(json(256).as_bytes()).is_ok());
        assert!(Form::parse_json(json(257).as_bytes()).is_err());
        let repeated = "resource=https://a.example&".repeat(257);
        assert!(Form::parse(repeated.as_bytes()).is_err());
    }

    #[test]
    fn json_and_form_read_alike() {
        let json = Form::parse_json(br#"{"grantType":"x","clientId":"y","scope":null}"#).unwrap();
        let json = json.with_both_spellings().unwrap();
        let form = Form::parse(b"grant_type=x&client_id=y&scope=").unwrap();
        assert_eq!(json.pairs(), form.pairs());
        assert!(Form::parse_json(br#"{"scope":["a"]}"#).is_err());
        assert!(Form::parse_json(b"[]").is_err());
        let marked = Form::parse_json(b"\xef\xbb\xbf{\"scope\":\"a\"}").unwrap_err();
        assert!(marked.description.contains("byte order mark"));
    }
}
