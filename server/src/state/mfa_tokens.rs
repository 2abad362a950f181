//! Sign-ins that wait for their second factor.
//!
//! Not shared, a second process would not know the tokens of the first: people would have to begin again there. A
//! restart forgets them, with the same effect.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{Timestamp, UserId};

use crate::crypto::secret::{Digest256, Secret};

/// Lifetime, in seconds.
const LIFETIME: i64 = 300;
/// Wrong factors that one token survives, the last one excepted.
const TRIES: u8 = 5;
/// Tokens at a time. Each costs a right password, so that strangers cannot fill it.
const MAX_PENDING: usize = 100_000;

/// A password that was right, and what the second step needs of the first.
#[derive(Debug, Clone)]
pub(crate) struct PendingSignIn {
    pub user_id: UserId,
    /// By which the limits know the account.
    pub email_key: String,
    /// The hash that was checked: once it is another, the sign-in is over.
    pub password: String,
    /// How often sign-ins of the account had ended by then: once more, and this one is over.
    pub sign_ins_ended: i64,
    /// A new hash for the same password, where the stored one has become too cheap.
    pub rehashed: Option<String>,
    pub known_address: bool,
}

#[derive(Debug)]
struct Entry {
    pending: PendingSignIn,
    until: Timestamp,
    tries_left: u8,
}

/// The tokens that are open.
#[derive(Debug, Default)]
pub(crate) struct MfaTokens(Mutex<HashMap<Digest256, Entry>>);

/// A token that is being tried. Nobody else can use it meanwhile.
#[derive(Debug)]
pub(crate) struct Try {
    token: Digest256,
    entry: Entry,
}

impl Try {
    pub fn pending(&self) -> &PendingSignIn {
        &self.entry.pending
    }
}

impl MfaTokens {
    /// Keeps a sign-in under a new token; `None` when too many wait.
    pub fn keep(&self, token: &Secret, pending: PendingSignIn, now: Timestamp) -> Option<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_PENDING {
            open.retain(|_, entry| entry.until > now);
        }
        if open.len() >= MAX_PENDING {
            return None;
        }
        let entry = Entry {
            pending,
            until: now.plus_seconds(LIFETIME),
            tries_left: TRIES,
        };
        open.insert(token.digest(), entry);
        Some(())
    }

    /// Takes a token out to try a factor; it is gone unless [`MfaTokens::failed`] puts it back.
    pub fn take(&self, token: &Secret, now: Timestamp) -> Option<Try> {
        let token = token.digest();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = open.remove(&token)?;
        (entry.until > now).then_some(Try { token, entry })
    }

    /// Puts a token back after a wrong factor, if tries are left.
    pub fn failed(&self, mut tried: Try) {
        tried.entry.tries_left -= 1;
        if tried.entry.tries_left > 0 {
            self.unused(tried);
        }
    }

    /// Puts a token back that was not tried after all: the limits or the disk stood in the way.
    pub fn unused(&self, tried: Try) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(tried.token, tried.entry);
    }

    /// Ends an account's open sign-ins.
    pub fn end_of(&self, user: UserId) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, entry| entry.pending.user_id != user);
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
        }
    }

    #[test]
    fn a_token_works_once_for_five_minutes_and_five_tries() {
        let tokens = MfaTokens::default();
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
