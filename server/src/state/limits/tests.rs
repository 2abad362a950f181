//! Tests of the rate limits.

use std::net::Ipv6Addr;

use super::*;

const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

fn limits() -> Limits {
    Limits::new(&Settings {
        password_checks_per_minute_per_ip: 20,
        password_failures_per_account_and_ip: 3,
        password_failures_per_account: 5,
        registrations_per_hour_per_ip: 2,
        ..Settings::default()
    })
}

fn other(last: u8) -> IpAddr {
    IpAddr::from([198, 51, 100, last])
}

#[test]
fn exactly_so_many_failures_fit_in_a_window() {
    let limits = limits();
    for at in 0..3 {
        assert!(
            limits
                .try_password_check(IP, "a", true, Duration::from_secs(at))
                .is_ok()
        );
    }
    assert_eq!(
        limits
            .try_password_check(IP, "a", true, Duration::from_secs(3))
            .unwrap_err(),
        Full::Until(RetryAfter(597))
    );
    assert!(
        limits
            .try_password_check(IP, "b", true, Duration::from_secs(3))
            .is_ok()
    );
    assert!(
        limits
            .try_password_check(IP, "a", true, Duration::from_secs(600))
            .is_ok()
    );
}

#[test]
fn right_passwords_do_not_count_as_failures() {
    let limits = limits();
    for _ in 0..20 {
        limits
            .try_password_check(IP, "a", false, Duration::ZERO)
            .unwrap()
            .succeeded();
    }
    // But they count as checks.
    assert_eq!(
        limits
            .try_password_check(IP, "a", false, Duration::ZERO)
            .unwrap_err(),
        Full::Until(RetryAfter(60))
    );
}

#[test]
fn a_known_address_is_not_held_up_by_what_others_do() {
    let limits = limits();
    for last in 0..5 {
        assert!(
            limits
                .try_password_check(other(last), "a", false, Duration::ZERO)
                .is_ok()
        );
    }
    assert!(
        limits
            .try_password_check(other(9), "a", false, Duration::ZERO)
            .is_err()
    );
    assert!(
        limits
            .try_password_check(IP, "a", true, Duration::ZERO)
            .is_ok()
    );
}

#[test]
fn a_refused_attempt_takes_no_place_anywhere() {
    let limits = limits();
    for _ in 0..3 {
        let _failed = limits
            .try_password_check(IP, "a", false, Duration::ZERO)
            .unwrap();
    }
    for _ in 0..50 {
        assert!(
            limits
                .try_password_check(IP, "a", false, Duration::ZERO)
                .is_err()
        );
    }
    assert!(
        limits
            .try_password_check(other(1), "a", false, Duration::ZERO)
            .is_ok()
    );
    assert!(
        limits
            .try_password_check(IP, "b", false, Duration::ZERO)
            .is_ok()
    );
}

#[test]
fn attempts_under_way_hold_their_places_until_they_are_settled() {
    let limits = limits();
    let attempt = |at| limits.try_password_check(IP, "a", true, at);
    let [one, two, three] = [1, 2, 3].map(|_| attempt(Duration::ZERO).unwrap());
    assert_eq!(attempt(Duration::ZERO).unwrap_err(), Full::Pending);
    // In a new window too, because their outcome is not known yet.
    assert_eq!(attempt(TEN_MINUTES).unwrap_err(), Full::Pending);
    one.succeeded();
    drop(attempt(TEN_MINUTES).unwrap());
    assert_eq!(attempt(TEN_MINUTES).unwrap_err(), Full::Pending);
    drop(two);
    assert_eq!(attempt(TEN_MINUTES).unwrap_err(), Full::Pending);
    drop(three);
    assert_eq!(
        attempt(TEN_MINUTES).unwrap_err(),
        Full::Until(RetryAfter(600))
    );
}

#[test]
fn an_ipv6_household_is_one_and_zero_turns_a_limit_off() {
    let limits = limits();
    let address = |last: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
    assert!(limits.registration(address(1), Duration::ZERO).is_ok());
    assert!(limits.registration(address(2), Duration::ZERO).is_ok());
    assert!(limits.registration(address(3), Duration::ZERO).is_err());
    let off = Limits::new(&Settings {
        registrations_per_hour_per_ip: 0,
        ..Settings::default()
    });
    for _ in 0..1000 {
        assert!(off.registration(IP, Duration::ZERO).is_ok());
    }
}

fn v6(site: u16, net: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, site, net, 0, 0, 0, 1))
}

#[test]
fn no_ipv6_network_closes_an_account_for_others() {
    // A /48 has 65,536 households, a /56 of them 256.
    for step in [1, 256] {
        let limits = Limits::new(&Settings::default());
        let attempt = |ip, at| limits.try_password_check(ip, "a", false, Duration::from_secs(at));
        let failures = (0..=u16::MAX / step)
            .filter(|net| attempt(v6(1, net * step), u64::from(*net) / 100).is_ok());
        // More than the 10 of one household.
        assert_eq!(failures.count(), 85);
        assert!(attempt(v6(1, 0xffff), 700).is_err());
        assert!(attempt(v6(2, 0), 700).is_ok(), "another customer");
        assert!(attempt(IP, 700).is_ok());
    }
    let limits = Limits::new(&Settings::default());
    let attempt = |ip, known| limits.try_password_check(ip, "a", known, Duration::ZERO);
    let failures = (0..256).filter(|net| attempt(v6(1, *net), false).is_ok());
    assert_eq!(failures.count(), 70);
    assert!(
        attempt(v6(1, 0x100), false).is_ok(),
        "another /56 of the site"
    );
    assert!(
        attempt(v6(1, 7), true).is_ok(),
        "an address known to the account"
    );
}

#[test]
fn wider_networks_have_more_checks_and_registrations_than_a_household() {
    let limits = limits();
    let check = |net, account: &str| {
        let attempt = limits.try_password_check(v6(1, net), account, true, Duration::ZERO);
        attempt.map(Attempt::succeeded).is_ok()
    };
    let checks =
        |nets: u16| (0..nets).filter(|net| (0..20).all(|at| check(*net, &format!("{net} {at}"))));
    assert_eq!(checks(256).count(), 4);
    let made =
        (0..=u16::MAX).filter(|net| limits.registration(v6(2, *net), Duration::ZERO).is_ok());
    assert_eq!(made.count(), 32);
}

#[test]
fn a_password_that_was_set_anew_forgets_the_failures_of_its_account_alone() {
    let limits = limits();
    let attempt = |ip, account| {
        limits
            .try_password_check(ip, account, false, Duration::ZERO)
            .is_ok()
    };
    for account in ["a", "b"] {
        assert_eq!((0..9).filter(|_| attempt(IP, account)).count(), 3);
        assert_eq!((0..9).filter(|_| attempt(other(1), account)).count(), 2);
    }
    limits.forget("a", Duration::ZERO);
    assert_eq!((0..9).filter(|_| attempt(IP, "a")).count(), 3);
    assert!(!attempt(IP, "b"));
    limits.forget("a", Duration::ZERO);
    assert!(attempt(IP, "a"), "each time anew");
}

#[test]
fn memory_is_bounded_and_the_fresh_window_of_a_victim_stays() {
    let mut counter = Counter::new(1, HOUR);
    for key in 0..MAX_KEYS as u64 {
        counter.take(key, Duration::from_millis(key));
    }
    counter.take(u64::MAX, Duration::from_millis(MAX_KEYS as u64));
    counter.take(u64::MAX - 1, Duration::from_millis(MAX_KEYS as u64 + 1));
    assert!(counter.windows.len() <= MAX_KEYS);
    assert!(
        counter
            .check(u64::MAX, Duration::from_millis(MAX_KEYS as u64 + 2))
            .is_err()
    );
}

#[test]
fn mails_that_do_not_go_use_up_nobodys_places() {
    let limits = limits();
    let now = Duration::ZERO;
    for _ in 0..50 {
        assert!(limits.mail_to(Mailed::Again, "ada", now).is_some());
    }
    let used = |what, to| limits.mail_to(what, to, now).map(MailSlot::used).is_some();
    for _ in 0..3 {
        assert!(used(Mailed::Again, "ada"));
    }
    assert!(!used(Mailed::Again, "ada") && used(Mailed::Again, "bob"));
    // Each kind has its own limit of three, up to eight of all kinds.
    let sent = [
        Mailed::Forgot,
        Mailed::SignUp,
        Mailed::Change,
        Mailed::ChangeAsked,
    ]
    .map(|what| (0..3).filter(|_| used(what, "ada")).count());
    assert_eq!(sent, [3, 2, 0, 0]);
    let later = limits.mail_to(Mailed::Again, "ada", HOUR);
    assert!(later.is_some());
}

#[test]
fn sign_ups_with_tags_of_one_mailbox_are_bounded_together_and_keep_nobody_from_a_link() {
    let limits = limits();
    let used = |what, to: &str, now| {
        let place = limits.mail_to(what, to, now);
        place.map(MailSlot::used).is_some()
    };
    let now = Duration::ZERO;
    let tagged = |number: u32| format!("a.da+{number}@example.com");
    let sent = (0..30).filter(|number| used(Mailed::SignUp, &tagged(*number), now));
    assert_eq!(sent.count(), 8);
    assert!(!used(Mailed::SignUp, "ada@example.com", now));
    assert!(used(Mailed::SignUp, "bob+1@example.com", now));
    for what in [Mailed::Again, Mailed::Forgot] {
        assert!(used(what, &tagged(29), now) && used(what, "ada@example.com", now));
    }
    assert!(used(Mailed::SignUp, "ada@example.com", HOUR));
}
