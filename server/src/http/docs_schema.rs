//! Renders a schema on the API description page.

use maud::{Markup, html};
use serde_json::Value;

pub(super) fn link(name: &str) -> Markup {
    html! { a href={ "#schema-" (name) } { code { (name) } } }
}

pub(super) fn fields(schema: &Value) -> Markup {
    let required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|required| required.iter().any(|field| field == name))
    };
    html! {
        @if let Some(properties) = schema["properties"].as_object() {
            table {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                tbody {
                    @for (name, field) in properties {
                        tr {
                            td { code { (name) } @if !required(name) { " (optional)" } }
                            td { (kind(field)) }
                            td { (field["description"].as_str().unwrap_or_default()) }
                        }
                    }
                }
            }
        } @else if let Some(values) = schema["enum"].as_array() {
            p { @for value in values { code { (value.as_str().unwrap_or_default()) } " " } }
        } @else {
            pre { (serde_json::to_string_pretty(schema).unwrap_or_default()) }
        }
    }
}

fn kind(field: &Value) -> Markup {
    if let Some(reference) = field["$ref"].as_str() {
        return link(reference.rsplit('/').next().unwrap_or_default());
    }
    for any in ["oneOf", "anyOf", "allOf"] {
        if let Some(kinds) = field[any].as_array() {
            return html! { @for (at, one) in kinds.iter().enumerate() { @if at > 0 { " or " } (kind(one)) } };
        }
    }
    if field["type"] == "array" {
        return html! { "list of " (kind(&field["items"])) };
    }
    let text = match &field["type"] {
        Value::String(text) => text.clone(),
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).collect();
            kinds.join(" or ")
        }
        _ => "object".into(),
    };
    html! { (text) @if let Some(format) = field["format"].as_str() { " (" (format) ")" } }
}
