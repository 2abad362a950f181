//! `/oauth/authorize`: from an application's request to its answer, by way of signing in and consent.

use rocket::{Route, State, get, http::uri::Origin, post, routes};

use super::{
    browser::Browser,
    consent,
    language::Language,
    page::{Answer, Page, go},
    sign_in,
    texts::Texts,
};
use crate::{
    app::Doorward,
    http::{RequestInfo, oauth::FormBody, request::UserAgent},
    oauth::{AuthorizationRequest, Next, Refused, Visitor},
};

pub fn all() -> Vec<Route> {
    routes![go_on]
}

/// What clients send browsers to: a part of the API, though a person sees its answer.
pub fn api() -> Vec<Route> {
    routes![authorize, authorize_post]
}

/// Where a request that is kept goes on.
pub const GO_ON: &str = "/oauth/authorize/continue";

/// What a browser says of itself beside its cookie.
pub struct Visit<'a> {
    pub doorward: &'a Doorward,
    pub browser: &'a Browser,
    pub info: &'a RequestInfo,
    pub agent: UserAgent,
    pub texts: &'static Texts,
}

/// The parameters of a query.
pub fn query(uri: &Origin<'_>) -> Vec<(String, String)> {
    let text = uri.query().map(|query| query.as_str()).unwrap_or_default();
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// A parameter of a query.
pub fn parameter(uri: &Origin<'_>, name: &str) -> Option<String> {
    let found = query(uri).into_iter().find(|(have, _)| have == name);
    found.map(|(_, value)| value)
}

/// What a request that goes no further is answered with.
pub fn refused(texts: &'static Texts, refused: Refused) -> Answer {
    match refused {
        Refused::Page(failure) => Err(Box::new(Page::of_failure(texts, &failure))),
        Refused::Client(url) => go(url),
    }
}

/// Takes a request as far as it goes, and shows what comes next.
pub async fn advance(
    visit: Visit<'_>,
    request: AuthorizationRequest,
    decision: Option<bool>,
) -> Answer {
    let visitor = Visitor {
        signed_in: visit.browser.signed_in()?,
        decision,
        ip: visit.info.ip,
        user_agent: visit.agent.0.clone(),
        request_id: visit.info.id.clone(),
    };
    let who = visitor.signed_in.clone();
    match visit.doorward.authorize(&request, visitor).await {
        Ok(Next::Answer(url)) => go(url),
        Ok(Next::SignIn) => {
            Ok(sign_in::page(&visit, Some(&request), sign_in::Said::default()).into())
        }
        Ok(Next::Consent(scope)) => consent::page(&visit, request, scope, who).await,
        Err(error) => refused(visit.texts, error),
    }
}

#[get("/oauth/authorize")]
async fn authorize(
    doorward: &State<Doorward>,
    browser: Browser,
    info: &RequestInfo,
    agent: UserAgent,
    language: Language,
    uri: &Origin<'_>,
) -> Answer {
    let request = match doorward.authorization_request(query(uri)).await {
        Ok(request) => request,
        Err(error) => return refused(language.0, error),
    };
    let visit = Visit {
        doorward,
        browser: &browser,
        info,
        agent,
        texts: language.or(request.ui_locales.as_deref()),
    };
    advance(visit, request, None).await
}

/// OpenID Connect Core section 3.1.2.1 wants POST too. It comes from another site, so the browser leaves our cookie
/// out (`SameSite=Lax`): only after a redirect is it known who is signed in.
#[post("/oauth/authorize", data = "<form>")]
async fn authorize_post(doorward: &State<Doorward>, language: Language, form: FormBody) -> Answer {
    let form = match form.0 {
        Ok(form) => form,
        Err(failure) => return Err(Box::new(Page::of_failure(language.0, &failure))),
    };
    match doorward.authorization_request(form.pairs().to_vec()).await {
        Ok(request) => go(continued(doorward, &request)),
        Err(error) => refused(language.0, error),
    }
}

/// The address at which a request goes on.
pub fn continued(doorward: &Doorward, request: &AuthorizationRequest) -> String {
    let kept = doorward.keep_request(request);
    format!("{}{GO_ON}?request={kept}", doorward.site.base)
}

#[get("/oauth/authorize/continue")]
async fn go_on(
    doorward: &State<Doorward>,
    browser: Browser,
    info: &RequestInfo,
    agent: UserAgent,
    language: Language,
    uri: &Origin<'_>,
) -> Answer {
    let kept = parameter(uri, "request").unwrap_or_default();
    let request = match doorward.kept_request(&kept) {
        Ok(request) => request,
        Err(failure) => return refused(language.0, failure.into()),
    };
    let visit = Visit {
        doorward,
        browser: &browser,
        info,
        agent,
        texts: language.or(request.ui_locales.as_deref()),
    };
    advance(visit, request, None).await
}
