//! Forms that come back: from our own pages, in the browser they were made for, once.

use doorward_shared::Timestamp;
use rocket::{
    Data, Request,
    data::{FromData, Outcome},
};

use super::{
    page::{Page, Shown},
    visit::Visit,
};
use crate::{
    clock::random_bytes,
    crypto::secret::Digest256,
    http::{ApiError, Services, body},
    oauth::pairs,
    state::NONCE,
};

/// How long a form may be filled in, in seconds.
const LIFETIME: i64 = 3600;
/// The field that holds the token.
pub(super) const TOKEN: &str = "csrf_token";

/// What a form's page shows when it is shown again.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub filled: Option<&'a Fields>,
    pub error: Option<&'a ApiError>,
    /// The form was not taken: the status of the page.
    pub stale: Option<u16>,
}

/// What a token is stamped as: for one form, in one browser.
fn place(action: &str, Digest256(browser): Digest256) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
    format!("form {action} {}", BASE64_STANDARD_NO_PAD.encode(browser))
}

/// A token for a form to `action`, in a browser.
pub(super) fn token_for(doorward: &Services, action: &str, browser: Digest256) -> String {
    let until = doorward.clock.now().plus_seconds(LIFETIME);
    let mut bytes = random_bytes::<NONCE>().to_vec();
    bytes.extend_from_slice(&until.0.to_be_bytes());
    doorward
        .master
        .stamp()
        .put_on(&place(action, browser), &bytes)
}

/// What a form's token is, which is used with this.
fn take_token(doorward: &Services, form: Form, browser: Digest256, token: &str) -> Token {
    let place = place(form.action, browser);
    let Some(bytes) = doorward.master.stamp().check(&place, token) else {
        return Token::Foreign;
    };
    let Some((nonce, until)) = bytes.split_first_chunk::<NONCE>() else {
        return Token::Foreign;
    };
    let Ok(until) = <[u8; 8]>::try_from(until).map(i64::from_be_bytes) else {
        return Token::Foreign;
    };
    let (until, now) = (Timestamp(until), doorward.clock.now());
    // Which tokens were used is forgotten at a restart.
    let forgotten = form.is_repeatable || until.plus_seconds(-LIFETIME) >= doorward.started_at;
    if now < until && forgotten && doorward.used_forms.first(*nonce, until, now) {
        Token::Fresh
    } else {
        Token::Spent
    }
}

/// A form of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub action: &'static str,
    /// Whether sending it twice comes to the same as sending it once, or asks for the password again. One that is not
    /// repeatable is not taken when it is from before a restart.
    pub is_repeatable: bool,
}

impl From<&'static str> for Form {
    fn from(action: &'static str) -> Self {
        Self {
            action,
            is_repeatable: true,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    /// Of this form and browser, in time, for the first time.
    Fresh,
    /// Used before, or too old.
    Spent,
    /// Missing, or of another form or browser.
    Foreign,
}

/// The fields of a form that was posted.
#[derive(Debug)]
pub(super) struct Posted {
    fields: Result<Vec<(String, String)>, u16>,
    sender: Sender,
}

/// Which page sent a form, as far as the browser says.
#[derive(Debug, PartialEq, Eq)]
enum Sender {
    /// One of ours. Old browsers say nothing.
    Ours,
    /// One of this server's, at a URL that `issuer` does not name.
    OtherUrl(String),
    Foreign,
}

/// Fields whose token was right.
#[derive(Debug)]
pub(super) struct Fields(Vec<(String, String)>);

/// A form as it is taken.
#[derive(Debug)]
pub(super) enum Taken {
    /// To act on.
    Fresh(Fields),
    Stale(Stale),
}

/// A form whose token is missing, foreign, used or too old: nothing is done, and the answer is a page to go on from.
#[derive(Debug)]
pub(super) struct Stale {
    pub fields: Fields,
    /// Of the page to go on from.
    pub status: u16,
}

impl Posted {
    /// Takes a form.
    ///
    /// # Errors
    /// A page, for one that another site sent or that cannot be read.
    pub(super) fn take(self, visit: &Visit<'_>, form: impl Into<Form>) -> Result<Taken, Shown> {
        let (doorward, t) = (visit.doorward, visit.texts);
        match self.sender {
            Sender::Ours => {}
            Sender::Foreign => return Err(Page::error(t, 403, t.foreign_form, None).into()),
            Sender::OtherUrl(origin) => return Err(wrong_issuer(visit, &origin)),
        }
        let bad = |status| Page::error(t, status, t.bad_request, None);
        let fields = Fields(self.fields.map_err(bad)?);
        let browser = visit.browser.hash();
        let token = take_token(doorward, form.into(), browser, fields.get(TOKEN));
        let status = match token {
            Token::Fresh => return Ok(Taken::Fresh(fields)),
            Token::Spent => 200,
            Token::Foreign => 403,
        };
        Ok(Taken::Stale(Stale { fields, status }))
    }
}

/// A form of this server's own page, opened at a URL that is not the issuer's: the person and the operator are told
/// which setting is wrong.
fn wrong_issuer(visit: &Visit<'_>, origin: &str) -> Shown {
    let (doorward, t) = (visit.doorward, visit.texts);
    let issuer = doorward.issuer.as_str();
    if doorward.told.wrong_issuer(doorward.clock.now()) {
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

impl Fields {
    /// A field's value; empty when it did not come.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// A field's value, if it has one.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(have, _)| have == name);
        of_name.map(|(_, value)| value.as_str())
    }
}

/// Whether the browser says that another site's page has sent this. What says nothing is no browser of today.
pub(super) fn is_from_another_site(request: &Request<'_>) -> bool {
    let from = request.headers().get_one("sec-fetch-site");
    from.is_some_and(|from| !matches!(from, "same-origin" | "none"))
}

fn sender(request: &Request<'_>, doorward: &Services) -> Sender {
    let header = |name| request.headers().get_one(name);
    if is_from_another_site(request) {
        return Sender::Foreign;
    }
    let Some(origin) = header("origin") else {
        return Sender::Ours;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return Sender::Foreign;
    };
    let (site_scheme, site_host) = doorward
        .site
        .origin
        .split_once("://")
        .unwrap_or(("http", ""));
    let host = header("host").unwrap_or_default();
    let at_host = !host.is_empty() && authority.eq_ignore_ascii_case(host);
    if origin == doorward.site.origin || (at_host && scheme == site_scheme) {
        return Sender::Ours;
    }
    // No page of another site can make a browser say that it is of the same origin: a proxy changed the host.
    if at_host
        || authority.eq_ignore_ascii_case(site_host)
        || header("sec-fetch-site") == Some("same-origin")
    {
        let shown = origin.chars().filter(char::is_ascii_graphic).take(200);
        return Sender::OtherUrl(shown.collect());
    }
    Sender::Foreign
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
