//! Renders an operation as an OpenAPI operation object.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::{
    content::{Content, SchemaOf, Schemas},
    operation::Operation,
};

/// Bodies of requests, by method and path.
pub(super) static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const JSON: &str = "application/json";

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

    /// Adds the example of `examples.json` to the description of the body.
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
}

pub(super) fn content(content: Content, schemas: &mut Schemas) -> Option<Value> {
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

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
