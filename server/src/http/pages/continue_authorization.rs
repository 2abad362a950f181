//! How an authorization request goes on: sign in, consent, or the answer to the application.

use maud::html;
use rocket::http::Method;

use super::{
    consent, page::Page, page_context::PageContext, page_response::Answer, pending_request,
    redirect_pages::answer_form, sign_in, sign_in_page, texts::fill,
};
use crate::oauth::{
    AuthorizationRequest, ClientAnswer, NOT_ADMITTED, Next, OAuthError, ResponseMode, Visitor,
};

/// Takes a request as far as it goes, and shows what comes next.
pub(super) async fn advance(
    visit: PageContext<'_>,
    request: AuthorizationRequest,
    decision: Option<bool>,
) -> Answer {
    if visit.is(Method::Head) {
        // It changes nothing, so it makes no code.
        let asking = pending_request::asking(&visit, Some(request)).await?;
        return Ok(sign_in_page::page(
            &visit,
            asking.as_ref(),
            sign_in_page::SignInForm::default(),
        )
        .into());
    }
    let visitor = Visitor {
        signed_in: visit.browser.signed_in()?,
        decision,
        ip: visit.info.ip,
        user_agent: visit.agent.clone(),
        request_id: visit.info.id.clone(),
    };
    let who = visitor.signed_in.clone();
    match visit
        .doorward
        .authorization
        .authorize(&request, visitor)
        .await
    {
        Ok(Next::Answer(answer)) => Ok(visit.bring(answer, decision.is_some())),
        Ok(Next::NotAdmitted(answer)) => not_admitted(&visit, request, answer).await,
        Ok(Next::SignIn) => {
            let asking = pending_request::asking(&visit, Some(request)).await?;
            Ok(
                sign_in_page::page(&visit, asking.as_ref(), sign_in_page::SignInForm::default())
                    .into(),
            )
        }
        Ok(Next::Consent(scope)) => consent::page(&visit, request, scope, who).await,
        Err(error) => Err(visit.refused(error)),
    }
}

/// The page for somebody who may not sign in to an application. It leads on to the application, which is told too.
async fn not_admitted(
    visit: &PageContext<'_>,
    request: AuthorizationRequest,
    answer: ClientAnswer,
) -> Answer {
    let t = visit.texts;
    let failure = OAuthError::new("access_denied", NOT_ADMITTED);
    visit
        .doorward
        .clients
        .refused(Some(request.client_id), &failure, visit.info.ip);
    let again = sign_in::address(visit.doorward, Some(&request));
    let asking = pending_request::asking(visit, Some(request)).await?;
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
        // Asked for in a form, the answer stands in no address.
        Page {
            posts_to: Some(answer.uri),
            ..page
        }
    } else {
        Page {
            onward: Some(url),
            onward_after: NOT_ADMITTED_SECONDS,
            located: true,
            ..page
        }
    }
    .into())
}

/// How long a person has to read why they are sent back, in seconds.
const NOT_ADMITTED_SECONDS: u32 = 15;
