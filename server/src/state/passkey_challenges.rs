//! Challenges that passkeys answer.
//!
//! A challenge to register is kept, for the session it was given to. One to sign in is given to strangers: it is
//! stamped instead of kept, and only those that were answered rightly are remembered, until they are over. Not shared,
//! each process takes only its own: what was used is forgotten at a restart, and so is what was given.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{SessionId, Timestamp};

use super::limits::evict_first;
use crate::{clock::random_bytes, crypto::browser_mac::BrowserMac};

/// Lifetime of a challenge, in seconds.
pub(crate) const LIFETIME: i64 = 300;
/// Challenges kept at a time; each costs a password or a right answer.
const MAX_KEPT: usize = 100_000;

type Challenge = [u8; 32];

/// Whose a challenge to register is.
#[derive(Debug)]
struct Registration {
    session: SessionId,
    /// The hash of the password that was shown: once it is another, nothing is registered.
    password: String,
    until: Timestamp,
}

#[derive(Debug, Default)]
struct PendingChallenge {
    registrations: HashMap<Challenge, Registration>,
    /// To sign in: those that were used, until they are over.
    used: HashMap<Challenge, Timestamp>,
    /// What ends up to here is not taken: too many were used to remember them.
    forgotten: Timestamp,
}

#[derive(Debug)]
pub(crate) struct PasskeyChallenges {
    /// The place of the stamp, another one in each process.
    place: String,
    kept: Mutex<PendingChallenge>,
}

/// A challenge to sign in, out of its state.
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
    /// A challenge for a new passkey, given to a session after its person's password; `None` when too many are open.
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

    /// Takes a challenge out, once, if it is this session's and not over; answers the hash of the password it began with.
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

    /// A challenge to sign in, and the state that brings it back.
    pub(crate) fn sign_in(&self, stamp: &BrowserMac, now: Timestamp) -> (Challenge, String) {
        let challenge: Challenge = random_bytes();
        let mut bytes = challenge.to_vec();
        bytes.extend(now.plus_seconds(LIFETIME).0.to_be_bytes());
        (challenge, stamp.sign(&self.place, &bytes))
    }

    /// The challenge of a state of this process that is not over and was not used.
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

    /// Uses a challenge up; `false` when somebody else has, or it is over.
    pub(crate) fn use_up(&self, challenge: SignInChallenge, now: Timestamp) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.used.len() >= MAX_KEPT {
            kept.used.retain(|_, until| *until > now);
        }
        if kept.used.len() >= MAX_KEPT {
            // Nobody keeps others out by signing in: the oldest are forgotten, and with them what is as old.
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
