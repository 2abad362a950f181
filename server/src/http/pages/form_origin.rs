//! Origin of a form: our own page in this browser, or another site.

use rocket::Request;

use crate::http::Services;

/// The page that sent a form, as far as the browser reports it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// One of ours. Old browsers report nothing.
    Ours,
    /// One of this server's, at a URL other than `issuer`.
    OtherUrl(String),
    Foreign,
}

/// Whether the browser reports that another site's page has sent the request. Every current browser reports it.
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
    // No other site's page can make a browser report the same origin: a proxy changed the host.
    if at_host
        || authority.eq_ignore_ascii_case(site_host)
        || header("sec-fetch-site") == Some("same-origin")
    {
        let shown = origin.chars().filter(char::is_ascii_graphic).take(200);
        return Sender::OtherUrl(shown.collect());
    }
    Sender::Foreign
}
