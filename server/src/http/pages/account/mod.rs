//! `/account`: one's own profile, password, sessions, API keys and connected apps.

mod account_visit;
mod apps;
mod email;
mod export_and_deletion;
mod factors;
mod keys;
mod notices;
mod page;
mod paging;
mod passkeys;
mod password;
mod profile;
mod sessions;
mod time;

use maud::html;
use rocket::{Route, get, http::uri::Origin, routes};

use self::{account_visit::AccountVisit, notices::Notice};
use super::{authorize::parameter, page_context::PageContext, page_response::PageResult};

pub(super) fn routes() -> Vec<Route> {
    [
        routes![show],
        profile::routes(),
        email::routes(),
        password::routes(),
        sessions::routes(),
        keys::routes(),
        apps::routes(),
        factors::routes(),
        passkeys::routes(),
        export_and_deletion::routes(),
    ]
    .concat()
}

/// The parts of the page, by their names in links.
pub(super) const PARTS: [&str; 7] = [
    "profile", "password", "factors", "sessions", "keys", "apps", "data",
];

#[get("/account")]
async fn show(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let at = AccountVisit {
        goes_on: parameter(uri, "part").zip(parameter(uri, "after")),
        ..AccountVisit::new(page_context)?
    };
    let done = parameter(uri, "done").unwrap_or_default();
    let asked = (done == email::ASKED)
        .then(|| html! { p class="done" role="status" { (at.texts.links.change_asked) } });
    let news = Notice {
        part: if asked.is_some() { "profile" } else { &done },
        once: asked,
        ..Notice::default()
    };
    Ok(at.page(news).await?.into())
}
