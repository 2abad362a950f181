//! Used form tokens: each is accepted once.
//!
//! Not shared between processes: a form submitted again to another process is accepted again. A restart forgets the
//! tokens; forms that would create something a second time are rejected if issued before it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::Timestamp;

use super::limits::evict_first;

/// Maximum used tokens stored; beyond it the first to expire are evicted.
const MAX_TOKENS: usize = 100_000;
/// Length of the random part of a token, in bytes.
pub(crate) const NONCE: usize = 16;

/// Used tokens, until their expiry.
#[derive(Debug, Default)]
pub(crate) struct UsedForms(Mutex<HashMap<[u8; NONCE], Timestamp>>);

impl UsedForms {
    /// Marks a token as used; returns whether it was unused.
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
