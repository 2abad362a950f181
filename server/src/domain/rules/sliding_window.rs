//! A sliding window of usage, exact to the millisecond.

use std::collections::VecDeque;

/// Ticks of a window: beyond this number of entries, times are kept only to a tick, so that memory is bounded. Usage
/// then counts until the end of its tick, which never allows more.
const TICKS: i64 = 4096;

/// Usage that is still in the window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlidingWindow {
    /// Time in milliseconds and cost, ascending by time.
    spent: VecDeque<(i64, u64)>,
    total: u64,
}

impl SlidingWindow {
    /// From stored entries. A time after `now` counts as now: the clock was set back.
    pub fn from_entries(entries: impl IntoIterator<Item = (i64, u64)>, now: i64) -> Self {
        let mut window = Self::default();
        for (at, cost) in entries {
            window.push(at.min(now), cost);
        }
        window
    }

    /// Its entries: time in milliseconds, and cost.
    pub fn entries(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.spent.iter().copied()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.spent.is_empty()
    }

    /// Removes usage that is `length` milliseconds old or older.
    pub fn slide(&mut self, length: i64, now: i64) {
        while let Some((at, cost)) = self.spent.front().copied()
            && at.saturating_add(length) <= now
        {
            self.spent.pop_front();
            self.total = self.total.saturating_sub(cost);
        }
    }

    /// Total usage of the last `length` milliseconds.
    pub fn within(&self, length: i64, now: i64) -> u64 {
        let is_over = |(at, _): &&(i64, u64)| at.saturating_add(length) <= now;
        let over = self.spent.iter().take_while(is_over);
        self.total
            .saturating_sub(over.fold(0, |sum, (_, cost)| sum.saturating_add(*cost)))
    }

    /// Total usage in the window.
    #[cfg(test)]
    fn total(&self) -> u64 {
        self.total
    }

    /// Records usage. `limit` is the maximum in the window at a time.
    pub fn spend(&mut self, cost: u64, limit: u64, length: i64, now: i64) {
        let tick = if limit > TICKS as u64 {
            (length / TICKS).max(1)
        } else {
            1
        };
        self.push(now.div_euclid(tick) * tick + (tick - 1), cost);
    }

    fn push(&mut self, at: i64, cost: u64) {
        self.total = self.total.saturating_add(cost);
        match self.spent.back_mut() {
            Some((last, spent)) if *last >= at => *spent = spent.saturating_add(cost),
            _ => self.spent.push_back((at, cost)),
        }
        if self.spent.len() > 2 * TICKS as usize {
            self.thin_out();
        }
    }

    /// Merges each two of the older entries into one, which counts until the later one's time. There are this many only
    /// if keys with windows of different lengths share the counter: the shorter window's are all among the newer
    /// entries.
    fn thin_out(&mut self) {
        let newer = self.spent.split_off(TICKS as usize);
        let mut older = std::mem::take(&mut self.spent).into_iter();
        while let Some((first, cost)) = older.next() {
            let (at, more) = older.next().unwrap_or((first, 0));
            self.spent.push_back((at, cost.saturating_add(more)));
        }
        self.spent.extend(newer);
    }

    /// Milliseconds until `needed` of the usage has left the window; until all of it has, if that is less.
    pub fn frees(&self, needed: u64, length: i64, now: i64) -> i64 {
        let mut freed = 0_u64;
        let within = |(at, _): &&(i64, u64)| at.saturating_add(length) > now;
        let at = self.spent.iter().filter(within).find(|(_, cost)| {
            freed = freed.saturating_add(*cost);
            freed >= needed
        });
        let at = at.or(self.spent.back().filter(within));
        at.map_or(0, |(at, _)| at.saturating_add(length) - now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTH: i64 = 10_000;

    #[test]
    fn each_spending_comes_back_when_it_is_a_window_old() {
        let mut window = SlidingWindow::default();
        window.spend(2, 5, LENGTH, 0);
        window.spend(3, 5, LENGTH, 4_000);
        window.slide(LENGTH, 9_999);
        assert_eq!(window.total(), 5);
        assert_eq!(window.frees(1, LENGTH, 9_999), 1);
        assert_eq!(window.frees(3, LENGTH, 9_999), 4_001);
        assert_eq!(window.frees(9, LENGTH, 9_999), 4_001);
        window.slide(LENGTH, 10_000);
        assert_eq!(window.total(), 3);
        window.slide(LENGTH, 14_000);
        assert_eq!((window.total(), window.is_empty()), (0, true));
        assert_eq!(window.frees(1, LENGTH, 14_000), 0);
    }

    #[test]
    fn memory_is_bounded_and_a_high_limit_is_never_exceeded() {
        let (limit, length) = (1_000_000, 3_600_000);
        let mut window = SlidingWindow::default();
        for step in 0..1_000_000_i64 {
            let now = step * 6;
            window.slide(length, now);
            window.spend(1, limit, length, now);
            assert!(window.spent.len() <= 4110, "{}", window.spent.len());
        }
        // The window is late by at most a tick: 0.024 % of its length.
        let exact = 600_000;
        assert!(
            (exact..exact + 200).contains(&window.total()),
            "{}",
            window.total()
        );
    }

    #[test]
    fn what_was_kept_is_the_same_window_and_a_clock_set_back_gives_nothing() {
        let mut window = SlidingWindow::default();
        for at in [5, 5, 9, 700] {
            window.spend(1, 10, LENGTH, at);
        }
        let again = SlidingWindow::from_entries(window.entries(), 700);
        assert_eq!(again, window);
        let mut back = SlidingWindow::from_entries(window.entries(), 100);
        back.slide(LENGTH, 100);
        assert_eq!(back.total(), 4);
        back.slide(LENGTH, 100 + LENGTH);
        assert_eq!(back.total(), 0);
    }

    #[test]
    fn what_a_shorter_window_does_not_see_a_longer_one_still_does() {
        let mut window = SlidingWindow::default();
        let seconds = 20_000;
        for second in 0..seconds {
            window.spend(1, 5, 1000, second * 1000);
            assert!(window.spent.len() <= 2 * TICKS as usize);
        }
        let now = seconds * 1000 - 1;
        assert_eq!(window.within(1000, now), 1);
        assert_eq!(window.within(100_000, now), 100);
        assert_eq!(window.within(86_400_000, now), 20_000);
        assert_eq!(window.frees(1, 1000, now), 1);
        assert_eq!(window.frees(5, 100_000, now), 4001);
        // Older ones may count a little longer, never shorter.
        let half = window.within(10_000_000, now);
        assert!((10_000..10_010).contains(&half), "{half}");
    }

    proptest! {
        /// Against the plain definition: no window of the length ever holds more than the limit, and nothing that fits
        /// is rejected.
        #[test]
        fn it_is_exact(steps in prop::collection::vec((0_i64..3000, 1_u64..4), 1..200), limit in 1_u64..12) {
            let mut window = SlidingWindow::default();
            let mut all: Vec<(i64, u64)> = Vec::new();
            let mut now = 0;
            for (pause, cost) in steps {
                now += pause;
                window.slide(LENGTH, now);
                let within: u64 = all.iter().filter(|(at, _)| at + LENGTH > now).map(|(_, cost)| cost).sum();
                prop_assert_eq!(window.total(), within);
                if within + cost <= limit {
                    window.spend(cost, limit, LENGTH, now);
                    all.push((now, cost));
                }
            }
        }
    }
}
