//! Which clients logout tokens are on their way to, and which are given a rest because they were not reached.
//!
//! Not shared, each of two processes would tell clients on its own: they would be told twice. A restart forgets who rests;
//! what is still to be told is in the database.

use std::collections::HashMap;

use doorward_shared::{ClientId, Timestamp};
use ulid::Ulid;

/// Logout tokens that are on their way at once.
const AT_ONCE: usize = 16;
/// Those of them to clients that registered themselves: they never hold up an operator's clients.
const TO_STRANGERS: usize = 8;
/// Those of them to one client.
const TO_ONE: usize = 2;
/// How long a client rests that registered itself and was not reached, in seconds; the last one goes on.
const RESTS: [i64; 6] = [5, 20, 60, 300, 900, 3600];
/// How long an operator's does: each of its notices is tried again within a minute.
const REST_OF_OWN: i64 = 1;
/// Clients whose rest is remembered, at most. Past it all begin anew.
const REMEMBERED: usize = 20_000;

#[derive(Debug, Clone, Copy, Default)]
struct Backoff {
    under_way: usize,
    failures: usize,
    rests_until: Timestamp,
}

/// Who is told, and who rests.
#[derive(Debug, Default)]
pub(crate) struct LogoutQueue {
    clients: HashMap<ClientId, Backoff>,
    /// Notices under way: whose, and whether the client registered itself.
    under_way: HashMap<Ulid, (ClientId, bool)>,
}

impl LogoutQueue {
    /// How many more notices of a client may start now.
    pub(crate) fn places(&self, client: ClientId, is_stranger: bool, now: Timestamp) -> usize {
        let of = self.clients.get(&client).copied().unwrap_or_default();
        if now < of.rests_until {
            return 0;
        }
        let strangers = self.under_way.values().filter(|(_, stranger)| *stranger);
        let free = AT_ONCE.saturating_sub(self.under_way.len());
        let free = if is_stranger {
            free.min(TO_STRANGERS.saturating_sub(strangers.count()))
        } else {
            free
        };
        // A stranger that was not reached is asked once.
        let most = if is_stranger && of.failures > 0 {
            1
        } else {
            TO_ONE
        };
        free.min(most.saturating_sub(of.under_way))
    }

    /// Until when a client rests, where it does.
    pub(crate) fn rests_until(&self, client: ClientId) -> Timestamp {
        self.clients
            .get(&client)
            .map_or(Timestamp(i64::MIN), |of| of.rests_until)
    }

    /// Whether all places are taken.
    pub(crate) fn is_full(&self) -> bool {
        self.under_way.len() >= AT_ONCE
    }

    pub(crate) fn is_under_way(&self, notice: Ulid) -> bool {
        self.under_way.contains_key(&notice)
    }

    /// A notice starts.
    pub(crate) fn begin(&mut self, notice: Ulid, client: ClientId, is_stranger: bool) {
        if self.clients.len() >= REMEMBERED {
            self.clients.retain(|_, of| of.under_way > 0);
        }
        self.under_way.insert(notice, (client, is_stranger));
        self.clients.entry(client).or_default().under_way += 1;
    }

    /// A notice has arrived, or not.
    pub(crate) fn end(&mut self, notice: Ulid, reached: bool, now: Timestamp) {
        let Some((client, is_stranger)) = self.under_way.remove(&notice) else {
            return;
        };
        let Some(of) = self.clients.get_mut(&client) else {
            return;
        };
        of.under_way = of.under_way.saturating_sub(1);
        if !reached {
            let rest = RESTS[of.failures.min(RESTS.len() - 1)];
            let rest = if is_stranger { rest } else { REST_OF_OWN };
            of.failures += 1;
            of.rests_until = of.rests_until.max(now.plus_seconds(rest));
        } else if of.under_way == 0 {
            self.clients.remove(&client);
        } else {
            of.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn client(number: u128) -> ClientId {
        ClientId(Ulid(number))
    }

    #[test]
    fn a_client_that_does_not_answer_holds_nobody_up() {
        let mut queue = LogoutQueue::default();
        let mut notice = 0;
        let mut fill = |queue: &mut LogoutQueue, of: u128, is_stranger| {
            for _ in 0..queue.places(client(of), is_stranger, NOW) {
                notice += 1;
                queue.begin(Ulid(notice), client(of), is_stranger);
            }
        };
        for stranger in 100..200 {
            fill(&mut queue, stranger, true);
        }
        assert_eq!(queue.under_way.len(), TO_STRANGERS);
        fill(&mut queue, 1, false);
        assert_eq!(queue.places(client(1), false, NOW), 0);
        assert_eq!(queue.places(client(2), false, NOW), TO_ONE);
        for of in 2..20 {
            fill(&mut queue, of, false);
        }
        assert!(queue.is_full() && queue.under_way.len() == AT_ONCE);
    }

    #[test]
    fn a_client_that_was_not_reached_rests() {
        for (is_stranger, rests) in [(false, [1, 1, 1, 1]), (true, [5, 20, 60, 300])] {
            let mut queue = LogoutQueue::default();
            let mut now = NOW;
            for (n, rest) in rests.into_iter().enumerate() {
                let id = Ulid(n as u128);
                queue.begin(id, client(1), is_stranger);
                queue.end(id, false, now);
                assert_eq!(queue.rests_until(client(1)), now.plus_seconds(rest));
                assert_eq!(queue.places(client(1), is_stranger, now), 0);
                now = now.plus_seconds(rest);
                let places = if is_stranger { 1 } else { TO_ONE };
                assert_eq!(queue.places(client(1), is_stranger, now), places);
            }
            queue.begin(Ulid(9), client(1), is_stranger);
            queue.end(Ulid(9), true, now);
            assert_eq!(queue.places(client(1), is_stranger, now), TO_ONE);
            assert!(queue.clients.is_empty() && queue.under_way.is_empty());
        }
    }
}
