//! Forms that come back: from our own pages, to the browser they were made for, once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

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
    app::Doorward,
    clock::random_bytes,
    crypto::secret::Digest256,
    http::{body, request::doorward},
    limits::let_go_of_first,
};

/// How long a form may be filled in, in seconds.
const LIFETIME: i64 = 3600;
/// Used tokens that are remembered; past it those nearest to their end go.
const MANY: usize = 100_000;
const NONCE: usize = 16;
/// The field that holds the token.
pub const TOKEN: &str = "csrf_token";

/// Tokens that were used, until they would have expired.
#[derive(Debug, Default)]
pub(crate) struct UsedForms(Mutex<HashMap<[u8; NONCE], Timestamp>>);

impl UsedForms {
    /// Whether the token is used for the first time now.
    fn first(&self, nonce: [u8; NONCE], until: Timestamp, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MANY {
            used.retain(|_, until| *until > now);
        }
        if used.len() >= MANY {
            let_go_of_first(&mut used, MANY / 8, |until| *until);
        }
        used.insert(nonce, until).is_none()
    }
}

/// What a token is stamped as: for one form, in one browser.
fn place(action: &str, Digest256(browser): Digest256) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
    format!("form {action} {}", BASE64_STANDARD_NO_PAD.encode(browser))
}

impl Doorward {
    pub(super) fn form_token(&self, action: &str, browser: Digest256) -> String {
        let until = self.clock.now().plus_seconds(LIFETIME);
        let mut bytes = random_bytes::<NONCE>().to_vec();
        bytes.extend_from_slice(&until.0.to_be_bytes());
        self.master.stamp().put_on(&place(action, browser), &bytes)
    }

    /// Whether a token is one of this form and browser, in time, and comes for the first time.
    fn take_form_token(&self, action: &str, browser: Digest256, token: &str) -> bool {
        let place = place(action, browser);
        let Some(bytes) = self.master.stamp().check(&place, token) else {
            return false;
        };
        let Some((nonce, until)) = bytes.split_first_chunk::<NONCE>() else {
            return false;
        };
        let Ok(until) = <[u8; 8]>::try_from(until).map(i64::from_be_bytes) else {
            return false;
        };
        let (until, now) = (Timestamp(until), self.clock.now());
        now < until && self.used_forms.first(*nonce, until, now)
    }
}

/// The fields of a form that was posted.
#[derive(Debug)]
pub struct Posted {
    fields: Result<Vec<(String, String)>, u16>,
    /// Whether it came from a page of ours, as far as the browser says.
    ours: bool,
}

/// Fields whose token was right.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Posted {
    /// Takes the form of `action`.
    ///
    /// # Errors
    /// 403 for a form of another page, browser or site, and for one that was sent before.
    pub fn take(self, visit: &Visit<'_>, action: &str) -> Result<Fields, Shown> {
        let refused = |status, what| Page::error(visit.texts, status, what, None);
        let bad = |status| refused(status, visit.texts.bad_request);
        let fields = Fields(self.fields.map_err(bad)?);
        let (browser, token) = (visit.browser.hash(), fields.get(TOKEN));
        if !self.ours || !visit.doorward.take_form_token(action, browser, token) {
            return Err(refused(403, visit.texts.stale_form).into());
        }
        Ok(fields)
    }
}

impl Fields {
    /// A field's value; empty when it did not come.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value)
    }

    /// A field's value, if it has one.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(have, _)| have == name);
        of_name.map(|(_, value)| value.as_str())
    }
}

/// Whether the browser says that a page of this server sent the request. Old browsers say nothing.
fn is_ours(request: &Request<'_>, doorward: &Doorward) -> bool {
    let header = |name| request.headers().get_one(name);
    if header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return false;
    }
    let Some(origin) = header("origin") else {
        return true;
    };
    let host = header("host").unwrap_or_default();
    let scheme = if doorward.site.tls { "https" } else { "http" };
    let here = origin.split_once("://").is_some_and(|(theirs, authority)| {
        theirs == scheme && !host.is_empty() && authority.eq_ignore_ascii_case(host)
    });
    here || origin == doorward.site.origin
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Posted {
    type Error = std::convert::Infallible;
    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        let ours = doorward(request).is_ok_and(|doorward| is_ours(request, doorward));
        let is_form = request.content_type().is_some_and(|kind| kind.is_form());
        let fields = if is_form {
            let read = body::read(data).await;
            read.map(|bytes| form_urlencoded::parse(&bytes).into_owned().collect())
                .map_err(|error| error.status().code)
        } else {
            Err(415)
        };
        Outcome::Success(Self { fields, ours })
    }
}
