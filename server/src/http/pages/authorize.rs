//! `/oauth/authorize`: receives an application's authorization request and keeps it.

use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    post, routes,
};

use super::{
    continue_authorization::advance,
    page_context::PageContext,
    page_response::{PageResult, go_far},
    sign_in_page,
};
use crate::{
    http::{Services, oauth_body::FormBody},
    oauth::{AuthorizationRequest, OAuthError, pairs},
};

pub(super) fn routes() -> Vec<Route> {
    routes![go_on]
}

/// The authorization endpoint: part of the API, though its response is for a user.
pub(super) fn api() -> Vec<Route> {
    routes![authorize, authorize_post]
}

/// Where a kept request continues.
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

#[get("/oauth/authorize")]
async fn authorize(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let Some(pairs) = query(uri) else {
        return Err(page_context.refused(OAuthError::too_many_parameters().into()));
    };
    if page_context.is(Method::Head) && names_document(&pairs) {
        // HEAD changes nothing: no document is fetched, and none is stored.
        return Ok(
            sign_in_page::page(&page_context, None, sign_in_page::SignInForm::default()).into(),
        );
    }
    match page_context
        .services
        .authorization
        .read(pairs, page_context.info.ip)
        .await
    {
        Ok(request) => advance(page_context.of(&request), request, None).await,
        Err(error) => Err(page_context.refused(error)),
    }
}

/// Whether the `client_id` is the URL of a metadata document.
fn names_document(pairs: &[(String, String)]) -> bool {
    let mut named = pairs.iter().filter(|(name, _)| name == "client_id");
    named.any(|(_, id)| id.starts_with("https://"))
}

/// OpenID Connect Core section 3.1.2.1 requires POST too. It comes from another site, so the browser omits our cookie
/// (`SameSite=Lax`): only after a redirect is it known who is signed in.
#[post("/oauth/authorize", data = "<form>")]
async fn authorize_post(page_context: PageContext<'_>, form: FormBody) -> PageResult {
    let form = form
        .0
        .map_err(|failure| page_context.refused(failure.into()))?;
    let pairs = form.pairs().to_vec();
    match page_context
        .services
        .authorization
        .read(pairs, page_context.info.ip)
        .await
    {
        Ok(_) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(form.pairs());
            let base = &page_context.services.site.base;
            let to = format!("{base}/oauth/authorize?{}", query.finish());
            Ok(go_far(page_context.texts, to))
        }
        Err(error) => Err(page_context.refused(error)),
    }
}

/// The address at which a request continues.
pub(super) fn continued(services: &Services, request: &AuthorizationRequest) -> String {
    let kept = services.authorization.keep(request);
    format!("{}{GO_ON}?request={kept}", services.site.base)
}

#[get("/oauth/authorize/continue")]
async fn go_on(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let kept = parameter(uri, "request").unwrap_or_default();
    let (page_context, request) = page_context.carried(&kept)?;
    advance(page_context, request, None).await
}
