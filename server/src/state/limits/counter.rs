//! Counters of attempts, in windows of one length.

use std::{collections::HashMap, hash::Hash, time::Duration};

use super::{HOUR, TEN_MINUTES};
use crate::settings::Settings;

/// Keys one counter remembers. Past it the windows that are over go, then those nearest to their end.
pub(super) const MAX_KEYS: usize = 100_000;

/// How many seconds to wait, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {0} seconds")]
pub struct RetryAfter(pub u64);

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The window is used up.
    Until(RetryAfter),
    /// Attempts that are under way hold the last places.
    Pending,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    start: Duration,
    /// What counts, `pending` included.
    count: u32,
    /// Of these, attempts of which nobody knows yet whether they count.
    pending: u32,
}

/// Attempts by key, in windows of one length.
#[derive(Debug)]
pub(super) struct Counter {
    /// 0 is off.
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

    /// Whether one more fits.
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

    /// What was held counts for good, or not at all.
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

    /// Lets go of an eighth at least. What is nearest to its end goes first: to push a victim's fresh window out one
    /// has to fill the whole counter with fresher ones.
    fn make_room(&mut self, now: Duration) {
        let length = self.length;
        self.windows
            .retain(|_, window| now < window.start + length && window.count > 0);
        if self.windows.len() > MAX_KEYS / 8 * 7 {
            evict_first(&mut self.windows, MAX_KEYS / 8, |window| window.start);
        }
    }
}

/// Lets go of the entries of a bounded map whose time comes first: `count` of them and one more, and those of the same
/// time. There must be more than `count`. Answers the last time that went.
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

/// One rule's counters: by household, and by the networks of 56 and 48 bits that one customer may have, more generously.
#[derive(Debug)]
pub(super) struct Widths([Counter; 3]);

impl Widths {
    /// So many of a household; of a /56 four times, of a /48 sixteen times as many.
    pub(super) fn new(limit: u32, length: Duration) -> Self {
        Self([1, 4, 16].map(|times| Counter::new(limit.saturating_mul(times), length)))
    }

    /// Failures at one account. All of a network's count for an hour where they share the account's limit over all
    /// addresses: less than that limit, so that no network closes an account for others.
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
