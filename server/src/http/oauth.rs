//! `/oauth`: what stock OAuth2 clients speak to. Errors are RFC 6749's.

use std::io::Cursor;

use rocket::{
    Data, Request, Response, Route,
    data::{FromData, Outcome},
    http::{ContentType, Header, Status},
    post,
    request::{self, FromRequest},
    response::{self, Responder},
    routes,
};
use serde::Serialize;

use super::{RequestInfo, body};
use crate::{
    http::Services,
    oauth::{Failure, Form, TokenAnswer},
};

pub(super) fn all() -> Vec<Route> {
    routes![oauth_token, auth_token]
}

impl<'r> Responder<'r, 'static> for Failure {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: &'a str,
        }
        let body = Body {
            error: self.error,
            error_description: &self.description,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let mut response = json(self.status, body);
        if matches!(self.status, 401 | 403) {
            response.set_header(Header::new("WWW-Authenticate", self.challenge()));
        }
        if let Some(seconds) = self.retry_after {
            response.set_header(Header::new("Retry-After", seconds.to_string()));
        }
        Ok(response)
    }
}

/// JSON that nobody may keep, RFC 6749 section 5.1.
fn json(status: u16, body: String) -> Response<'static> {
    let mut response = Response::new();
    response.set_status(Status::from_code(status).unwrap_or(Status::InternalServerError));
    response.set_header(ContentType::JSON);
    response.set_header(Header::new("Cache-Control", "no-store"));
    response.set_header(Header::new("Pragma", "no-cache"));
    response.set_sized_body(body.len(), Cursor::new(body));
    response
}

/// The body of an OAuth request, read.
#[derive(Debug)]
pub(super) struct FormBody(pub Result<Form, Failure>);

/// As [`FormBody`], also as JSON, in both spellings.
#[derive(Debug)]
pub(super) struct EitherBody(pub Result<Form, Failure>);

pub(super) async fn read(
    request: &Request<'_>,
    data: Data<'_>,
    json_too: bool,
) -> Result<Form, Failure> {
    let kind = request.content_type();
    let is_form = kind.is_some_and(|kind| kind.is_form());
    let is_json = json_too && kind.is_some_and(|kind| kind.is_json());
    if !is_form && !is_json {
        return Err(Failure {
            status: 415,
            ..Failure::request(if json_too {
                "the body must be application/x-www-form-urlencoded or application/json"
            } else {
                "the body must be application/x-www-form-urlencoded"
            })
        });
    }
    let bytes = body::read(data).await.map_err(|error| Failure {
        status: error.status().code,
        ..Failure::request(error.message().to_owned())
    })?;
    let form = if is_json {
        Form::parse_json(&bytes)?
    } else {
        Form::parse(&bytes)?
    };
    if json_too {
        form.with_both_spellings()
    } else {
        Ok(form)
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for FormBody {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        Outcome::Success(Self(read(request, data, false).await))
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for EitherBody {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        Outcome::Success(Self(read(request, data, true).await))
    }
}

/// All `Authorization` headers.
#[derive(Debug)]
pub(super) struct Authorization<'r>(pub Vec<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authorization<'r> {
    type Error = std::convert::Infallible;
    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        request::Outcome::Success(Self(request.headers().get("authorization").collect()))
    }
}

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

/// RFC 6749 section 5.1.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct OAuthToken {
    access_token: String,
    /// `Bearer`
    token_type: &'static str,
    /// In seconds.
    expires_in: u32,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// The same in the spelling of the REST API.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CamelToken {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// Both spellings of a token answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct BothTokens {
    #[serde(flatten)]
    oauth: OAuthToken,
    #[serde(flatten)]
    camel: CamelToken,
}

impl From<TokenAnswer> for OAuthToken {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            access_token: answer.access_token,
            token_type: "Bearer",
            expires_in: answer.expires_in,
            scope: answer.scope,
            refresh_token: answer.refresh_token,
            id_token: answer.id_token,
        }
    }
}

impl From<TokenAnswer> for BothTokens {
    fn from(answer: TokenAnswer) -> Self {
        let camel = CamelToken {
            access_token: answer.access_token.clone(),
            token_type: "Bearer",
            expires_in: answer.expires_in,
            refresh_token: answer.refresh_token.clone(),
            id_token: answer.id_token.clone(),
        };
        Self {
            oauth: answer.into(),
            camel,
        }
    }
}

/// An answer that holds credentials.
pub(super) struct Secretly<T>(pub T);

impl<'r, T: Serialize> Responder<'r, 'static> for Secretly<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match serde_json::to_string(&self.0) {
            Ok(body) => Ok(json(200, body)),
            Err(_) => Failure::server().respond_to(request),
        }
    }
}

#[post("/oauth/token", data = "<form>")]
async fn oauth_token(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<Secretly<OAuthToken>, Failure> {
    let answer = doorward
        .token_endpoint
        .answer(&headers.0, &form.0?, info.ip, info.id.clone())
        .await?;
    Ok(Secretly(answer.into()))
}

#[post("/auth/token", data = "<form>")]
async fn auth_token(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: EitherBody,
) -> Result<Secretly<BothTokens>, Failure> {
    let answer = doorward
        .token_endpoint
        .answer(&headers.0, &form.0?, info.ip, info.id.clone())
        .await?;
    Ok(Secretly(answer.into()))
}
