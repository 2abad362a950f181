//! `/oauth/authorize`: from an application's request to its answer, by way of signing in and consent.

use maud::html;
use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    post, routes,
};

use super::{
    consent,
    page::{Answer, Page, answer_form, go_far},
    sign_in,
    texts::fill,
    visit::Visit,
};
use crate::{
    http::{Services, oauth_body::FormBody},
    oauth::{
        AuthorizationRequest, ClientAnswer, Failure, NOT_ADMITTED, Next, ResponseMode, Visitor,
        pairs,
    },
};

pub(super) fn all() -> Vec<Route> {
    routes![go_on]
}

/// What clients send browsers to: a part of the API, though a person sees its answer.
pub(super) fn api() -> Vec<Route> {
    routes![authorize, authorize_post]
}

/// Where a request that is kept goes on.
pub(super) const GO_ON: &str = "/oauth/authorize/continue";

/// The parameters of a query; `None` when there are too many.
pub(super) fn query(uri: &Origin<'_>) -> Option<Vec<(String, String)>> {
    let text = uri.query().map(|query| query.as_str()).unwrap_or_default();
    pairs(text.as_bytes())
}

/// A parameter of a query.
pub(super) fn parameter(uri: &Origin<'_>, name: &str) -> Option<String> {
    let found = query(uri)?.into_iter().find(|(have, _)| have == name);
    found.map(|(_, value)| value)
}

/// Takes a request as far as it goes, and shows what comes next.
pub(super) async fn advance(
    visit: Visit<'_>,
    request: AuthorizationRequest,
    decision: Option<bool>,
) -> Answer {
    if visit.is(Method::Head) {
        // It changes nothing, so it makes no code.
        let asking = sign_in::asking(&visit, Some(request)).await?;
        return Ok(sign_in::page(&visit, asking.as_ref(), sign_in::Said::default()).into());
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
            let asking = sign_in::asking(&visit, Some(request)).await?;
            Ok(sign_in::page(&visit, asking.as_ref(), sign_in::Said::default()).into())
        }
        Ok(Next::Consent(scope)) => consent::page(&visit, request, scope, who).await,
        Err(error) => Err(visit.refused(error)),
    }
}

/// The page for somebody who may not sign in to an application. It leads on to the application, which is told too.
async fn not_admitted(
    visit: &Visit<'_>,
    request: AuthorizationRequest,
    answer: ClientAnswer,
) -> Answer {
    let t = visit.texts;
    let failure = Failure::new("access_denied", NOT_ADMITTED);
    visit
        .doorward
        .clients
        .refused(Some(request.client_id), &failure, visit.info.ip);
    let again = sign_in::address(visit.doorward, Some(&request));
    let asking = sign_in::asking(visit, Some(request)).await?;
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

#[get("/oauth/authorize")]
async fn authorize(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let Some(pairs) = query(uri) else {
        return Err(visit.refused(Failure::too_many_parameters().into()));
    };
    if visit.is(Method::Head) && names_document(&pairs) {
        // It changes nothing: no document is fetched for it, and none is kept.
        return Ok(sign_in::page(&visit, None, sign_in::Said::default()).into());
    }
    match visit
        .doorward
        .authorization
        .read(pairs, visit.info.ip)
        .await
    {
        Ok(request) => advance(visit.of(&request), request, None).await,
        Err(error) => Err(visit.refused(error)),
    }
}

/// Whether the client is named by the URL of its metadata document.
fn names_document(pairs: &[(String, String)]) -> bool {
    let mut named = pairs.iter().filter(|(name, _)| name == "client_id");
    named.any(|(_, id)| id.starts_with("https://"))
}

/// OpenID Connect Core section 3.1.2.1 wants POST too. It comes from another site, so the browser leaves our cookie
/// out (`SameSite=Lax`): only after a redirect is it known who is signed in.
#[post("/oauth/authorize", data = "<form>")]
async fn authorize_post(visit: Visit<'_>, form: FormBody) -> Answer {
    let form = form.0.map_err(|failure| visit.failed(&failure))?;
    let pairs = form.pairs().to_vec();
    match visit
        .doorward
        .authorization
        .read(pairs, visit.info.ip)
        .await
    {
        Ok(_) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(form.pairs());
            let base = &visit.doorward.site.base;
            let to = format!("{base}/oauth/authorize?{}", query.finish());
            Ok(go_far(visit.texts, to))
        }
        Err(error) => Err(visit.refused(error)),
    }
}

/// The address at which a request goes on.
pub(super) fn continued(doorward: &Services, request: &AuthorizationRequest) -> String {
    let kept = doorward.authorization.keep(request);
    format!("{}{GO_ON}?request={kept}", doorward.site.base)
}

#[get("/oauth/authorize/continue")]
async fn go_on(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let kept = parameter(uri, "request").unwrap_or_default();
    let (visit, request) = visit.carried(&kept)?;
    advance(visit, request, None).await
}
