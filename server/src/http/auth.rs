//! `/auth`: sign-up, sign-in, sign-out and refreshing.

use doorward_shared::{
    ErrorCode,
    auth::{
        LoginRequest, RefreshRequest, RegisterRequest, RegisterResponse, RegisteredUser,
        TokenResponse,
    },
};
use rocket::{Route, post, routes};

use super::{
    ApiError, Bearer, Body, RequestInfo,
    response::{ApiResult, EmptyResult, NoContent, created, ok},
    user_agent::UserAgent,
};
use crate::{
    crypto::secret::Secret,
    domain::{Actor, EntryPoint},
    http::Services,
    service::Credential,
};

pub(super) fn routes() -> Vec<Route> {
    routes![register, login, refresh, logout]
}

#[post("/auth/register", data = "<body>")]
async fn register(
    services: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<RegisterRequest>,
) -> ApiResult<RegisterResponse> {
    let (new, refresh) = services
        .tokens
        .new_session(info.ip, agent.0, services.clock.now());
    let context = info.context(Actor::Anonymous, services.clock.now());
    let (user, session) = services.accounts.sign_up(body.0, new, context).await?;
    let tokens = match session {
        Some(session) => {
            services.metrics.token("register");
            Some(services.tokens.first_response(&session, &refresh)?)
        }
        None => None,
    };
    created(RegisterResponse {
        tokens,
        user: RegisteredUser {
            id: user.id,
            email: user.email.as_str().to_owned(),
            first_name: user.first_name,
            last_name: user.last_name,
            created_at: user.created_at,
        },
    })
}

#[post("/auth/login", data = "<body>")]
async fn login(
    services: &Services,
    info: &RequestInfo,
    agent: UserAgent,
    body: Body<LoginRequest>,
) -> ApiResult<TokenResponse> {
    let LoginRequest { email, password } = body.0;
    let now = services.clock.now();
    let (new, refresh) = services.tokens.new_session(info.ip, agent.0, now);
    let context = info.context(Actor::Anonymous, now);
    let (_, session) = services
        .sign_in
        .with_password(&email, password.into(), new, context)
        .await?;
    services.metrics.token("login");
    ok(services.tokens.first_response(&session, &refresh)?)
}

#[post("/auth/refresh", data = "<body>")]
async fn refresh(
    services: &Services,
    info: &RequestInfo,
    body: Body<RefreshRequest>,
) -> ApiResult<TokenResponse> {
    let used = Secret::from(body.0.refresh_token);
    let context = info.context(Actor::Anonymous, services.clock.now());
    let renewed = services.refresh.first_party(&used, context).await?;
    services.metrics.token("refresh");
    ok(renewed)
}

#[post("/auth/logout")]
async fn logout(services: &Services, info: &RequestInfo, by: Bearer) -> EmptyResult {
    let act = services.act(&by, EntryPoint::Own, info)?;
    match &by.credential {
        Credential::Session { .. } => services.store.sign_out(None, act).await?,
        Credential::Client { client } => {
            let claims = by.claims.as_ref().ok_or_else(ApiError::invalid_token)?;
            let until = doorward_shared::Timestamp::from_seconds(claims.exp());
            let (jti, of) = (claims.jti(), client.id);
            services.store.give_back_token(jti, of, until, act).await?;
        }
        Credential::Key { .. } => {
            let message = "an API key has no session to end; revoke the key instead";
            return Err(ApiError::new(ErrorCode::InsufficientScope, message));
        }
    }
    Ok(NoContent)
}
