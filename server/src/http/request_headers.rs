//! The few headers that are read on every request, found in one pass: `X-Forwarded-For`, `X-Reason`, `Accept-Language`.

use std::{borrow::Cow, sync::Arc};

use rocket::{Request, http::RawStr};

use crate::domain::text;

/// Maximum length of a stored reason, in characters.
const REASON_CHARS: usize = 200;

/// The headers read on every request, found in one pass: each lookup in the header map would hash the name.
#[derive(Default)]
pub(super) struct ReadHeaders<'r> {
    pub forwarded: Vec<&'r str>,
    /// The first header of its name, as for the others below.
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

/// An operator's reason, percent-encoded UTF-8. Only for admin calls: other callers must not write to the audit log.
pub(super) fn reason(request: &Request<'_>, header: &str) -> Option<Arc<str>> {
    // Rocket ignores empty segments.
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
