//! `/oauth/revoke`, `/oauth/introspect` and `/oauth/userinfo`.

use rocket::{
    Data, Request, Route,
    data::{FromData, Outcome},
    get, post, routes,
};
use serde::Serialize;

use super::{
    RequestInfo,
    guards::bearer_of,
    oauth_answer::Secretly,
    oauth_body::{Authorization, FormBody},
};
use crate::{
    domain::{Actor, Cause},
    http::Services,
    oauth::{Asker, Failure, Form, TokenInfo, UserInfo},
    service::Caller,
};

pub(super) fn all() -> Vec<Route> {
    routes![revoke, introspect, userinfo, userinfo_post]
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

/// The bearer token of the headers, if there is one.
///
/// # Errors
/// `invalid_request` for more than one.
fn bearer<'a>(headers: &[&'a str]) -> Result<Option<&'a str>, Failure> {
    let mut tokens = headers.iter().filter_map(|header| bearer_of(header));
    match (tokens.next(), headers.len()) {
        (Some(_), 2..) => Err(Failure::request(
            "there is more than one Authorization header",
        )),
        (token, _) => Ok(token),
    }
}

/// The caller with a bearer token; errors are RFC 6750's.
async fn caller(doorward: &Services, token: &str, info: &RequestInfo) -> Result<Caller, Failure> {
    Ok(doorward.callers.authenticate(token, info.ip).await?)
}

/// RFC 7009: whether there was something to revoke is nobody's business but its client's.
#[post("/oauth/revoke", data = "<form>")]
async fn revoke(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<(), Failure> {
    let form = form.0?;
    let by = doorward
        .clients
        .authenticated(&headers.0, &form, info.ip)
        .await?;
    let cause = Cause {
        actor: Actor::Client(by.client.id),
        client_id: None,
        ip: Some(info.ip),
        request_id: Some(info.id.clone()),
        at: doorward.clock.now(),
        reason: None,
        language: Default::default(),
    };
    let token = form.require("token")?;
    doorward.token_infos.revoke(&by, token, cause).await
}

#[post("/oauth/introspect", data = "<form>")]
async fn introspect(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<Secretly<TokenInfo>, Failure> {
    let form = form.0?;
    let asker = asker(doorward, info, &headers.0, &form).await?;
    let token = form.require("token")?;
    Ok(Secretly(
        doorward.token_infos.introspect(&asker, token).await?,
    ))
}

/// RFC 7662 section 2.1: whoever asks shows who they are. A public client cannot.
async fn asker(
    doorward: &Services,
    info: &RequestInfo,
    headers: &[&str],
    form: &Form,
) -> Result<Asker, Failure> {
    if let Some(token) = bearer(headers)? {
        let caller = caller(doorward, token, info).await;
        let operator = caller.and_then(|caller| {
            if caller.scopes.covers("admin:sessions:read") {
                let people = caller.scopes.covers("admin:users:read");
                Ok(Asker::Operator { people })
            } else {
                Err(Failure::insufficient_scope("admin:sessions:read"))
            }
        });
        return operator.inspect_err(|failure| doorward.clients.refused(None, failure, info.ip));
    }
    let client = doorward.clients.client_of(headers, form, info.ip).await?;
    if client.is_confidential() {
        return Ok(Asker::Client(client));
    }
    let why = "a public client cannot introspect";
    doorward
        .clients
        .refused
        .note(Some(client.id), "invalid_client", why, info.ip);
    Err(Failure::client(!headers.is_empty()))
}

#[get("/oauth/userinfo")]
async fn userinfo(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
) -> Result<Secretly<UserInfo>, Failure> {
    about(doorward, info, bearer(&headers.0)?).await
}

/// The token of a form, RFC 6750 section 2.2. No body is as good.
pub(super) struct MaybeForm(Result<Option<Form>, Failure>);

#[rocket::async_trait]
impl<'r> FromData<'r> for MaybeForm {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        if !request.content_type().is_some_and(|kind| kind.is_form()) {
            return Outcome::Success(Self(Ok(None)));
        }
        let form = super::oauth_body::read(request, data, false).await;
        Outcome::Success(Self(form.map(Some)))
    }
}

#[post("/oauth/userinfo", data = "<form>")]
async fn userinfo_post(
    doorward: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: MaybeForm,
) -> Result<Secretly<UserInfo>, Failure> {
    let form = form.0?.unwrap_or_default();
    let token = match (bearer(&headers.0)?, form.get("access_token")) {
        (Some(_), Some(_)) => {
            return Err(Failure::request("the token came in two ways at once"));
        }
        (header, body) => header.or(body),
    };
    about(doorward, info, token).await
}

async fn about(
    doorward: &Services,
    info: &RequestInfo,
    token: Option<&str>,
) -> Result<Secretly<UserInfo>, Failure> {
    let token = token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(Failure::no_token)?;
    let caller = caller(doorward, token, info).await?;
    Ok(Secretly(UserInfo::of(&doorward.store, &caller).await?))
}
