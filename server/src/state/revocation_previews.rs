//! Previews of bulk revocations: what was shown is what ends.
//!
//! Not shared: a preview of one process is unknown to another, and has to be asked for again there.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{Timestamp, admin::Session};
use ulid::Ulid;

use crate::{clock::random_bytes, domain::Actor, store::Ends};

/// How long a preview is good, in seconds.
const KEEP: i64 = 300;
/// Open previews, at most. Each holds 1,000 ids at most.
const MAX_PREVIEWS: usize = 1000;

/// The sessions a bulk revocation would end.
#[derive(Debug, Clone)]
pub(crate) struct Preview {
    pub ends: Ends,
    /// The first of them.
    pub shown: Vec<Session>,
}

#[derive(Debug)]
struct Kept {
    preview: Preview,
    by: Actor,
    until: Timestamp,
}

/// Open previews.
#[derive(Debug, Default)]
pub(crate) struct Previews(Mutex<HashMap<String, Kept>>);

impl Previews {
    /// Keeps a preview; answers its id and end. `None` when too much is kept already.
    pub fn keep(&self, preview: Preview, by: Actor, now: Timestamp) -> Option<(String, Timestamp)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.until > now);
        if kept.len() >= MAX_PREVIEWS {
            return None;
        }
        let id = Ulid(u128::from_be_bytes(random_bytes()));
        let id = format!("preview_{}", id.to_string().to_ascii_lowercase());
        let until = now.plus_seconds(KEEP);
        kept.insert(id.clone(), Kept { preview, by, until });
        Some((id, until))
    }

    /// Puts back what was taken out and could not be carried out to its end.
    pub fn put_back(&self, id: String, preview: Preview, by: Actor, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now.plus_seconds(KEEP);
        kept.insert(id, Kept { preview, by, until });
    }

    /// Takes a preview out, once, if it is this caller's and not over.
    pub fn take(&self, id: &str, by: Actor, now: Timestamp) -> Option<Preview> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.until > now);
        if kept.get(id).is_none_or(|kept| kept.by != by) {
            return None;
        }
        kept.remove(id).map(|kept| kept.preview)
    }
}
