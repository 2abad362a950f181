//! The token endpoint, `/oauth/token` and `/auth/token`, for stock OAuth2 clients.

use rocket::{Route, post, routes};

use super::{
    RequestInfo,
    oauth_body::{Authorization, EitherBody, FormBody},
    oauth_response::NoStore,
    token_response::{BothTokens, OAuthToken},
};
use crate::{http::Services, oauth::OAuthError};

pub(super) fn routes() -> Vec<Route> {
    routes![oauth_token, auth_token]
}

#[post("/oauth/token", data = "<form>")]
async fn oauth_token(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: FormBody,
) -> Result<NoStore<OAuthToken>, OAuthError> {
    let form = form.read(services, info)?;
    let answer = services
        .token_endpoint
        .answer(&headers.0, &form, info.ip, info.id.clone())
        .await?;
    Ok(NoStore(answer.into()))
}

#[post("/auth/token", data = "<form>")]
async fn auth_token(
    services: &Services,
    info: &RequestInfo,
    headers: Authorization<'_>,
    form: EitherBody,
) -> Result<NoStore<BothTokens>, OAuthError> {
    let form = form.0;
    let form = form.inspect_err(|why| services.clients.refused(None, why, info.ip))?;
    let answer = services
        .token_endpoint
        .answer(&headers.0, &form, info.ip, info.id.clone())
        .await?;
    Ok(NoStore(answer.into()))
}
