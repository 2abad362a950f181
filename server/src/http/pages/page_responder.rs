//! Renders a page: HTML skeleton, security headers, CSP.

use std::io::Cursor;

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, html};
use rocket::{
    Request, Response,
    http::{Header, Status},
    response::{self, Responder},
};

use super::{page::Page, page_response::PageResponse, redirect_pages::SUBMIT};
use crate::{crypto::secret::Digest256, http::Services};

impl Page {
    /// The page's content security policy.
    fn policy(&self, services: &Services) -> String {
        let mut policy = POLICY.to_owned();
        if let Some(uri) = &self.posts_to {
            // Chromium applies it to the whole redirect chain, and the client's may lead anywhere, so only the scheme
            // is restricted. The page has one form, and all its text is escaped.
            let scheme = uri.split(':').next().unwrap_or_default();
            policy = policy.replace(
                "form-action 'self'",
                &format!("form-action https: {scheme}:"),
            );
        }
        if let Some(origin) = self.picture.as_deref().and_then(origin) {
            policy = policy.replace("img-src 'self'", &format!("img-src 'self' {origin}"));
        }
        if self.script {
            let integrity = &services.site.script_integrity;
            policy.push_str(&format!("; script-src '{integrity}'"));
        } else if self.posts_to.is_some() {
            let hash = BASE64_STANDARD.encode(Digest256::of(SUBMIT.as_bytes()).0);
            policy.push_str(&format!("; script-src 'sha256-{hash}'"));
        }
        policy
    }
}

/// Scheme, host and port of a registered URI: the only parts that the policy may contain.
fn origin(uri: &str) -> Option<String> {
    let origin = url::Url::parse(uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Maximum length of a `Location` header beside a page, in bytes: with the other headers it stays below 4 KiB, the
/// limit of many proxies.
const MAX_LOCATED: usize = 2800;

/// Headers of every response to a browser here.
fn set_security_headers(response: &mut Response<'_>, cookie: Option<String>) {
    for (name, value) in [
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ] {
        response.set_header(Header::new(name, value));
    }
    if let Some(cookie) = cookie {
        response.adjoin_header(Header::new("Set-Cookie", cookie));
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let Ok(services) = Services::of(request) else {
            return Err(Status::InternalServerError);
        };
        let body = framed(services, &self).into_string();
        let mut response = Response::new();
        response.set_status(Status::from_code(self.status).unwrap_or(Status::InternalServerError));
        response.set_header(Header::new("Content-Type", "text/html; charset=utf-8"));
        let policy = self.policy(services);
        response.set_header(Header::new("Content-Security-Policy", policy));
        let located = self
            .redirect_to
            .filter(|to| self.has_location && to.len() <= MAX_LOCATED);
        if let Some(to) = located {
            response.set_header(Header::new("Location", to));
        }
        response.set_header(Header::new("Content-Language", self.texts.language.code()));
        if let Some(seconds) = self.retry_after {
            response.set_header(Header::new("Retry-After", seconds.to_string()));
        }
        set_security_headers(&mut response, self.cookie);
        if let Some(cookie) = self.second_cookie {
            response.adjoin_header(Header::new("Set-Cookie", cookie));
        }
        response.set_sized_body(body.len(), Cursor::new(body));
        Ok(response)
    }
}

impl<'r> Responder<'r, 'static> for PageResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Page(page) => page.respond_to(request),
            Self::Go(go) => {
                let mut response = Response::new();
                // RFC 9700 section 4.12: 303, since no browser resends a form's body with it.
                response.set_status(Status::SeeOther);
                response.set_header(Header::new("Location", go.to));
                set_security_headers(&mut response, go.cookie);
                Ok(response)
            }
        }
    }
}

fn framed(services: &Services, page: &Page) -> Markup {
    let site = &services.site;
    let base = &site.base;
    html! {
        (DOCTYPE)
        html lang=(page.texts.language.code()) {
            head {
                meta charset="utf-8";
                // Before any subresource. `no-referrer` would make Chromium send forms with `Origin: null`.
                @if page.holds_token { meta name="referrer" content="strict-origin"; }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if let Some(to) = page.redirect_to.as_ref().filter(|_| !page.onward_by_click) {
                    meta http-equiv="refresh" content={ (page.onward_after) "; url=" (to) };
                }
                title { (page.title) " · " (site.name) }
                link rel="stylesheet" href={ (base) "/assets/" (site.style.name) };
                link rel="icon" href={ (base) "/assets/" (site.icon.name) };
            }
            body class=[page.wide.then_some("wide")] {
                header {
                    @if let Some(logo) = &site.logo {
                        img src={ (base) "/assets/" (logo.name) } alt="";
                    }
                    span { (site.name) }
                }
                main { (page.main) }
                @if page.script {
                    script type="module" src={ (base) "/assets/" (site.script.name) } integrity=(site.script_integrity) {}
                }
            }
        }
    }
}
