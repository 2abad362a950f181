//! `/oauth/userinfo`: claims about a token's user, OpenID Connect Core section 5.3.

use rocket::{
    Data, Request, Route,
    data::{FromData, Outcome},
    get, post, routes,
};

use super::{
    RequestInfo,
    introspect_and_revoke::caller,
    oauth_body::{Authorization, bearer},
    oauth_response::NoStore,
};
use crate::{
    http::Services,
    oauth::{Form, OAuthError, UserInfo},
};

pub(super) fn routes() -> Vec<Route> {
    routes![userinfo, userinfo_post]
}

#[get("/oauth/userinfo")]
async fn userinfo(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
) -> Result<NoStore<UserInfo>, OAuthError> {
    about(services, info, bearer(&headers.0)?).await
}

/// The token of a form, RFC 6750 section 2.2. An empty body is allowed.
pub(super) struct MaybeForm(Result<Option<Form>, OAuthError>);

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
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: MaybeForm,
) -> Result<NoStore<UserInfo>, OAuthError> {
    let form = form.0?.unwrap_or_default();
    let token = match (bearer(&headers.0)?, form.get("access_token")) {
        (Some(_), Some(_)) => {
            return Err(OAuthError::request(
                "the token was sent in two ways: use the header or the body",
            ));
        }
        (header, body) => header.or(body),
    };
    about(services, info, token).await
}

async fn about(
    services: &Services,
    info: &RequestInfo,
    token: Option<&str>,
) -> Result<NoStore<UserInfo>, OAuthError> {
    let token = token.filter(|token| !token.is_empty());
    let token = token.ok_or_else(OAuthError::no_token)?;
    let caller = caller(services, "openid", token, info).await?;
    Ok(NoStore(UserInfo::of(&services.store, &caller).await?))
}
