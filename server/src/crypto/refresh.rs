//! Refresh tokens: `rt_`, then base64url of the session's id, the token's number, 256 random bits, and an HMAC-SHA256 of
//! them under a key of the master key's.
//!
//! The HMAC tells a genuine token from a forged one without a row for each. The random part is stored hashed, for the
//! newest token only: neither the database nor the master key nor both give a token back.

use std::fmt;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use doorward_shared::SessionId;
use ulid::Ulid;
use zeroize::Zeroizing;

use super::secret::{Digest256, Secret};
use crate::clock::random_bytes;

const PREFIX: &str = "rt_";
/// Session, number, random part.
const BODY: usize = 16 + 4 + 32;
/// With the HMAC.
const WHOLE: usize = BODY + 32;

/// The random part of a token that is about to be issued.
pub struct RefreshSeed(Zeroizing<[u8; 32]>);

impl RefreshSeed {
    /// A fresh one.
    pub fn random() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// As the store knows the token.
    pub fn digest(&self) -> Digest256 {
        Digest256::of(&*self.0)
    }
}

impl fmt::Debug for RefreshSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[refresh seed]")
    }
}

/// A refresh token that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// A genuine one of this session.
    Numbered {
        session: SessionId,
        /// Hash of its random part.
        hash: Digest256,
    },
    /// One from before tokens were numbered, if it is one at all: its hash is in a table, or not.
    Tabled(Digest256),
}

/// What makes refresh tokens and recognises them.
pub struct RefreshKey(hmac::Key);

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[refresh key]")
    }
}

impl RefreshKey {
    /// Derives the key: HMAC as a pseudorandom function, with a label that nothing else has.
    pub fn derived(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let key = hmac::sign(&master, b"doorward refresh token 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }

    /// The token number `generation` of a session.
    pub fn token(&self, session: SessionId, generation: u32, seed: &RefreshSeed) -> Secret {
        let mut whole = Zeroizing::new(Vec::with_capacity(WHOLE));
        whole.extend_from_slice(&session.0.to_bytes());
        whole.extend_from_slice(&generation.to_be_bytes());
        whole.extend_from_slice(&*seed.0);
        let tag = hmac::sign(&self.0, &whole);
        whole.extend_from_slice(tag.as_ref());
        let mut text = String::with_capacity(PREFIX.len() + WHOLE / 3 * 4);
        text.push_str(PREFIX);
        BASE64.encode_string(&*whole, &mut text);
        text.into()
    }

    /// Reads a token that came; `None` for a forged one, and for what is no refresh token.
    pub fn read(&self, text: &str) -> Option<Presented> {
        let encoded = text.strip_prefix(PREFIX)?;
        if encoded.len() != WHOLE / 3 * 4 {
            return Some(Presented::Tabled(Digest256::of(text.as_bytes())));
        }
        let whole = Zeroizing::new(BASE64.decode(encoded).ok()?);
        let (body, tag) = whole.split_at_checked(BODY)?;
        hmac::verify(&self.0, body, tag).ok()?;
        let session: [u8; 16] = body.get(..16)?.try_into().ok()?;
        Some(Presented::Numbered {
            session: SessionId(Ulid::from_bytes(session)),
            hash: Digest256::of(body.get(20..)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_what_it_was_made_of_and_any_changed_character_forges_it() {
        let key = RefreshKey::derived(&[7; 32]);
        let (session, seed) = (SessionId(Ulid(5)), RefreshSeed(Zeroizing::new([9; 32])));
        let token = key.token(session, 3, &seed);
        let text = token.expose();
        let hash = seed.digest();
        assert_eq!(key.read(text), Some(Presented::Numbered { session, hash }));
        assert_eq!(RefreshKey::derived(&[8; 32]).read(text), None);
        assert_ne!(key.token(session, 4, &seed).expose(), text);
        for at in PREFIX.len()..text.len() {
            let mut changed = text.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.read(&changed), None, "character {at}");
        }
    }

    #[test]
    fn other_lengths_are_looked_up_and_other_prefixes_are_nothing() {
        let key = RefreshKey::derived(&[7; 32]);
        let old = "rt_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let hash = Digest256::of(old.as_bytes());
        assert_eq!(key.read(old), Some(Presented::Tabled(hash)));
        assert_eq!(key.read(""), None);
        assert_eq!(key.read(&old[3..]), None);
    }
}
