//! What a chart over time shows: a window, cut into bins of equal length.

mod axis;
mod window;

use doorward_shared::{Timestamp, admin::Minute};

pub(crate) use self::{
    axis::{per, round_up, short, ticks},
    window::Window,
};

/// A part of the window, and what happened in it; nothing is known of times in which the server did not run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bin {
    pub start: Timestamp,
    /// In seconds.
    pub length: i64,
    pub sum: Option<Minute>,
}

/// The window cut into bins, oldest first, at most so many; the last one holds the present.
pub(crate) fn bins(series: &[Minute], window: Window, now: Timestamp, most: usize) -> Vec<Bin> {
    let step = window.step();
    let fine = usize::try_from(window.seconds() / step).unwrap_or(1);
    let merged = fine.div_ceil(most.max(1));
    let length = step * i64::try_from(merged).unwrap_or(1);
    let end = (now.seconds().div_euclid(step) + 1) * step;
    let count = fine.div_ceil(merged);
    let first = end - length * i64::try_from(count).unwrap_or(0);
    let mut bins: Vec<Bin> = (0..count)
        .map(|at| Bin {
            start: Timestamp::from_seconds(first + length * i64::try_from(at).unwrap_or(0)),
            length,
            sum: None,
        })
        .collect();
    for minute in series {
        let at = (minute.time.seconds() - first).div_euclid(length);
        let bin = usize::try_from(at).ok().and_then(|at| bins.get_mut(at));
        if let Some(bin) = bin {
            bin.sum = Some(bin.sum.map_or(*minute, |sum| both(sum, minute)));
        }
    }
    bins
}

/// Counts are added up, times are those of the slower, and what is measured is the later.
fn both(one: Minute, other: &Minute) -> Minute {
    Minute {
        time: one.time,
        logins: one.logins + other.logins,
        failures: one.failures + other.failures,
        registrations: one.registrations + other.registrations,
        tokens: one.tokens + other.tokens,
        refusals: one.refusals + other.refusals,
        requests: one.requests + other.requests,
        active_sessions: other.active_sessions,
        p50_ms: one.p50_ms.max(other.p50_ms),
        p95_ms: one.p95_ms.max(other.p95_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::noon;

    fn minute(seconds_ago: i64, logins: u64, p95_ms: f64) -> Minute {
        Minute {
            time: noon().plus_seconds(-seconds_ago),
            logins,
            p95_ms,
            ..Minute::default()
        }
    }

    #[test]
    fn bins_add_up_what_is_counted_and_keep_the_slowest() {
        let series = [
            minute(90_000, 1_000, 900.),
            minute(1_200, 3, 4.),
            minute(1_140, 5, 9.),
            minute(0, 2, 1.),
        ];
        let all = bins(&series, Window::Day, noon(), 200);
        assert_eq!(all.len(), 144);
        let known: Vec<_> = all.iter().filter_map(|bin| bin.sum).collect();
        let told: Vec<_> = known.iter().map(|sum| (sum.logins, sum.p95_ms)).collect();
        assert_eq!(
            told,
            [(8, 9.), (2, 1.)],
            "what is older than the window counts for nothing"
        );
        assert!(all[143].sum.is_some(), "the last bin holds the present");
        let few = bins(&series, Window::Day, noon(), 72);
        assert_eq!((few.len(), few[0].length), (72, 1_200));
        let sum: u64 = few
            .iter()
            .filter_map(|bin| bin.sum)
            .map(|sum| sum.logins)
            .sum();
        assert_eq!(sum, 10, "however many columns there are");
        assert_eq!(bins(&series, Window::Hour, noon(), 0).len(), 1);
    }
}
