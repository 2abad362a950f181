//! Form tokens that were used: each is good once.
//!
//! Not shared: a form that is sent again to another process is taken again. A restart forgets them; forms whose
//! repetition would make something more are not taken from before it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::Timestamp;

use super::limits::evict_first;

/// Used tokens that are remembered; past it those nearest to their end go.
const MAX_TOKENS: usize = 100_000;
/// Length of the random part of a token, in bytes.
pub(crate) const NONCE: usize = 16;

/// Tokens that were used, until they would have expired.
#[derive(Debug, Default)]
pub(crate) struct UsedForms(Mutex<HashMap<[u8; NONCE], Timestamp>>);

impl UsedForms {
    /// Whether the token is used for the first time now.
    pub(crate) fn first(&self, nonce: [u8; NONCE], until: Timestamp, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MAX_TOKENS {
            used.retain(|_, until| *until > now);
        }
        if used.len() >= MAX_TOKENS {
            evict_first(&mut used, MAX_TOKENS / 8, |until| *until);
        }
        used.insert(nonce, until).is_none()
    }
}
