//! Previews of bulk revocations: exactly the previewed sessions are revoked.
//!
//! Not shared between processes: a preview is unknown to other processes and has to be requested again there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use doorward_shared::{Timestamp, admin::Session};
use ulid::Ulid;

use super::bounded_map::FairMap;
use crate::{clock::random_bytes, domain::Actor, store::SessionRevocation};

/// Lifetime of a preview, in seconds.
const KEEP: i64 = 300;
/// Maximum open previews; beyond it the caller with the most loses its oldest. Each holds at most 1,000 ids.
const MAX_PREVIEWS: usize = 1000;
/// Maximum open previews per caller; beyond it the oldest is evicted.
const OF_ONE: usize = 20;

/// The sessions a bulk revocation would end.
#[derive(Debug, Clone)]
pub(crate) struct Preview {
    pub ends: SessionRevocation,
    /// The first of them, as shown.
    pub shown: Vec<Session>,
}

/// The owner of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The actor that may execute it.
    pub actor: Actor,
    /// The principal responsible for the credential, to which the per-caller limit applies.
    pub principal: Actor,
}

#[derive(Debug)]
struct PreviewEntry {
    preview: Preview,
    actor: Actor,
}

/// Open previews.
#[derive(Debug, Default)]
pub(crate) struct Previews(Mutex<FairMap<String, Actor, PreviewEntry>>);

impl Previews {
    fn kept(&self) -> MutexGuard<'_, FairMap<String, Actor, PreviewEntry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a preview; returns its id and expiry. Above the caller's limit, their oldest is evicted.
    pub(crate) fn keep(&self, preview: Preview, by: Caller, now: Timestamp) -> (String, Timestamp) {
        let mut kept = self.kept();
        kept.end(now);
        if kept.len_of(&by.principal) >= OF_ONE {
            kept.make_room_of(&by.principal);
        }
        if kept.len() >= MAX_PREVIEWS {
            kept.make_room();
        }
        let id = Ulid(u128::from_be_bytes(random_bytes()));
        let id = format!("preview_{}", id.to_string().to_ascii_lowercase());
        (id.clone(), insert(&mut kept, id, preview, by, now))
    }

    /// Puts back a preview that could not be executed completely.
    pub(crate) fn put_back(&self, id: String, preview: Preview, by: Caller, now: Timestamp) {
        insert(&mut self.kept(), id, preview, by, now);
    }

    /// Takes a preview out, once, if it belongs to this caller and has not expired.
    pub(crate) fn take(&self, id: &str, by: Actor, now: Timestamp) -> Option<Preview> {
        let mut kept = self.kept();
        kept.end(now);
        let id = id.to_owned();
        if kept.get(&id).is_none_or(|kept| kept.actor != by) {
            return None;
        }
        kept.remove(&id).map(|kept| kept.preview)
    }
}

/// Inserts a preview; returns its expiry.
fn insert(
    kept: &mut FairMap<String, Actor, PreviewEntry>,
    id: String,
    preview: Preview,
    by: Caller,
    now: Timestamp,
) -> Timestamp {
    let until = now.plus_seconds(KEEP);
    let actor = by.actor;
    kept.insert(
        id,
        by.principal,
        (false, until),
        PreviewEntry { preview, actor },
    );
    until
}

#[cfg(test)]
mod tests {
    use doorward_shared::UserId;

    use super::*;
    use crate::store::SessionSelection;

    fn preview() -> Preview {
        Preview {
            ends: SessionRevocation {
                all_of: None,
                count: 0,
                users: 0,
                which: SessionSelection::These(Vec::new()),
            },
            shown: Vec::new(),
        }
    }

    fn user(id: u128) -> Actor {
        Actor::User(UserId(Ulid(id)))
    }

    fn itself(actor: Actor) -> Caller {
        let behind = actor;
        Caller {
            actor,
            principal: behind,
        }
    }

    #[test]
    fn whoever_asks_for_too_many_loses_their_own_oldest_whatever_key_they_use() {
        let previews = Previews::default();
        let (eve, ada) = (user(1), user(2));
        let now = |second| Timestamp::from_seconds(second);
        let key = |number: u128| Actor::Key(doorward_shared::KeyId(Ulid(number % 7)));
        let (adas, _) = previews.keep(preview(), itself(ada), now(0));
        let eves: Vec<_> = (0..200)
            .map(|second| {
                let by = Caller {
                    actor: key(second as u128),
                    principal: eve,
                };
                previews.keep(preview(), by, now(second)).0
            })
            .collect();
        let take = |number: usize| previews.take(&eves[number], key(number as u128), now(200));
        assert!(previews.take(&adas, ada, now(200)).is_some());
        assert!(take(179).is_none());
        assert!(previews.take(&eves[180], eve, now(200)).is_none());
        assert!(take(180).is_some() && take(199).is_some());
    }

    #[test]
    fn many_callers_with_many_previews_keep_nobody_from_one() {
        let previews = Previews::default();
        let ada = user(0);
        let (adas, _) = previews.keep(preview(), itself(ada), Timestamp(0));
        for number in 0..3 * MAX_PREVIEWS as u128 {
            let by = itself(user(1 + number % 60));
            previews.keep(preview(), by, Timestamp(number as i64));
        }
        assert_eq!(previews.0.lock().unwrap().len(), MAX_PREVIEWS);
        assert!(previews.take(&adas, ada, Timestamp(0)).is_some());
    }
}
