//! Renders an operation on the API description page.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    docs_schema::link,
    openapi::{Operation, SecurityRequirement},
};

pub(super) fn shown(operation: &Operation, description: &Value) -> Markup {
    let method = operation.method.as_str();
    let described = &description["paths"][operation.path][method.to_lowercase()];
    let name = |content: &Value| {
        let content = content.as_object()?.values().next()?;
        let reference = content["schema"]["$ref"].as_str()?;
        Some(reference.rsplit('/').next()?.to_owned())
    };
    let body = name(&described["requestBody"]["content"]);
    let answer = name(&described["responses"][operation.status.to_string()]["content"]);
    let who = match operation.who {
        SecurityRequirement::Anybody => "anybody".to_owned(),
        SecurityRequirement::Bearer => "any valid credential".to_owned(),
        SecurityRequirement::FirstParty => "a token from login or registration".to_owned(),
        SecurityRequirement::KeyHolder(scope) => {
            format!("a token from login or registration, or an API key with {scope}")
        }
        SecurityRequirement::Scope(scope) => format!("whoever holds {scope}"),
        SecurityRequirement::ResourceServer(scope) => {
            format!("a client that is a resource server, or whoever holds {scope}")
        }
        SecurityRequirement::Client => "an OAuth client".to_owned(),
        SecurityRequirement::Browser => "a person's browser".to_owned(),
        SecurityRequirement::Token(scope) => format!("an access token with {scope}"),
    };
    html! {
        details {
            summary {
                span class={ "method " (method.to_lowercase()) } { (method) } " "
                code { (operation.path) } " " span class="what" { (operation.what) }
            }
            dl {
                dt { "Who" } dd { (who) }
                @if let Some(parameters) = described["parameters"].as_array() {
                    dt { "Parameters" }
                    dd { @for parameter in parameters { code { (parameter["name"].as_str().unwrap_or_default()) } " " } }
                }
                @if let Some(body) = body { dt { "Body" } dd { (link(&body)) } }
                dt { (operation.status) }
                dd { @match answer { Some(answer) => (link(&answer)), None => "nothing in the body, or plain text" } }
                @for code in operation.all_errors() {
                    dt { (code.status()) } dd { code { (code.as_str()) } }
                }
            }
        }
    }
}
