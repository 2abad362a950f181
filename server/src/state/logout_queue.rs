//! Delivery of logout tokens: which clients have some in transit, and which are backing off after a failed delivery.
//!
//! Not shared between processes: each would notify the clients, so they would be notified twice. A restart forgets the
//! back-off; pending notices are in the database.

use std::collections::HashMap;

use doorward_shared::{ClientId, Timestamp};
use ulid::Ulid;

/// Maximum concurrent deliveries.
const AT_ONCE: usize = 16;
/// Of these, to dynamically registered clients, so that they never delay operators' clients.
const TO_STRANGERS: usize = 8;
/// Of these, to one client.
const TO_ONE: usize = 2;
/// Back-off of a dynamically registered client after failed deliveries, in seconds; the last one repeats.
const RESTS: [i64; 6] = [5, 20, 60, 300, 900, 3600];
/// Back-off of an operator's client: each of its notices is retried within a minute.
const REST_OF_OWN: i64 = 1;
/// Maximum clients with stored back-off. Beyond it all are reset.
const REMEMBERED: usize = 20_000;

#[derive(Debug, Clone, Copy, Default)]
struct Backoff {
    under_way: usize,
    failures: usize,
    rests_until: Timestamp,
}

/// Deliveries in progress and clients backing off.
#[derive(Debug, Default)]
pub(crate) struct LogoutQueue {
    clients: HashMap<ClientId, Backoff>,
    /// Notices in transit: their client, and whether it was dynamically registered.
    under_way: HashMap<Ulid, (ClientId, bool)>,
}

impl LogoutQueue {
    /// Number of further notices of a client that may start now.
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
        // After a failure, a dynamically registered client gets one delivery at a time.
        let most = if is_stranger && of.failures > 0 {
            1
        } else {
            TO_ONE
        };
        free.min(most.saturating_sub(of.under_way))
    }

    /// End of the client's back-off, if any.
    pub(crate) fn rests_until(&self, client: ClientId) -> Timestamp {
        self.clients
            .get(&client)
            .map_or(Timestamp(i64::MIN), |of| of.rests_until)
    }

    /// Whether all slots are in use.
    pub(crate) fn is_full(&self) -> bool {
        self.under_way.len() >= AT_ONCE
    }

    pub(crate) fn is_under_way(&self, notice: Ulid) -> bool {
        self.under_way.contains_key(&notice)
    }

    /// Records the start of a delivery.
    pub(crate) fn begin(&mut self, notice: Ulid, client: ClientId, is_stranger: bool) {
        if self.clients.len() >= REMEMBERED {
            self.clients.retain(|_, of| of.under_way > 0);
        }
        self.under_way.insert(notice, (client, is_stranger));
        self.clients.entry(client).or_default().under_way += 1;
    }

    /// Records the end of a delivery.
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
