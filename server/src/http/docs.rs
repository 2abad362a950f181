//! `/docs`: the API description as one HTML page without scripts or external assets.

use std::{collections::BTreeMap, sync::LazyLock};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use rocket::{
    Request, Response, Route, get,
    http::{ContentType, Header},
    response::{self, Responder},
    routes,
};
use serde_json::Value;

use super::{
    docs_operation::shown,
    docs_schema::fields,
    openapi::{self, Operation},
};

pub(super) fn routes() -> Vec<Route> {
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
