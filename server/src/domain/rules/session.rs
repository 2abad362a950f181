//! Rules for starting sessions, for their expiry, and for evicting the oldest at the cap.

use doorward_shared::{SessionId, Timestamp};

use crate::domain::{Account, DomainError, SignInMethod};

/// Whether a verified password may still open a session: it may have been changed meanwhile.
///
/// # Errors
/// [`DomainError::PasswordChanged`].
pub fn password_stands(stored: Option<&str>, seen: &str) -> Result<(), DomainError> {
    if stored == Some(seen) {
        Ok(())
    } else {
        Err(DomainError::PasswordChanged)
    }
}

/// Whether a password alone opens a session: if a factor was added since the check, the next attempt asks for it.
///
/// # Errors
/// [`DomainError::PasswordChanged`].
pub fn password_is_enough(has_factor: bool) -> Result<(), DomainError> {
    if has_factor {
        Err(DomainError::PasswordChanged)
    } else {
        Ok(())
    }
}

/// Whether a sign-in may omit a second factor that the account's role requires.
///
/// # Errors
/// [`DomainError::PasswordChanged`]: the sign-in is evaluated again.
pub fn factor_suffices(must_have: bool, method: SignInMethod) -> Result<(), DomainError> {
    if must_have && !method.has_factor() {
        Err(DomainError::PasswordChanged)
    } else {
        Ok(())
    }
}

/// Whether a session may perform operations that an account's second factors protect: changing the factors, the
/// password or the address, deleting the account, acting as an operator. If the account has factors, one must have been
/// used or set up in this session: an attacker who knows the password and signed in earlier must not bypass a factor
/// added since. `shown` is whether one was used in this session; `None` if the account has no factor.
///
/// # Errors
/// [`DomainError::FactorFirst`].
pub fn has_shown_factor(shown: Option<bool>) -> Result<(), DomainError> {
    match shown {
        Some(false) => Err(DomainError::FactorFirst),
        Some(true) | None => Ok(()),
    }
}

/// Whether an account's last second factor may be removed.
///
/// # Errors
/// [`DomainError::Conflict`].
pub fn last_factor_may_go(must_have: bool) -> Result<(), DomainError> {
    if must_have {
        let why = "this account must have a second factor: set another one up first";
        Err(DomainError::Conflict(why.into()))
    } else {
        Ok(())
    }
}

/// If only verified addresses may sign in, the account's must be verified.
///
/// # Errors
/// [`DomainError::EmailNotVerified`].
pub fn has_verified_email(account: &Account) -> Result<(), DomainError> {
    if account.user.email_verified {
        Ok(())
    } else {
        Err(DomainError::EmailNotVerified)
    }
}

/// The account, if it may sign in; a deleted one has no password any more.
///
/// # Errors
/// [`DomainError::PasswordChanged`], [`DomainError::Disabled`].
pub fn may_sign_in(account: Option<Account>) -> Result<Account, DomainError> {
    let account = account.ok_or(DomainError::PasswordChanged)?;
    if !account.user.is_enabled() {
        return Err(DomainError::Disabled);
    }
    Ok(account)
}

/// Expiry times of a new session.
#[derive(Debug, Clone, Copy)]
pub struct SessionEnds {
    /// Expiry of the first access token.
    pub access: Timestamp,
    /// Expiry of the first refresh token, if there is one.
    pub refresh: Option<Timestamp>,
    /// Absolute end of the session, however it is used.
    pub absolute: Timestamp,
}

/// When an unused session ends: with the last of its tokens.
pub fn idle_until(ends: SessionEnds) -> Timestamp {
    let tokens = ends
        .refresh
        .map_or(ends.access, |refresh| refresh.max(ends.access));
    tokens.min(ends.absolute)
}

/// An active session of an account, and when it was last used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    pub id: SessionId,
    pub seen: Timestamp,
}

/// The sessions to end so that an account stays within its cap: the least recently used, but never the `newest`. A cap
/// of 0 means no cap.
pub fn evicted(mut live: Vec<Live>, newest: SessionId, cap: usize) -> Vec<SessionId> {
    if cap == 0 || live.len() <= cap {
        return Vec::new();
    }
    let excess = live.len() - cap;
    live.retain(|session| session.id != newest);
    live.sort_unstable_by_key(|session| (session.seen, session.id));
    live.into_iter()
        .take(excess)
        .map(|session| session.id)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ulid::Ulid;

    use super::*;

    fn id(number: usize) -> SessionId {
        SessionId(Ulid(number as u128))
    }

    proptest! {
        #[test]
        fn an_account_keeps_its_cap_and_the_newest_and_loses_the_least_recently_used(
            seen in prop::collection::vec(0_i64..9, 1..30), newest in any::<prop::sample::Index>(), cap in 0_usize..12
        ) {
            let live: Vec<_> = seen
                .iter()
                .enumerate()
                .map(|(at, seen)| Live { id: id(at), seen: Timestamp(*seen) })
                .collect();
            let newest = id(newest.index(live.len()));
            let gone = evicted(live.clone(), newest, cap);
            prop_assert!(!gone.contains(&newest));
            let left: Vec<_> = live.iter().filter(|one| !gone.contains(&one.id)).collect();
            if cap == 0 {
                prop_assert!(gone.is_empty());
            } else {
                prop_assert_eq!(left.len(), live.len().min(cap));
            }
            let last_gone = live.iter().filter(|one| gone.contains(&one.id)).map(|one| one.seen).max();
            let first_left = left.iter().filter(|one| one.id != newest).map(|one| one.seen).min();
            if let (Some(gone), Some(left)) = (last_gone, first_left) {
                prop_assert!(gone <= left);
            }
        }

        #[test]
        fn no_session_outlives_its_absolute_end_and_each_lives_as_long_as_a_token_of_its(
            access in 0_i64..100, refresh in prop::option::of(0_i64..100), absolute in 0_i64..100
        ) {
            let ends = SessionEnds {
                access: Timestamp(access),
                refresh: refresh.map(Timestamp),
                absolute: Timestamp(absolute),
            };
            let until = idle_until(ends);
            prop_assert!(until <= ends.absolute);
            let longest = ends.access.max(ends.refresh.unwrap_or(ends.access));
            prop_assert!(until == ends.absolute || until == longest);
        }

        #[test]
        fn only_the_password_that_is_stored_opens_a_session(
            stored in prop::option::of("[ab]{0,2}"), seen in "[ab]{0,2}"
        ) {
            let stands = password_stands(stored.as_deref(), &seen).is_ok();
            prop_assert_eq!(stands, stored == Some(seen));
        }
    }

    #[test]
    fn a_factor_that_was_set_up_meanwhile_is_asked_for() {
        assert_eq!(password_is_enough(false), Ok(()));
        assert_eq!(password_is_enough(true), Err(DomainError::PasswordChanged));
        assert_eq!(has_shown_factor(Some(false)), Err(DomainError::FactorFirst));
        for shown in [None, Some(true)] {
            assert_eq!(has_shown_factor(shown), Ok(()));
        }
        let (without, with) = (SignInMethod::Password, SignInMethod::PasswordAndCode);
        for (must_have, method, may) in [
            (false, without, true),
            (false, with, true),
            (true, with, true),
            (true, without, false),
        ] {
            assert_eq!(factor_suffices(must_have, method).is_ok(), may);
        }
        assert!(last_factor_may_go(false).is_ok() && last_factor_may_go(true).is_err());
        assert_eq!(may_sign_in(None).err(), Some(DomainError::PasswordChanged));
    }
}
