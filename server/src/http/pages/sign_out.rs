//! `/sign-out`: signing out, for people.

use rocket::{Route, get, post, routes};

use super::{
    form::{Posted, Taken},
    page::Page,
    page_context::PageContext,
    page_response::Answer,
    sign_out_page::{LogoutRequest, PATH, done, gone, kept_wish, leaving, page},
};
use crate::{domain::Door, http::ApiError, service::SignedIn, store::StoreError};

pub(super) fn routes() -> Vec<Route> {
    routes![ask, submit]
}

/// Signs the browser out, and ends the session of the hint where it is the same person's.
pub(super) async fn end(
    visit: &PageContext<'_>,
    who: Option<&SignedIn>,
    hinted: Option<doorward_shared::SessionId>,
) -> Result<(), ApiError> {
    let Some(who) = who else {
        return Ok(());
    };
    let act = visit.doorward.act(&who.caller(), Door::Own, visit.info)?;
    match visit.doorward.store.sign_out(hinted, act).await {
        // It has ended since the request came.
        Ok(()) | Err(StoreError::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[get("/sign-out")]
fn ask(visit: PageContext<'_>) -> Answer {
    Ok(match visit.browser.signed_in()? {
        Some(_) => page(&visit, &LogoutRequest::default()).into(),
        None => done(&visit).into(),
    })
}

#[post("/sign-out", data = "<posted>")]
async fn submit(visit: PageContext<'_>, posted: Posted) -> Answer {
    let who = visit.browser.signed_in()?;
    match posted.take(&visit, PATH)? {
        Taken::Fresh(fields) => {
            let wish = kept_wish(visit.doorward, &fields);
            end(&visit, who.as_ref(), wish.hinted).await?;
            Ok(gone(&visit, wish))
        }
        Taken::Stale(stale) => {
            let wish = kept_wish(visit.doorward, &stale.fields);
            let page = match (who, wish.then.clone()) {
                (Some(_), _) => page(&visit, &wish),
                (None, Some(to)) if wish.by_click => leaving(&visit, to),
                (None, Some(to)) => Page::onward(visit.texts, to),
                (None, None) => done(&visit),
            };
            Ok(Page {
                status: stale.status,
                ..page
            }
            .into())
        }
    }
}
