//! `/oauth/consent`: asks the user for consent to an application's request.

use doorward_shared::ScopeSet;
use maud::{Markup, html};
use rocket::{Route, post, routes};

use super::{
    components::{logo, request_field, shown_logo, unverified_client_notice, website},
    continue_authorization::advance,
    form::{AcceptedForm, Posted},
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    redirect_pages::destination,
    sign_up::other_pages,
    texts::{Texts, fill},
};
use crate::{
    oauth::{AuthorizationRequest, OAuthError},
    service::SignedIn,
};

pub(super) fn routes() -> Vec<Route> {
    routes![submit]
}

const PATH: &str = "/oauth/consent";

/// Allow and deny. Two forms, so that each button is complete in itself.
fn choice(page_context: &PageContext<'_>, request: &AuthorizationRequest) -> Markup {
    let t = page_context.texts;
    let allow = html! {
        (request_field(page_context.services, Some(request)))
        input type="hidden" name="decision" value="allow";
        button type="submit" { (t.allow) }
    };
    let deny = html! {
        (request_field(page_context.services, Some(request)))
        input type="hidden" name="decision" value="deny";
        button type="submit" class="quiet" { (t.deny) }
    };
    html! {
        div class="choice" {
            (page_context.form(PATH, allow))
            (page_context.form(PATH, deny))
        }
    }
}

/// The consent page. Its form can grant exactly the scopes that it shows.
pub(super) async fn page(
    page_context: &PageContext<'_>,
    request: AuthorizationRequest,
    scope: ScopeSet,
    who: Option<SignedIn>,
) -> PageResult {
    let (services, t) = (page_context.services, page_context.texts);
    let client = services.store.client(request.client_id).await?;
    let Some(client) = client else {
        return Err(page_context.failed(&OAuthError::client(false)));
    };
    let request = AuthorizationRequest {
        shown: Some(scope.clone()),
        ..request
    };
    let email = who.map(|who| who.account.user.email.as_str().to_owned());
    let email = email.unwrap_or_default();
    let again = other_pages(services, "/sign-in", Some(&request));
    let policy = &client.policy;
    let picture = shown_logo(&client);
    let main = html! {
        (logo(picture.as_deref()))
        h1 { (fill(t.consent_title, "app", &client.name)) }
        (unverified_client_notice(t, &client))
        (website(policy.client_uri.as_deref()))
        p { (fill(t.consent_as, "email", &email)) " " a href=(again) { (t.not_you) } }
        @if scope.is_empty() {
            p { (t.consent_nothing) }
        } @else {
            h2 { (t.consent_may) }
            (scopes(t, &scope))
        }
        p class="destination" {
            (t.consent_sent_to) " "
            strong { (destination(&request.redirect_uri)) }
        }
        (choice(page_context, &request))
        p class="hint" { (t.consent_revocable) }
    };
    Ok(Page {
        picture,
        ..page_context.page(t.consent_short, main)
    }
    .into())
}

/// A plain description of each scope, grouped into what is disclosed and what is allowed, with the scope itself in
/// small print for experts.
pub(super) fn scopes(t: &'static Texts, scope: &ScopeSet) -> Markup {
    let (about, acts): (Vec<_>, Vec<_>) = scope.into_iter().partition(|scope| {
        let told = ["openid", "profile", "email", "groups"];
        told.contains(&scope.as_str())
    });
    html! {
        @for (title, part) in [(t.consent_about_you, about), (t.consent_for_you, acts)] {
            @if !part.is_empty() {
                p class="part" { (title) }
                ul class="scopes" {
                    @for scope in part {
                        li { (t.of_scope(scope.as_str())) " " code { (scope) } }
                    }
                }
            }
        }
    }
}

#[post("/oauth/consent", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let fields = match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => fields,
        AcceptedForm::Stale(stale) => {
            // Nothing was decided: the request continues from its current state.
            let (page_context, request) = page_context.carried(stale.fields.get("request"))?;
            let answer = advance(page_context, request, None).await?;
            return Ok(answer.with_status(stale.status));
        }
    };
    let (page_context, request) = page_context.carried(fields.get("request"))?;
    if request.is_again {
        // The page was open for too long: shows the current state.
        return advance(page_context, request, None).await;
    }
    if request.shown.is_none() {
        // Kept for another page: this page showed nothing of it.
        return Err(page_context.failed(&OAuthError::request("the request was not shown")));
    }
    let decision = match fields.get("decision") {
        "allow" => true,
        "deny" => false,
        _ => return Err(page_context.failed(&OAuthError::request("decision is missing"))),
    };
    advance(page_context, request, Some(decision)).await
}

#[cfg(test)]
mod tests {
    use super::super::redirect_pages::destination;

    #[test]
    fn a_person_sees_the_host_or_the_app_they_are_sent_to() {
        assert_eq!(
            destination("https://app.example:8443/cb?x"),
            "app.example:8443"
        );
        assert_eq!(destination("http://127.0.0.1:5000/cb"), "127.0.0.1:5000");
        assert_eq!(destination("com.example.app:/oauth"), "com.example.app");
        assert_eq!(destination("myapp://callback"), "myapp");
    }
}
