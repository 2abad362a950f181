//! Tokens of forms: stamped for an action and a browser, good for an hour and once.

use doorward_shared::Timestamp;

use crate::{clock::random_bytes, crypto::secret::Digest256, http::Services, state::NONCE};

/// How long a form may be filled in, in seconds.
const LIFETIME: i64 = 3600;
/// The field that holds the token.
pub(super) const TOKEN: &str = "csrf_token";

/// What a token is stamped as: for one form, in one browser.
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

/// What a form's token is, which is used with this.
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
    // Which tokens were used is forgotten at a restart.
    let forgotten = form.is_repeatable || until.plus_seconds(-LIFETIME) >= services.started_at;
    if now < until && forgotten && services.used_forms.first(*nonce, until, now) {
        TokenCheck::Fresh
    } else {
        TokenCheck::Spent
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
pub(super) enum TokenCheck {
    /// Of this form and browser, in time, for the first time.
    Fresh,
    /// Used before, or too old.
    Spent,
    /// Missing, or of another form or browser.
    Foreign,
}
