//! What a chart over time shows: a window, cut into bins of equal length, and where its axes have marks.

use doorward_shared::{
    Timestamp,
    admin::{Minute, SeriesBy},
};

use super::zone;

/// How far back a chart goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Window {
    #[default]
    Hour,
    Day,
    Week,
}

impl Window {
    pub(crate) const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
        }
    }

    /// What the time is called in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hour => "Last hour",
            Self::Day => "Last 24 hours",
            Self::Week => "Last 7 days",
        }
    }

    pub(crate) fn next(self) -> Self {
        match self {
            Self::Hour => Self::Day,
            Self::Day => Self::Week,
            Self::Week => Self::Hour,
        }
    }

    /// What the server keeps that is fine enough.
    pub(crate) fn by(self) -> SeriesBy {
        match self {
            Self::Hour | Self::Day => SeriesBy::Minute,
            Self::Week => SeriesBy::Hour,
        }
    }

    pub(crate) fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 7 * 86_400,
        }
    }

    /// Length of the finest bins, in seconds.
    fn step(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Day => 600,
            Self::Week => 3_600,
        }
    }
}

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

/// The least round number that is not below a value; 1 for nothing.
pub(crate) fn round_up(value: f64) -> f64 {
    if value.is_nan() || value <= 0. {
        return 1.;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1., 1.5, 2., 3., 4., 5., 6., 8., 10.].into_iter();
    let mut fits = steps.map(|step| step * power);
    fits.find(|round| *round >= value * 0.999_999)
        .unwrap_or(10. * power)
}

/// A value beside an axis: at most five characters.
pub(crate) fn short(value: f64) -> String {
    let scaled = |value: f64, unit: &str| {
        if value >= 10. || value.fract().abs() < 0.05 {
            format!("{value:.0}{unit}")
        } else {
            format!("{value:.1}{unit}")
        }
    };
    match value {
        value if value >= 999_500. => scaled(value / 1e6, "M"),
        value if value >= 9_999.5 => scaled(value / 1e3, "k"),
        value => scaled(value, ""),
    }
}

/// "per minute", "per 20 min", "per 2 h".
pub(crate) fn per(seconds: i64) -> String {
    match seconds {
        60 => "per minute".into(),
        3_600 => "per hour".into(),
        86_400 => "per day".into(),
        seconds if seconds % 3_600 == 0 => format!("per {} h", seconds / 3_600),
        seconds => format!("per {} min", seconds / 60),
    }
}

/// The text under a bin that begins at a round time: a bin's number, and what stands there.
pub(crate) fn ticks(bins: &[Bin], window: Window) -> Vec<(usize, String)> {
    let every = match window {
        Window::Hour => 600,
        Window::Day => 3 * 3_600,
        Window::Week => 86_400,
    };
    let slot = |at: Timestamp| local(at).div_euclid(every);
    let begins = |at: &usize| {
        let before = bins[*at].start.plus_seconds(-bins[*at].length);
        slot(before) != slot(bins[*at].start)
    };
    let text = |at: usize| {
        let mark = slot(bins[at].start) * every - local(bins[at].start);
        let start = bins[at].start.plus_seconds(mark);
        let full = zone::second(start);
        match window {
            Window::Hour | Window::Day => full.get(11..16).unwrap_or_default().to_owned(),
            Window::Week => zone::weekday(start),
        }
    };
    (1..bins.len())
        .filter(begins)
        .map(|at| (at, text(at)))
        .collect()
}

/// Seconds of the local clock.
fn local(at: Timestamp) -> i64 {
    at.seconds() + zone::offset(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bench::noon;

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

    #[test]
    fn axes_have_round_marks() {
        let marks = [0., 0.2, 1., 1.1, 7., 21., 50., 51., 12_345.].map(round_up);
        assert_eq!(marks, [1., 0.2, 1., 1.5, 8., 30., 50., 60., 15_000.]);
        let texts = [0.5, 2., 2.5, 10., 9_000., 12_000., 1_500_000.].map(short);
        assert_eq!(texts, ["0.5", "2", "2.5", "10", "9000", "12k", "1.5M"]);
        assert_eq!(
            [60, 1_200, 3_600, 7_200].map(per),
            ["per minute", "per 20 min", "per hour", "per 2 h"]
        );
        let hour = bins(&[], Window::Hour, noon(), 60);
        let texts: Vec<_> = ticks(&hour, Window::Hour)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            texts,
            ["11:10", "11:20", "11:30", "11:40", "11:50", "12:00"]
        );
        let week = bins(&[], Window::Week, noon(), 100);
        let texts: Vec<_> = ticks(&week, Window::Week)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(texts.len(), 7, "{texts:?}");
        assert_eq!(texts.last().map(String::as_str), Some("Tue 24"));
    }
}
