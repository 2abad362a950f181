//! One operation, and how it is described.

use std::collections::BTreeMap;

use doorward_shared::{ErrorCode, Page};
use rocket::http::Method;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Who {
    Anybody,
    /// Any valid credential.
    Bearer,
    /// A token from login or registration.
    FirstParty,
    /// As [`Who::FirstParty`], or an API key with this scope.
    KeyHolder(&'static str),
    /// Whoever holds this scope.
    Scope(&'static str),
    /// As [`Who::Scope`], or an OAuth client that is a resource server.
    ResourceServer(&'static str),
    /// An OAuth client that shows who it is.
    Client,
    /// A person's browser, which a client sends here. Errors are pages.
    Browser,
    /// An access token of this scope that a client obtained. Errors are RFC 6749's.
    Token(&'static str),
}

/// What travels.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Content {
    None,
    Json(SchemaOf),
    /// JSON, or nothing, which stands for all defaults.
    Maybe(SchemaOf),
    Form(SchemaOf),
    /// Either of the two.
    Both(SchemaOf),
    /// Some other text.
    Text(&'static str),
}

pub(super) type Schemas = Vec<(String, RefOr<utoipa::openapi::schema::Schema>)>;

/// How to get at a type's schema.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct SchemaOf(pub(super) fn(&mut Schemas) -> String);

pub(super) const fn of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        let name = T::name().into_owned();
        T::schemas(schemas);
        schemas.push((name.clone(), T::schema()));
        name
    })
}

const fn page_of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        // Every page is called `Page`; each kind is to have a name of its own.
        let name = format!("Page_{}", T::name());
        Page::<T>::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((name.clone(), Page::<T>::schema()));
        name
    })
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Operation {
    pub method: Method,
    pub path: &'static str,
    pub what: &'static str,
    pub who: Who,
    pub body: Content,
    pub status: u16,
    pub answer: Content,
    /// Filters of a list; `None` when it is no list.
    pub filters: Option<&'static [&'static str]>,
    /// Parameters of the query of what is no list; the first must be given.
    pub query: &'static [&'static str],
    /// Errors beside those that follow from the rest.
    pub errors: &'static [ErrorCode],
    /// Another status of success, with the same answer.
    pub also: Option<u16>,
    /// Whether an `Idempotency-Key` makes it safe to send again.
    pub once: bool,
}

pub(super) const fn op(
    method: Method,
    path: &'static str,
    who: Who,
    what: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        what,
        who,
        body: Content::None,
        status: 200,
        answer: Content::None,
        filters: None,
        query: &[],
        errors: &[],
        also: None,
        once: false,
    }
}

impl Operation {
    pub(super) const fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Content::Json(of::<T>());
        self
    }
    pub(super) const fn may_take<T: ToSchema>(mut self) -> Self {
        self.body = Content::Maybe(of::<T>());
        self
    }
    pub(super) const fn form<T: ToSchema>(mut self) -> Self {
        self.body = Content::Form(of::<T>());
        self
    }
    pub(super) const fn form_or_json<T: ToSchema>(mut self) -> Self {
        self.body = Content::Both(of::<T>());
        self
    }
    pub(super) const fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        self.status = status;
        self.answer = Content::Json(of::<T>());
        self
    }
    pub(super) const fn text(mut self, kind: &'static str) -> Self {
        self.answer = Content::Text(kind);
        self
    }
    pub(super) const fn done(mut self) -> Self {
        self.status = 204;
        self
    }
    pub(super) const fn accepted(mut self) -> Self {
        self.status = 202;
        self
    }
    pub(super) const fn redirects(mut self) -> Self {
        self.status = 303;
        self
    }
    pub(super) const fn lists<T: ToSchema>(mut self, filters: &'static [&'static str]) -> Self {
        self.filters = Some(filters);
        self.answer = Content::Json(page_of::<T>());
        self
    }
    pub(super) const fn asks(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }
    pub(super) const fn also(mut self, status: u16) -> Self {
        self.also = Some(status);
        self
    }
    pub(super) const fn once(mut self) -> Self {
        self.once = true;
        self
    }
    pub(super) const fn or(mut self, errors: &'static [ErrorCode]) -> Self {
        self.errors = errors;
        self
    }
}

use ErrorCode as E;
use Method::{Get, Post};
use Who::{Anybody, Bearer, Browser, Client, FirstParty, KeyHolder, ResourceServer, Scope, Token};

impl Operation {
    /// Every error it may answer, in the order of their statuses.
    pub(in crate::http) fn all_errors(&self) -> Vec<ErrorCode> {
        if matches!(self.who, Client | Token(_) | Browser) {
            return Vec::new();
        }
        let mut errors = self.errors.to_vec();
        if self.who != Anybody {
            errors.extend([
                E::MissingToken,
                E::InvalidToken,
                E::TokenExpired,
                E::TokenRevoked,
                // Of API keys that may not come from there, or have used up what they may.
                E::InsufficientScope,
                E::RateLimited,
            ]);
            errors.push(E::StorageUnavailable);
        }
        if !matches!(self.body, Content::None) {
            errors.extend([
                E::InvalidRequest,
                E::PayloadTooLarge,
                E::UnsupportedMediaType,
                E::StorageUnavailable,
            ]);
        }
        if self.filters.is_some() || !self.query.is_empty() {
            errors.push(E::InvalidRequest);
        }
        if self.once {
            errors.push(E::Conflict);
        }
        if self.asks_for_a_sign_in() {
            errors.push(E::StepUpRequired);
        }
        if self.path.contains('{') {
            errors.push(E::NotFound);
        }
        if !matches!(self.method, Get) {
            errors.extend([E::StorageUnavailable, E::Overloaded]);
        }
        errors.sort_by_key(|code| (code.status(), code.as_str()));
        errors.dedup();
        errors
    }

    /// Whether it is a change by an operator, who may give a reason for it.
    fn takes_a_reason(&self) -> bool {
        matches!(self.who, Scope(_)) && self.path.starts_with("/admin/") && self.method != Get
    }

    /// Whether it may ask for a recent sign-in.
    fn asks_for_a_sign_in(&self) -> bool {
        let mints = matches!(self.who, KeyHolder(_)) && self.method == Post;
        self.takes_a_reason() || mints
    }

    /// The first segment of its path: what it belongs to.
    pub(in crate::http) fn tag(&self) -> &'static str {
        let mut parts = self.path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        match (first, parts.next()) {
            ("admin", Some(_)) => "admin",
            (".well-known" | "oauth", _) => "oauth",
            ("health" | "metrics" | "openapi.json" | "docs", _) => "operations",
            _ => first,
        }
    }

    pub(super) fn describe(&self, schemas: &mut Schemas) -> Value {
        let mut operation = Map::new();
        operation.insert("summary".into(), self.what.into());
        operation.insert("tags".into(), json!([self.tag()]));
        operation.insert("operationId".into(), self.id().into());
        match self.who {
            Anybody | Browser => operation.insert("security".into(), json!([])),
            Bearer | FirstParty | KeyHolder(_) => {
                operation.insert("security".into(), json!([{"bearer": []}]))
            }
            Scope(scope) | Token(scope) => {
                operation.insert("security".into(), json!([{"bearer": [scope]}]))
            }
            ResourceServer(scope) => operation.insert(
                "security".into(),
                json!([{"client": []}, {"bearer": [scope]}]),
            ),
            Client => operation.insert("security".into(), json!([{"client": []}, {}])),
        };
        let text = match self.who {
            FirstParty => Some("Only with a token from login or registration.".to_owned()),
            ResourceServer(scope) => Some(format!(
                "As a client that is registered with resourceServer, or with a token or API key that holds {scope}."
            )),
            KeyHolder(scope) => Some(format!(
                "With a token from login or registration, or an API key that holds {scope}."
            )),
            _ => None,
        };
        if let Some(text) = text {
            operation.insert("description".into(), text.into());
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        if let Some(content) = content(self.body, schemas) {
            operation.insert(
                "requestBody".into(),
                json!({"required": !matches!(self.body, Content::Maybe(_)), "content": content}),
            );
        }
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
            by_status
                .entry(code.status())
                .or_default()
                .push(code.as_str());
        }
        for (status, codes) in by_status {
            let schema = json!({"$ref": "#/components/schemas/ErrorBody"});
            let answer = json!({
                "description": codes.join(", "),
                "content": {"application/json": {"schema": schema}},
            });
            responses.insert(status.to_string(), answer);
        }
        let json = "application/json";
        let schema = json!({"schema": {"$ref": "#/components/schemas/OAuthError"}});
        let page = json!({"schema": {"type": "string"}});
        let more: &[(u16, &str, &str, &Value)] = match self.who {
            Client => &[
                (400, "An error of RFC 6749 section 5.2", json, &schema),
                (401, "The client did not show who it is", json, &schema),
                (413, "Over 64 KiB", json, &schema),
                (415, "Not a form", json, &schema),
                (
                    503,
                    "Nothing was done, unless the message says that this is not known; try again later",
                    json,
                    &schema,
                ),
            ],
            Token(_) => &[
                (400, "An error of RFC 6750 section 3.1", json, &schema),
                (401, "The token is not good", json, &schema),
                (403, "The token lacks the scope", json, &schema),
                (413, "Over 64 KiB", json, &schema),
                (
                    503,
                    "Nothing was done, unless the message says that this is not known; try again later",
                    json,
                    &schema,
                ),
            ],
            Browser => &[
                (200, "A page that asks the person", "text/html", &page),
                (400, "A page that says what is wrong", "text/html", &page),
                (
                    403,
                    "A page: the form was not sent from here",
                    "text/html",
                    &page,
                ),
                (413, "A page: over 64 KiB", "text/html", &page),
                (415, "A page: not a form", "text/html", &page),
                (503, "A page: try again later", "text/html", &page),
            ],
            _ => &[],
        };
        for (status, what, kind, schema) in more {
            let answer = json!({"description": what, "content": {*kind: schema}});
            responses.insert(status.to_string(), answer);
        }
        operation.insert("responses".into(), responses.into());
        operation.into()
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
    let mut reference = |schema: SchemaOf| {
        let name = (schema.0)(schemas);
        json!({"schema": {"$ref": format!("#/components/schemas/{name}")}})
    };
    let form = "application/x-www-form-urlencoded";
    match content {
        Content::None => None,
        Content::Json(schema) | Content::Maybe(schema) => {
            Some(json!({"application/json": reference(schema)}))
        }
        Content::Form(schema) => Some(json!({form: reference(schema)})),
        Content::Both(schema) => {
            Some(json!({form: reference(schema), "application/json": reference(schema)}))
        }
        Content::Text("application/json") => {
            Some(json!({"application/json": {"schema": {"type": "object"}}}))
        }
        Content::Text(kind) => Some(json!({kind: {"schema": {"type": "string"}}})),
    }
}
