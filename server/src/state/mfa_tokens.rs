//! Tokens of sign-ins that wait for their second factor.
//!
//! Not shared between processes: at another process users have to sign in again. A restart forgets the tokens, with the
//! same effect.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{Timestamp, UserId};

use crate::crypto::secret::{Digest256, Secret};

/// How long a sign-in waits for its factor, in seconds,
pub(crate) const FACTOR_SECONDS: i64 = 300;
/// and how long for one to be set up.
pub(crate) const ENROLMENT_SECONDS: i64 = 600;
/// Wrong factors that one token allows before it is revoked.
const MAX_WRONG_FACTORS: u8 = 5;
/// Maximum tokens. Each requires a correct password, so an unauthenticated client cannot fill the map.
const MAX_PENDING: usize = 100_000;

/// Maximum tokens per account; beyond it one is evicted. An attacker with one password cannot evict those of other
/// accounts.
const OF_ONE: usize = 20;

/// A verified password, and the data that the second step needs.
#[derive(Debug, Clone)]
pub(crate) struct PendingSignIn {
    pub user_id: UserId,
    /// The key of the account in the rate limits.
    pub email_key: String,
    /// The hash that was verified: if it changes, the sign-in is no longer valid.
    pub password: String,
    /// The account's count of cancelled sign-ins: if it changes, this sign-in is no longer valid.
    pub sign_ins_ended: i64,
    /// A new hash of the same password, if the stored one has become too cheap.
    pub rehashed: Option<String>,
    /// Whether the address of the sign-in had signed in before.
    pub known_address: bool,
    /// The network of the sign-in, as a [`client_prefix`](crate::domain::client_prefix()).
    pub from: IpAddr,
    /// The secret of one-time codes set up during this sign-in.
    pub secret: Option<Secret>,
}

#[derive(Debug)]
struct Entry {
    pending: PendingSignIn,
    until: Timestamp,
    tries_left: u8,
}

#[derive(Debug, Default)]
struct Open {
    entries: HashMap<Digest256, Entry>,
    /// Tokens of each account, oldest first.
    of_account: HashMap<UserId, VecDeque<Digest256>>,
}

impl Open {
    fn forget_expired(&mut self, now: Timestamp) {
        let Self {
            entries,
            of_account,
        } = self;
        entries.retain(|_, entry| entry.until > now);
        of_account.retain(|_, tokens| {
            tokens.retain(|token| entries.contains_key(token));
            !tokens.is_empty()
        });
    }

    fn forget_expired_of(&mut self, user: UserId, now: Timestamp) {
        let Some(own) = self.of_account.get_mut(&user) else {
            return;
        };
        let entries = &mut self.entries;
        own.retain(|token| {
            let waits = entries.get(token).is_some_and(|entry| entry.until > now);
            if !waits {
                entries.remove(token);
            }
            waits
        });
    }

    fn insert(&mut self, token: Digest256, entry: Entry) {
        let user = entry.pending.user_id;
        let own = self.of_account.get(&user);
        if own.is_some_and(|own| own.len() >= OF_ONE)
            && let Some(crowding) = self.eviction_candidate(user)
        {
            self.remove(&crowding);
        }
        self.of_account.entry(user).or_default().push_back(token);
        self.entries.insert(token, entry);
    }

    fn remove(&mut self, token: &Digest256) -> Option<Entry> {
        let entry = self.entries.remove(token)?;
        let user = entry.pending.user_id;
        if let Some(own) = self.of_account.get_mut(&user) {
            own.retain(|one| one != token);
            if own.is_empty() {
                self.of_account.remove(&user);
            }
        }
        Some(entry)
    }

    /// The token of an account to evict: the oldest of the address with the most tokens, and addresses that have never
    /// signed in to the account before those that have. So an attacker who knows only the password cannot evict its
    /// owner.
    fn eviction_candidate(&self, user: UserId) -> Option<Digest256> {
        let own = self.of_account.get(&user)?;
        let mut places: Vec<AddressShare> = Vec::new();
        for token in own {
            let Some(Entry { pending, .. }) = self.entries.get(token) else {
                continue;
            };
            match places.iter_mut().find(|place| place.from == pending.from) {
                Some(place) => place.count += 1,
                None => places.push(AddressShare {
                    from: pending.from,
                    is_known: pending.known_address,
                    count: 1,
                    oldest: *token,
                }),
            }
        }
        // Of equals the first, whose token has waited longest.
        let most = places.iter().rev();
        let most = most.max_by_key(|place| (!place.is_known, place.count))?;
        Some(most.oldest)
    }
}

/// The pending tokens of one address.
#[derive(Debug)]
struct AddressShare {
    from: IpAddr,
    is_known: bool,
    count: usize,
    oldest: Digest256,
}

/// The open tokens.
#[derive(Debug)]
pub(crate) struct MfaTokens {
    open: Mutex<Open>,
    /// Lifetime, in seconds.
    seconds: i64,
}

/// A token being tried. It cannot be used by another request meanwhile.
#[derive(Debug)]
pub(crate) struct Try {
    token: Digest256,
    entry: Entry,
}

impl Try {
    pub(crate) fn pending(&self) -> &PendingSignIn {
        &self.entry.pending
    }
}

impl MfaTokens {
    /// An empty map; tokens will be valid for `seconds`.
    pub(crate) fn new(seconds: i64) -> Self {
        Self {
            open: Mutex::default(),
            seconds,
        }
    }

    /// Stores a sign-in under a new token; `None` if there are too many.
    pub(crate) fn keep(
        &self,
        token: &Secret,
        pending: PendingSignIn,
        now: Timestamp,
    ) -> Option<()> {
        let mut open = self.lock();
        if open.entries.len() >= MAX_PENDING {
            open.forget_expired(now);
        }
        open.forget_expired_of(pending.user_id, now);
        if open.entries.len() >= MAX_PENDING {
            return None;
        }
        let entry = Entry {
            pending,
            until: now.plus_seconds(self.seconds),
            tries_left: MAX_WRONG_FACTORS,
        };
        open.insert(token.digest(), entry);
        Some(())
    }

    /// Reads a pending sign-in without consuming a try.
    pub(crate) fn look_at(&self, token: &Secret, now: Timestamp) -> Option<PendingSignIn> {
        let open = self.lock();
        let entry = open.entries.get(&token.digest())?;
        (entry.until > now).then(|| entry.pending.clone())
    }

    /// Takes a token out to try a factor; it is removed unless [`MfaTokens::failed`] puts it back.
    pub(crate) fn take(&self, token: &Secret, now: Timestamp) -> Option<Try> {
        let token = token.digest();
        let entry = self.lock().remove(&token)?;
        (entry.until > now).then_some(Try { token, entry })
    }

    /// Puts a token back after a wrong factor, if tries are left.
    pub(crate) fn failed(&self, mut tried: Try) {
        tried.entry.tries_left -= 1;
        if tried.entry.tries_left > 0 {
            self.unused(tried);
        }
    }

    /// Puts a token back without a try, because a limit or the disk prevented it.
    pub(crate) fn unused(&self, tried: Try) {
        self.lock().insert(tried.token, tried.entry);
    }

    /// Removes an account's pending sign-ins.
    pub(crate) fn end_of(&self, user: UserId) {
        let mut open = self.lock();
        open.entries
            .retain(|_, entry| entry.pending.user_id != user);
        open.of_account.remove(&user);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> PendingSignIn {
        PendingSignIn {
            user_id: UserId(ulid::Ulid(7)),
            email_key: "a@example.com".into(),
            password: "hash".into(),
            sign_ins_ended: 0,
            rehashed: None,
            known_address: false,
            from: IpAddr::from([203, 0, 113, 1]),
            secret: None,
        }
    }

    #[test]
    fn one_account_has_few_places_and_takes_none_of_others() {
        let tokens = MfaTokens::new(FACTOR_SECONDS);
        let token = |n: u32| Secret::from(format!("mfa_{n}"));
        let other = PendingSignIn {
            user_id: UserId(ulid::Ulid(8)),
            ..pending()
        };
        tokens.keep(&token(1000), other, Timestamp(0)).unwrap();
        for n in 0..500 {
            tokens.keep(&token(n), pending(), Timestamp(0)).unwrap();
        }
        let works = |n| tokens.look_at(&token(n), Timestamp(0)).is_some();
        assert!(works(1000) && works(499) && works(480) && !works(479));
        assert_eq!(tokens.lock().entries.len(), 21);
        // The account's other tokens stay usable while one is tried.
        let tried = tokens.take(&token(490), Timestamp(0)).unwrap();
        tokens.failed(tried);
        assert!(works(490) && works(480));
        tokens.lock().forget_expired(Timestamp(0).plus_seconds(300));
        let open = tokens.lock();
        assert!(open.entries.is_empty() && open.of_account.is_empty());
    }

    #[test]
    fn whoever_knows_the_password_alone_pushes_nobody_out() {
        let from = |last: u8, known_address| PendingSignIn {
            known_address,
            from: IpAddr::from([198, 51, 100, last]),
            ..pending()
        };
        let start = Timestamp(0);
        for (at_home, elsewhere) in [(true, 40), (false, 1)] {
            let tokens = MfaTokens::new(FACTOR_SECONDS);
            let token = |n: u32| Secret::from(format!("mfa_{n}"));
            let works = |n| tokens.look_at(&token(n), start).is_some();
            tokens.keep(&token(0), from(0, at_home), start).unwrap();
            for n in 1..200 {
                // Nor of the owner's.
                let place = from(1 + u8::try_from(n % elsewhere).unwrap(), false);
                tokens.keep(&token(n), place, start).unwrap();
            }
            assert!(works(0) && works(199));
            assert_eq!(tokens.lock().entries.len(), OF_ONE);
            // After a wrong factor it stays pending.
            let tried = tokens.take(&token(0), start).unwrap();
            tokens.keep(&token(200), from(1, false), start).unwrap();
            tokens.failed(tried);
            assert!(works(0) && works(200));
            // Expired tokens take up no slot.
            let later = start.plus_seconds(FACTOR_SECONDS);
            tokens.keep(&token(201), from(9, false), later).unwrap();
            assert_eq!(tokens.lock().entries.len(), 1);
        }
    }

    #[test]
    fn a_token_works_once_for_five_minutes_and_five_tries() {
        let tokens = MfaTokens::new(FACTOR_SECONDS);
        let token = Secret::from("mfa_x".to_owned());
        let start = Timestamp(0);
        tokens.keep(&token, pending(), start).unwrap();
        let tried = tokens.take(&token, start).unwrap();
        assert!(tokens.take(&token, start).is_none(), "while it is tried");
        tokens.unused(tried);
        for _ in 0..5 {
            let tried = tokens.take(&token, start.plus_seconds(299)).unwrap();
            tokens.failed(tried);
        }
        assert!(tokens.take(&token, start).is_none(), "after five tries");
        tokens.keep(&token, pending(), start).unwrap();
        assert!(tokens.take(&token, start.plus_seconds(300)).is_none());
        tokens.keep(&token, pending(), start).unwrap();
        tokens.end_of(UserId(ulid::Ulid(7)));
        assert!(tokens.take(&token, start).is_none());
    }
}
