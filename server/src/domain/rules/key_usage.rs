//! Usage of an API key, counted against its rate limit and quota.

use doorward_shared::{
    Timestamp,
    apikey::{KeyCode, QuotaLeft, QuotaPeriod, RateLeft},
};
use time::OffsetDateTime;

use super::sliding_window::SlidingWindow;
use crate::domain::KeyRestrictions;

const DAY: i64 = 86_400_000;

/// Usage in the day or month that begins at `start`, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    pub start: i64,
    pub spent: u64,
}

/// Usage counters of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meter {
    pub window: SlidingWindow,
    /// The longest window of the keys that share it, in milliseconds: entries too old for a shorter one are still kept.
    pub longest: i64,
    /// Both are always counted, so that switching a quota from one to the other resets nothing.
    pub day: Period,
    pub month: Period,
}

/// Remaining limits of a key, and whether a call fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemainingUses {
    /// The limit that is exceeded, if any.
    pub refused: Option<KeyCode>,
    pub rate: Option<RateLeft>,
    pub quota: Option<QuotaLeft>,
}

impl RemainingUses {
    /// Seconds until a rejected call would fit; at least 1.
    pub fn retry_after(&self, now: Timestamp) -> u64 {
        let seconds = match (self.refused, self.rate, self.quota) {
            (Some(KeyCode::RateLimited), Some(rate), _) => rate.reset_seconds,
            (Some(KeyCode::QuotaExceeded), _, Some(quota)) => seconds_up(quota.resets_at.0 - now.0),
            _ => 0,
        };
        seconds.max(1)
    }
}

impl Meter {
    /// The limit that a call of this cost exceeds, where `total` was used within the rate limit's window.
    fn refusal(&self, terms: &KeyRestrictions, total: u64, cost: u64) -> Option<KeyCode> {
        let over = |limit: u64, spent: u64| spent.checked_add(cost).is_none_or(|all| all > limit);
        let rate = terms.rate_limit;
        if rate.is_some_and(|rate| over(rate.limit, total)) {
            return Some(KeyCode::RateLimited);
        }
        let spent = |period| self.period(period).spent;
        let quota = terms.quota;
        let quota_is_over = quota.is_some_and(|quota| over(quota.limit, spent(quota.period)));
        quota_is_over.then_some(KeyCode::QuotaExceeded)
    }

    /// Whether a call of this cost fits into both limits. If `pays`, it is charged, but only if it fits entirely.
    pub fn validate(
        &mut self,
        terms: &KeyRestrictions,
        cost: u64,
        now: Timestamp,
        pays: bool,
    ) -> RemainingUses {
        let length = terms
            .rate_limit
            .map_or(0, |rate| i64::from(rate.window_seconds) * 1000);
        if terms.rate_limit.is_some() {
            self.longest = self.longest.max(length);
            self.window.slide(self.longest, now.0);
        }
        let total = self.window.within(length, now.0);
        self.day.go_on(day_of(now.0));
        self.month.go_on(month_of(now.0));
        let rate = terms.rate_limit.map(|rate| rate.limit);
        let refused = self.refusal(terms, total, cost);
        if pays && refused.is_none() {
            if let Some(limit) = rate {
                self.window.spend(cost, limit, length, now.0);
            }
            if terms.quota.is_some() {
                self.day.spent = self.day.spent.saturating_add(cost);
                self.month.spent = self.month.spent.saturating_add(cost);
            }
        }
        // A rejected call waits until it fits, any other until some usage leaves the window.
        let total = self.window.within(length, now.0);
        let needed = match (refused, rate) {
            (Some(KeyCode::RateLimited), Some(limit)) => {
                total.saturating_add(cost).saturating_sub(limit)
            }
            _ => 1,
        };
        RemainingUses {
            refused,
            rate: rate.map(|limit| RateLeft {
                limit,
                remaining: limit.saturating_sub(total),
                reset_seconds: seconds_up(self.window.frees(needed, length, now.0)),
            }),
            quota: terms.quota.map(|quota| QuotaLeft {
                limit: quota.limit,
                remaining: quota.limit.saturating_sub(self.period(quota.period).spent),
                resets_at: Timestamp(self.ends(quota.period)),
            }),
        }
    }

    fn period(&self, period: QuotaPeriod) -> Period {
        match period {
            QuotaPeriod::Day => self.day,
            QuotaPeriod::Month => self.month,
        }
    }

    fn ends(&self, period: QuotaPeriod) -> i64 {
        match period {
            QuotaPeriod::Day => self.day.start + DAY,
            QuotaPeriod::Month => month_after(self.month.start),
        }
    }

    /// Whether it is obsolete: the longest window and the longest month are over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.window.is_empty() && month_of(now.0) > self.month.start
    }
}

impl Period {
    /// Never backwards: a clock that was set back does not restart a period.
    fn go_on(&mut self, start: i64) {
        if start > self.start {
            *self = Self { start, spent: 0 };
        }
    }

    /// Restores a stored period; the current one begins at `this` and the next one at `next`. A stored start further
    /// ahead comes from a badly wrong clock: its usage counts towards the current period, and not again later.
    #[must_use]
    pub fn taken_up(self, this: i64, next: i64) -> Self {
        let start = if self.start > next { this } else { self.start };
        Self { start, ..self }
    }
}

/// Start of the UTC day that contains a millisecond.
pub fn day_of(at: i64) -> i64 {
    at - at.rem_euclid(DAY)
}

/// Start of the UTC month that contains a millisecond.
pub fn month_of(at: i64) -> i64 {
    let day = day_of(at);
    let date = OffsetDateTime::from_unix_timestamp(day / 1000);
    let before = date.map_or(0, |date| i64::from(date.day()) - 1);
    day - before * DAY
}

/// Start of the month after the one that begins at a millisecond.
pub fn month_after(start: i64) -> i64 {
    // 32 days later is in the next month.
    month_of(start + 32 * DAY)
}

/// Milliseconds as whole seconds, rounded up.
fn seconds_up(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds).unwrap_or(0).div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn terms(rate: Option<&str>, quota: Option<&str>) -> KeyRestrictions {
        KeyRestrictions {
            rate_limit: rate.map(|text| text.parse().unwrap()),
            quota: quota.map(|text| text.parse().unwrap()),
            ..KeyRestrictions::default()
        }
    }

    #[test]
    fn what_cannot_be_paid_whole_spends_nothing_of_either() {
        let terms = terms(Some("10/60s"), Some("5/day"));
        let mut meter = Meter::default();
        let now = at("2026-02-28T23:59:30Z");
        assert_eq!(meter.validate(&terms, 3, now, true).refused, None);
        let left = meter.validate(&terms, 3, now, true);
        assert_eq!(left.refused, Some(KeyCode::QuotaExceeded));
        assert_eq!(left.rate.unwrap().remaining, 7);
        assert_eq!(left.quota.unwrap().remaining, 2);
        assert_eq!(left.quota.unwrap().resets_at, at("2026-03-01T00:00:00Z"));
        assert_eq!(left.retry_after(now), 30);
        let left = meter.validate(&terms, 8, now, true);
        assert_eq!(left.refused, Some(KeyCode::RateLimited));
        assert_eq!(left.rate.unwrap().reset_seconds, 60);
        // Reading the state is not charged.
        assert_eq!(meter.validate(&terms, 2, now, false).refused, None);
        assert_eq!(
            meter
                .validate(&terms, 2, now, true)
                .quota
                .unwrap()
                .remaining,
            0
        );
        assert_eq!(
            meter.validate(&terms, u64::MAX, now, true).refused,
            Some(KeyCode::RateLimited)
        );
        // The next day.
        let later = at("2026-03-01T00:00:00Z");
        let left = meter.validate(&terms, 1, later, true);
        assert_eq!((left.refused, left.quota.unwrap().remaining), (None, 4));
    }

    #[test]
    fn a_quota_that_changes_its_period_gives_nothing_back() {
        let mut meter = Meter::default();
        let now = at("2026-12-31T12:00:00Z");
        let day = terms(None, Some("5/day"));
        assert_eq!(meter.validate(&day, 4, now, true).refused, None);
        let month = terms(None, Some("5/month"));
        let left = meter.validate(&month, 2, now, true);
        assert_eq!(left.refused, Some(KeyCode::QuotaExceeded));
        assert_eq!(left.quota.unwrap().resets_at, at("2027-01-01T00:00:00Z"));
    }

    /// During the grace period of a rotation, the old key's shorter window does not drop usage that the new key still
    /// counts.
    #[test]
    fn keys_that_share_a_meter_are_each_judged_by_their_own_window() {
        let (old, new) = (terms(Some("5/1s"), None), terms(Some("5/3600s"), None));
        let mut meter = Meter::default();
        let at = |second: i64| Timestamp::from_seconds(1_800_000_000 + second);
        for _ in 0..5 {
            assert_eq!(meter.validate(&new, 1, at(0), true).refused, None);
        }
        let limited = Some(KeyCode::RateLimited);
        assert_eq!(meter.validate(&new, 1, at(1), true).refused, limited);
        let left = meter.validate(&old, 1, at(2), true);
        assert_eq!((left.refused, left.rate.unwrap().remaining), (None, 4));
        assert_eq!(meter.validate(&new, 1, at(2), true).refused, limited);
        let left = meter.validate(&new, 1, at(3599), true);
        assert_eq!(
            (left.refused, left.rate.unwrap().reset_seconds),
            (limited, 1)
        );
        assert_eq!(meter.validate(&new, 1, at(3600), true).refused, None);
    }

    #[test]
    fn a_clock_that_was_set_back_opens_no_period_again() {
        let terms = terms(None, Some("1/month"));
        let mut meter = Meter::default();
        assert_eq!(
            meter
                .validate(&terms, 1, at("2026-03-02T00:00:00Z"), true)
                .refused,
            None
        );
        let back = meter.validate(&terms, 1, at("2026-02-27T00:00:00Z"), true);
        assert_eq!(back.refused, Some(KeyCode::QuotaExceeded));
    }

    #[test]
    fn a_clock_that_was_ahead_by_far_closes_no_key_until_then() {
        let (this, next) = (
            month_of(at("2026-03-05T00:00:00Z").0),
            at("2026-04-01T00:00:00Z").0,
        );
        assert_eq!(month_after(this), next);
        let kept = |text: &str| Period {
            start: month_of(at(text).0),
            spent: 5,
        };
        let far = kept("2031-01-01T00:00:00Z").taken_up(this, next);
        assert_eq!((far.start, far.spent), (this, 5));
        for near in [
            "2026-04-07T00:00:00Z",
            "2026-03-31T00:00:00Z",
            "2025-01-01T00:00:00Z",
        ] {
            assert_eq!(kept(near).taken_up(this, next), kept(near));
        }
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for (inside, start) in [
            ("2024-02-29T23:59:59.999Z", "2024-02-01T00:00:00Z"),
            ("2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("1969-12-31T23:00:00Z", "1969-12-01T00:00:00Z"),
        ] {
            assert_eq!(month_of(at(inside).0), at(start).0);
        }
    }
}
