//! From where a form comes: our own page in this browser, or elsewhere.

use rocket::Request;

use crate::http::Services;

/// Which page sent a form, as far as the browser says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// One of ours. Old browsers say nothing.
    Ours,
    /// One of this server's, at a URL that `issuer` does not name.
    OtherUrl(String),
    Foreign,
}

/// Whether the browser says that another site's page has sent this. What says nothing is no browser of today.
pub(super) fn is_from_another_site(request: &Request<'_>) -> bool {
    let from = request.headers().get_one("sec-fetch-site");
    from.is_some_and(|from| !matches!(from, "same-origin" | "none"))
}

pub(super) fn sender(request: &Request<'_>, services: &Services) -> Sender {
    let header = |name| request.headers().get_one(name);
    if is_from_another_site(request) {
        return Sender::Foreign;
    }
    let Some(origin) = header("origin") else {
        return Sender::Ours;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Sender::Foreign;
    };
    let (site_scheme, site_host) = services
        .site
        .origin
        .split_once("://")
        .unwrap_or(("http", ""));
    let host = header("host").unwrap_or_default();
    let at_host = !host.is_empty() && authority.eq_ignore_ascii_case(host);
    if origin == services.site.origin || (at_host && scheme == site_scheme) {
        return Sender::Ours;
    }
    // No page of another site can make a browser say that it is of the same origin: a proxy changed the host.
    if at_host
        || authority.eq_ignore_ascii_case(site_host)
        || header("sec-fetch-site") == Some("same-origin")
    {
        let shown = origin.chars().filter(char::is_ascii_graphic).take(200);
        return Sender::OtherUrl(shown.collect());
    }
    Sender::Foreign
}
