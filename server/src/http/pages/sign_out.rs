//! `/sign-out`: signing out on the pages.

use rocket::{Route, get, post, routes};

use super::{
    form::{AcceptedForm, Posted},
    page::Page,
    page_context::PageContext,
    page_response::PageResult,
    sign_out_page::{LogoutRequest, PATH, done, gone, kept_logout_request, leaving, page},
};
use crate::{domain::EntryPoint, http::ApiError, service::SignedIn, store::StoreError};

pub(super) fn routes() -> Vec<Route> {
    routes![ask, submit]
}

/// Signs the browser out, and ends the session of the hint if it is the same user's.
pub(super) async fn end(
    page_context: &PageContext<'_>,
    who: Option<&SignedIn>,
    hinted: Option<doorward_shared::SessionId>,
) -> Result<(), ApiError> {
    let Some(who) = who else {
        return Ok(());
    };
    let act = page_context
        .services
        .act(&who.caller(), EntryPoint::Own, page_context.info)?;
    match page_context.services.store.sign_out(hinted, act).await {
        // It has ended since the request arrived.
        Ok(()) | Err(StoreError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[get("/sign-out")]
fn ask(page_context: PageContext<'_>) -> PageResult {
    Ok(match page_context.browser.signed_in()? {
        Some(_) => page(&page_context, &LogoutRequest::default()).into(),
        None => done(&page_context).into(),
    })
}

#[post("/sign-out", data = "<posted>")]
async fn submit(page_context: PageContext<'_>, posted: Posted) -> PageResult {
    let who = page_context.browser.signed_in()?;
    match posted.take(&page_context, PATH)? {
        AcceptedForm::Fresh(fields) => {
            let request = kept_logout_request(page_context.services, &fields);
            end(&page_context, who.as_ref(), request.hinted_session).await?;
            Ok(gone(&page_context, request))
        }
        AcceptedForm::Stale(stale) => {
            let request = kept_logout_request(page_context.services, &stale.fields);
            let page = match (who, request.then.clone()) {
                (Some(_), _) => page(&page_context, &request),
                (None, Some(to)) if request.by_click => leaving(&page_context, to),
                (None, Some(to)) => Page::redirecting(page_context.texts, to),
                (None, None) => done(&page_context),
            };
            Ok(Page {
                status: stale.status,
                ..page
            }
            .into())
        }
    }
}
