//! Day separators and gaps in a page's timeline.

mod by_day;

use doorward_shared::{Timestamp, admin::Event};

pub(crate) use self::by_day::{ByDay, DayCount, of_events, of_hours, of_use};
use crate::core::{event_text, format::count, time_zone};

const DAY: i64 = 86_400;

/// The local day that a time lies in, counted from 1970.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    (at.seconds() + time_zone::offset(at)).div_euclid(DAY)
}

/// A line of a timeline.
#[derive(Debug, PartialEq)]
pub(crate) enum Moment<'a> {
    /// A day begins: its name, and what happened in it.
    Day(String),
    /// So many days in which nothing happened.
    Gap(i64),
    /// An event, and how often it happened: neighbours that differ in nothing but their time are one.
    Event(&'a Event, u64),
}

/// Events, newest first, with the days and the gaps between them.
pub(crate) fn timeline(events: &[Event], now: Timestamp) -> Vec<Moment<'_>> {
    let mut lines = Vec::new();
    let mut later = day_of(now) + 1;
    for events in events.chunk_by(|one, other| day_of(one.time) == day_of(other.time)) {
        let day = day_of(events[0].time);
        let empty = later - day - 1;
        if empty > 0 {
            lines.push(Moment::Gap(empty));
        }
        later = day;
        let name = match day_of(now) - day {
            0 => "today".to_owned(),
            1 => "yesterday".to_owned(),
            _ => time_zone::day(events[0].time),
        };
        lines.push(Moment::Day(format!(
            "{name}, {}",
            count(event_text::times(events), "event")
        )));
        let alike = events.chunk_by(event_text::is_repeat);
        lines.extend(alike.map(|alike| Moment::Event(&alike[0], event_text::times(alike))));
    }
    lines
}

/// "3 days nothing".
pub(crate) fn gap(days: i64) -> String {
    let days = days.unsigned_abs();
    format!("{} nothing", count(days, "day"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::test_console::{event, noon};
    use doorward_shared::apikey::UsagePoint;

    fn at(days: i64, seconds: i64, action: &str) -> Event {
        let mut event = event(1, action);
        event.time = noon().plus_seconds(-days * DAY - seconds);
        event
    }

    #[test]
    fn days_are_marked_gaps_are_told_and_repeats_are_one_line() {
        let mut counted = at(0, 2, "login.failed");
        counted.count = Some(7);
        let events = [
            at(0, 1, "login.failed"),
            counted,
            at(0, 3, "user.updated"),
            at(1, 0, "login.failed"),
            at(5, 0, "login.failed"),
        ];
        let told: Vec<_> = timeline(&events, noon())
            .iter()
            .map(|line| match line {
                Moment::Day(name) => name.clone(),
                Moment::Gap(days) => gap(*days),
                Moment::Event(event, count) => format!("{} {count}", event.action),
            })
            .collect();
        assert_eq!(
            told,
            [
                "today, 9 events",
                "login.failed 8",
                "user.updated 1",
                "yesterday, 1 event",
                "login.failed 1",
                "3 days nothing",
                "Thu 19 Nov, 1 event",
                "login.failed 1",
            ]
        );
    }

    #[test]
    fn silence_up_to_now_is_a_gap_too() {
        let events = [at(2, 0, "login.failed")];
        assert_eq!(timeline(&events, noon())[0], Moment::Gap(2));
        assert_eq!(timeline(&[], noon()), []);
    }

    #[test]
    fn events_and_use_are_counted_in_the_day_they_belong_to() {
        let mut refused = at(1, 0, "client.refused");
        refused.count = Some(7);
        let days = of_events(
            &[at(0, 0, "session.created"), refused, at(40, 0, "x.y")],
            noon(),
        );
        assert_eq!(days[29], DayCount { good: 1, bad: 0 });
        assert_eq!(days[28], DayCount { good: 0, bad: 7 });
        assert_eq!(days.iter().map(|day| day.all()).sum::<u64>(), 8);
        let midnight = Timestamp::parse("2026-11-23T00:00:00Z").unwrap();
        let point = |time, valid| UsagePoint {
            time,
            valid,
            refused: 2,
        };
        let used = of_use(
            &[point(midnight, 5), point(midnight.plus_seconds(DAY), 1)],
            noon(),
        );
        assert_eq!(used[28], DayCount { good: 5, bad: 2 });
        assert_eq!(used[29], DayCount { good: 1, bad: 2 });
    }
}
