//! Refresh tokens: `rt_`, then base64url of the session's id, the token's number, 256 random bits, and an HMAC-SHA256
//! of them under a key derived from the master key.
//!
//! The HMAC distinguishes genuine tokens from forged ones without a row for each. Only a hash of the newest token is
//! stored: database and master key together do not reveal a token.

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
/// Including the HMAC.
const WHOLE: usize = BODY + 32;

/// A presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// A token that names its session.
    Numbered {
        session: SessionId,
        hash: Digest256,
        /// Whether it was created with this master key. A token of another master key is valid if its hash is known.
        genuine: bool,
    },
    /// Possibly a token from before numbering, which is looked up by its hash.
    Tabled(Digest256),
}

/// The key that creates and recognizes refresh tokens.
#[derive(Clone)]
pub struct RefreshKey(hmac::Key);

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[refresh key]")
    }
}

impl RefreshKey {
    /// Derives the key: HMAC as a pseudorandom function, with a label used for nothing else.
    pub fn derived(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let key = hmac::sign(&master, b"doorward refresh token 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }

    /// The random part of a new token, for any session.
    pub fn next(&self) -> NextToken {
        NextToken {
            key: self.clone(),
            random: Zeroizing::new(random_bytes()),
        }
    }

    /// Parses a presented token; `None` if it is not one.
    pub fn read(&self, text: &str) -> Option<Presented> {
        let encoded = text.strip_prefix(PREFIX)?;
        let hash = Digest256::of(text.as_bytes());
        if encoded.len() != WHOLE / 3 * 4 {
            return Some(Presented::Tabled(hash));
        }
        let whole = Zeroizing::new(BASE64.decode(encoded).ok()?);
        let (body, tag) = whole.split_at_checked(BODY)?;
        let session: [u8; 16] = body.get(..16)?.try_into().ok()?;
        Some(Presented::Numbered {
            session: SessionId(Ulid::from_bytes(session)),
            hash,
            genuine: hmac::verify(&self.0, body, tag).is_ok(),
        })
    }
}

/// A refresh token to be issued, without its session and number.
#[derive(Clone)]
pub struct NextToken {
    key: RefreshKey,
    random: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for NextToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[next refresh token]")
    }
}

impl NextToken {
    /// The token, as number `generation` of a session.
    pub fn token(&self, session: SessionId, generation: u32) -> Secret {
        let mut whole = Zeroizing::new(Vec::with_capacity(WHOLE));
        whole.extend_from_slice(&session.0.to_bytes());
        whole.extend_from_slice(&generation.to_be_bytes());
        whole.extend_from_slice(&*self.random);
        let tag = hmac::sign(&self.key.0, &whole);
        whole.extend_from_slice(tag.as_ref());
        let mut text = String::with_capacity(PREFIX.len() + WHOLE / 3 * 4);
        text.push_str(PREFIX);
        BASE64.encode_string(&*whole, &mut text);
        text.into()
    }

    /// Its hash, as it is stored.
    pub fn digest(&self, session: SessionId, generation: u32) -> Digest256 {
        self.token(session, generation).digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genuine(key: &RefreshKey, text: &str) -> bool {
        matches!(key.read(text), Some(Presented::Numbered { genuine, .. }) if genuine)
    }

    #[test]
    fn a_token_is_read_as_what_it_was_made_of_and_any_changed_character_forges_it() {
        let key = RefreshKey::derived(&[7; 32]);
        let (session, next) = (SessionId(Ulid(5)), key.next());
        let token = next.token(session, 3);
        let text = token.expose();
        let read = Presented::Numbered {
            session,
            hash: next.digest(session, 3),
            genuine: true,
        };
        assert_eq!(key.read(text), Some(read));
        assert!(!genuine(&RefreshKey::derived(&[8; 32]), text));
        assert_ne!(next.token(session, 4).expose(), text);
        for at in PREFIX.len()..text.len() {
            let mut changed = text.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(!genuine(&key, &changed), "character {at}");
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
