//! WebAuthn challenges of passkey registrations and sign-ins.
//!
//! A registration challenge is stored, for the session it was issued to. A sign-in challenge goes to unauthenticated
//! clients: it is authenticated with a MAC instead of being stored, and only successfully used ones are stored until
//! they expire. Not shared between processes: each accepts only its own, and a restart invalidates all.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{SessionId, Timestamp};

use super::limits::evict_first;
use crate::{clock::random_bytes, crypto::browser_mac::BrowserMac};

/// Lifetime of a challenge, in seconds.
pub(crate) const LIFETIME: i64 = 300;
/// Maximum stored challenges; each requires a password or a correct response.
const MAX_KEPT: usize = 100_000;

type Challenge = [u8; 32];

/// A pending registration.
#[derive(Debug)]
struct Registration {
    session: SessionId,
    /// Hash of the verified password: if it changes, nothing is registered.
    password: String,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct PendingChallenge {
    registrations: HashMap<Challenge, Registration>,
    /// Used sign-in challenges, until they expire.
    used: HashMap<Challenge, Timestamp>,
    /// Challenges that expire up to this time are rejected: some used ones among them were evicted.
    forgotten: Timestamp,
}

#[derive(Debug)]
pub(crate) struct PasskeyChallenges {
    /// The MAC's context, different in each process.
    place: String,
    kept: Mutex<PendingChallenge>,
}

/// A sign-in challenge, decoded from its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignInChallenge {
    pub bytes: Challenge,
    until: Timestamp,
}

impl Default for PasskeyChallenges {
    fn default() -> Self {
        let process = u128::from_be_bytes(random_bytes());
        Self {
            place: format!("passkey sign-in {process:032x}"),
            kept: Mutex::default(),
        }
    }
}

impl PasskeyChallenges {
    /// Creates a challenge for a new passkey, issued to a session after a password check; `None` if too many are open.
    pub(crate) fn register(
        &self,
        session: SessionId,
        password: String,
        now: Timestamp,
    ) -> Option<Challenge> {
        let challenge = random_bytes();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.registrations.len() >= MAX_KEPT {
            kept.registrations.retain(|_, open| open.until > now);
        }
        if kept.registrations.len() >= MAX_KEPT {
            return None;
        }
        let open = Registration {
            session,
            password,
            until: now.plus_seconds(LIFETIME),
        };
        kept.registrations.insert(challenge, open);
        Some(challenge)
    }

    /// Takes a challenge out, once, if it belongs to this session and has not expired; returns the password hash it
    /// began with.
    pub(crate) fn take_registration(
        &self,
        challenge: &[u8],
        session: SessionId,
        now: Timestamp,
    ) -> Option<String> {
        let challenge = <Challenge>::try_from(challenge).ok()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.registrations.get(&challenge)?.session != session {
            return None;
        }
        let open = kept.registrations.remove(&challenge)?;
        (open.until > now).then_some(open.password)
    }

    /// Creates a sign-in challenge, and the state that returns it.
    pub(crate) fn sign_in(&self, stamp: &BrowserMac, now: Timestamp) -> (Challenge, String) {
        let challenge: Challenge = random_bytes();
        let mut bytes = challenge.to_vec();
        bytes.extend(now.plus_seconds(LIFETIME).0.to_be_bytes());
        (challenge, stamp.sign(&self.place, &bytes))
    }

    /// The challenge of a state of this process that is neither expired nor used.
    pub(crate) fn open(
        &self,
        stamp: &BrowserMac,
        state: &str,
        now: Timestamp,
    ) -> Option<SignInChallenge> {
        let bytes = stamp.check(&self.place, state)?;
        let (challenge, until) = bytes.split_first_chunk::<32>()?;
        let found = SignInChallenge {
            bytes: *challenge,
            until: Timestamp(i64::from_be_bytes(until.try_into().ok()?)),
        };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_open(found, now).then_some(found)
    }

    /// Uses up a challenge; returns `false` if it was already used or has expired.
    pub(crate) fn use_up(&self, challenge: SignInChallenge, now: Timestamp) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.used.len() >= MAX_KEPT {
            kept.used.retain(|_, until| *until > now);
        }
        if kept.used.len() >= MAX_KEPT {
            // Sign-ins must not lock others out: the oldest are evicted, and challenges of the same age rejected.
            kept.forgotten = evict_first(&mut kept.used, MAX_KEPT / 8, |until| *until);
        }
        if !kept.is_open(challenge, now) {
            return false;
        }
        kept.used.insert(challenge.bytes, challenge.until);
        true
    }
}

impl PendingChallenge {
    fn is_open(&self, challenge: SignInChallenge, now: Timestamp) -> bool {
        let until = challenge.until;
        until > now && until > self.forgotten && !self.used.contains_key(&challenge.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_to_register_works_once_for_its_session() {
        let challenges = PasskeyChallenges::default();
        let (a, b) = (SessionId(ulid::Ulid(1)), SessionId(ulid::Ulid(2)));
        let start = Timestamp(0);
        let register = || challenges.register(a, "hash".into(), start).unwrap();
        let take = |challenge, by, at| challenges.take_registration(challenge, by, at);
        let challenge = register();
        assert_eq!(take(&challenge, b, start), None);
        assert_eq!(take(&challenge, a, start), Some("hash".into()));
        assert_eq!(take(&challenge, a, start), None);
        assert_eq!(take(&register(), a, start.plus_seconds(300)), None);
    }

    #[test]
    fn a_challenge_to_sign_in_works_once_for_five_minutes_in_its_process() {
        let challenges = PasskeyChallenges::default();
        let stamp = BrowserMac::derived(&[7; 32]);
        let start = Timestamp(0);
        let (challenge, state) = challenges.sign_in(&stamp, start);
        let late = start.plus_seconds(300);
        let opened = challenges.open(&stamp, &state, start).unwrap();
        assert_eq!(opened.bytes, challenge);
        assert_eq!(challenges.open(&stamp, &state, late), None);
        let restarted = PasskeyChallenges::default();
        assert_eq!(restarted.open(&stamp, &state, start), None);
        assert!(challenges.use_up(opened, start));
        assert!(!challenges.use_up(opened, start));
        assert_eq!(challenges.open(&stamp, &state, start), None);
        let foreign = BrowserMac::derived(&[8; 32]);
        assert_eq!(challenges.open(&foreign, &state, start), None);
    }

    #[test]
    fn however_many_are_used_others_sign_in_and_none_is_used_twice() {
        let challenges = PasskeyChallenges::default();
        let challenge = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            let until = Timestamp(number as i64).plus_seconds(LIFETIME);
            SignInChallenge { bytes, until }
        };
        let now = Timestamp(1);
        for number in 1..=MAX_KEPT + 1 {
            assert!(challenges.use_up(challenge(number), now), "{number}");
        }
        let used = challenges.kept.lock().unwrap().used.len();
        assert!(used <= MAX_KEPT, "{used}");
        for number in [1, MAX_KEPT / 8, MAX_KEPT / 8 + 2, MAX_KEPT + 1] {
            assert!(!challenges.use_up(challenge(number), now), "{number}");
        }
        assert!(challenges.use_up(challenge(MAX_KEPT + 2), now));
    }
}
