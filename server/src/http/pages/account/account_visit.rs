//! A visit of `/account` by the person who is signed in in the browser: what each handler and form there starts with.

use std::ops::Deref;

use super::notices::{Notice, part_of};
use crate::{
    domain::{Act, EntryPoint},
    http::{
        ApiError,
        pages::{
            fields::Fields,
            form::{AcceptedForm, Posted},
            form_token::Form,
            page::Page,
            page_context::PageContext,
            page_response::{PageResponse, go},
            sign_in_page,
        },
    },
    service::SignedIn,
};

/// A person at their account.
pub(super) struct AccountVisit<'r> {
    pub page_context: PageContext<'r>,
    pub who: SignedIn,
    /// Where the list of one part goes on: the part, and what the page before gave.
    pub goes_on: Option<(String, String)>,
}

impl<'r> Deref for AccountVisit<'r> {
    type Target = PageContext<'r>;
    fn deref(&self) -> &PageContext<'r> {
        &self.page_context
    }
}

impl<'r> AccountVisit<'r> {
    /// The person signed in in this browser.
    ///
    /// # Errors
    /// Nobody is sent to sign in.
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
    /// As [`AccountVisit::new`] and [`Posted::take`]; for a stale form the page, on which it can be sent again.
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

    /// Counts a change of the account by `writes_per_minute_per_account`, whatever becomes of it.
    fn count(&self) -> Result<(), PageResponse> {
        let (services, user) = (&self.services, self.who.account.user.id);
        let counted = services.limits.write(user, services.clock.monotonic());
        counted.map_err(|wait| Page::of_error(self.texts, &wait.into()).into())
    }

    pub(super) fn context(&self) -> crate::domain::AuditContext {
        let actor = crate::domain::Actor::User(self.who.account.user.id);
        self.info.context(actor, self.services.clock.now())
    }

    /// What the person is about to do to their own account.
    pub(super) fn act(&self) -> Result<Act, ApiError> {
        self.services
            .act(&self.who.caller(), EntryPoint::Own, self.info)
    }
}
