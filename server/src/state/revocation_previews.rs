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
/// Open previews of one caller, at most: past it the oldest goes.
const OF_ONE: usize = 20;

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
    /// Keeps a preview; answers its id and end. Past what one caller may have open, their oldest goes. `None` when too much
    /// is kept for all.
    pub(crate) fn keep(
        &self,
        preview: Preview,
        by: Actor,
        now: Timestamp,
    ) -> Option<(String, Timestamp)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.until > now);
        let own = kept.iter().filter(|(_, kept)| kept.by == by);
        if own.clone().count() >= OF_ONE {
            let oldest = own.min_by_key(|(_, kept)| kept.until);
            if let Some(id) = oldest.map(|(id, _)| id.clone()) {
                kept.remove(&id);
            }
        }
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
    pub(crate) fn put_back(&self, id: String, preview: Preview, by: Actor, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = now.plus_seconds(KEEP);
        kept.insert(id, Kept { preview, by, until });
    }

    /// Takes a preview out, once, if it is this caller's and not over.
    pub(crate) fn take(&self, id: &str, by: Actor, now: Timestamp) -> Option<Preview> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.until > now);
        if kept.get(id).is_none_or(|kept| kept.by != by) {
            return None;
        }
        kept.remove(id).map(|kept| kept.preview)
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::UserId;

    use super::*;
    use crate::store::Which;

    fn preview() -> Preview {
        Preview {
            ends: Ends {
                all_of: None,
                count: 0,
                users: 0,
                which: Which::These(Vec::new()),
            },
            shown: Vec::new(),
        }
    }

    #[test]
    fn whoever_asks_for_too_many_loses_their_own_oldest() {
        let previews = Previews::default();
        let [eve, ada] = [1, 2].map(|id| Actor::User(UserId(Ulid(id))));
        let now = |second| Timestamp::from_seconds(second);
        let (adas, _) = previews.keep(preview(), ada, now(0)).unwrap();
        let eves: Vec<_> = (0..200)
            .map(|second| previews.keep(preview(), eve, now(second)).unwrap().0)
            .collect();
        assert!(previews.take(&adas, ada, now(200)).is_some());
        assert!(previews.take(&eves[179], eve, now(200)).is_none());
        assert!(previews.take(&eves[180], eve, now(200)).is_some());
        assert!(previews.take(&eves[199], eve, now(200)).is_some());
    }
}
