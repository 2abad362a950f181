//! `/auth/email`: verifying an address by the link that was mailed there, and changing it.

use doorward_shared::auth::{EmailRequest, ResendRequest, VerifyEmailRequest};
use rocket::{Route, post, routes};

use super::{
    ApiError, Body, FirstParty, OptionalBody, RequestInfo,
    first_party::{AnyFirstParty, Changing},
    reply::{Accepted, Done, Later, NoContent},
};
use crate::{domain::Actor, http::Services, store::AskedFor};

pub(super) fn routes() -> Vec<Route> {
    routes![resend, verify_email, change_email]
}

#[post("/auth/email/resend", data = "<body>")]
async fn resend(
    doorward: &Services,
    info: &RequestInfo,
    by: Result<FirstParty, ApiError>,
    body: OptionalBody<ResendRequest>,
) -> Later {
    let email = match body.0.email {
        Some(email) => email,
        None => {
            doorward.verification.must_mail()?;
            by?.account.user.email.as_str().to_owned()
        }
    };
    let context = info.context(Actor::Anonymous, doorward.clock.now());
    let asked = AskedFor::Verification;
    let asked = doorward.verification.ask(asked, email, info.ip, context);
    asked.await?;
    Ok(Accepted)
}

#[post("/auth/email/verify", data = "<body>")]
async fn verify_email(
    doorward: &Services,
    info: &RequestInfo,
    by: AnyFirstParty,
    body: Body<VerifyEmailRequest>,
) -> Done {
    let context = info.context(Actor::Anonymous, doorward.clock.now());
    let token = body.0.token.into();
    // Of whoever is signed in to the account it is known that what they set up is theirs; nobody has to be.
    let signed_in = by.0.map(|by| by.account.user.id);
    let verified = doorward.verification.verify(&token, signed_in, context);
    verified.await?;
    Ok(NoContent)
}

#[post("/auth/email", data = "<body>")]
async fn change_email(
    doorward: &Services,
    info: &RequestInfo,
    by: Changing,
    body: Body<EmailRequest>,
) -> Later {
    let EmailRequest { email, password } = body.0;
    let context = info.context(by.caller.actor(), doorward.clock.now());
    let asked = doorward
        .verification
        .change(&by.caller, &email, password.into(), context);
    asked.await?;
    Ok(Accepted)
}
