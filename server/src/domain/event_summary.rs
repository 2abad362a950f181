//! Aggregates events: counts, users, and times.

use std::collections::{BTreeMap, HashMap};

use doorward_shared::{
    Timestamp, UserId,
    admin::{EventAction, EventSummary, HourEvents, PersonEvents, is_refusal},
};

/// Maximum number of accounts listed.
const NAMED: usize = 20;
/// One hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// The running totals.
#[derive(Debug)]
pub struct Tally {
    /// How many more events are accepted.
    left: u32,
    sum: EventSummary,
    people: HashMap<UserId, PersonEvents>,
    hours: BTreeMap<i64, HourEvents>,
}

/// The fields of an event that are counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    pub at: Timestamp,
    pub action: &'a str,
    pub user: Option<UserId>,
    /// How many occurrences it stands for.
    pub times: u64,
}

impl Tally {
    /// A tally for at most this many events.
    pub fn of(most: u32) -> Self {
        Self {
            left: most,
            sum: EventSummary {
                complete: true,
                ..EventSummary::default()
            },
            people: HashMap::new(),
            hours: BTreeMap::new(),
        }
    }

    /// Adds an event. One beyond the limit is not counted, but marks the summary as incomplete.
    pub fn add(&mut self, event: Counted<'_>) {
        let Some(left) = self.left.checked_sub(1) else {
            self.sum.complete = false;
            return;
        };
        self.left = left;
        let Counted {
            at,
            action,
            user,
            times,
        } = event;
        let refused = if is_refusal(action) { times } else { 0 };
        let sum = &mut self.sum;
        sum.events += times;
        sum.refused += refused;
        if action == EventAction::SessionCreated.as_str() {
            sum.logins += times;
        }
        if action == EventAction::LoginFailed.as_str() {
            sum.failures += times;
        }
        sum.first_at = Some(sum.first_at.map_or(at, |first| first.min(at)));
        sum.last_at = Some(sum.last_at.map_or(at, |last| last.max(at)));
        let began = Timestamp(at.0.div_euclid(HOUR) * HOUR);
        let hour = self.hours.entry(began.0).or_insert(HourEvents {
            time: began,
            events: 0,
            refused: 0,
        });
        hour.events += times;
        hour.refused += refused;
        if let Some(user_id) = user {
            let person = self.people.entry(user_id).or_insert(PersonEvents {
                user_id,
                events: 0,
                refused: 0,
                last_at: at,
            });
            person.events += times;
            person.refused += refused;
            person.last_at = person.last_at.max(at);
        }
    }

    /// The summary of all added events.
    pub fn summary(self) -> EventSummary {
        let people = self.people.len() as u64;
        let mut latest: Vec<_> = self.people.into_values().collect();
        latest.sort_by_key(|person| (std::cmp::Reverse(person.last_at), person.user_id));
        latest.truncate(NAMED);
        EventSummary {
            people,
            latest_people: latest,
            hours: self.hours.into_values().collect(),
            ..self.sum
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACTIONS: [&str; 4] = [
        "login.failed",
        "session.created",
        "client.refused",
        "user.updated",
    ];

    fn user(n: u8) -> UserId {
        UserId(ulid::Ulid::from_parts(1, n.into()))
    }

    proptest! {
        #[test]
        fn hours_add_up_to_all_and_only_the_bound_is_left_out(
            events in proptest::collection::vec((0..400_000_000_i64, 0..4_usize, 0..40_u8, 1..9_u64), 0..60),
            most in 0..60_u32,
        ) {
            let mut tally = Tally::of(most);
            for (at, action, n, times) in &events {
                let (at, action, user, times) = (Timestamp(*at), ACTIONS[*action], (*n > 9).then(|| user(*n)), *times);
                tally.add(Counted { at, action, user, times });
            }
            let sum = tally.summary();
            prop_assert_eq!(sum.complete, events.len() <= most as usize);
            let counted = &events[..events.len().min(most as usize)];
            let times = |which: &dyn Fn(&str) -> bool| -> u64 {
                counted.iter().filter(|one| which(ACTIONS[one.1])).map(|one| one.3).sum()
            };
            prop_assert_eq!(sum.events, times(&|_| true));
            prop_assert_eq!(sum.failures, times(&|action| action == "login.failed"));
            prop_assert_eq!(sum.logins, times(&|action| action == "session.created"));
            prop_assert_eq!(sum.refused, times(&is_refusal));
            prop_assert_eq!(sum.hours.iter().map(|hour| hour.events).sum::<u64>(), sum.events);
            prop_assert_eq!(sum.hours.iter().map(|hour| hour.refused).sum::<u64>(), sum.refused);
            prop_assert!(sum.hours.iter().all(|hour| hour.time.0 % HOUR == 0));
            prop_assert!(sum.hours.is_sorted_by(|one, other| one.time < other.time));
            let people: std::collections::BTreeSet<_> = counted.iter().filter(|one| one.2 > 9).map(|one| one.2).collect();
            prop_assert_eq!(sum.people, people.len() as u64);
            prop_assert_eq!(sum.latest_people.len(), people.len().min(NAMED));
            prop_assert!(sum.latest_people.is_sorted_by(|one, other| one.last_at >= other.last_at));
            prop_assert_eq!(sum.first_at, counted.iter().map(|one| Timestamp(one.0)).min());
        }
    }
}
