//! GET routes for URLs that only process forms, reached by a reload, a bookmark or the back button. They redirect to a
//! page.

use rocket::{
    Data, Request, Route,
    http::Method,
    route::{Handler, Outcome},
};

use super::page_response::go;
use crate::http::Services;

/// A form's URL, and the page to redirect to.
const FORMS: &[(&str, &str)] = &[
    ("/oauth/consent", "/sign-in"),
    ("/sign-in/factor", "/sign-in"),
    ("/sign-in/enrol", "/sign-in"),
    ("/verify-email/not-me", "/sign-in"),
    ("/verify-email/resend", "/sign-in"),
    ("/account/apps/revoke", "/account"),
    ("/account/delete", "/account"),
    ("/account/factors/codes", "/account"),
    ("/account/factors/totp", "/account"),
    ("/account/factors/totp/confirm", "/account"),
    ("/account/factors/totp/remove", "/account"),
    ("/account/passkeys/add", "/account"),
    ("/account/passkeys/begin", "/account"),
    ("/account/passkeys/remove", "/account"),
    ("/account/keys", "/account"),
    ("/account/keys/revoke", "/account"),
    ("/account/password", "/account"),
    ("/account/profile", "/account"),
    ("/account/profile/email", "/account"),
    ("/account/sessions/end", "/account"),
    ("/account/sessions/end-others", "/account"),
];

pub(super) fn routes() -> Vec<Route> {
    let to = |(form, page): &(&str, &'static str)| Route::new(Method::Get, form, FormPage(page));
    FORMS.iter().map(to).collect()
}

/// Redirects to one page.
#[derive(Debug, Clone)]
struct FormPage(&'static str);

#[rocket::async_trait]
impl Handler for FormPage {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        match Services::of(request) {
            Ok(services) => Outcome::from(request, go(format!("{}{}", services.site.base, self.0))),
            Err(error) => Outcome::from(request, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_ours_that_takes_forms_shows_something() {
        let routes = super::super::routes();
        let shown = |path: &str| {
            let mut gets = routes.iter().filter(|route| route.method == Method::Get);
            gets.any(|route| route.uri.path() == path)
        };
        for form in routes.iter().filter(|route| route.method == Method::Post) {
            assert!(shown(form.uri.path()), "{}", form.uri);
        }
    }
}
