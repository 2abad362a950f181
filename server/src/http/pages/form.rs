//! CSRF-protected form submissions: same origin, same browser, single use.

use rocket::{
    Data, Request,
    data::{FromData, Outcome},
};

use super::{
    form_data::Fields,
    form_origin::{Sender, sender},
    form_token::{Form, TOKEN, TokenCheck, take_token},
    page::Page,
    page_context::PageContext,
    page_response::PageResponse,
};
use crate::{
    http::{ApiError, Services, body},
    oauth::pairs,
};

/// Values for showing a form's page again.
#[derive(Debug, Default)]
pub(super) struct FormState<'a> {
    pub filled: Option<&'a Fields>,
    pub error: Option<&'a ApiError>,
    /// If the form was rejected: the status of the page.
    pub stale: Option<u16>,
}

/// The fields of a submitted form.
#[derive(Debug)]
pub(super) struct Posted {
    fields: Result<Vec<(String, String)>, u16>,
    sender: Sender,
}

/// The result of checking a form.
#[derive(Debug)]
pub(super) enum AcceptedForm {
    /// Valid: to be processed.
    Fresh(Fields),
    Stale(RejectedForm),
}

/// A form whose token is missing, of another browser, used or too old: it is not processed, and the response is a page
/// to continue from.
#[derive(Debug)]
pub(super) struct RejectedForm {
    pub fields: Fields,
    /// Status of that page.
    pub status: u16,
}

impl Posted {
    /// Checks a form.
    ///
    /// # Errors
    /// A page, for a form that another site sent or that cannot be parsed.
    pub(super) fn take(
        self,
        page_context: &PageContext<'_>,
        form: impl Into<Form>,
    ) -> Result<AcceptedForm, PageResponse> {
        let (services, t) = (page_context.services, page_context.texts);
        match self.sender {
            Sender::Ours => {}
            Sender::Foreign => return Err(Page::error(t, 403, t.foreign_form, None).into()),
            Sender::OtherUrl(origin) => return Err(wrong_issuer(page_context, &origin)),
        }
        let bad = |status| Page::error(t, status, t.bad_request, None);
        let fields = Fields(self.fields.map_err(bad)?);
        let browser = page_context.browser.hash();
        let token = take_token(services, form.into(), browser, fields.get(TOKEN));
        let status = match token {
            TokenCheck::Fresh => return Ok(AcceptedForm::Fresh(fields)),
            TokenCheck::Spent => 200,
            TokenCheck::Foreign => 403,
        };
        Ok(AcceptedForm::Stale(RejectedForm { fields, status }))
    }
}

/// A form of this server's own page, opened at a URL that is not the issuer's: the page and the log name the wrong
/// setting.
fn wrong_issuer(page_context: &PageContext<'_>, origin: &str) -> PageResponse {
    let (services, t) = (page_context.services, page_context.texts);
    let issuer = services.issuer.as_str();
    if services.log_dedup.wrong_issuer(services.clock.now()) {
        tracing::warn!(
            %origin,
            %issuer,
            "a form was refused: its page was opened at another URL than the setting `issuer` names; set `issuer` to \
             the URL that browsers see, and let the proxy pass on the Host header"
        );
    }
    let detail = format!("this page was opened at {origin}, but the setting `issuer` is {issuer}");
    Page::error(t, 403, t.wrong_issuer, Some(&detail)).into()
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Posted {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let sender = Services::of(request).map_or(Sender::Foreign, |ours| sender(request, ours));
        let is_form = request.content_type().is_some_and(|kind| kind.is_form());
        let fields = if is_form {
            let read = body::read(data).await;
            read.map_err(|error| error.status().code)
                .and_then(|bytes| pairs(&bytes).ok_or(400))
        } else {
            Err(415)
        };
        Outcome::Success(Self { fields, sender })
    }
}
