//! Counters of attempts, in windows of one length.

use std::{collections::HashMap, hash::Hash, time::Duration};

use super::{HOUR, TEN_MINUTES};
use crate::settings::Settings;

/// Maximum keys per counter. Beyond it expired windows are evicted, then the first to expire.
pub(super) const MAX_KEYS: usize = 100_000;

/// Seconds to wait, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {0} seconds")]
pub struct RetryAfter(pub u64);

/// Why no slot is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The window is used up.
    Until(RetryAfter),
    /// Attempts in progress hold the last slots.
    Pending,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    start: Duration,
    /// All attempts, including `pending`.
    count: u32,
    /// Attempts whose outcome is not known yet.
    pending: u32,
}

/// Attempts per key, in windows of one length.
#[derive(Debug)]
pub(super) struct Counter {
    /// 0 disables the limit.
    limit: u32,
    length: Duration,
    pub(super) windows: HashMap<u64, Window>,
}

impl Counter {
    pub(super) fn new(limit: u32, length: Duration) -> Self {
        Self {
            limit,
            length,
            windows: HashMap::new(),
        }
    }

    /// Checks whether another attempt fits.
    pub(super) fn check(&self, key: u64, now: Duration) -> Result<(), Full> {
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

    pub(super) fn take(&mut self, key: u64, now: Duration) {
        self.count(key, now, 0);
    }

    /// As [`Counter::take`], until [`Counter::settle`].
    pub(super) fn hold(&mut self, key: u64, now: Duration) {
        self.count(key, now, 1);
    }

    fn count(&mut self, key: u64, now: Duration, pending: u32) {
        if self.limit == 0 {
            return;
        }
        if self.windows.len() >= MAX_KEYS && !self.windows.contains_key(&key) {
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

    /// Settles a held slot: it counts permanently, or not at all.
    pub(super) fn release(&mut self, key: u64, counts: bool) {
        let window = self.windows.get_mut(&key);
        if let Some(window) = window.filter(|window| window.pending > 0) {
            window.pending -= 1;
            window.count -= u32::from(!counts);
        }
    }

    pub(super) fn give_back(&mut self, key: u64) {
        if let Some(window) = self.windows.get_mut(&key) {
            window.count = window.count.saturating_sub(1);
        }
    }

    /// Evicts at least an eighth, the first to expire first: to evict a victim's new window, an attacker must fill the
    /// whole counter with newer ones.
    fn make_room(&mut self, now: Duration) {
        let length = self.length;
        self.windows
            .retain(|_, window| now < window.start + length && window.count > 0);
        if self.windows.len() > MAX_KEYS / 8 * 7 {
            evict_first(&mut self.windows, MAX_KEYS / 8, |window| window.start);
        }
    }
}

/// Evicts the earliest `count` + 1 entries of a bounded map, and those with the same time as the last of them. The map
/// must hold more than `count`. Returns the last evicted time.
pub(in crate::state) fn evict_first<K: Eq + Hash, V, T: Ord + Copy>(
    map: &mut HashMap<K, V>,
    count: usize,
    time: impl Fn(&V) -> T,
) -> T {
    let mut times: Vec<_> = map.values().map(&time).collect();
    let (_, cut, _) = times.select_nth_unstable(count);
    let cut = *cut;
    map.retain(|_, value| time(value) > cut);
    cut
}

/// Keys of an address in the counters of [`Widths`].
pub(super) type Keys = [Option<u64>; 3];

/// Counters of one rule: per household, and with higher limits per /56 and /48 network, which one customer may have.
#[derive(Debug)]
pub(super) struct Widths([Counter; 3]);

impl Widths {
    /// `limit` per household; four times that per /56, sixteen times per /48.
    pub(super) fn new(limit: u32, length: Duration) -> Self {
        Self([1, 4, 16].map(|times| Counter::new(limit.saturating_mul(times), length)))
    }

    /// Failures per account. If a network's failures count for an hour, they share the account's limit over all
    /// addresses, but stay below it, so that no network can lock an account for others.
    pub(super) fn of_account(settings: &Settings) -> Self {
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

    pub(super) fn check(&self, keys: &Keys, now: Duration) -> Result<(), Full> {
        let mut found = self.0.iter().zip(keys);
        found.try_for_each(|(counter, key)| key.map_or(Ok(()), |key| counter.check(key, now)))
    }

    pub(super) fn take(&mut self, keys: &Keys, now: Duration) {
        self.with(keys)
            .for_each(|(counter, key)| counter.take(key, now));
    }

    pub(super) fn hold(&mut self, keys: &Keys, now: Duration) {
        self.with(keys)
            .for_each(|(counter, key)| counter.hold(key, now));
    }

    pub(super) fn settle(&mut self, keys: &Keys, counts: bool) {
        self.with(keys)
            .for_each(|(counter, key)| counter.release(key, counts));
    }

    pub(super) fn give_back(&mut self, keys: &Keys) {
        self.with(keys)
            .for_each(|(counter, key)| counter.give_back(key));
    }
}
