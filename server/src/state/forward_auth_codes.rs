//! Codes that return a signed-in browser to a protected host, where each is exchanged for a cookie once.
//!
//! Not shared between processes: with an unknown code, the browser goes through the sign-in page once more. A restart
//! forgets the codes, with the same effect.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use doorward_shared::{SessionId, Timestamp};

use crate::crypto::secret::{Digest256, Secret};

/// Lifetime, in seconds.
const LIFETIME: i64 = 60;
/// Maximum codes in total; beyond it the oldest is evicted.
const MAX: usize = 100_000;
/// Maximum codes per session (pages that a browser opens together); beyond it the session's oldest is evicted, so that
/// no session can evict the codes of others.
const MAX_OF_SESSION: usize = 8;

#[derive(Debug)]
struct Entry {
    session: SessionId,
    /// Host and port.
    place: String,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct Open {
    codes: HashMap<Digest256, Entry>,
    /// The codes of each session, oldest first.
    sessions: HashMap<SessionId, VecDeque<Digest256>>,
    /// In order of creation, which is also the order of expiry. Some are already used.
    order: VecDeque<(Digest256, Timestamp)>,
}

/// The unused codes.
#[derive(Debug, Default)]
pub(crate) struct ReturnCodes(Mutex<Open>);

impl Open {
    fn remove(&mut self, code: &Digest256) -> Option<Entry> {
        let entry = self.codes.remove(code)?;
        if let Some(own) = self.sessions.get_mut(&entry.session) {
            own.retain(|one| one != code);
            if own.is_empty() {
                self.sessions.remove(&entry.session);
            }
        }
        Some(entry)
    }

    /// Removes expired codes and, above the limit, the oldest.
    fn make_room(&mut self, now: Timestamp) {
        while let Some((code, until)) = self.order.front().copied()
            && (until <= now || self.codes.len() >= MAX)
        {
            self.order.pop_front();
            self.remove(&code);
        }
        // Used codes still take up slots: at most as many as there are unused ones.
        if self.order.len() > 2 * self.codes.len() + MAX_OF_SESSION {
            let codes = &self.codes;
            self.order.retain(|(code, _)| codes.contains_key(code));
        }
    }
}

impl ReturnCodes {
    /// Stores a code for a host with its port.
    pub(crate) fn keep(&self, code: &Secret, session: SessionId, place: &str, now: Timestamp) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.make_room(now);
        let (code, until) = (code.digest(), now.plus_seconds(LIFETIME));
        let own = open.sessions.entry(session).or_default();
        own.push_back(code);
        let oldest = own.front().filter(|_| own.len() > MAX_OF_SESSION).copied();
        if let Some(oldest) = oldest {
            open.remove(&oldest);
        }
        let entry = Entry {
            session,
            place: place.to_owned(),
            until,
        };
        open.codes.insert(code, entry);
        open.order.push_back((code, until));
    }

    /// Uses up a code; returns its session if the host matches.
    pub(crate) fn take(&self, code: &Secret, place: &str, now: Timestamp) -> Option<SessionId> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = open.remove(&code.digest())?;
        (entry.until > now && entry.place == place).then_some(entry.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn code(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    fn session(number: u128) -> SessionId {
        SessionId(ulid::Ulid(number))
    }

    #[test]
    fn a_code_works_once_at_its_host_for_a_minute() {
        let codes = ReturnCodes::default();
        let kept = |name: &str| codes.keep(&code(name), session(0), "app.lan", NOW);
        kept("a");
        assert_eq!(codes.take(&code("a"), "app.lan", NOW), Some(session(0)));
        assert_eq!(codes.take(&code("a"), "app.lan", NOW), None);
        kept("b");
        assert_eq!(codes.take(&code("b"), "evil.lan", NOW), None);
        assert_eq!(codes.take(&code("b"), "app.lan", NOW), None);
        kept("c");
        let late = NOW.plus_seconds(60);
        assert_eq!(codes.take(&code("c"), "app.lan", late), None);
    }

    #[test]
    fn a_session_that_asks_for_many_codes_takes_nobodys_place() {
        let codes = ReturnCodes::default();
        codes.keep(&code("others"), session(1), "app.lan", NOW);
        for n in 0..MAX_OF_SESSION * 10 {
            codes.keep(&code(&n.to_string()), session(2), "app.lan", NOW);
        }
        assert_eq!(codes.0.lock().unwrap().codes.len(), MAX_OF_SESSION + 1);
        assert!(codes.0.lock().unwrap().order.len() <= 4 * MAX_OF_SESSION);
        let take = |name: &str| codes.take(&code(name), "app.lan", NOW);
        assert_eq!(take("others"), Some(session(1)));
        let first_left = MAX_OF_SESSION * 9;
        assert_eq!(take(&(first_left - 1).to_string()), None);
        assert_eq!(take(&first_left.to_string()), Some(session(2)));
        // Everything is removed once it has expired.
        codes.keep(&code("late"), session(3), "app.lan", NOW.plus_seconds(60));
        let open = codes.0.lock().unwrap();
        let left = (open.codes.len(), open.sessions.len(), open.order.len());
        assert_eq!(left, (1, 1, 1));
    }
}
