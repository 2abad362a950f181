//! `/docs`: the API description for people, in one page without scripts or outside assets.

use std::{collections::BTreeMap, sync::LazyLock};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use rocket::{
    Request, Response, Route, get,
    http::{ContentType, Header},
    response::{self, Responder},
    routes,
};
use serde_json::Value;

use super::openapi::{self, Operation, Who};

pub(super) fn all() -> Vec<Route> {
    routes![docs]
}

const STYLE: &str = include_str!("docs.css");

static PAGE: LazyLock<String> = LazyLock::new(|| page().into_string());

struct Html;

impl<'r> Responder<'r, 'static> for Html {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        use aws_lc_rs::digest::{SHA256, digest};
        use base64::{Engine, prelude::BASE64_STANDARD};
        let style = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        );
        Response::build()
            .header(ContentType::HTML)
            .header(Header::new("Content-Security-Policy", policy))
            .header(Header::new("Cache-Control", "public, max-age=300"))
            .sized_body(PAGE.len(), std::io::Cursor::new(PAGE.as_str()))
            .ok()
    }
}

#[get("/docs")]
fn docs() -> Html {
    Html
}

fn page() -> Markup {
    let description: Value = serde_json::from_str(&openapi::text()).unwrap_or_default();
    let mut tags: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in openapi::operations() {
        tags.entry(operation.tag()).or_default().push(operation);
    }
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Doorward API" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Doorward API" }
                    p {
                        "Version " (env!("CARGO_PKG_VERSION")) ". The same as data: "
                        a href="/openapi.json" { "openapi.json" } "."
                    }
                    nav aria-label="Parts" {
                        @for tag in tags.keys() { a href={ "#" (tag) } { (tag) } " " }
                        a href="#schemas" { "schemas" }
                    }
                }
                main {
                    @for (tag, operations) in &tags {
                        section id=(tag) {
                            h2 { (tag) }
                            @for operation in operations { (shown(operation, &description)) }
                        }
                    }
                    section id="schemas" {
                        h2 { "schemas" }
                        @if let Some(schemas) = description["components"]["schemas"].as_object() {
                            @for (name, schema) in schemas {
                                details id={ "schema-" (name) } {
                                    summary { code { (name) } }
                                    (fields(schema))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn shown(operation: &Operation, description: &Value) -> Markup {
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
        Who::Anybody => "anybody".to_owned(),
        Who::Bearer => "any valid credential".to_owned(),
        Who::FirstParty => "a token from login or registration".to_owned(),
        Who::KeyHolder(scope) => {
            format!("a token from login or registration, or an API key with {scope}")
        }
        Who::Scope(scope) => format!("whoever holds {scope}"),
        Who::ResourceServer(scope) => {
            format!("a client that is a resource server, or whoever holds {scope}")
        }
        Who::Client => "an OAuth client".to_owned(),
        Who::Browser => "a person's browser".to_owned(),
        Who::Token(scope) => format!("an access token with {scope}"),
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

fn link(name: &str) -> Markup {
    html! { a href={ "#schema-" (name) } { code { (name) } } }
}

fn fields(schema: &Value) -> Markup {
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
