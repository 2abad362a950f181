//! An operation as OpenAPI has it.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::operation::{
    Content, Operation, SchemaOf, Schemas,
    Who::{Anybody, Bearer, Browser, Client, FirstParty, KeyHolder, ResourceServer, Scope, Token},
};

/// Bodies of requests, by method and path.
pub(super) static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// An answer that does not follow from the error codes: status, meaning, type.
type Other = (u16, &'static str, &'static str);

const FORM: &str = "application/x-www-form-urlencoded";
const HTML: &str = "text/html";
const JSON: &str = "application/json";
const LATER: &str =
    "Nothing was done, unless the message says that this is not known; try again later";

/// Answers to clients, RFC 6749.
const TO_CLIENTS: &[Other] = &[
    (400, "An error of RFC 6749 section 5.2", JSON),
    (401, "The client did not show who it is", JSON),
    (413, "Over 64 KiB", JSON),
    (415, "Not a form", JSON),
    (503, LATER, JSON),
];
/// Answers to holders of a token, RFC 6750.
const TO_HOLDERS: &[Other] = &[
    (400, "An error of RFC 6750 section 3.1", JSON),
    (401, "The token is not good", JSON),
    (403, "The token lacks the scope", JSON),
    (413, "Over 64 KiB", JSON),
    (503, LATER, JSON),
];
/// Answers to browsers.
const TO_BROWSERS: &[Other] = &[
    (200, "A page that asks the person", HTML),
    (400, "A page that says what is wrong", HTML),
    (403, "A page: the form was not sent from here", HTML),
    (413, "A page: over 64 KiB", HTML),
    (415, "A page: not a form", HTML),
    (503, "A page: try again later", HTML),
];

impl Operation {
    pub(super) fn describe(&self, schemas: &mut Schemas) -> Value {
        let mut operation = Map::new();
        operation.insert("summary".into(), self.what.into());
        operation.insert("tags".into(), json!([self.tag()]));
        operation.insert("operationId".into(), self.id().into());
        operation.insert("security".into(), self.security());
        if let Some(text) = self.who_in_words() {
            operation.insert("description".into(), text.into());
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        if let Some(mut content) = content(self.body, schemas) {
            self.show_example(&mut content);
            let required = !matches!(self.body, Content::Maybe(_));
            let body = json!({"required": required, "content": content});
            operation.insert("requestBody".into(), body);
        }
        operation.insert("responses".into(), self.responses(schemas));
        operation.into()
    }

    fn security(&self) -> Value {
        match self.who {
            Anybody | Browser => json!([]),
            Bearer | FirstParty | KeyHolder(_) => json!([{"bearer": []}]),
            Scope(scope) | Token(scope) => json!([{"bearer": [scope]}]),
            ResourceServer(scope) => json!([{"client": []}, {"bearer": [scope]}]),
            Client => json!([{"client": []}, {}]),
        }
    }

    /// What the schemes of OpenAPI do not say of who may call it.
    fn who_in_words(&self) -> Option<String> {
        match self.who {
            FirstParty => Some("Only with a token from login or registration.".to_owned()),
            ResourceServer(scope) => Some(format!(
                "As a client that is registered with resourceServer, or with a token or API key that holds {scope}."
            )),
            KeyHolder(scope) => Some(format!(
                "With a token from login or registration, or an API key that holds {scope}."
            )),
            _ => None,
        }
    }

    fn responses(&self, schemas: &mut Schemas) -> Value {
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

    /// Puts the example of `examples.json` into the description of the body.
    fn show_example(&self, content: &mut Value) {
        let example = &EXAMPLES[format!("{} {}", self.method, self.path)];
        if example.is_null() {
            return;
        }
        for kind in content
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
        {
            kind["example"] = example.clone();
        }
    }

    fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        format!(
            "{}_{}",
            self.method.as_str().to_lowercase(),
            words.join("_")
        )
    }

    fn parameters(&self) -> Vec<Value> {
        let mut parameters = Vec::new();
        for part in self.path.split('/') {
            if let Some(name) = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'))
            {
                parameters.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
            }
        }
        if self.once {
            let text = "1 to 255 bytes of the caller's choice. The same call with it answers the same for 10 minutes; 409 \
                        with another body, or while the first is under way.";
            parameters.push(json!({"name": "Idempotency-Key", "in": "header", "description": text, "schema": {"type": "string"}}));
        }
        if matches!(self.answer, Content::Text("text/event-stream")) {
            let text = "The last event that was seen: those after it come first.";
            parameters.push(json!({"name": "Last-Event-ID", "in": "header", "description": text, "schema": {"type": "string"}}));
        }
        if self.takes_a_reason() {
            let text = "Why, for the audit log; percent-encoded UTF-8.";
            parameters.push(json!({"name": "X-Reason", "in": "header", "description": text, "schema": {"type": "string"}}));
        }
        for (at, name) in self.query.iter().enumerate() {
            let schema = json!({"type": "string"});
            parameters
                .push(json!({"name": name, "in": "query", "required": at == 0, "schema": schema}));
        }
        if let Some(filters) = self.filters {
            let number = json!({"type": "integer", "minimum": 0});
            let limit = json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20});
            let text = json!({"type": "string"});
            let paging = [("limit", limit), ("offset", number)];
            let rest = ["cursor", "sort", "q"].iter().chain(filters);
            let all = paging
                .into_iter()
                .chain(rest.map(|name| (*name, text.clone())));
            for (name, schema) in all {
                parameters.push(json!({"name": name, "in": "query", "schema": schema}));
            }
        }
        parameters
    }
}

fn content(content: Content, schemas: &mut Schemas) -> Option<Value> {
    let mut schema = |schema: SchemaOf| {
        let name = (schema.0)(schemas);
        json!({"schema": reference(&name)})
    };
    match content {
        Content::None => None,
        Content::Json(of) | Content::Maybe(of) => Some(json!({JSON: schema(of)})),
        Content::Form(of) => Some(json!({FORM: schema(of)})),
        Content::Both(of) => Some(json!({FORM: schema(of), JSON: schema(of)})),
        Content::Text(JSON) => Some(json!({JSON: {"schema": {"type": "object"}}})),
        Content::Text(kind) => Some(json!({kind: {"schema": {"type": "string"}}})),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
