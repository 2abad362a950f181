//! Pagination cursors.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{StoreError, list::Sort, sql::Value};
use crate::{crypto::secret::Digest256, domain::DomainError};

/// The position and order where a page ended. It contains nothing that its reader has not seen.
#[derive(Debug)]
pub(super) struct Cursor {
    pub sort: Option<Sort>,
    pub value: Value,
    pub id: Value,
}

impl Cursor {
    pub(super) fn invalid(reason: &str) -> StoreError {
        let field = "cursor";
        let reason = reason.to_owned();
        DomainError::Invalid { field, reason }.into()
    }

    /// The cursor as base64url: sort order, sort value and id as JSON, and a digest of them and of the list, so that a
    /// modified cursor or one of another list is rejected.
    pub(super) fn text(list: &str, sort: Option<&Sort>, value: &Value, id: &Value) -> String {
        let part = |value: &Value| match value {
            Value::Integer(n) => serde_json::Value::from(*n),
            Value::Text(text) => serde_json::Value::from(text.as_str()),
            Value::Blob(bytes) => serde_json::json!([BASE64_URL_SAFE_NO_PAD.encode(bytes)]),
            Value::Real(_) | Value::Null => serde_json::Value::Null,
        };
        let sort = sort.map(|sort| (&sort.field, sort.descending));
        let parts = serde_json::json!([sort, part(value), part(id)]).to_string();
        let mut bytes = Self::digest(list, parts.as_bytes()).to_vec();
        bytes.extend(parts.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn digest(list: &str, parts: &[u8]) -> [u8; 8] {
        let Digest256(digest) = Digest256::of(&[list.as_bytes(), b"\0", parts].concat());
        std::array::from_fn(|at| digest[at])
    }

    pub(super) fn read(list: &str, text: &str) -> Result<Self, StoreError> {
        Self::parse(list, text).ok_or_else(|| Self::invalid("is not a cursor of this list"))
    }

    fn parse(list: &str, text: &str) -> Option<Self> {
        type Parts = (Option<(String, bool)>, serde_json::Value, serde_json::Value);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (digest, parts) = bytes.split_first_chunk()?;
        if *digest != Self::digest(list, parts) {
            return None;
        }
        let (sort, value, id): Parts = serde_json::from_slice(parts).ok()?;
        let part = |part| match part {
            serde_json::Value::Number(n) => n.as_i64().map(Value::Integer),
            serde_json::Value::String(text) => Some(Value::Text(text)),
            serde_json::Value::Array(one) => {
                let text = one.first()?.as_str()?;
                BASE64_URL_SAFE_NO_PAD.decode(text).ok().map(Value::Blob)
            }
            _ => None,
        };
        let sort = sort.map(|(field, descending)| Sort { field, descending });
        Some(Self {
            sort,
            value: part(value)?,
            id: part(id)?,
        })
    }
}
