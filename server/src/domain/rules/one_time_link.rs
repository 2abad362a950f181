//! What becomes of a one-time link that is opened.

use doorward_shared::Timestamp;

use super::authority::stands_for;
use crate::domain::{
    Account, DomainError, User,
    one_time_link::{Link, LinkKind},
};

/// What setting a password by a link does beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The account's address counts as verified from now on.
    pub verifies: bool,
    /// Somebody else may have opened the account with this address, and may use it still: what it has (password, keys,
    /// sessions, factors) is worth nothing any more, however new.
    pub takes_over: bool,
    /// It may have been so before the address was verified: nobody who was signed in to the account has verified it.
    pub may_take_over: bool,
}

/// What is known of an account's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkFacts {
    /// When it was verified, where that was without the account: by nobody who was signed in to it. None where what the
    /// account has is its holder's.
    pub verified_at: Option<Timestamp>,
    /// Whether its holder could have shown that the address is theirs: the account was opened while this server sent mail.
    pub could_be_verified: bool,
}

/// Whether a link still works; an end is exclusive.
///
/// # Errors
/// [`DomainError::LinkExpired`].
pub fn is_open(link: &Link, now: Timestamp) -> Result<(), DomainError> {
    if now < link.expires_at {
        Ok(())
    } else {
        Err(DomainError::LinkExpired)
    }
}

/// Whether the password of `account` can be set by this link.
///
/// # Errors
/// [`DomainError::LinkDead`] for a link that is for something else, or whose maker could not set the password now;
/// [`DomainError::LinkExpired`].
pub fn sets_password(link: &Link, account: &Account, now: Timestamp) -> Result<(), DomainError> {
    if !link.kind.sets_password() || !is_within(link, account) {
        return Err(DomainError::LinkDead);
    }
    is_open(link, now)
}

/// What setting the password of `account` by this link does.
///
/// # Errors
/// As [`sets_password`].
pub fn reset(
    link: &Link,
    account: &Account,
    known: LinkFacts,
    now: Timestamp,
) -> Result<Reset, DomainError> {
    sets_password(link, account, now)?;
    let user = &account.user;
    let proves = proves_address(link, user);
    let mailed = link.mailed_to.as_deref() == Some(user.email.as_str());
    Ok(Reset {
        verifies: !user.email_verified && proves,
        may_take_over: user.email_verified && mailed && known.verified_at.is_some(),
        // Who opened it and has not verified the address is somebody else than whom an operator hands a link. Of an account
        // from before mail that says nothing: its factors stay. One that was somebody else's is seen at the next sign-in,
        // which asks for it, and an operator takes it away.
        takes_over: !user.email_verified && (proves || known.could_be_verified),
    })
}

/// What [`LinkFacts::verified_at`] is once `user`'s address, or the one it changes to, was verified by this link, opened by
/// somebody who was `signed_in` to the account or not. `user` is as it was before.
pub fn verified_at(
    link: &Link,
    user: &User,
    known: LinkFacts,
    signed_in: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let is_theirs = match link.kind {
        // It goes on from the address before, if that was anybody's.
        LinkKind::Change => signed_in && user.email_verified,
        // To verify once more what is verified says nothing new.
        _ => signed_in || user.email_verified,
    };
    if is_theirs {
        known.verified_at
    } else {
        Some(now)
    }
}

/// Whether this link verifies an address of `user`.
///
/// # Errors
/// [`DomainError::LinkDead`] for a link that is for something else, or was mailed to an address that is no longer the account's;
/// [`DomainError::LinkExpired`].
pub fn verify(link: &Link, user: &User, now: Timestamp) -> Result<(), DomainError> {
    let mailed = link.mailed_to.as_deref();
    let right = match link.kind {
        LinkKind::SignUp | LinkKind::Verify => mailed == Some(user.email.as_str()),
        LinkKind::Change => mailed.is_some(),
        LinkKind::Invite | LinkKind::Reset | LinkKind::Forgot => false,
    };
    if right {
        is_open(link, now)
    } else {
        Err(DomainError::LinkDead)
    }
}

/// Whether the account may do no more than whoever made the link, then and now: it may have been promoted since, and they
/// may have gone, or may make links no more.
fn is_within(link: &Link, account: &Account) -> bool {
    let Some(maker) = &link.maker else {
        return true;
    };
    let now = maker.now.as_ref().filter(|now| now.covers("admin:users"));
    let both = now.map(|now| [&maker.then, now]);
    both.is_some_and(|both| both.iter().all(|held| stands_for(held, &account.may)))
}

/// Whether whoever opens the link is known to be who the address belongs to: it was mailed there, or an operator has
/// invited them. A reset link that an operator was shown says nothing of the address.
fn proves_address(link: &Link, user: &User) -> bool {
    let mailed = link.mailed_to.as_deref() == Some(user.email.as_str());
    mailed || (link.kind == LinkKind::Invite && link.mailed_to.is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        one_time_link::Maker,
        rules::fixtures::{self, NOW, USER, set},
    };

    const KNOWN: LinkFacts = LinkFacts {
        verified_at: None,
        could_be_verified: false,
    };

    fn account(email_verified: bool) -> Account {
        let mut account = fixtures::account("read write");
        account.user.email_verified = email_verified;
        account
    }

    fn link(kind: LinkKind, mailed_to: Option<&str>) -> Link {
        Link {
            user_id: USER,
            kind,
            mailed_to: mailed_to.map(str::to_owned),
            maker: None,
            expires_at: NOW.plus_seconds(60),
        }
    }

    #[test]
    fn a_link_works_until_its_last_instant() {
        let link = link(LinkKind::Reset, None);
        let last = Timestamp(link.expires_at.0 - 1);
        assert_eq!(is_open(&link, last), Ok(()));
        assert_eq!(
            is_open(&link, link.expires_at),
            Err(DomainError::LinkExpired)
        );
    }

    #[test]
    fn what_proves_an_unverified_address_takes_the_account_over() {
        let ada = Some("ada@example.com");
        let cases = [
            (LinkKind::Forgot, ada, true),
            (LinkKind::Reset, ada, true),
            (LinkKind::Invite, ada, true),
            (LinkKind::Invite, None, true),
            // What an operator is shown may reach anybody.
            (LinkKind::Reset, None, false),
            // Mailed to an address that is no longer the account's.
            (LinkKind::Forgot, Some("eve@example.com"), false),
            (LinkKind::Invite, Some("eve@example.com"), false),
        ];
        for (kind, mailed_to, proves) in cases {
            for could_be_verified in [false, true] {
                let known = LinkFacts {
                    could_be_verified,
                    ..KNOWN
                };
                let reset = |verified| {
                    reset(&link(kind, mailed_to), &account(verified), known, NOW).unwrap()
                };
                let unverified = reset(false);
                assert_eq!(
                    (unverified.verifies, unverified.takes_over),
                    (proves, proves || could_be_verified),
                    "{kind:?} {mailed_to:?}"
                );
                let verified = reset(true);
                assert_eq!((verified.verifies, verified.takes_over), (false, false));
            }
        }
    }

    #[test]
    fn what_is_mailed_to_an_address_that_was_verified_without_its_account_may_take_it_over() {
        let ada = Some("ada@example.com");
        let at = Some(Timestamp(5));
        for (kind, mailed_to, verified_at, may_take_over) in [
            (LinkKind::Forgot, ada, at, true),
            (LinkKind::Reset, ada, at, true),
            (LinkKind::Invite, ada, at, true),
            (LinkKind::Forgot, ada, None, false),
            // What an operator is shown says nothing of the address.
            (LinkKind::Reset, None, at, false),
            (LinkKind::Invite, None, at, false),
        ] {
            let known = LinkFacts {
                verified_at,
                ..KNOWN
            };
            let done = reset(&link(kind, mailed_to), &account(true), known, NOW).unwrap();
            let wanted = Reset {
                verifies: false,
                takes_over: false,
                may_take_over,
            };
            assert_eq!(done, wanted, "{kind:?} {mailed_to:?}");
        }
    }

    #[test]
    fn whoever_verifies_an_address_shows_whether_the_account_is_theirs() {
        let (first, second) = (Some(Timestamp(5)), Some(NOW));
        for (kind, was_verified, signed_in, before, after) in [
            (LinkKind::SignUp, false, false, None, second),
            (LinkKind::Verify, false, false, first, second),
            (LinkKind::SignUp, false, true, None, None),
            (LinkKind::Verify, false, true, first, first),
            // It was verified already, by a reset.
            (LinkKind::SignUp, true, false, None, None),
            (LinkKind::SignUp, true, false, first, first),
            (LinkKind::Change, true, true, None, None),
            (LinkKind::Change, true, true, first, first),
            (LinkKind::Change, true, false, None, second),
            // The address before was nobody's.
            (LinkKind::Change, false, true, None, second),
        ] {
            let known = LinkFacts {
                verified_at: before,
                ..KNOWN
            };
            let link = link(kind, Some("ada@example.com"));
            let user = account(was_verified).user;
            let found = verified_at(&link, &user, known, signed_in, NOW);
            assert_eq!(
                found, after,
                "{kind:?} {was_verified} {signed_in} {before:?}"
            );
        }
    }

    #[test]
    fn an_address_is_verified_by_what_was_mailed_there() {
        let ada = Some("ada@example.com");
        let verifies =
            |kind, mailed_to| verify(&link(kind, mailed_to), &account(false).user, NOW).is_ok();
        assert!(verifies(LinkKind::SignUp, ada) && verifies(LinkKind::Verify, ada));
        assert!(verifies(LinkKind::Change, Some("ada@new.example")));
        assert!(!verifies(LinkKind::SignUp, Some("eve@example.com")));
        assert!(!verifies(LinkKind::Verify, None) && !verifies(LinkKind::Change, None));
        for kind in [LinkKind::Invite, LinkKind::Reset, LinkKind::Forgot] {
            assert!(!verifies(kind, ada));
        }
    }

    #[test]
    fn a_link_sets_the_password_of_nobody_who_may_do_more_than_its_maker() {
        let cases = [
            ("read write", Some("read write admin:users"), true),
            ("admin", Some("admin"), true),
            // The account was promoted since.
            ("read", Some("read write"), false),
            // The maker may look after nobody any more; was not promoted; or is gone.
            ("read write admin:users", Some("read write"), false),
            ("read write", Some("read admin:users"), false),
            ("admin", Some("admin:users"), false),
            ("admin", None, false),
        ];
        for (then, now, works) in cases {
            let mut link = link(LinkKind::Reset, None);
            link.maker = Some(Maker {
                then: set(then),
                now: now.map(set),
            });
            let done = sets_password(&link, &account(true), NOW);
            assert_eq!(done.is_ok(), works, "{then}, {now:?}");
            assert!(works || done == Err(DomainError::LinkDead));
        }
    }

    proptest! {
        #[test]
        fn only_what_is_for_it_and_in_time_sets_a_password(kind in 0..LinkKind::ALL.len(), late in -100_000_i64..100_000) {
            let kind = LinkKind::ALL[kind];
            prop_assert_eq!(LinkKind::parse(kind.as_str()), Some(kind));
            let link = link(kind, None);
            let done = sets_password(&link, &account(true), Timestamp(link.expires_at.0 + late));
            prop_assert_eq!(done.is_ok(), kind.sets_password() && late < 0);
        }
    }
}
