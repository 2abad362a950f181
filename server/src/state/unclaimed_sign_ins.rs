//! Recent sign-ins by the cookie their form came with. If a browser sends the same cookie again, it never stored the
//! one that the sign-in set (a second click discards the first response), so nobody can use that session. Not shared
//! between processes; there such a session ends at its idle expiry.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{SessionId, Timestamp, UserId};

use super::limits::evict_first;
use crate::domain::Digest256;

/// Lifetime of an entry, in seconds: as long as a form is valid.
const LIFETIME: i64 = 3600;
/// Maximum entries; beyond it the first to expire are evicted.
const MAX_KEPT: usize = 100_000;

#[derive(Debug)]
struct UnclaimedSignIn {
    session: SessionId,
    user: UserId,
    until: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct UnclaimedSignIns(Mutex<HashMap<Digest256, UnclaimedSignIn>>);

impl UnclaimedSignIns {
    /// Stores that `user` has signed in with a form that came with the cookie `from`. Returns the session that the same
    /// user opened before with that cookie and whose cookie was never stored.
    pub(crate) fn put(
        &self,
        from: Digest256,
        session: SessionId,
        user: UserId,
        now: Timestamp,
    ) -> Option<SessionId> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, arrival| arrival.until > now);
        }
        if kept.len() >= MAX_KEPT {
            evict_first(&mut kept, MAX_KEPT / 8, |arrival| arrival.until);
        }
        let arrival = UnclaimedSignIn {
            session,
            user,
            until: now.plus_seconds(LIFETIME),
        };
        let before = kept.insert(from, arrival)?;
        // Planting a cookie in another person's browser must not end their sessions when the attacker signs in with it
        // too.
        (before.user == user && before.until > now).then_some(before.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_with_the_same_cookie_once_more_tells_the_one_before_of_the_same_person() {
        let arrivals = UnclaimedSignIns::default();
        let [ada, bob] = [1, 2].map(|id| UserId(ulid::Ulid(id)));
        let ses = |id| SessionId(ulid::Ulid(id));
        let [one, two] = [1, 2].map(|byte| Digest256([byte; 32]));
        let put = |from, session, user, at| {
            arrivals.put(from, ses(session), user, Timestamp::from_seconds(at))
        };
        assert_eq!(put(one, 1, ada, 0), None);
        assert_eq!(put(two, 2, ada, 0), None, "another browser");
        assert_eq!(put(one, 3, ada, 3599), Some(ses(1)));
        assert_eq!(put(one, 4, bob, 3599), None, "another person");
        assert_eq!(put(one, 5, bob, 3599 + 3600), None, "long ago");
    }
}
