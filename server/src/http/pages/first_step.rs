//! The first step of a sign-in: what a form says is checked, and it leads on to what is still to be shown or set up.

use doorward_shared::ErrorCode;

use super::{
    after_sign_in::{Then, arrived},
    browser::Stay,
    enrol, factor,
    fields::Fields,
    page_context::PageContext,
    page_response::Answer,
    pending_request::{Asking, asking},
    sign_in::part,
    sign_in_page::{SignInForm, page},
};
use crate::{http::ApiError, oauth::AuthorizationRequest};

/// Signs in with what a form says, or leads on to what is still to be shown or set up.
pub(super) async fn sign_in(
    visit: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> Answer {
    let doorward = visit.doorward;
    let (cookie, new, context) = visit.new_sign_in();
    let (email, password) = (fields.get("email"), fields.get("password").to_owned());
    let again = part(fields.given("again"));
    let stay = Stay::of(fields.get("keep"));
    let passkey = factor::passkey(fields);
    let signed_in = match &passkey {
        Some(passkey) => {
            doorward
                .sign_in
                .passkey_sign_in(passkey, new, context)
                .await
        }
        None => {
            let signed_in = doorward
                .sign_in
                .with_password(email, password.into(), new, context);
            signed_in.await
        }
    };
    match signed_in.map_err(ApiError::from) {
        Ok((_, session)) => {
            let then = Then {
                request: request.as_ref(),
                part: again,
                stay,
            };
            arrived(visit, then, &session, &cookie).await
        }
        Err(error) => {
            let asking = asking(visit, request).await?;
            let said = SignInForm {
                email: Some(email),
                error: Some(&error),
                again,
                stay,
                passkey: passkey.is_some(),
                stale: None,
            };
            not_yet(visit, asking.as_ref(), said).await
        }
    }
}

/// The page after a sign-in that did not open a session: the second factor, the set-up of one, or once more the first step.
async fn not_yet(visit: &PageContext<'_>, asking: Option<&Asking>, said: SignInForm<'_>) -> Answer {
    let Some((error, step)) = said.error.and_then(|error| Some((error, error.mfa()?))) else {
        return Ok(page(visit, asking, said).into());
    };
    let (again, stay) = (said.again, said.stay);
    if error.code() == ErrorCode::MfaEnrolmentRequired {
        let step = enrol::Step {
            token: &step.token,
            again,
            stay,
            ..enrol::Step::default()
        };
        return enrol::page(visit, asking, &step).await;
    }
    let step = factor::Step {
        token: &step.token,
        methods: &step.methods,
        again,
        stay,
        ..factor::Step::default()
    };
    factor::page(visit, asking, &step)
}
