//! `/sign-in/back`: from a page protected by forward authentication to the sign-in page, and back.

use rocket::{
    Route, get,
    http::{Method, uri::Origin},
    routes,
};

use super::{
    authorize::parameter,
    page::Page,
    page_context::PageContext,
    page_response::{PageResponse, PageResult, go},
    sign_in_page::{self, SignInForm},
};
use crate::http::Services;

pub(super) fn routes() -> Vec<Route> {
    routes![back]
}

/// The page's URL, with the return address.
pub(super) fn address(services: &Services, kept: &str) -> String {
    format!("{}/sign-in/back?to={kept}", services.site.base)
}

/// Name of the cookie that keeps the return address during a sign-in.
pub(super) fn cookie_name(services: &Services) -> String {
    format!("{}-back", services.site.cookie)
}

/// The `Set-Cookie` header that stores a return address, or clears it if there is none.
fn cookie(services: &Services, kept: Option<&str>) -> String {
    let secure = if services.site.tls { "; Secure" } else { "" };
    format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{secure}",
        cookie_name(services),
        kept.unwrap_or_default(),
        if kept.is_some() { 3600 } else { 0 }
    )
}

#[get("/sign-in/back")]
fn back(page_context: PageContext<'_>, uri: &Origin<'_>) -> PageResult {
    let services = page_context.services;
    let kept = parameter(uri, "to").unwrap_or_default();
    let Some(page) = services.forward_auth.way_back(&kept) else {
        // Expired, or not ours: the sign-in page continues to the account page.
        return Ok(go(format!("{}/sign-in", services.site.base)));
    };
    let who = page_context.browser.signed_in()?;
    match who {
        Some(who) if !page_context.is(Method::Head) => {
            let mut shown = go(services.forward_auth.back_to(&page, &who));
            if let PageResponse::Go(to) = &mut shown {
                to.cookie = Some(cookie(services, None));
            }
            Ok(shown)
        }
        _ => Ok(Page {
            second_cookie: Some(cookie(services, Some(&kept))),
            ..sign_in_page::page(&page_context, None, SignInForm::default())
        }
        .into()),
    }
}
