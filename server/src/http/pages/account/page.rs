//! The account page, and the responses to its forms.

use maud::html;

use super::{
    account_visit::AccountVisit,
    apps, email, export_and_deletion, factors, keys,
    notices::{Notice, part_of},
    password, profile, sessions,
};
use crate::http::{
    ApiError,
    pages::{
        page::Page,
        page_response::{PageResponse, PageResult, go},
    },
};

impl AccountVisit<'_> {
    /// Responds to a form by its result.
    pub(super) async fn ended(&self, action: &str, ended: Result<(), ApiError>) -> PageResult {
        match ended {
            Ok(()) => Ok(self.done(part_of(action))),
            Err(error) => self.failed(action, &error).await,
        }
    }

    /// Redirects to a part of the page, which confirms the result.
    fn done(&self, part: &str) -> PageResponse {
        let base = &self.services.site.base;
        go(format!("{base}/account?done={part}#{part}"))
    }

    /// The page with a form's error: at its field, if the error names one.
    pub(super) async fn failed(&self, action: &str, error: &ApiError) -> PageResult {
        let news = Notice {
            part: part_of(action),
            action,
            error: Some(error),
            ..Notice::default()
        };
        let page = self.page(news).await?;
        Ok(Page {
            status: match error.status().code {
                // As at sign-in: a page never responds with 401.
                401 => 200,
                status => status,
            },
            retry_after: error.retry_after(),
            ..page
        }
        .into())
    }

    pub(super) async fn page(&self, news: Notice<'_>) -> Result<Page, PageResponse> {
        let t = self.texts;
        let parts = [
            (
                "profile",
                t.profile,
                html! { (profile::part(self, &news)) (email::part(self, &news)) },
            ),
            ("password", t.password, password::part(self, &news)),
            ("factors", t.factors, factors::part(self, &news).await?),
            ("sessions", t.sessions, sessions::part(self).await?),
            ("keys", t.keys, keys::part(self, &news).await?),
            ("apps", t.apps, apps::part(self).await?),
            ("data", t.data, export_and_deletion::part(self, &news)),
        ];
        let base = &self.services.site.base;
        let main = html! {
            div class="top" {
                h1 { (t.account_title) }
                a href={ (base) "/sign-out" } { (t.sign_out) }
            }
            p { (self.who.account.user.email.as_str()) }
            nav aria-label=(t.account_title) {
                @for (id, title, _) in &parts { a href={ "#" (id) } { (title) } }
            }
            @for (id, title, content) in &parts {
                section id=(id) aria-labelledby={ (id) "-title" } {
                    h2 id={ (id) "-title" } { (title) }
                    @if news.part == *id { (self.told(&news)) }
                    (content)
                }
            }
        };
        Ok(Page {
            wide: true,
            script: true,
            ..Page::new(t, t.account_title, main)
        })
    }
}
