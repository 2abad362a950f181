//! Renders an operation's parameters as OpenAPI.

use serde_json::{Value, json};

use super::{content::Content, operation::Operation};

impl Operation {
    pub(super) fn parameters(&self) -> Vec<Value> {
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
