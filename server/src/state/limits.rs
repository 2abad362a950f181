//! Rate limits on password checks, sign-ups, registrations and mails.
//!
//! Fixed windows, opened by a key's first attempt; at most `limit` attempts pass per window. An attempt reserves a slot
//! before Argon2 runs, so that concurrent attempts count, and a correct password releases it. If attempts in progress
//! hold the last slots, the next one waits for their outcome.
//!
//! Not shared between processes: each allows the full limit.

mod counter;
mod mails;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use self::{
    counter::{Counter, Full, Keys, MAX_KEYS, Widths},
    mails::{
        MAILS_PER_HOUR, MAILS_PER_HOUR_OF_ALL_KINDS, MAILS_PER_HOUR_PER_IP,
        SIGN_UPS_PER_HOUR_OF_A_MAILBOX,
    },
};
use crate::{clock::Clock, crypto::password::Overloaded, domain::networks, settings::Settings};

pub use self::counter::RetryAfter;
pub(in crate::state) use self::counter::evict_first;
pub use self::mails::{MailSlot, Mailed};

const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
/// Number of attempts that may wait for others, and how long.
const WAITING: usize = 256;
const WAIT_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a password check is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    Limited(RetryAfter),
    Overloaded(Overloaded),
}

/// Client registrations per address and hour.
const CLIENTS_PER_HOUR: u32 = 20;
/// Changes by openly registered clients to themselves, per address and hour.
const CLIENT_CHANGES_PER_HOUR: u32 = 60;

#[derive(Debug)]
struct Counters {
    checks: Widths,
    account_and_ip: Widths,
    account: Counter,
    registrations: Widths,
    /// Dynamic client registrations and metadata document fetches.
    client_registrations: Widths,
    client_changes: Widths,
    /// Accounts whose failures were reset: how often, and when last. Earlier counts use another key.
    forgotten: HashMap<u64, (u64, Duration)>,
    writes: Counter,
    /// Mails that unauthenticated clients request: per recipient address and per network.
    mails_to: Counter,
    all_mails_to: Counter,
    sign_ups_of_mailbox: Counter,
    mails_from: Widths,
}

/// All counters. Keys are hashed with a key of this process: no address or name is stored.
#[derive(Debug, Clone)]
pub struct Limits {
    counters: Arc<Mutex<Counters>>,
    hasher: RandomState,
    queue: Arc<WaitingAttempts>,
}

/// Attempts that wait for the outcome of others.
#[derive(Debug)]
struct WaitingAttempts {
    places: Semaphore,
    /// Notified when an attempt is settled.
    settled: Notify,
}

/// A password check with its reserved slots. Dropped, it counts as a failure.
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
    /// Counters with the limits of the settings.
    pub fn new(settings: &Settings) -> Self {
        let counters = Counters {
            checks: Widths::new(settings.password_checks_per_minute_per_ip, MINUTE),
            account_and_ip: Widths::of_account(settings),
            account: Counter::new(settings.password_failures_per_account, HOUR),
            registrations: Widths::new(settings.registrations_per_hour_per_ip, HOUR),
            client_registrations: Widths::new(CLIENTS_PER_HOUR, HOUR),
            client_changes: Widths::new(CLIENT_CHANGES_PER_HOUR, HOUR),
            forgotten: HashMap::new(),
            writes: Counter::new(settings.writes_per_minute_per_account, MINUTE),
            mails_to: Counter::new(MAILS_PER_HOUR, HOUR),
            all_mails_to: Counter::new(MAILS_PER_HOUR_OF_ALL_KINDS, HOUR),
            sign_ups_of_mailbox: Counter::new(SIGN_UPS_PER_HOUR_OF_A_MAILBOX, HOUR),
            mails_from: Widths::new(MAILS_PER_HOUR_PER_IP, HOUR),
        };
        Self {
            counters: Arc::new(Mutex::new(counters)),
            hasher: RandomState::new(),
            queue: Arc::new(WaitingAttempts {
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

    /// Reserves a slot for an action that an address, and each network around it, may perform this often.
    fn place(
        &self,
        ip: IpAddr,
        now: Duration,
        of: impl Fn(&mut Counters) -> &mut Widths,
    ) -> Result<(), RetryAfter> {
        let keys = networks(ip).map(|network| network.map(|network| self.key(network)));
        let mut counters = self.counters();
        let counter = of(&mut counters);
        if let Err(Full::Until(wait)) = counter.check(&keys, now) {
            return Err(wait);
        }
        counter.take(&keys, now);
        Ok(())
    }

    /// Reserves a slot for a sign-up.
    ///
    /// # Errors
    /// [`RetryAfter`] if the address has made too many this hour.
    pub fn registration(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.registrations)
    }

    /// Counts a check that names no account, such as of a passkey: the limit per address is that of passwords.
    ///
    /// # Errors
    /// [`RetryAfter`] if there were too many this minute; the check must not be made.
    pub fn check(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.checks)
    }

    /// Reserves a slot for a dynamic client registration.
    ///
    /// # Errors
    /// [`RetryAfter`] if the address has made too many this hour.
    pub fn client_registration(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.client_registrations)
    }

    /// Reserves a slot for a change by an openly registered client to itself.
    ///
    /// # Errors
    /// [`RetryAfter`] if there were too many from the address this hour.
    pub fn client_change(&self, ip: IpAddr, now: Duration) -> Result<(), RetryAfter> {
        self.place(ip, now, |counters| &mut counters.client_changes)
    }

    /// Resets the failures of an account, from every address: its password was changed.
    pub fn forget(&self, account: &str, now: Duration) {
        let key = self.key(account);
        let mut counters = self.counters();
        if counters.forgotten.len() >= MAX_KEYS && !counters.forgotten.contains_key(&key) {
            // After an hour no earlier count is left.
            counters.forgotten.retain(|_, (_, at)| now < *at + HOUR);
            if counters.forgotten.len() > MAX_KEYS / 8 * 7 {
                evict_first(&mut counters.forgotten, MAX_KEYS / 8, |(_, at)| *at);
            }
        }
        let (times, at) = counters.forgotten.entry(key).or_default();
        (*times, *at) = (*times + 1, now);
        drop(counters);
        self.queue.settled.notify_waiters();
    }

    /// Counts a change requested with the credential of an account or client itself, whatever its outcome.
    ///
    /// # Errors
    /// [`RetryAfter`] if there were too many this minute; the change must not be made.
    pub fn write(&self, who: impl Hash, now: Duration) -> Result<(), RetryAfter> {
        let key = self.key(who);
        let mut counters = self.counters();
        if let Err(Full::Until(wait)) = counters.writes.check(key, now) {
            return Err(wait);
        }
        counters.writes.take(key, now);
        Ok(())
    }

    /// Reserves a slot for a password check in every counter, or in none. `account` is the normalized email address of
    /// the sign-in, whether such an account exists or not. An IP address that has signed in to it before
    /// (`known_address`) is not limited by attempts from others. Waits while attempts in progress hold the last slots.
    ///
    /// # Errors
    /// [`LimitError::Limited`] for the exhausted counter, [`LimitError::Overloaded`] if too many wait, or this one
    /// waits too long.
    pub async fn password_check(
        &self,
        ip: IpAddr,
        account: &str,
        known_address: bool,
        clock: &Clock,
    ) -> Result<Attempt, LimitError> {
        let attempt = || self.try_password_check(ip, account, known_address, clock.monotonic());
        match attempt() {
            Ok(attempt) => return Ok(attempt),
            Err(Full::Until(wait)) => return Err(LimitError::Limited(wait)),
            Err(Full::Pending) => {}
        }
        let overloaded = |()| LimitError::Overloaded(Overloaded);
        let _place = self
            .queue
            .places
            .try_acquire()
            .map_err(|_| overloaded(()))?;
        let wait = async {
            loop {
                // Registered before the check, so that no notification in between is missed.
                let mut settled = std::pin::pin!(self.queue.settled.notified());
                settled.as_mut().enable();
                match attempt() {
                    Ok(attempt) => return Ok(attempt),
                    Err(Full::Until(wait)) => return Err(LimitError::Limited(wait)),
                    Err(Full::Pending) => settled.await,
                }
            }
        };
        timeout(WAIT_TIMEOUT, wait)
            .await
            .map_err(|_| overloaded(()))?
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
            // Nor do its neighbours' failures count for it.
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
    /// The password was correct: counts as a check, not as a failure.
    pub fn succeeded(mut self) {
        self.counts = (true, false);
    }

    /// No check was made: counts as nothing.
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
            counters.account.release(account, failure);
        }
        drop(counters);
        self.limits.queue.settled.notify_waiters();
    }
}
