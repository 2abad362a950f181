//! The password step of a sign-in: checks the form, and continues to a second factor or its set-up if required.

use doorward_shared::ErrorCode;

use super::{
    after_sign_in::{SignInDestination, signed_in_with},
    browser_cookie::CookieLifetime,
    enrol, factor,
    form_data::Fields,
    page_context::PageContext,
    page_response::PageResult,
    pending_request::{PendingRequest, asking},
    sign_in::part,
    sign_in_page::{SignInForm, page},
};
use crate::{http::ApiError, oauth::AuthorizationRequest};

/// Signs in with a form's password, or continues to the required factor or set-up.
pub(super) async fn sign_in(
    page_context: &PageContext<'_>,
    request: Option<AuthorizationRequest>,
    fields: &Fields,
) -> PageResult {
    let services = page_context.services;
    let (cookie, new, context) = page_context.new_sign_in();
    let (email, password) = (fields.get("email"), fields.get("password").to_owned());
    let again = part(fields.given("again"));
    let stay = CookieLifetime::of(fields.get("keep"));
    let passkey = factor::passkey(fields);
    let signed_in = match &passkey {
        Some(passkey) => {
            services
                .sign_in
                .passkey_sign_in(passkey, new, context)
                .await
        }
        None => {
            let signed_in = services
                .sign_in
                .with_password(email, password.into(), new, context);
            signed_in.await
        }
    };
    match signed_in.map_err(ApiError::from) {
        Ok((_, session)) => {
            let then = SignInDestination {
                request: request.as_ref(),
                part: again,
                stay,
            };
            signed_in_with(page_context, then, &session, &cookie).await
        }
        Err(error) => {
            let asking = asking(page_context, request).await?;
            let said = SignInForm {
                email: Some(email),
                error: Some(&error),
                again,
                stay,
                passkey: passkey.is_some(),
                stale: None,
            };
            not_yet(page_context, asking.as_ref(), said).await
        }
    }
}

/// The page after a sign-in that opened no session: the second factor, its set-up, or the password step again.
async fn not_yet(
    page_context: &PageContext<'_>,
    asking: Option<&PendingRequest>,
    said: SignInForm<'_>,
) -> PageResult {
    let Some((error, step)) = said.error.and_then(|error| Some((error, error.mfa()?))) else {
        return Ok(page(page_context, asking, said).into());
    };
    let (again, stay) = (said.again, said.stay);
    if error.code() == ErrorCode::MfaEnrolmentRequired {
        let step = enrol::EnrolPage {
            token: &step.token,
            again,
            stay,
            ..enrol::EnrolPage::default()
        };
        return enrol::page(page_context, asking, &step).await;
    }
    let step = factor::FactorPage {
        token: &step.token,
        methods: &step.methods,
        again,
        stay,
        ..factor::FactorPage::default()
    };
    factor::page(page_context, asking, &step)
}
