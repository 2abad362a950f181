//! The page for an invalid one-time link.

use doorward_shared::ErrorCode;
use maud::html;

use super::{
    forgot_password, page::Page, page_context::PageContext, page_response::PageResponse, sign_in,
};
use crate::http::ApiError;

/// Purpose of the invalid link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dead {
    Reset,
    Verify,
}

/// Explains that a link is invalid, and how to get a new one.
pub(super) fn dead(page_context: &PageContext<'_>, link: Dead, error: &ApiError) -> PageResponse {
    let t = page_context.texts;
    if !is_dead(error) {
        return Page {
            holds_token: true,
            ..Page::of_error(t, error)
        }
        .into();
    }
    let sign_in = sign_in::address(page_context.services, None);
    let main = html! {
        h1 { (t.links.dead_title) }
        p role="alert" { @if link == Dead::Verify { (t.links.dead_verify) } @else { (t.links.dead) } }
        @if link == Dead::Reset && page_context.services.verification.mail {
            p { a class="button" href={ (page_context.services.site.base) (forgot_password::PATH) } { (t.links.new_link) } }
            p class="aside" { a href=(sign_in) { (t.sign_in_link) } }
        } @else {
            p { a class="button" href=(sign_in) { (t.sign_in_link) } }
        }
    };
    Page {
        status: 404,
        holds_token: true,
        ..Page::new(t, t.links.dead_title, main)
    }
    .into()
}

pub(super) fn is_dead(error: &ApiError) -> bool {
    matches!(
        error.code(),
        ErrorCode::InvalidToken | ErrorCode::TokenExpired
    )
}
