//! What happened by day: of events, of hours, of a key's use.

use doorward_shared::{
    Timestamp,
    admin::{Event, HourEvents},
    apikey::UsagePoint,
};

use super::{DAY, day_of};
use crate::core::page::DAYS;

const HOUR: i64 = 3_600;

/// What happened in a day: well, and refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DayCount {
    pub good: u64,
    pub bad: u64,
}

impl DayCount {
    pub(crate) fn all(self) -> u64 {
        self.good + self.bad
    }
}

/// The last days, oldest first; the last one is today.
pub(crate) type ByDay = [DayCount; DAYS as usize];

fn place(days: &mut ByDay, day: i64, now: Timestamp) -> Option<&mut DayCount> {
    let back = usize::try_from(day_of(now) - day).ok()?;
    let at = days.len().checked_sub(back + 1)?;
    days.get_mut(at)
}

/// Events by day. One that stands for several counts as many.
pub(crate) fn of_events(events: &[Event], now: Timestamp) -> ByDay {
    let mut days = ByDay::default();
    for event in events {
        let Some(day) = place(&mut days, day_of(event.time), now) else {
            continue;
        };
        if event.is_refusal() {
            day.bad += event.times();
        } else {
            day.good += event.times();
        }
    }
    days
}

/// Hours of a summary by day: each lies in the local day in which most of it does.
pub(crate) fn of_hours(hours: &[HourEvents], now: Timestamp) -> ByDay {
    let mut days = ByDay::default();
    for hour in hours {
        let middle = hour.time.plus_seconds(HOUR / 2);
        if let Some(day) = place(&mut days, day_of(middle).min(day_of(now)), now) {
            day.good += hour.events.saturating_sub(hour.refused);
            day.bad += hour.refused;
        }
    }
    days
}

/// A key's use by day. The server counts by days of UTC: a point lies in the local day in which most of its day does.
pub(crate) fn of_use(points: &[UsagePoint], now: Timestamp) -> ByDay {
    let mut days = ByDay::default();
    for point in points {
        let middle = point.time.plus_seconds(DAY / 2);
        if let Some(day) = place(&mut days, day_of(middle).min(day_of(now)), now) {
            day.good += point.valid;
            day.bad += point.refused;
        }
    }
    days
}
