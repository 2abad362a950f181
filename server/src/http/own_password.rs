//! `/auth/password`: changing one's own, and setting it anew by a link where it is forgotten.

use doorward_shared::auth::{ForgotRequest, PasswordRequest, ResetRequest};
use rocket::{Route, post, routes};

use super::{
    Body, RequestInfo,
    first_party::Changing,
    reply::{Accepted, Done, Later, NoContent},
};
use crate::{
    domain::Actor,
    http::Services,
    service::{PasswordChange, Reset},
    store::AskedFor,
};

pub(super) fn routes() -> Vec<Route> {
    routes![change_password, reset_password, forgot_password]
}

#[post("/auth/password", data = "<body>")]
async fn change_password(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<PasswordRequest>,
) -> Done {
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
    let context = info.context(by.caller.actor(), doorward.clock.now());
    doorward
        .accounts
        .change_own_password(&by.caller, change, context)
        .await?;
    Ok(NoContent)
}

#[post("/auth/password/reset", data = "<body>")]
async fn reset_password(doorward: &Services, info: &RequestInfo, body: Body<ResetRequest>) -> Done {
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
    let context = info.context(Actor::Anonymous, doorward.clock.now());
    doorward.links.reset(reset, context).await?;
    Ok(NoContent)
}

#[post("/auth/password/forgot", data = "<body>")]
async fn forgot_password(
    doorward: &Services,
    info: &RequestInfo,
    body: Body<ForgotRequest>,
) -> Later {
    let context = info.context(Actor::Anonymous, doorward.clock.now());
    let asked = AskedFor::Password;
    let asked = doorward
        .verification
        .ask(asked, body.0.email, info.ip, context);
    asked.await?;
    Ok(Accepted)
}
