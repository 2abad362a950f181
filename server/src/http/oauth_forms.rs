//! OAuth form parameters, for the API description.

use serde::Serialize;

/// What a token request may hold. `/auth/token` takes `grantType` and the like too.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct TokenRequest {
    /// `authorization_code`, `refresh_token` or `client_credentials`
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`
    client_assertion_type: Option<String>,
    /// A JWT that the client has signed (RFC 7523).
    client_assertion: Option<String>,
    /// Space-separated.
    scope: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    /// RFC 8707; may be given up to 8 times.
    resource: Option<String>,
}

/// What an authorization request may hold: RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct AuthorizeForm {
    /// `code`
    response_type: String,
    client_id: String,
    /// One the client has registered, character by character.
    redirect_uri: String,
    /// Space-separated; all of the client's when it is left out. What the client is not registered for is left out.
    scope: Option<String>,
    state: Option<String>,
    /// Public clients must send one, and those registered with `requirePkce`.
    code_challenge: Option<String>,
    /// `S256`
    code_challenge_method: Option<String>,
    nonce: Option<String>,
    /// `query` (when absent) or `form_post`
    response_mode: Option<String>,
    /// JSON: claims asked for one by one (OpenID Connect Core section 5.5).
    claims: Option<String>,
    /// `none`, or some of `login`, `select_account` and `consent`
    prompt: Option<String>,
    /// In seconds.
    max_age: Option<u32>,
    login_hint: Option<String>,
    id_token_hint: Option<String>,
    ui_locales: Option<String>,
    /// RFC 8707; may be given up to 8 times.
    resource: Option<String>,
}

/// OpenID Connect RP-Initiated Logout section 2.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct LogoutForm {
    id_token_hint: Option<String>,
    client_id: Option<String>,
    /// One that the client has registered for it, character by character.
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

/// What a revocation or an introspection may hold.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct TokenQuestion {
    token: String,
    /// Not needed: tokens tell themselves apart.
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}
