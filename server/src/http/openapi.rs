//! The API description, OpenAPI 3.1: the schemas are the wire types', the operations stand in one table.
//! A test holds the table against the mounted routes, both ways.

use std::{collections::BTreeMap, sync::LazyLock};

use doorward_shared::{
    ErrorBody, ErrorCode, Page, admin, apikey,
    auth::{self, OwnSession},
};
use rocket::{Route, get, http::Method, routes};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

use super::{
    health::Health,
    oauth::{AuthorizeForm, BothTokens, LogoutForm, OAuthToken, TokenRequest},
    token_info::TokenQuestion,
    well_known::Public,
};
use crate::oauth::{Metadata, TokenInfo, UserInfo};

pub fn all() -> Vec<Route> {
    routes![describe]
}

static DESCRIPTION: LazyLock<std::sync::Arc<str>> = LazyLock::new(|| {
    let mut text = serde_json::to_string_pretty(&description()).unwrap_or_default();
    text.push('\n');
    text.into()
});

/// The description as text.
pub fn text() -> std::sync::Arc<str> {
    DESCRIPTION.clone()
}

#[get("/openapi.json")]
fn describe() -> Public {
    Public(text())
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Anybody,
    /// Any valid credential.
    Bearer,
    /// A token from login or registration.
    FirstParty,
    /// As [`Who::FirstParty`], or an API key with this scope.
    KeyHolder(&'static str),
    /// Whoever holds this scope.
    Scope(&'static str),
    /// An OAuth client that shows who it is.
    Client,
    /// A person's browser, which a client sends here. Errors are pages.
    Browser,
    /// An access token of this scope that a client obtained. Errors are RFC 6749's.
    Token(&'static str),
}

/// What travels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
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

type Schemas = Vec<(String, RefOr<utoipa::openapi::schema::Schema>)>;

/// How to get at a type's schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaOf(fn(&mut Schemas) -> String);

const fn of<T: ToSchema>() -> SchemaOf {
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
pub(super) struct Operation {
    pub method: Method,
    pub path: &'static str,
    pub what: &'static str,
    pub who: Who,
    pub body: Content,
    pub status: u16,
    pub answer: Content,
    /// Filters of a list; `None` when it is no list.
    pub filters: Option<&'static [&'static str]>,
    /// Errors beside those that follow from the rest.
    pub errors: &'static [ErrorCode],
}

const fn op(method: Method, path: &'static str, who: Who, what: &'static str) -> Operation {
    Operation {
        method,
        path,
        what,
        who,
        body: Content::None,
        status: 200,
        answer: Content::None,
        filters: None,
        errors: &[],
    }
}

impl Operation {
    const fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Content::Json(of::<T>());
        self
    }
    const fn may_take<T: ToSchema>(mut self) -> Self {
        self.body = Content::Maybe(of::<T>());
        self
    }
    const fn form<T: ToSchema>(mut self) -> Self {
        self.body = Content::Form(of::<T>());
        self
    }
    const fn form_or_json<T: ToSchema>(mut self) -> Self {
        self.body = Content::Both(of::<T>());
        self
    }
    const fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        self.status = status;
        self.answer = Content::Json(of::<T>());
        self
    }
    const fn text(mut self, kind: &'static str) -> Self {
        self.answer = Content::Text(kind);
        self
    }
    const fn done(mut self) -> Self {
        self.status = 204;
        self
    }
    const fn redirects(mut self) -> Self {
        self.status = 303;
        self
    }
    const fn lists<T: ToSchema>(mut self, filters: &'static [&'static str]) -> Self {
        self.filters = Some(filters);
        self.answer = Content::Json(page_of::<T>());
        self
    }
    const fn or(mut self, errors: &'static [ErrorCode]) -> Self {
        self.errors = errors;
        self
    }
}

use ErrorCode as E;
use Method::{Delete, Get, Patch, Post, Put};
use Who::{Anybody, Bearer, Browser, Client, FirstParty, KeyHolder, Scope, Token};

/// Every operation there is.
pub(super) const OPERATIONS: &[Operation] = &[
    op(
        Post,
        "/auth/register",
        Anybody,
        "Make an account and sign in",
    )
    .takes::<auth::RegisterRequest>()
    .gives::<auth::RegisterResponse>(201)
    .or(&[
        E::RegistrationClosed,
        E::EmailTaken,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Post, "/auth/login", Anybody, "Sign in")
        .takes::<auth::LoginRequest>()
        .gives::<auth::TokenResponse>(200)
        .or(&[
            E::InvalidCredentials,
            E::AccountDisabled,
            E::RateLimited,
            E::Overloaded,
        ]),
    op(
        Post,
        "/auth/refresh",
        Anybody,
        "Get a new access token; the refresh token is used up",
    )
    .takes::<auth::RefreshRequest>()
    .gives::<auth::TokenResponse>(200)
    .or(&[E::InvalidToken, E::TokenExpired, E::TokenRevoked]),
    op(
        Post,
        "/auth/logout",
        Bearer,
        "End the session, or a client's own token, at once",
    )
    .done()
    .or(&[E::InsufficientScope]),
    op(Get, "/auth/me", Bearer, "The account behind the credential")
        .gives::<auth::Profile>(200)
        .or(&[E::InsufficientScope]),
    op(Patch, "/auth/me", FirstParty, "Change one's own name")
        .takes::<auth::ProfilePatch>()
        .gives::<auth::Profile>(200)
        .or(&[E::ValidationFailed]),
    op(
        Post,
        "/auth/password",
        FirstParty,
        "Change one's own password; every other session ends",
    )
    .takes::<auth::PasswordRequest>()
    .done()
    .or(&[
        E::InvalidCredentials,
        E::ValidationFailed,
        E::RateLimited,
        E::Overloaded,
    ]),
    op(Get, "/auth/sessions", FirstParty, "One's own live sessions").lists::<OwnSession>(&[]),
    op(
        Delete,
        "/auth/sessions/{id}",
        FirstParty,
        "End one of one's own sessions",
    )
    .done(),
    op(
        Post,
        "/auth/token",
        Client,
        "The token endpoint in both spellings (RFC 6749 section 3.2)",
    )
    .form_or_json::<TokenRequest>()
    .gives::<BothTokens>(200),
    op(
        Post,
        "/apikey",
        KeyHolder("admin:apikeys"),
        "Mint an API key; its secret is shown once",
    )
    .takes::<apikey::MintRequest>()
    .gives::<apikey::MintedKey>(201)
    .or(&[E::InsufficientScope, E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/apikey",
        KeyHolder("admin:apikeys:read"),
        "One's own API keys",
    )
    .lists::<apikey::ApiKey>(&["active"]),
    op(
        Get,
        "/apikey/{id}",
        KeyHolder("admin:apikeys:read"),
        "One of one's own API keys",
    )
    .gives::<apikey::ApiKey>(200),
    op(
        Patch,
        "/apikey/{id}",
        KeyHolder("admin:apikeys"),
        "Rename a key or shrink its scopes",
    )
    .takes::<apikey::KeyPatch>()
    .gives::<apikey::ApiKey>(200)
    .or(&[E::InsufficientScope, E::ValidationFailed, E::Conflict]),
    op(
        Post,
        "/apikey/{id}/rotate",
        KeyHolder("admin:apikeys"),
        "Give a key a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .gives::<apikey::MintedKey>(201)
    .or(&[E::InsufficientScope, E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/apikey/{id}",
        KeyHolder("admin:apikeys"),
        "Revoke a key at once",
    )
    .done(),
    op(
        Post,
        "/oauth/token",
        Client,
        "The token endpoint (RFC 6749 section 3.2)",
    )
    .form::<TokenRequest>()
    .gives::<OAuthToken>(200),
    op(
        Get,
        "/oauth/authorize",
        Browser,
        "Sign a person in and ask what the client may do (RFC 6749 section 4.1.1)",
    )
    .redirects(),
    op(
        Post,
        "/oauth/authorize",
        Browser,
        "The same, with the parameters in a form",
    )
    .form::<AuthorizeForm>()
    .redirects(),
    op(
        Get,
        "/oauth/logout",
        Browser,
        "Sign a person out (OpenID Connect RP-Initiated Logout)",
    )
    .redirects(),
    op(
        Post,
        "/oauth/logout",
        Browser,
        "The same, with the parameters in a form",
    )
    .form::<LogoutForm>()
    .redirects(),
    op(
        Post,
        "/oauth/revoke",
        Client,
        "Give up a token (RFC 7009); somebody else's is left alone",
    )
    .form::<TokenQuestion>(),
    op(
        Post,
        "/oauth/introspect",
        Client,
        "What a token is (RFC 7662); also with a bearer token that holds admin:sessions:read",
    )
    .form::<TokenQuestion>()
    .gives::<TokenInfo>(200),
    op(
        Get,
        "/oauth/userinfo",
        Token("openid"),
        "Who signed in (OpenID Connect Core section 5.3)",
    )
    .gives::<UserInfo>(200),
    op(
        Post,
        "/oauth/userinfo",
        Token("openid"),
        "As GET; the token may stand in a form",
    )
    .gives::<UserInfo>(200),
    op(
        Get,
        "/.well-known/oauth-authorization-server",
        Anybody,
        "What this server serves (RFC 8414)",
    )
    .gives::<Metadata>(200),
    op(
        Get,
        "/.well-known/openid-configuration",
        Anybody,
        "The same for OpenID Connect clients",
    )
    .gives::<Metadata>(200),
    op(
        Get,
        "/.well-known/jwks.json",
        Anybody,
        "Public keys of tokens (RFC 7517)",
    )
    .text("application/json"),
    op(Get, "/admin/users", Scope("admin:users:read"), "Users")
        .lists::<admin::User>(&["role", "disabled"]),
    op(Post, "/admin/users", Scope("admin:users"), "Create a user")
        .takes::<admin::CreateUser>()
        .gives::<admin::User>(201)
        .or(&[
            E::EmailTaken,
            E::ValidationFailed,
            E::Overloaded,
            E::Conflict,
        ]),
    op(
        Get,
        "/admin/users/{id}",
        Scope("admin:users:read"),
        "A user",
    )
    .gives::<admin::User>(200),
    op(
        Patch,
        "/admin/users/{id}",
        Scope("admin:users"),
        "Change a user; disabling ends all sessions",
    )
    .takes::<admin::UserPatch>()
    .gives::<admin::User>(200)
    .or(&[E::EmailTaken, E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/users/{id}",
        Scope("admin:users"),
        "Delete a user; sessions and keys die",
    )
    .done()
    .or(&[E::Conflict]),
    op(
        Post,
        "/admin/users/{id}/password",
        Scope("admin:users"),
        "Set a user's password; all sessions end",
    )
    .takes::<admin::SetPassword>()
    .done()
    .or(&[E::ValidationFailed, E::Overloaded]),
    op(
        Post,
        "/admin/users/{id}/sessions/revoke",
        Scope("admin:users"),
        "End all sessions of a user",
    )
    .gives::<admin::Revoked>(200),
    op(
        Get,
        "/admin/sessions",
        Scope("admin:sessions:read"),
        "Sessions",
    )
    .lists::<admin::Session>(&["userId", "clientId", "ip", "active"]),
    op(
        Get,
        "/admin/sessions/{id}",
        Scope("admin:sessions:read"),
        "A session",
    )
    .gives::<admin::Session>(200),
    op(
        Delete,
        "/admin/sessions/{id}",
        Scope("admin:sessions"),
        "End a session",
    )
    .done(),
    op(
        Post,
        "/admin/sessions/revoke",
        Scope("admin:sessions"),
        "End many sessions: look first, then exactly those",
    )
    .takes::<admin::RevokeSessions>()
    .gives::<admin::RevokedSessions>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/apikeys",
        Scope("admin:apikeys:read"),
        "API keys of everybody",
    )
    .lists::<admin::AdminKey>(&["ownerId", "scope", "unusedSince", "expiresBefore", "active"]),
    op(
        Post,
        "/admin/apikeys",
        Scope("admin:apikeys"),
        "Mint an API key for any owner; its secret is shown once",
    )
    .takes::<admin::AdminMint>()
    .gives::<admin::AdminMintedKey>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys:read"),
        "An API key",
    )
    .gives::<admin::AdminKey>(200),
    op(
        Patch,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys"),
        "Rename a key or shrink its scopes",
    )
    .takes::<apikey::KeyPatch>()
    .gives::<admin::AdminKey>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Post,
        "/admin/apikeys/{id}/rotate",
        Scope("admin:apikeys"),
        "Give a key a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .gives::<admin::AdminMintedKey>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/apikeys/{id}",
        Scope("admin:apikeys"),
        "Revoke a key at once",
    )
    .done(),
    op(
        Get,
        "/admin/clients",
        Scope("admin:clients:read"),
        "OAuth clients",
    )
    .lists::<admin::Client>(&[]),
    op(
        Post,
        "/admin/clients",
        Scope("admin:clients"),
        "Register an OAuth client; its secret is shown once",
    )
    .takes::<admin::RegisterClient>()
    .gives::<admin::Client>(201)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Get,
        "/admin/clients/{id}",
        Scope("admin:clients:read"),
        "An OAuth client",
    )
    .gives::<admin::Client>(200),
    op(
        Patch,
        "/admin/clients/{id}",
        Scope("admin:clients"),
        "Change an OAuth client",
    )
    .takes::<admin::ClientPatch>()
    .gives::<admin::Client>(200)
    .or(&[E::ValidationFailed]),
    op(
        Delete,
        "/admin/clients/{id}",
        Scope("admin:clients"),
        "Delete an OAuth client; its tokens die",
    )
    .done(),
    op(
        Post,
        "/admin/clients/{id}/secret",
        Scope("admin:clients"),
        "Give a client a new secret",
    )
    .may_take::<apikey::RotateRequest>()
    .gives::<admin::Client>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(Get, "/admin/roles", Scope("admin:roles:read"), "Roles").lists::<admin::Role>(&[]),
    op(
        Get,
        "/admin/roles/{name}",
        Scope("admin:roles:read"),
        "A role",
    )
    .gives::<admin::Role>(200),
    op(
        Put,
        "/admin/roles/{name}",
        Scope("admin:roles"),
        "Create (201) or change a role; whoever has it gains and loses at once",
    )
    .takes::<admin::PutRole>()
    .gives::<admin::Role>(200)
    .or(&[E::ValidationFailed, E::Conflict]),
    op(
        Delete,
        "/admin/roles/{name}",
        Scope("admin:roles"),
        "Delete a role that nobody has",
    )
    .done()
    .or(&[E::Conflict]),
    op(
        Get,
        "/admin/events",
        Scope("admin:events:read"),
        "The audit log, newest first",
    )
    .lists::<admin::Event>(&[
        "actor", "action", "target", "userId", "ip", "since", "until",
    ]),
    op(
        Get,
        "/admin/events/stream",
        Scope("admin:events:read"),
        "New events as they happen; Last-Event-ID resumes",
    )
    .text("text/event-stream"),
    op(
        Get,
        "/admin/stats",
        Scope("admin:server:read"),
        "Counters now, and per minute",
    )
    .gives::<admin::Stats>(200),
    op(Get, "/admin/keys", Scope("admin:keys:read"), "Signing keys")
        .lists::<admin::SigningKey>(&[]),
    op(
        Post,
        "/admin/keys/rotate",
        Scope("admin:keys"),
        "Sign with a new key from now on",
    )
    .gives::<admin::SigningKey>(201),
    op(
        Get,
        "/admin/server",
        Scope("admin:server:read"),
        "Version, uptime, storage, settings",
    )
    .gives::<admin::ServerInfo>(200),
    op(
        Post,
        "/admin/server/backup",
        Scope("admin:server"),
        "Back the database up on the server's machine",
    )
    .gives::<admin::BackupMade>(201),
    op(Get, "/admin/whoami", Bearer, "The caller and its scopes").gives::<admin::Whoami>(200),
    op(Get, "/health/live", Anybody, "The process answers").gives::<Health>(200),
    op(Get, "/health/ready", Anybody, "Storage takes commits")
        .gives::<Health>(200)
        .or(&[E::StorageUnavailable]),
    op(Get, "/metrics", Anybody, "Numbers for Prometheus").text("text/plain"),
    op(Get, "/openapi.json", Anybody, "This description").text("application/json"),
    op(Get, "/docs", Anybody, "This description for people").text("text/html"),
];

impl Operation {
    /// Every error it may answer, in the order of their statuses.
    pub(super) fn all_errors(&self) -> Vec<ErrorCode> {
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
            ]);
            errors.push(E::StorageUnavailable);
        }
        if matches!(self.who, FirstParty | KeyHolder(_) | Scope(_)) {
            errors.push(E::InsufficientScope);
        }
        if !matches!(self.body, Content::None) {
            errors.extend([
                E::InvalidRequest,
                E::PayloadTooLarge,
                E::UnsupportedMediaType,
                E::StorageUnavailable,
            ]);
        }
        if self.filters.is_some() {
            errors.push(E::InvalidRequest);
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

    /// The first segment of its path: what it belongs to.
    pub(super) fn tag(&self) -> &'static str {
        let mut parts = self.path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        match (first, parts.next()) {
            ("admin", Some(_)) => "admin",
            (".well-known" | "oauth", _) => "oauth",
            ("health" | "metrics" | "openapi.json" | "docs", _) => "operations",
            _ => first,
        }
    }

    fn describe(&self, schemas: &mut Schemas) -> Value {
        let mut operation = Map::new();
        operation.insert("summary".into(), self.what.into());
        operation.insert("tags".into(), json!([self.tag()]));
        operation.insert("operationId".into(), self.id().into());
        match self.who {
            Anybody | Browser => operation.insert("security".into(), json!([])),
            Bearer | FirstParty => operation.insert("security".into(), json!([{"bearer": []}])),
            KeyHolder(scope) | Scope(scope) | Token(scope) => {
                operation.insert("security".into(), json!([{"bearer": [scope]}]))
            }
            Client => operation.insert("security".into(), json!([{"client": []}, {}])),
        };
        if self.who == FirstParty {
            let text = "Only with a token from login or registration.";
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
        if self.who == Client {
            let schema = json!({"$ref": "#/components/schemas/OAuthError"});
            for status in ["400", "401"] {
                let answer = json!({
                    "description": "An error of RFC 6749 section 5.2",
                    "content": {"application/json": {"schema": schema}},
                });
                responses.insert(status.into(), answer);
            }
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
        Content::Text(kind) => Some(json!({kind: {"schema": {"type": "string"}}})),
    }
}

fn description() -> Value {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in OPERATIONS {
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
        let described: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        assert_eq!(mounted, described);
        assert_eq!(
            described.len(),
            OPERATIONS.len(),
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
    fn lists_describe_the_filters_they_take() {
        use crate::{http::Filters, store};
        let filters = |path: &str| {
            let found = OPERATIONS
                .iter()
                .find(|operation| operation.path == path && operation.method == Get);
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
