//! Renders an operation's responses as OpenAPI.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    content::Schemas,
    operation::Operation,
    operation_object::{JSON, content, reference},
    security::SecurityRequirement::{Browser, Client, Token},
};

/// A response that does not follow from the error codes: status, meaning, type.
type Other = (u16, &'static str, &'static str);

const HTML: &str = "text/html";

const LATER: &str =
    "Nothing was done, unless the message says that this is not known; try again later";

/// Responses to clients, RFC 6749.
const TO_CLIENTS: &[Other] = &[
    (400, "An error of RFC 6749 section 5.2", JSON),
    (401, "The client did not show who it is", JSON),
    (413, "Over 64 KiB", JSON),
    (415, "Not a form", JSON),
    (503, LATER, JSON),
];
/// Responses to holders of a token, RFC 6750.
const TO_HOLDERS: &[Other] = &[
    (400, "An error of RFC 6750 section 3.1", JSON),
    (401, "Invalid token", JSON),
    (403, "The token lacks the scope", JSON),
    (413, "Over 64 KiB", JSON),
    (503, LATER, JSON),
];
/// Responses to browsers.
const TO_BROWSERS: &[Other] = &[
    (200, "A page for the user", HTML),
    (400, "A page that says what is wrong", HTML),
    (403, "A page: the form was not sent from here", HTML),
    (413, "A page: over 64 KiB", HTML),
    (415, "A page: not a form", HTML),
    (503, "A page: try again later", HTML),
];

impl Operation {
    pub(super) fn responses(&self, schemas: &mut Schemas) -> Value {
        let mut responses = Map::new();
        let mut success = json!({"description": self.what});
        if let Some(content) = content(self.answer, schemas) {
            success["content"] = content;
        }
        if let Some(also) = self.also {
            responses.insert(also.to_string(), success.clone());
        }
        responses.insert(self.status.to_string(), success);
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for code in self.all_errors() {
            let codes = by_status.entry(code.status()).or_default();
            codes.push(code.as_str());
        }
        for (status, codes) in by_status {
            let content = json!({JSON: {"schema": reference("ErrorBody")}});
            let answer = json!({"description": codes.join(", "), "content": content});
            responses.insert(status.to_string(), answer);
        }
        let others = match self.who {
            Client => TO_CLIENTS,
            Token(_) => TO_HOLDERS,
            Browser => TO_BROWSERS,
            _ => &[],
        };
        for (status, what, kind) in others {
            let schema = match *kind {
                JSON => reference("OAuthError"),
                _ => json!({"type": "string"}),
            };
            let answer = json!({"description": what, "content": {*kind: {"schema": schema}}});
            responses.insert(status.to_string(), answer);
        }
        responses.into()
    }
}
