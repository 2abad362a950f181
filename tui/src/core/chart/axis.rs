//! Where the axes of a chart have marks, and what stands there.

use doorward_shared::Timestamp;

use super::{Bin, Window};
use crate::core::time_zone;

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
        let full = time_zone::second(start);
        match window {
            Window::Hour | Window::Day => full.get(11..16).unwrap_or_default().to_owned(),
            Window::Week => time_zone::weekday(start),
        }
    };
    (1..bins.len())
        .filter(begins)
        .map(|at| (at, text(at)))
        .collect()
}

/// Seconds of the local clock.
fn local(at: Timestamp) -> i64 {
    at.seconds() + time_zone::offset(at)
}

#[cfg(test)]
mod tests {
    use super::super::bins;
    use super::*;
    use crate::tests::test_console::noon;

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
