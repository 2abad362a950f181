//! Continues an authorization request: sign-in, consent, or the response to the application.

use maud::html;
use rocket::http::Method;

use super::{
    consent, page::Page, page_context::PageContext, page_response::PageResult, pending_request,
    redirect_pages::answer_form, sign_in, sign_in_page, texts::fill,
};
use crate::oauth::{
    AuthorizationOutcome, AuthorizationRequest, ClientAnswer, EndUser, NOT_ADMITTED, OAuthError,
    ResponseMode,
};

/// Advances a request, and shows the next step.
pub(super) async fn advance(
    page_context: PageContext<'_>,
    request: AuthorizationRequest,
    decision: Option<bool>,
) -> PageResult {
    if page_context.is(Method::Head) {
        // HEAD changes nothing, so it issues no code.
        let asking = pending_request::asking(&page_context, Some(request)).await?;
        return Ok(sign_in_page::page(
            &page_context,
            asking.as_ref(),
            sign_in_page::SignInForm::default(),
        )
        .into());
    }
    let visitor = EndUser {
        signed_in: page_context.browser.signed_in()?,
        decision,
        ip: page_context.info.ip,
        user_agent: page_context.agent.clone(),
        request_id: page_context.info.id.clone(),
    };
    let who = visitor.signed_in.clone();
    match page_context
        .services
        .authorization
        .authorize(&request, visitor)
        .await
    {
        Ok(AuthorizationOutcome::Answer(answer)) => {
            Ok(page_context.respond_to_client(answer, decision.is_some()))
        }
        Ok(AuthorizationOutcome::NotAdmitted(answer)) => {
            not_admitted(&page_context, request, answer).await
        }
        Ok(AuthorizationOutcome::SignIn) => {
            let asking = pending_request::asking(&page_context, Some(request)).await?;
            Ok(sign_in_page::page(
                &page_context,
                asking.as_ref(),
                sign_in_page::SignInForm::default(),
            )
            .into())
        }
        Ok(AuthorizationOutcome::Consent(scope)) => {
            consent::page(&page_context, request, scope, who).await
        }
        Err(error) => Err(page_context.refused(error)),
    }
}

/// The page for a user who may not sign in to an application. It continues to the application, which receives the
/// error.
async fn not_admitted(
    page_context: &PageContext<'_>,
    request: AuthorizationRequest,
    answer: ClientAnswer,
) -> PageResult {
    let t = page_context.texts;
    let failure = OAuthError::new("access_denied", NOT_ADMITTED);
    page_context
        .services
        .clients
        .refused(Some(request.client_id), &failure, page_context.info.ip);
    let again = sign_in::address(page_context.services, Some(&request));
    let asking = pending_request::asking(page_context, Some(request)).await?;
    let name = asking.map(|asking| asking.name).unwrap_or_default();
    let back = fill(t.back_to_app, "app", &name);
    let posts = answer.mode == ResponseMode::FormPost;
    let url = answer.url();
    let main = html! {
        h1 { (t.not_admitted_title) }
        p role="alert" { (fill(t.not_admitted, "app", &name)) }
        @if posts {
            (answer_form(&answer, &back))
        } @else {
            p { a href=(url) { (back) } }
        }
        p class="aside" { a href=(again) { (t.factor_restart) } }
    };
    let page = Page {
        status: 403,
        ..Page::new(t, t.not_admitted_title, main)
    };
    Ok(if posts {
        // If requested in a form, the response appears in no URL.
        Page {
            posts_to: Some(answer.uri),
            ..page
        }
    } else {
        Page {
            redirect_to: Some(url),
            onward_after: NOT_ADMITTED_SECONDS,
            has_location: true,
            ..page
        }
    }
    .into())
}

/// How long the page is shown before it redirects, in seconds.
const NOT_ADMITTED_SECONDS: u32 = 15;
