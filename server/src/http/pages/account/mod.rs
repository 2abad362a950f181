//! `/account`: one's own profile, password, sessions, API keys and connected apps.

mod apps;
mod data;
mod email;
mod factors;
mod keys;
mod passkeys;
mod password;
mod profile;
mod sessions;

use std::ops::Deref;

use doorward_shared::{ErrorCode, Pagination, Timestamp};
use maud::{Markup, html};
use rocket::{Route, get, http::uri::Origin, routes};

use super::{
    authorize::parameter,
    form::{Fields, Form, Posted, Taken},
    input::{Wrong, is_at_field},
    page::{Answer, Page, Shown, go},
    parts::stale_note,
    sign_in,
    texts::{Texts, fill},
    visit::Visit,
};
use crate::{
    domain::{Act, Door},
    http::ApiError,
    service::SignedIn,
    store::ListQuery,
};

pub(super) fn all() -> Vec<Route> {
    [
        routes![show],
        profile::all(),
        email::all(),
        password::all(),
        sessions::all(),
        keys::all(),
        apps::all(),
        factors::all(),
        passkeys::all(),
        data::all(),
    ]
    .concat()
}

/// Fields of its forms, as errors call them.
const FIELDS: &[&str] = &[
    "code",
    "currentPassword",
    "email",
    "firstName",
    "lastName",
    "name",
    "newPassword",
    "password",
    "scopes",
];

/// The parts of the page, as its links name them.
pub(super) const PARTS: [&str; 7] = [
    "profile", "password", "factors", "sessions", "keys", "apps", "data",
];

/// Rows that a part of the page shows at once.
const ROWS: u32 = 100;

/// A person at their account.
struct At<'r> {
    visit: Visit<'r>,
    who: SignedIn,
    /// Where the list of one part goes on: the part, and what the page before gave.
    goes_on: Option<(String, String)>,
}

impl<'r> Deref for At<'r> {
    type Target = Visit<'r>;
    fn deref(&self) -> &Visit<'r> {
        &self.visit
    }
}

/// What was done, or why not, and in which part of the page.
#[derive(Default)]
struct News<'a> {
    part: &'a str,
    /// Of the form it is about; empty where that makes no difference.
    action: &'a str,
    error: Option<&'a ApiError>,
    /// The form was stale: the status of the page.
    stale: Option<u16>,
    /// Something that is shown once.
    once: Option<Markup>,
}

impl<'a> News<'a> {
    /// What was wrong with the form of this action, at its fields.
    fn wrong(&self, texts: &Texts, action: &str) -> Wrong<'a> {
        Wrong::of(texts, self.error.filter(|_| self.is_about(action)))
    }

    /// Whether it is about the form of this action.
    fn is_about(&self, action: &str) -> bool {
        self.action == action
    }
}

/// The part of the page that a form stands in.
fn part_of(action: &str) -> &str {
    // Of `/account/PART/…`.
    match action.split('/').nth(2).unwrap_or_default() {
        "passkeys" => "factors",
        "delete" => "data",
        part => part,
    }
}

impl<'r> At<'r> {
    /// The person signed in in this browser.
    ///
    /// # Errors
    /// Nobody is sent to sign in.
    fn new(visit: Visit<'r>) -> Result<Self, Shown> {
        match visit.browser.signed_in()? {
            Some(who) => Ok(Self {
                visit,
                who,
                goes_on: None,
            }),
            None => Err(go(format!("{}/sign-in", visit.doorward.site.base))),
        }
    }

    /// As [`At::new`], with the form of a part of the page.
    ///
    /// # Errors
    /// As [`At::new`] and [`Posted::take`]; for a stale form the page, on which it can be sent again.
    async fn with(
        visit: Visit<'r>,
        posted: Posted,
        form: impl Into<Form>,
    ) -> Result<(Self, Fields), Shown> {
        let form = form.into();
        let stale = match posted.take(&visit, form)? {
            Taken::Fresh(fields) => {
                let at = Self::new(visit)?;
                at.count()?;
                return Ok((at, fields));
            }
            Taken::Stale(stale) => stale.status,
        };
        let Some(who) = visit.browser.signed_in()? else {
            let said = sign_in::Said {
                stale: Some(stale),
                ..sign_in::Said::default()
            };
            return Err(sign_in::page(&visit, None, said).into());
        };
        let news = News {
            part: part_of(form.action),
            action: form.action,
            stale: Some(stale),
            ..News::default()
        };
        let at = Self {
            visit,
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
    fn count(&self) -> Result<(), Shown> {
        let (doorward, user) = (&self.doorward, self.who.account.user.id);
        let counted = doorward.limits.write(user, doorward.clock.monotonic());
        counted.map_err(|wait| Page::of_error(self.texts, &wait.into()).into())
    }

    /// Which rows of a part are shown.
    fn query(&self, part: &str) -> ListQuery {
        let goes_on = self.goes_on.as_ref().filter(|(of, _)| of == part);
        ListQuery {
            limit: ROWS,
            cursor: goes_on.map(|(_, cursor)| cursor.clone()),
            ..ListQuery::default()
        }
    }

    /// The way to rows of a part that are not shown.
    fn more(&self, part: &str, shown: &Pagination) -> Markup {
        let (t, base) = (self.texts, &self.doorward.site.base);
        let goes_on = self.goes_on.as_ref().is_some_and(|(of, _)| of == part);
        html! {
            @if goes_on || shown.next_cursor.is_some() {
                p {
                    @if goes_on { a href={ (base) "/account#" (part) } { (t.newest) } " " }
                    @if let Some(cursor) = &shown.next_cursor {
                        a href={ (base) "/account?part=" (part) "&after=" (cursor) "#" (part) } { (t.older) }
                    }
                }
            }
        }
    }

    fn cause(&self) -> crate::domain::Cause {
        let actor = crate::domain::Actor::User(self.who.account.user.id);
        self.info.cause(actor, self.doorward.clock.now())
    }

    /// What the person is about to do to their own account.
    fn act(&self) -> Result<Act, ApiError> {
        self.doorward.act(&self.who.caller(), Door::Own, self.info)
    }

    /// What a form comes to.
    async fn ended(&self, action: &str, ended: Result<(), ApiError>) -> Answer {
        match ended {
            Ok(()) => Ok(self.done(part_of(action))),
            Err(error) => self.failed(action, &error).await,
        }
    }

    /// Back to a part of the page, which says that it is done.
    fn done(&self, part: &str) -> Shown {
        let base = &self.doorward.site.base;
        go(format!("{base}/account?done={part}#{part}"))
    }

    /// The page, saying what went wrong with a form: at its field, where the error names one.
    async fn failed(&self, action: &str, error: &ApiError) -> Answer {
        let news = News {
            part: part_of(action),
            action,
            error: Some(error),
            ..News::default()
        };
        let page = self.page(news).await?;
        Ok(Page {
            status: match error.status().code {
                // As at sign-in: a page does not answer 401.
                401 => 200,
                status => status,
            },
            retry_after: error.retry_after(),
            ..page
        }
        .into())
    }

    async fn page(&self, news: News<'_>) -> Result<Page, Shown> {
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
            ("data", t.data, data::part(self, &news)),
        ];
        let base = &self.doorward.site.base;
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

    fn told(&self, news: &News<'_>) -> Markup {
        let step_up = |error: &ApiError| error.code() == ErrorCode::StepUpRequired;
        let above = news.error.filter(|error| !is_at_field(error, FIELDS));
        html! {
            @if news.error.is_some() && above.is_none() {
            } @else if let Some(error) = above {
                p class="alert" role="alert" {
                    (self.texts.of_error(error))
                    @if step_up(error) {
                        " " a href=(sign_in::again(self.doorward, news.part)) { (self.texts.sign_in_again) }
                    }
                }
            } @else if news.stale.is_some() {
                (stale_note(self, news.stale))
            } @else if let Some(once) = &news.once {
                (once)
            } @else {
                p class="done" role="status" { (self.texts.done) }
            }
        }
    }
}

/// A time as people say it, by the days of UTC: only the script knows the reader's zone, and puts it right. The exact time
/// goes with it.
fn time(at: &At<'_>, when: Timestamp) -> Markup {
    let exact = when.to_string();
    let title = exact.get(..16).unwrap_or(&exact).replace('T', " ");
    let shown = day(at.texts, when, at.doorward.clock.now());
    html! { time datetime=(exact) title={ (title) " UTC" } { (shown) } }
}

/// "today", "Monday", "3 March 2026".
fn day(t: &Texts, when: Timestamp, now: Timestamp) -> String {
    let days = |at: Timestamp| at.seconds().div_euclid(86_400);
    match days(now) - days(when) {
        0 => t.today.into(),
        1 => t.yesterday.into(),
        // 1970 began on a Thursday.
        2..=6 => t.weekdays[(days(when) + 3).rem_euclid(7) as usize].into(),
        _ => {
            let text = when.to_string();
            let part = |range| text.get(range).unwrap_or_default();
            let month: usize = part(5..7).parse().unwrap_or(1);
            let month = t.months.get(month.wrapping_sub(1)).unwrap_or(&"");
            let date = fill(t.date, "day", part(8..10).trim_start_matches('0'));
            fill(&fill(&date, "month", month), "year", part(0..4))
        }
    }
}

#[get("/account")]
async fn show(visit: Visit<'_>, uri: &Origin<'_>) -> Answer {
    let at = At {
        goes_on: parameter(uri, "part").zip(parameter(uri, "after")),
        ..At::new(visit)?
    };
    let done = parameter(uri, "done").unwrap_or_default();
    let asked = (done == email::ASKED)
        .then(|| html! { p class="done" role="status" { (at.texts.links.change_asked) } });
    let news = News {
        part: if asked.is_some() { "profile" } else { &done },
        once: asked,
        ..News::default()
    };
    Ok(at.page(news).await?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::texts::{DE, EN};

    #[test]
    fn days_are_named_as_people_name_them() {
        // Thursday, 26 November 2026, noon.
        let now = Timestamp(1_795_694_400_000);
        let before = |days: i64| now.plus_seconds(-days * 86_400);
        for (when, en, de) in [
            (now, "today", "heute"),
            (now.plus_seconds(-12 * 3600), "today", "heute"),
            (now.plus_seconds(-12 * 3600 - 1), "yesterday", "gestern"),
            (before(3), "Monday", "Montag"),
            (before(6), "Friday", "Freitag"),
            (before(7), "19 November 2026", "19. November 2026"),
            (before(23), "3 November 2026", "3. November 2026"),
            (before(-40), "5 January 2027", "5. Januar 2027"),
        ] {
            assert_eq!(
                (day(&EN, when, now), day(&DE, when, now)),
                (en.into(), de.into())
            );
        }
    }
}
