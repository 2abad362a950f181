//! A visit of `/account` by the user signed in in the browser: the common start of its handlers and forms.

use std::ops::Deref;

use super::notices::{Notice, part_of};
use crate::{
    domain::{Act, EntryPoint},
    http::{
        ApiError,
        pages::{
            form::{AcceptedForm, Posted},
            form_data::Fields,
            form_token::Form,
            page::Page,
            page_context::PageContext,
            page_response::{PageResponse, go},
            sign_in_page,
        },
    },
    service::SignedIn,
};

/// A user on their account page.
pub(super) struct AccountVisit<'r> {
    pub page_context: PageContext<'r>,
    pub who: SignedIn,
    /// The position in the list of one part: the part, and the cursor.
    pub goes_on: Option<(String, String)>,
}

impl<'r> Deref for AccountVisit<'r> {
    type Target = PageContext<'r>;
    fn deref(&self) -> &PageContext<'r> {
        &self.page_context
    }
}

impl<'r> AccountVisit<'r> {
    /// The user signed in in this browser.
    ///
    /// # Errors
    /// A redirect to the sign-in page, if there is no such user.
    pub(super) fn new(page_context: PageContext<'r>) -> Result<Self, PageResponse> {
        match page_context.browser.signed_in()? {
            Some(who) => Ok(Self {
                page_context,
                who,
                goes_on: None,
            }),
            None => Err(go(format!("{}/sign-in", page_context.services.site.base))),
        }
    }

    /// As [`AccountVisit::new`], with the form of a part of the page.
    ///
    /// # Errors
    /// As [`AccountVisit::new`] and [`Posted::take`]; for a stale form the page, from which it can be sent again.
    pub(super) async fn with(
        page_context: PageContext<'r>,
        posted: Posted,
        form: impl Into<Form>,
    ) -> Result<(Self, Fields), PageResponse> {
        let form = form.into();
        let stale = match posted.take(&page_context, form)? {
            AcceptedForm::Fresh(fields) => {
                let at = Self::new(page_context)?;
                at.count()?;
                return Ok((at, fields));
            }
            AcceptedForm::Stale(stale) => stale.status,
        };
        let Some(who) = page_context.browser.signed_in()? else {
            let said = sign_in_page::SignInForm {
                stale: Some(stale),
                ..sign_in_page::SignInForm::default()
            };
            return Err(sign_in_page::page(&page_context, None, said).into());
        };
        let news = Notice {
            part: part_of(form.action),
            action: form.action,
            stale: Some(stale),
            ..Notice::default()
        };
        let at = Self {
            page_context,
            who,
            goes_on: None,
        };
        let page = at.page(news).await?;
        Err(Page {
            status: stale,
            ..page
        }
        .into())
    }

    /// Counts a change of the account against `writes_per_minute_per_account`, whatever its result.
    fn count(&self) -> Result<(), PageResponse> {
        let (services, user) = (&self.services, self.who.account.user.id);
        let counted = services.limits.write(user, services.clock.monotonic());
        counted.map_err(|wait| Page::of_error(self.texts, &wait.into()).into())
    }

    pub(super) fn context(&self) -> crate::domain::AuditContext {
        let actor = crate::domain::Actor::User(self.who.account.user.id);
        self.info.context(actor, self.services.clock.now())
    }

    /// The user's operation on their own account.
    pub(super) fn act(&self) -> Result<Act, ApiError> {
        self.services
            .act(&self.who.caller(), EntryPoint::Own, self.info)
    }
}
