//! Data round-tripped through the browser, authenticated with HMAC-SHA256 (key derived from the master key).

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

/// Length of the MAC in bytes.
const TAG: usize = 32;

/// The MAC key. It survives a restart, so that a sign-in in progress is not interrupted.
pub struct BrowserMac(hmac::Key);

impl fmt::Debug for BrowserMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[stamp]")
    }
}

impl BrowserMac {
    /// Derives the key: HMAC as a pseudorandom function, with a label used for nothing else.
    pub fn derived(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let key = hmac::sign(&master, b"doorward browser stamp 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }

    /// Encodes `bytes` for the context `place`: readable, and protected against modification.
    pub fn sign(&self, place: &str, bytes: &[u8]) -> String {
        let mut whole = bytes.to_vec();
        whole.extend_from_slice(self.tag(place, bytes).as_ref());
        BASE64.encode(whole)
    }

    /// The bytes of a text signed for the same context.
    pub fn check(&self, place: &str, text: &str) -> Option<Vec<u8>> {
        let mut whole = BASE64.decode(text).ok()?;
        let tag = whole.split_off(whole.len().checked_sub(TAG)?);
        hmac::verify(&self.0, &message(place, &whole), &tag).ok()?;
        Some(whole)
    }

    fn tag(&self, place: &str, bytes: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &message(place, bytes))
    }
}

/// The length of the context comes first, so that different pairs never produce the same message.
fn message(place: &str, bytes: &[u8]) -> Vec<u8> {
    let mut message = (place.len() as u64).to_be_bytes().to_vec();
    message.extend_from_slice(place.as_bytes());
    message.extend_from_slice(bytes);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_holds_for_its_place_its_bytes_and_its_key_only() {
        let stamp = BrowserMac::derived(&[7; 32]);
        let text = stamp.sign("a", b"bytes");
        assert_eq!(stamp.check("a", &text).as_deref(), Some(&b"bytes"[..]));
        assert_eq!(stamp.check("b", &text), None);
        assert_eq!(BrowserMac::derived(&[8; 32]).check("a", &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(stamp.check("a", &changed), None, "character {at}");
        }
        assert_eq!(stamp.check("a", ""), None);
    }
}
