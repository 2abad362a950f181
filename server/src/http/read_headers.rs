//! The few headers that are read of every request, found in one walk: `X-Forwarded-For`, `X-Reason`, `Accept-Language`.

use std::{borrow::Cow, sync::Arc};

use rocket::{Request, http::RawStr};

use crate::domain::text;

/// Longest reason that is kept, in characters.
const REASON_CHARS: usize = 200;

/// What every request is asked for, found in one walk: to look a header up hashes its name by letters.
#[derive(Default)]
pub(super) struct ReadHeaders<'r> {
    pub forwarded: Vec<&'r str>,
    /// The first of its name, as of the others below.
    pub reason: Option<&'r str>,
    pub language: Option<&'r str>,
}

impl<'r> ReadHeaders<'r> {
    pub(super) fn of(request: &'r Request<'_>) -> Self {
        let mut heads = Self::default();
        for header in request.headers().iter() {
            let Cow::Borrowed(value) = header.value else {
                continue;
            };
            if header.name == "x-forwarded-for" {
                heads.forwarded.push(value);
            } else if header.name == "x-reason" {
                heads.reason.get_or_insert(value);
            } else if header.name == "accept-language" {
                heads.language.get_or_insert(value);
            }
        }
        heads
    }
}

/// An operator's reason, percent-encoded UTF-8. Of admin calls alone: nobody else writes into the audit log.
pub(super) fn reason(request: &Request<'_>, header: &str) -> Option<Arc<str>> {
    // Rocket takes empty segments for nothing.
    if request.uri().path().segments().get(0) != Some("admin") {
        return None;
    }
    let given = RawStr::new(header).percent_decode_lossy();
    let clean: String = given
        .trim()
        .chars()
        .filter(|c| !text::is_invisible(*c))
        .take(REASON_CHARS)
        .collect();
    Some(clean).filter(|text| !text.is_empty()).map(Arc::from)
}
