//! CSRF tokens of forms: a MAC over action and browser, valid for an hour and once.

use doorward_shared::Timestamp;

use crate::{clock::random_bytes, crypto::secret::Digest256, http::Services, state::NONCE};

/// Lifetime of a form, in seconds.
const LIFETIME: i64 = 3600;
/// The field that holds the token.
pub(super) const TOKEN: &str = "csrf_token";

/// MAC purpose of a token: one form, in one browser.
fn place(action: &str, Digest256(browser): Digest256) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
    format!("form {action} {}", BASE64_STANDARD_NO_PAD.encode(browser))
}

/// A token for a form to `action`, in a browser.
pub(super) fn token_for(services: &Services, action: &str, browser: Digest256) -> String {
    let until = services.clock.now().plus_seconds(LIFETIME);
    let mut bytes = random_bytes::<NONCE>().to_vec();
    bytes.extend_from_slice(&until.0.to_be_bytes());
    services
        .master
        .stamp()
        .sign(&place(action, browser), &bytes)
}

/// State of the token of a submitted form. Checking uses it up.
pub(super) fn take_token(
    services: &Services,
    form: Form,
    browser: Digest256,
    token: &str,
) -> TokenCheck {
    let place = place(form.action, browser);
    let Some(bytes) = services.master.stamp().check(&place, token) else {
        return TokenCheck::Foreign;
    };
    let Some((nonce, until)) = bytes.split_first_chunk::<NONCE>() else {
        return TokenCheck::Foreign;
    };
    let Ok(until) = <[u8; 8]>::try_from(until).map(i64::from_be_bytes) else {
        return TokenCheck::Foreign;
    };
    let (until, now) = (Timestamp(until), services.clock.now());
    // The record of used tokens is lost at a restart.
    let forgotten = form.is_repeatable || until.plus_seconds(-LIFETIME) >= services.started_at;
    if now < until && forgotten && services.used_forms.first(*nonce, until, now) {
        TokenCheck::Fresh
    } else {
        TokenCheck::Spent
    }
}

/// One of our forms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub action: &'static str,
    /// Whether sending it twice has the same effect as once, or requires the password again. A form that is not
    /// repeatable is rejected if it is from before a restart.
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
pub(super) enum TokenCheck {
    /// Of this form and browser, not expired, unused.
    Fresh,
    /// Used, or expired.
    Spent,
    /// Missing, or of another form or browser.
    Foreign,
}
