//! Rate limits: how often passwords may be tried and accounts be made.
//!
//! Windows are fixed and start with the first attempt of a key: exactly so many are let through in one. Places are
//! taken before Argon2 runs, so that attempts at the same time count too, and given back by a right password. Where
//! attempts that are under way hold the last places, the next one waits for what becomes of them.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use doorward_shared::UserId;
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::{clock::Clock, crypto::password::Overloaded, domain::networks, settings::Settings};

const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
/// Keys one counter remembers. Past it the windows that are over go, then those nearest to their end.
const MANY: usize = 100_000;
/// Attempts that may wait for others at a time, and for how long.
const WAITING: usize = 256;
const PATIENCE: Duration = Duration::from_secs(2);

/// How many seconds to wait, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub u64);

/// Why a password is not checked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Limited(RetryAfter),
    Overloaded(Overloaded),
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    /// The window is used up.
    Until(RetryAfter),
    /// Attempts that are under way hold the last places.
    Pending,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: Duration,
    /// What counts, `pending` included.
    count: u32,
    /// Of these, attempts of which nobody knows yet whether they count.
    pending: u32,
}

/// Attempts by key, in windows of one length.
#[derive(Debug)]
struct Counter {
    /// 0 is off.
    limit: u32,
    length: Duration,
    windows: HashMap<u64, Window>,
}

impl Counter {
    fn new(limit: u32, length: Duration) -> Self {
        Self {
            limit,
            length,
            windows: HashMap::new(),
        }
    }

    /// Whether one more fits.
    fn check(&self, key: u64, now: Duration) -> Result<(), Full> {
        let Some(window) = self.windows.get(&key).filter(|_| self.limit > 0) else {
            return Ok(());
        };
        let end = window.start + self.length;
        let known = if now < end {
            window.count - window.pending
        } else {
            0
        };
        if known >= self.limit {
            let wait = (end - now).as_secs_f64().ceil().max(1.);
            Err(Full::Until(RetryAfter(wait as u64)))
        } else if known + window.pending >= self.limit {
            Err(Full::Pending)
        } else {
            Ok(())
        }
    }

    fn take(&mut self, key: u64, now: Duration) {
        self.count(key, now, 0);
    }

    /// As [`Counter::take`], until [`Counter::settle`].
    fn hold(&mut self, key: u64, now: Duration) {
        self.count(key, now, 1);
    }

    fn count(&mut self, key: u64, now: Duration, pending: u32) {
        if self.limit == 0 {
            return;
        }
        if self.windows.len() >= MANY && !self.windows.contains_key(&key) {
            self.make_room(now);
        }
        let window = self.windows.entry(key).or_insert(Window {
            start: now,
            count: 0,
            pending: 0,
        });
        if now >= window.start + self.length {
            *window = Window {
                start: now,
                count: window.pending,
                ..*window
            };
        }
        window.count += 1;
        window.pending += pending;
    }

    /// What was held counts for good, or not at all.
    fn settle(&mut self, key: u64, counts: bool) {
        let window = self.windows.get_mut(&key);
        if let Some(window) = window.filter(|window| window.pending > 0) {
            window.pending -= 1;
            window.count -= u32::from(!counts);
        }
    }

    fn give_back(&mut self, key: u64) {
        if let Some(window) = self.windows.get_mut(&key) {
            window.count = window.count.saturating_sub(1);
        }
    }

    /// Lets go of an eighth at least. What is nearest to its end goes first: to push a victim's fresh window out one
    /// has to fill the whole counter with fresher ones.
    fn make_room(&mut self, now: Duration) {
        let length = self.length;
        self.windows
            .retain(|_, window| now < window.start + length && window.count > 0);
        if self.windows.len() > MANY / 8 * 7 {
            let_go_of_first(&mut self.windows, MANY / 8, |window| window.start);
        }
    }
}

/// Lets go of the entries of a bounded map whose time comes first: `count` of them and one more, and those of the same
/// time. There must be more than `count`.
pub(crate) fn let_go_of_first<K: Eq + Hash, V, T: Ord + Copy>(
    map: &mut HashMap<K, V>,
    count: usize,
    time: impl Fn(&V) -> T,
) {
    let mut times: Vec<_> = map.values().map(&time).collect();
    let (_, cut, _) = times.select_nth_unstable(count);
    let cut = *cut;
    map.retain(|_, value| time(value) > cut);
}

/// Keys of an address in the counters of [`Widths`].
type Keys = [Option<u64>; 3];

/// One rule's counters: by household, and by the networks of 56 and 48 bits that one customer may have, more generously.
#[derive(Debug)]
struct Widths([Counter; 3]);

impl Widths {
    /// So many of a household; of a /56 four times, of a /48 sixteen times as many.
    fn new(limit: u32, length: Duration) -> Self {
        Self([1, 4, 16].map(|times| Counter::new(limit.saturating_mul(times), length)))
    }

    /// Failures at one account. All of a network's count for an hour where they share the account's limit over all
    /// addresses: less than that limit, so that no network closes an account for others.
    fn of_account(settings: &Settings) -> Self {
        let own = settings.password_failures_per_account_and_ip;
        let all = settings.password_failures_per_account;
        let wide = |twentieths: u64, times: u32| match (own, all) {
            (0, _) => 0,
            (_, 0) => own.saturating_mul(6 * times),
            _ => own.max(u32::try_from(u64::from(all) * twentieths / 20).unwrap_or(all)),
        };
        Self([
            Counter::new(own, TEN_MINUTES),
            Counter::new(wide(14, 4), HOUR),
            Counter::new(wide(17, 16), HOUR),
        ])
    }

    fn with<'a>(&'a mut self, keys: &Keys) -> impl Iterator<Item = (&'a mut Counter, u64)> {
        let found = self.0.iter_mut().zip(*keys);
        found.filter_map(|(counter, key)| Some((counter, key?)))
    }

    fn check(&self, keys: &Keys, now: Duration) -> Result<(), Full> {
        let mut found = self.0.iter().zip(keys);
        found.try_for_each(|(counter, key)| key.map_or(Ok(()), |key| counter.check(key, now)))
    }

    fn take(&mut self, keys: &Keys, now: Duration) {
        self.with(keys)
            .for_each(|(counter, key)| counter.take(key, now));
    }

    fn hold(&mut self, keys: &Keys, now: Duration) {
        self.with(keys)
            .for_each(|(counter, key)| counter.hold(key, now));
    }

    fn settle(&mut self, keys: &Keys, counts: bool) {
        self.with(keys)
            .for_each(|(counter, key)| counter.settle(key, counts));
    }

    fn give_back(&mut self, keys: &Keys) {
        self.with(keys)
            .for_each(|(counter, key)| counter.give_back(key));
    }
}

#[derive(Debug)]
struct Counters {
    checks: Widths,
    account_and_ip: Widths,
    account: Counter,
    registrations: Widths,
    /// Accounts whose failures are forgotten: how often, and when last. What was counted before goes by another key.
    forgotten: HashMap<u64, (u64, Duration)>,
    writes: Counter,
}

/// All counters. Keys are hashed with a key of this process: no address or name of anybody is kept.
#[derive(Debug, Clone)]
pub struct Limits {
    counters: Arc<Mutex<Counters>>,
    hasher: RandomState,
    queue: Arc<Queue>,
}

/// Those who wait for what becomes of others.
#[derive(Debug)]
struct Queue {
    places: Semaphore,
    /// An attempt was settled.
    settled: Notify,
}

/// A password check that has its places. Dropped, it counts as a failure.
#[derive(Debug)]
pub struct Attempt {
    limits: Limits,
    check: Keys,
    account_and_ip: Keys,
    account: Option<u64>,
    /// Whether it counts as a check, and as a failure.
    counts: (bool, bool),
}

impl Limits {
    /// Counters as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let counters = Counters {
            checks: Widths::new(settings.password_checks_per_minute_per_ip, MINUTE),
            account_and_ip: Widths::of_account(settings),
            account: Counter::new(settings.password_failures_per_account, HOUR),
            registrations: Widths::new(settings.registrations_per_hour_per_ip, HOUR),
            forgotten: HashMap::new(),
            writes: Counter::new(settings.writes_per_minute_per_account, MINUTE),
        };
        Self {
            counters: Arc::new(Mutex::new(counters)),
            hasher: RandomState::new(),
            queue: Arc::new(Queue {
                places: Semaphore::new(WAITING),
                settled: Notify::new(),
            }),
        }
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, of: impl Hash) -> u64 {
        self.hasher.hash_one(of)
    }

    /// Takes a place for a registration.
    ///
    /// # Errors
    /// [`RetryAfter`] when the address has made too many this hour.
    pub fn registration(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        let keys = networks(ip).map(|network| network.map(|network| self.key(network)));
        let mut counters = self.counters();
        if let Err(Full::Until(wait)) = counters.registrations.check(&keys, now) {
            return Err(wait);
        }
        counters.registrations.take(&keys, now);
        Ok(())
    }

    /// Forgets the failures of an account, from every address: its password was set anew.
    pub fn forget(&self, account: &str, now: Duration) {
        let key = self.key(account);
        let mut counters = self.counters();
        if counters.forgotten.len() >= MANY && !counters.forgotten.contains_key(&key) {
            // After an hour nothing that was counted before is left.
            counters.forgotten.retain(|_, (_, at)| now < *at + HOUR);
            if counters.forgotten.len() > MANY / 8 * 7 {
                let_go_of_first(&mut counters.forgotten, MANY / 8, |(_, at)| *at);
            }
        }
        let (times, at) = counters.forgotten.entry(key).or_default();
        (*times, *at) = (*times + 1, now);
        drop(counters);
        self.queue.settled.notify_waiters();
    }

    /// Counts a change that an account's own credential asks for, whatever becomes of it.
    ///
    /// # Errors
    /// [`RetryAfter`] when there were too many this minute: it must not be made.
    pub fn write(&self, account: UserId, now: Duration) -> Result<(), RetryAfter> {
        let key = self.key(account);
        let mut counters = self.counters();
        if let Err(Full::Until(wait)) = counters.writes.check(key, now) {
            return Err(wait);
        }
        counters.writes.take(key, now);
        Ok(())
    }

    /// Takes a place for a password check in every counter, or in none. `account` is the normalized address somebody
    /// tries to sign in with, whether there is such an account or not; an address that has signed in to it before
    /// (`known_address`) is not held up by what others do. Waits while attempts under way hold the last places.
    ///
    /// # Errors
    /// [`Held::Limited`] for the counter that is full, [`Held::Overloaded`] when too many wait, or it waits too long.
    pub async fn password_check(
        &self,
        ip: IpAddr,
        account: &str,
        known_address: bool,
        clock: &Clock,
    ) -> Result<Attempt, Held> {
        let attempt = || self.try_password_check(ip, account, known_address, clock.monotonic());
        match attempt() {
            Ok(attempt) => return Ok(attempt),
            Err(Full::Until(wait)) => return Err(Held::Limited(wait)),
            Err(Full::Pending) => {}
        }
        let overloaded = |_| Held::Overloaded(Overloaded);
        let _place = self
            .queue
            .places
            .try_acquire()
            .map_err(|_| overloaded(()))?;
        let wait = async {
            loop {
                // Listened for before the look, so that nothing is missed between the two.
                let mut settled = std::pin::pin!(self.queue.settled.notified());
                settled.as_mut().enable();
                match attempt() {
                    Ok(attempt) => return Ok(attempt),
                    Err(Full::Until(wait)) => return Err(Held::Limited(wait)),
                    Err(Full::Pending) => settled.await,
                }
            }
        };
        timeout(PATIENCE, wait).await.map_err(|_| overloaded(()))?
    }

    fn try_password_check(
        &self,
        ip: IpAddr,
        account: &str,
        known_address: bool,
        now: Duration,
    ) -> Result<Attempt, Full> {
        let networks = networks(ip);
        let check = networks.map(|network| network.map(|network| self.key(network)));
        let mut counters = self.counters();
        let forgotten = counters.forgotten.get(&self.key(account));
        let times = forgotten.map_or(0, |(times, _)| *times);
        let mut account_and_ip =
            networks.map(|network| network.map(|network| self.key((network, account, times))));
        if known_address {
            // Neither are its neighbours' failures its own.
            account_and_ip = [account_and_ip[0], None, None];
        }
        let account = (!known_address).then(|| self.key((account, times)));
        counters.checks.check(&check, now)?;
        counters.account_and_ip.check(&account_and_ip, now)?;
        if let Some(account) = account {
            counters.account.check(account, now)?;
            counters.account.hold(account, now);
        }
        counters.checks.take(&check, now);
        counters.account_and_ip.hold(&account_and_ip, now);
        drop(counters);
        Ok(Attempt {
            limits: self.clone(),
            check,
            account_and_ip,
            account,
            counts: (true, true),
        })
    }
}

impl Attempt {
    /// The password was right: it counts as a check, not as a failure.
    pub fn succeeded(mut self) {
        self.counts = (true, false);
    }

    /// It never came to a check: it counts as nothing.
    pub fn released(mut self) {
        self.counts = (false, false);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let (check, failure) = self.counts;
        let mut counters = self.limits.counters();
        if !check {
            counters.checks.give_back(&self.check);
        }
        counters
            .account_and_ip
            .settle(&self.account_and_ip, failure);
        if let Some(account) = self.account {
            counters.account.settle(account, failure);
        }
        drop(counters);
        self.limits.queue.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
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
        // But as checks.
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
        // In a new window too: nobody knows yet what becomes of them.
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
            let attempt =
                |ip, at| limits.try_password_check(ip, "a", false, Duration::from_secs(at));
            let failures = (0..=u16::MAX / step)
                .filter(|net| attempt(v6(1, net * step), u64::from(*net) / 100).is_ok());
            // More than of one household, which has 10.
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
        let checks = |nets: u16| {
            (0..nets).filter(|net| (0..20).all(|at| check(*net, &format!("{net} {at}"))))
        };
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
        for key in 0..MANY as u64 {
            counter.take(key, Duration::from_millis(key));
        }
        counter.take(u64::MAX, Duration::from_millis(MANY as u64));
        counter.take(u64::MAX - 1, Duration::from_millis(MANY as u64 + 1));
        assert!(counter.windows.len() <= MANY);
        assert!(
            counter
                .check(u64::MAX, Duration::from_millis(MANY as u64 + 2))
                .is_err()
        );
    }
}
