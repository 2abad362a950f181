//! Challenges that passkeys answer.
//!
//! A challenge to register is kept, for the account it was given to. One to sign in is given to strangers: it is
//! stamped instead of kept, and only those that were answered rightly are remembered, until they are over. Not shared,
//! an answer could be used once on each process.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{Timestamp, UserId};

use crate::{clock::random_bytes, crypto::stamp::Stamp};

/// Lifetime of a challenge, in seconds.
pub(crate) const LIFETIME: i64 = 300;
/// Challenges kept at a time; each costs a password or a right answer.
const MAX_KEPT: usize = 100_000;
/// The place of the stamp.
const PLACE: &str = "passkey sign-in";

type Challenge = [u8; 32];

#[derive(Debug, Default)]
struct Kept {
    /// To register: whose they are, and until when.
    registrations: HashMap<Challenge, (UserId, Timestamp)>,
    /// To sign in: those that were used.
    used: HashMap<Challenge, Timestamp>,
}

#[derive(Debug, Default)]
pub(crate) struct PasskeyChallenges(Mutex<Kept>);

impl PasskeyChallenges {
    /// A challenge for a new passkey of an account; `None` when too many are open.
    pub fn register(&self, user: UserId, now: Timestamp) -> Option<Challenge> {
        let challenge = random_bytes();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.registrations.len() >= MAX_KEPT {
            kept.registrations.retain(|_, (_, until)| *until > now);
        }
        if kept.registrations.len() >= MAX_KEPT {
            return None;
        }
        let until = now.plus_seconds(LIFETIME);
        kept.registrations.insert(challenge, (user, until));
        Some(challenge)
    }

    /// Takes a challenge out, once, if it is this account's and not over.
    pub fn take_registration(&self, challenge: &[u8], user: UserId, now: Timestamp) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(challenge) = <Challenge>::try_from(challenge) else {
            return false;
        };
        match kept.registrations.get(&challenge) {
            Some((owner, until)) if *owner == user => {
                let live = *until > now;
                kept.registrations.remove(&challenge);
                live
            }
            _ => false,
        }
    }

    /// A challenge to sign in, and the state that brings it back.
    pub fn sign_in(stamp: &Stamp, now: Timestamp) -> (Challenge, String) {
        let challenge: Challenge = random_bytes();
        let mut bytes = challenge.to_vec();
        bytes.extend(now.plus_seconds(LIFETIME).0.to_be_bytes());
        (challenge, stamp.put_on(PLACE, &bytes))
    }

    /// The challenge of a state that is not over and was not used.
    pub fn open(&self, stamp: &Stamp, state: &str, now: Timestamp) -> Option<Challenge> {
        let bytes = stamp.check(PLACE, state)?;
        let (challenge, until) = bytes.split_first_chunk::<32>()?;
        let until = Timestamp(i64::from_be_bytes(until.try_into().ok()?));
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (until > now && !kept.used.contains_key(challenge)).then_some(*challenge)
    }

    /// Uses a challenge up; `false` when somebody else has, or too many are remembered.
    pub fn use_up(&self, challenge: Challenge, now: Timestamp) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.used.len() >= MAX_KEPT {
            kept.used.retain(|_, until| *until > now);
        }
        if kept.used.len() >= MAX_KEPT || kept.used.contains_key(&challenge) {
            return false;
        }
        kept.used.insert(challenge, now.plus_seconds(LIFETIME));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_to_register_works_once_for_its_account() {
        let challenges = PasskeyChallenges::default();
        let (a, b) = (UserId(ulid::Ulid(1)), UserId(ulid::Ulid(2)));
        let start = Timestamp(0);
        let challenge = challenges.register(a, start).unwrap();
        assert!(!challenges.take_registration(&challenge, b, start));
        assert!(challenges.take_registration(&challenge, a, start));
        assert!(!challenges.take_registration(&challenge, a, start));
        let late = challenges.register(a, start).unwrap();
        assert!(!challenges.take_registration(&late, a, start.plus_seconds(300)));
    }

    #[test]
    fn a_challenge_to_sign_in_works_once_for_five_minutes() {
        let challenges = PasskeyChallenges::default();
        let stamp = Stamp::derived(&[7; 32]);
        let start = Timestamp(0);
        let (challenge, state) = PasskeyChallenges::sign_in(&stamp, start);
        let late = start.plus_seconds(300);
        assert_eq!(challenges.open(&stamp, &state, start), Some(challenge));
        assert_eq!(challenges.open(&stamp, &state, late), None);
        assert!(challenges.use_up(challenge, start));
        assert!(!challenges.use_up(challenge, start));
        assert_eq!(challenges.open(&stamp, &state, start), None);
        let foreign = Stamp::derived(&[8; 32]);
        assert_eq!(challenges.open(&foreign, &state, start), None);
    }
}
