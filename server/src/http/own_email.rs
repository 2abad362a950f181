//! `/auth/email`: verifying an address with a mailed link, and changing it.

use doorward_shared::auth::{EmailRequest, ResendRequest, VerifyEmailRequest};
use rocket::{Route, post, routes};

use super::{
    ApiError, Body, FirstParty, OptionalBody, RequestInfo,
    first_party::{AnyFirstParty, FirstPartyWrite},
    response::{Accepted, AcceptedResult, EmptyResult, NoContent},
};
use crate::{domain::Actor, http::Services, store::RequestedMail};

pub(super) fn routes() -> Vec<Route> {
    routes![resend, verify_email, change_email]
}

#[post("/auth/email/resend", data = "<body>")]
async fn resend(
    services: &Services,
    info: &RequestInfo,
    by: Result<FirstParty, ApiError>,
    body: OptionalBody<ResendRequest>,
) -> AcceptedResult {
    let email = match body.0.email {
        Some(email) => email,
        None => {
            services.verification.must_mail()?;
            by?.account.user.email.as_str().to_owned()
        }
    };
    let context = info.context(Actor::Anonymous, services.clock.now());
    let asked = RequestedMail::Verification;
    let asked = services.verification.ask(asked, email, info.ip, context);
    asked.await?;
    Ok(Accepted)
}

#[post("/auth/email/verify", data = "<body>")]
async fn verify_email(
    services: &Services,
    info: &RequestInfo,
    by: AnyFirstParty,
    body: Body<VerifyEmailRequest>,
) -> EmptyResult {
    let context = info.context(Actor::Anonymous, services.clock.now());
    let token = body.0.token.into();
    // If the caller is signed in to the account, its credentials are known to be theirs; signing in is optional.
    let signed_in = by.0.map(|by| by.account.user.id);
    let verified = services.verification.verify(&token, signed_in, context);
    verified.await?;
    Ok(NoContent)
}

#[post("/auth/email", data = "<body>")]
async fn change_email(
    services: &Services,
    info: &RequestInfo,
    by: FirstPartyWrite,
    body: Body<EmailRequest>,
) -> AcceptedResult {
    let EmailRequest { email, password } = body.0;
    let context = info.context(by.caller.actor(), services.clock.now());
    let asked = services
        .verification
        .change(&by.caller, &email, password.into(), context);
    asked.await?;
    Ok(Accepted)
}
