//! Rules for opening a one-time link.

use doorward_shared::Timestamp;

use super::authority::stands_for;
use crate::domain::{
    Account, DomainError, User,
    one_time_link::{Link, LinkKind},
};

/// Side effects of setting a password by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The account's address counts as verified from now on.
    pub verifies: bool,
    /// Someone else may have opened the account with this address, and may still use it: all its credentials (password,
    /// keys, sessions, factors) are revoked, however new.
    pub takes_over: bool,
    /// The same may have been true before the address was verified: nobody verified it while signed in to the account.
    pub may_take_over: bool,
}

/// Verification facts about an account's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkFacts {
    /// When it was verified, if nobody was signed in to the account at the time. `None` if the account's credentials
    /// are known to be the address owner's.
    pub verified_at: Option<Timestamp>,
    /// Whether the account's holder had the means to verify the address: the account was opened while this server sent
    /// mail.
    pub could_be_verified: bool,
}

/// Whether a link is still valid; the end is exclusive.
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
/// [`DomainError::LinkDead`] for a link with another purpose, or whose creator could not set the password now;
/// [`DomainError::LinkExpired`].
pub fn sets_password(link: &Link, account: &Account, now: Timestamp) -> Result<(), DomainError> {
    if !link.kind.sets_password() || !is_within(link, account) {
        return Err(DomainError::LinkDead);
    }
    is_open(link, now)
}

/// Side effects of setting the password of `account` by this link.
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
        // A holder who has not verified the address is not the person an operator gives a link to. For an account that
        // predates mail this proves nothing, so its factors stay. If one belongs to someone else, the next sign-in asks
        // for it, and an operator can remove it.
        takes_over: !user.email_verified && (proves || known.could_be_verified),
    })
}

/// The new [`LinkFacts::verified_at`] after this link verified `user`'s address, or the one it changes to, opened by
/// someone who was `signed_in` to the account or not. `user` is the account before the change.
pub fn verified_at(
    link: &Link,
    user: &User,
    known: LinkFacts,
    signed_in: bool,
    now: Timestamp,
) -> Option<Timestamp> {
    let is_theirs = match link.kind {
        // Carries over from the old address, if that was verified.
        LinkKind::Change => signed_in && user.email_verified,
        // Verifying a verified address again proves nothing new.
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
/// [`DomainError::LinkDead`] for a link with another purpose, or mailed to an address that is no longer the account's;
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

/// Whether the account has no permissions beyond those of the link's creator, at creation and now: the account may have
/// been promoted since, or the creator deleted or demoted.
fn is_within(link: &Link, account: &Account) -> bool {
    let Some(maker) = &link.maker else {
        return true;
    };
    let now = maker.now.as_ref().filter(|now| now.covers("admin:users"));
    let both = now.map(|now| [&maker.then, now]);
    both.is_some_and(|both| both.iter().all(|held| stands_for(held, &account.may)))
}

/// Whether opening the link proves ownership of the address: it was mailed there, or an operator invited the user. A
/// reset link shown to an operator proves nothing about the address.
fn proves_address(link: &Link, user: &User) -> bool {
    let mailed = link.mailed_to.as_deref() == Some(user.email.as_str());
    mailed || (link.kind == LinkKind::Invite && link.mailed_to.is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        one_time_link::LinkCreator,
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
            // A link shown to an operator may reach anyone.
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
            // A link shown to an operator proves nothing about the address.
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
            // It was already verified, by a reset.
            (LinkKind::SignUp, true, false, None, None),
            (LinkKind::SignUp, true, false, first, first),
            (LinkKind::Change, true, true, None, None),
            (LinkKind::Change, true, true, first, first),
            (LinkKind::Change, true, false, None, second),
            // The old address was not verified.
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
            // The creator may no longer manage users; was not promoted; or was deleted.
            ("read write admin:users", Some("read write"), false),
            ("read write", Some("read admin:users"), false),
            ("admin", Some("admin:users"), false),
            ("admin", None, false),
        ];
        for (then, now, works) in cases {
            let mut link = link(LinkKind::Reset, None);
            link.maker = Some(LinkCreator {
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
