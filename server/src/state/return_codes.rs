//! Codes that lead a signed-in browser back to a protected host, where each becomes a cookie once.
//!
//! Not shared, a second process would not know the codes of the first: the browser would be led through the sign-in
//! page once more. A restart forgets them, with the same effect.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{SessionId, Timestamp};

use crate::crypto::secret::{Digest256, Secret};

/// Lifetime, in seconds.
const LIFETIME: i64 = 60;
/// Codes at a time. Each costs somebody's sign-in.
const MAX: usize = 100_000;

#[derive(Debug)]
struct Entry {
    session: SessionId,
    host: String,
    until: Timestamp,
}

/// The codes that were not used yet.
#[derive(Debug, Default)]
pub(crate) struct ReturnCodes(Mutex<HashMap<Digest256, Entry>>);

impl ReturnCodes {
    /// Keeps a code for a host; `false` when too many wait.
    pub fn keep(&self, code: &Secret, session: SessionId, host: &str, now: Timestamp) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX {
            open.retain(|_, entry| entry.until > now);
        }
        if open.len() >= MAX {
            return false;
        }
        let entry = Entry {
            session,
            host: host.to_owned(),
            until: now.plus_seconds(LIFETIME),
        };
        open.insert(code.digest(), entry);
        true
    }

    /// Uses a code up; answers the session it stands for at this host.
    pub fn take(&self, code: &Secret, host: &str, now: Timestamp) -> Option<SessionId> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = open.remove(&code.digest())?;
        (entry.until > now && entry.host == host).then_some(entry.session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_at_its_host_for_a_minute() {
        let codes = ReturnCodes::default();
        let session = SessionId(ulid::Ulid::nil());
        let code = |text: &str| Secret::from(text.to_owned());
        let now = Timestamp(0);
        let kept = |name: &str| assert!(codes.keep(&code(name), session, "app.lan", now));
        kept("a");
        assert_eq!(codes.take(&code("a"), "app.lan", now), Some(session));
        assert_eq!(codes.take(&code("a"), "app.lan", now), None);
        kept("b");
        assert_eq!(codes.take(&code("b"), "evil.lan", now), None);
        assert_eq!(codes.take(&code("b"), "app.lan", now), None);
        kept("c");
        let late = now.plus_seconds(60);
        assert_eq!(codes.take(&code("c"), "app.lan", late), None);
    }
}
