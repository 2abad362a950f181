//! The API description, OpenAPI 3.1: the schemas are those of the wire types, the operations are listed in tables. A
//! test compares them with the mounted routes, in both directions.

mod admin_blocks_and_roles;
mod admin_clients;
mod admin_keys;
mod admin_server;
mod admin_sessions;
mod admin_users;
mod auth;
mod content;
mod dynamic_registration;
mod email_links;
mod factors;
mod health;
mod implied_responses;
mod keys;
mod operation;
mod operation_object;
mod own_account;
mod parameters;
mod passkeys;
mod protocol;
mod responses;
mod security;

use std::{collections::BTreeMap, sync::LazyLock};

use doorward_shared::ErrorBody;
use rocket::{Route, get, routes};
use serde_json::{Map, Value, json};

use self::content::{Schemas, of};
pub(super) use self::{operation::Operation, security::SecurityRequirement};
use super::{Services, well_known::Public};

pub fn routes() -> Vec<Route> {
    routes![describe]
}

/// The address of a server with default settings.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8000";

/// The tag for the first segment of a path.
const TAGS: [(&str, &str); 5] = [
    ("auth", "People: accounts, sessions, second factors"),
    ("apikey", "API keys: minting, rotating, checking"),
    ("oauth", "OAuth 2.0 and OpenID Connect"),
    (
        "admin",
        "Operators: users, sessions, keys, clients, roles, events",
    ),
    ("operations", "Health, metrics, this description"),
];

static DESCRIPTION: LazyLock<std::sync::Arc<str>> = LazyLock::new(|| written(DEFAULT_SERVER));

/// The description of a server at `url`, as text.
fn written(url: &str) -> std::sync::Arc<str> {
    let mut description = description();
    description["servers"] = json!([{ "url": url }]);
    let mut text = serde_json::to_string_pretty(&description).unwrap_or_default();
    text.push('\n');
    text.into()
}

/// The description as text.
pub fn text() -> std::sync::Arc<str> {
    DESCRIPTION.clone()
}

/// The description with this server's own address.
#[get("/openapi.json")]
fn describe(services: &Services) -> Public {
    let served = services
        .description
        .get_or_init(|| written(&services.issuer));
    Public(served.clone())
}

/// All operations.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        auth::OPERATIONS,
        own_account::OPERATIONS,
        email_links::OPERATIONS,
        keys::OPERATIONS,
        health::OPERATIONS,
        factors::OPERATIONS,
        passkeys::OPERATIONS,
        protocol::OPERATIONS,
        dynamic_registration::OPERATIONS,
        admin_users::OPERATIONS,
        admin_sessions::OPERATIONS,
        admin_keys::OPERATIONS,
        admin_clients::OPERATIONS,
        admin_blocks_and_roles::OPERATIONS,
        admin_server::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

fn description() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in operations() {
        let method = operation.method.as_str().to_lowercase();
        let described = operation.describe(&mut schemas);
        paths
            .entry(operation.path)
            .or_default()
            .insert(method, described);
    }
    let _ = (of::<ErrorBody>().0)(&mut schemas);
    let mut components: BTreeMap<String, Value> = schemas
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()))
        .collect();
    let error = json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    });
    components.insert("OAuthError".into(), error);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doorward",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Sign-up, login, rotating refresh tokens, logout, API keys, OAuth2, and the operators' API.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "tags": TAGS.map(|(name, what)| json!({"name": name, "description": what})),
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An access token or an API key"},
                "client": {"type": "http", "scheme": "basic", "description": "client_secret_basic; client_secret_post works too"},
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use doorward_shared::ErrorCode;
    use rocket::http::Method;

    use super::*;

    #[test]
    fn the_description_and_the_mounted_routes_are_the_same_set() {
        let mounted: BTreeSet<_> = super::super::api_routes()
            .iter()
            .map(|route| {
                let path = route.uri.path().replace('<', "{").replace('>', "}");
                format!("{} {path}", route.method)
            })
            .collect();
        let described: BTreeSet<_> = operations()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        assert_eq!(mounted, described);
        assert_eq!(
            described.len(),
            operations().count(),
            "an operation stands twice"
        );
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        let schemas = &description["components"]["schemas"];
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(schemas.get(name).is_some(), "{name} is not described");
        }
        assert!(
            schemas["Page_User"]["properties"]["data"].is_object(),
            "{schemas:#}"
        );
    }

    #[test]
    fn error_codes_are_described_as_they_are_sent() {
        let described = &description()["components"]["schemas"]["ErrorCode"]["enum"];
        let sent = serde_json::to_value(ErrorCode::ALL).unwrap();
        assert_eq!(described, &sent);
        assert!(sent.as_array().unwrap().contains(&"email_taken".into()));
    }

    #[test]
    fn lists_describe_the_filters_they_take() {
        use crate::{http::Filters, store};
        let filters = |path: &str| {
            let found = operations()
                .find(|operation| operation.path == path && operation.method == Method::Get);
            found.and_then(|operation| operation.filters)
        };
        assert_eq!(filters("/admin/users"), Some(store::UserFilter::NAMES));
        assert_eq!(
            filters("/admin/sessions"),
            Some(store::SessionFilter::NAMES)
        );
        assert_eq!(filters("/admin/apikeys"), Some(store::KeyFilter::NAMES));
        assert_eq!(filters("/admin/events"), Some(store::EventFilter::NAMES));
    }
}
