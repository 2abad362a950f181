//! `/auth/password`: changing one's own password, and resetting a forgotten one by a link.

use doorward_shared::auth::{ForgotRequest, PasswordRequest, ResetRequest};
use rocket::{Route, post, routes};

use super::{
    Body, RequestInfo,
    first_party::FirstPartyWrite,
    response::{Accepted, AcceptedResult, EmptyResult, NoContent},
};
use crate::{
    domain::Actor,
    http::Services,
    service::{PasswordChange, Reset},
    store::RequestedMail,
};

pub(super) fn routes() -> Vec<Route> {
    routes![change_password, reset_password, forgot_password]
}

#[post("/auth/password", data = "<body>")]
async fn change_password(
    services: &Services,
    info: &RequestInfo,
    by: FirstPartyWrite,
    body: Body<PasswordRequest>,
) -> EmptyResult {
    let PasswordRequest {
        current_password,
        new_password,
        api_keys,
    } = body.0;
    let change = PasswordChange {
        current: current_password.into(),
        new: new_password.into(),
        api_keys,
    };
    let context = info.context(by.caller.actor(), services.clock.now());
    services
        .accounts
        .change_own_password(&by.caller, change, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/password/reset", data = "<body>")]
async fn reset_password(
    services: &Services,
    info: &RequestInfo,
    body: Body<ResetRequest>,
) -> EmptyResult {
    let ResetRequest {
        token,
        new_password,
        keep_api_keys,
    } = body.0;
    let reset = Reset {
        token: token.into(),
        password: new_password.into(),
        names: None,
        keep_api_keys,
        thorough: false,
    };
    let context = info.context(Actor::Anonymous, services.clock.now());
    services.links.reset(reset, context).await?;
    Ok(NoContent)
}

#[post("/auth/password/forgot", data = "<body>")]
async fn forgot_password(
    services: &Services,
    info: &RequestInfo,
    body: Body<ForgotRequest>,
) -> AcceptedResult {
    let context = info.context(Actor::Anonymous, services.clock.now());
    let asked = RequestedMail::Password;
    let asked = services
        .verification
        .ask(asked, body.0.email, info.ip, context);
    asked.await?;
    Ok(Accepted)
}
