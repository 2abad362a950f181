//! Refused clients, so that operators see why an application fails, and refused sign-ins without a known account:
//! counted in memory, written about once a second. Not shared between processes: each counts its own.

use std::{
    collections::HashMap,
    mem,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use doorward_shared::{ClientId, Timestamp, admin::EventAction};

use crate::domain::{RejectedParameter, ip_prefix::client_prefix};

/// The same refusal is logged at most once in this many seconds.
const PERIOD: i64 = 60;
/// Maximum number of distinct refusals counted; further ones are counted together.
const MAX_COUNTED: usize = 1000;
/// Of these, reserved for refusals that name an existing client, so that a flood of others does not hide what an
/// operator looks for.
const OF_CLIENTS: usize = 250;
/// Maximum number of distinct refusals per household.
const MAX_OF_ADDRESS: usize = 20;
/// Maximum number of distinct refusals per client: anyone can name a client.
const MAX_OF_CLIENT: usize = 50;
/// Cause of those counted together.
const CROWD: &str = "too many different refusals";

/// The kind of refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RejectedCaller {
    Client,
    /// A sign-in without a known account.
    SignIn,
    /// A sign-in from a blocked network: not counted as a failure of an account.
    Blocked,
}

impl RejectedCaller {
    /// The action in the audit log.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Client => EventAction::ClientRefused.as_str(),
            Self::SignIn => EventAction::LoginFailed.as_str(),
            Self::Blocked => EventAction::LoginBlocked.as_str(),
        }
    }
}

/// A client named by a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedClient {
    pub id: ClientId,
    /// Whether the client exists.
    pub exists: bool,
    /// Whether it registered itself: strangers have as many as they like.
    pub is_dynamic: bool,
}

impl NamedClient {
    /// An existing client.
    pub(crate) fn known(id: ClientId) -> Self {
        Self {
            id,
            exists: true,
            is_dynamic: false,
        }
    }
}

/// A refusal to count.
#[derive(Debug)]
pub(crate) struct Seen {
    pub what: RejectedCaller,
    pub client: Option<NamedClient>,
    pub cause: String,
    pub sent: Option<RejectedParameter>,
    pub ip: IpAddr,
}

impl Seen {
    /// Without a known client.
    pub(crate) fn of(what: RejectedCaller, cause: String, ip: IpAddr) -> Self {
        Self {
            what,
            client: None,
            cause,
            sent: None,
            ip,
        }
    }
}

/// A refused client or sign-in, with its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedRequest {
    pub what: RejectedCaller,
    pub client: Option<ClientId>,
    pub cause: String,
    /// The last value sent; not part of the identity, so that varying it does not create distinct refusals.
    pub sent: Option<RejectedParameter>,
    /// The household's network if its refusals are counted together; `None` if all are.
    pub ip: Option<IpAddr>,
    pub count: u32,
}

type Key = (RejectedCaller, Option<ClientId>, String, Option<IpAddr>);

#[derive(Debug)]
struct Counted {
    /// When it may be logged again.
    due: Timestamp,
    /// Number of occurrences since it was last logged.
    count: u32,
    sent: Option<RejectedParameter>,
    /// Whether it is of an existing client.
    of_client: bool,
}

#[derive(Debug, Default)]
struct State {
    counted: HashMap<Key, Counted>,
    /// Per household.
    of_address: HashMap<IpAddr, usize>,
    /// Per existing client.
    of_client: HashMap<ClientId, usize>,
}

impl State {
    /// The key under which a new refusal is counted.
    fn place(
        &self,
        what: RejectedCaller,
        client: Option<NamedClient>,
        cause: String,
        ip: IpAddr,
    ) -> Key {
        let known = client.filter(|client| client.exists);
        let of_client = known.and_then(|client| self.of_client.get(&client.id));
        let home = client_prefix(ip);
        let of_home = self.of_address.get(&home).copied().unwrap_or_default();
        let is_operators = known.is_some_and(|client| !client.is_dynamic);
        let kept_free = if is_operators { 0 } else { OF_CLIENTS };
        let id = client.map(|client| client.id);
        if of_client.is_some_and(|count| *count >= MAX_OF_CLIENT) {
            (what, id, CROWD.into(), None)
        } else if self.counted.len() >= MAX_COUNTED - kept_free {
            (what, None, CROWD.into(), None)
        } else if of_home >= MAX_OF_ADDRESS {
            (what, None, CROWD.into(), Some(home))
        } else {
            (what, id, cause, Some(ip))
        }
    }
}

/// Refusals being counted.
#[derive(Debug, Default)]
pub(crate) struct RejectedRequests(Mutex<State>);

impl RejectedRequests {
    /// Counts a refusal. Returns whether it is the first of its kind within the period.
    pub(crate) fn count(&self, seen: Seen, now: Timestamp) -> bool {
        let Seen {
            what,
            client,
            cause,
            mut sent,
            ip,
        } = seen;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (what, client.map(|client| client.id), cause, Some(ip));
        if !state.counted.contains_key(&key) {
            let (.., cause, _) = key;
            key = state.place(what, client, cause, ip);
            sent = sent.filter(|_| key.2 != CROWD);
        }
        if let Some(counted) = state.counted.get_mut(&key) {
            counted.count = counted.count.saturating_add(1);
            counted.sent = sent;
            return false;
        }
        if let Some(ip) = key.3 {
            *state.of_address.entry(client_prefix(ip)).or_default() += 1;
        }
        let of_client = key.1.filter(|_| client.is_some_and(|client| client.exists));
        if let Some(id) = of_client {
            *state.of_client.entry(id).or_default() += 1;
        }
        let first = Counted {
            due: now,
            count: 1,
            sent,
            of_client: of_client.is_some(),
        };
        state.counted.insert(key, first);
        true
    }

    /// Refusals to log now; `all` at the end of the process. Those that did not recur for a period are removed.
    pub(crate) fn take_due(&self, now: Timestamp, all: bool) -> Vec<RefusedRequest> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            counted,
            of_address,
            of_client,
        } = &mut *state;
        let mut told = Vec::new();
        counted.retain(|(what, client, cause, ip), counted| {
            let due = counted.due <= now;
            if counted.count > 0 && (due || all) {
                told.push(RefusedRequest {
                    what: *what,
                    client: *client,
                    cause: cause.clone(),
                    sent: counted.sent.take(),
                    ip: *ip,
                    count: mem::take(&mut counted.count),
                });
                counted.due = now.plus_seconds(PERIOD);
            } else if due {
                if let Some(ip) = ip
                    && let Some(seen) = of_address.get_mut(&client_prefix(*ip))
                {
                    *seen -= 1;
                }
                if let Some(id) = client.filter(|_| counted.of_client)
                    && let Some(seen) = of_client.get_mut(&id)
                {
                    *seen -= 1;
                }
                return false;
            }
            true
        });
        of_address.retain(|_, seen| *seen > 0);
        of_client.retain(|_, seen| *seen > 0);
        told
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from(n).into()
    }

    /// An unknown client was refused.
    fn refused(refusals: &RejectedRequests, cause: &str, ip: IpAddr, seconds: i64) -> bool {
        let seen = Seen::of(RejectedCaller::Client, cause.to_owned(), ip);
        refusals.count(seen, at(seconds))
    }

    fn counts(told: &[RefusedRequest]) -> Vec<u32> {
        told.iter().map(|refusal| refusal.count).collect()
    }

    #[test]
    fn the_same_refusal_is_told_at_once_and_then_once_a_minute_with_a_count() {
        let refusals = RejectedRequests::default();
        let count = |seconds| refused(&refusals, "wrong secret", address(1), seconds);
        assert!(count(0));
        assert_eq!(counts(&refusals.take_due(at(0), false)), [1]);
        for second in 1..60 {
            assert!(!count(second));
            assert!(refusals.take_due(at(second), false).is_empty());
        }
        assert_eq!(counts(&refusals.take_due(at(60), false)), [59]);
        assert!(refusals.take_due(at(120), false).is_empty());
        assert!(count(121), "it had been forgotten");
        assert!(!count(122));
        assert_eq!(counts(&refusals.take_due(at(122), true)), [2]);
    }

    #[test]
    fn what_was_sent_last_is_told_and_makes_no_refusal_of_its_own() {
        let refusals = RejectedRequests::default();
        let redirect = |uri: &str, seconds| {
            let seen = Seen {
                sent: Some(RejectedParameter::uri(
                    "redirect_uri",
                    uri,
                    ["https://app.example/cb"],
                )),
                ..Seen::of(RejectedCaller::Client, "redirect_uri".into(), address(1))
            };
            refusals.count(seen, at(seconds))
        };
        assert!(redirect("https://app.example/a", 0));
        assert!(!redirect("https://app.example/b", 0));
        let told = refusals.take_due(at(0), false);
        assert_eq!(counts(&told), [2]);
        assert_eq!(
            told[0].sent.as_ref().unwrap().value,
            "https://app.example/b"
        );
        // For a combined count it would be meaningless.
        for n in 0..MAX_OF_ADDRESS {
            refused(&refusals, &format!("cause {n}"), address(1), 1);
        }
        let told = refusals.take_due(at(1), false);
        assert!(told.iter().all(|told| told.sent.is_none()));
    }

    #[test]
    fn a_flood_is_bounded_and_nothing_is_left_uncounted() {
        let refusals = RejectedRequests::default();
        let mut told = Vec::new();
        for n in 0..100_000 {
            refused(&refusals, &format!("cause {n}"), address(n % 5000), 0);
            if n % 1000 == 0 {
                told.extend(refusals.take_due(at(0), false));
            }
        }
        told.extend(refusals.take_due(at(60), false));
        assert!(told.len() < 3 * MAX_COUNTED, "{}", told.len());
        assert_eq!(counts(&told).iter().sum::<u32>(), 100_000);
        assert!(refusals.take_due(at(180), false).is_empty());
        let state = refusals.0.lock().unwrap();
        assert!(state.counted.is_empty() && state.of_address.is_empty());
    }

    #[test]
    fn a_household_with_many_addresses_counts_as_one_and_leaves_room_for_clients() {
        let refusals = RejectedRequests::default();
        let home = |n: u128| IpAddr::V6((0x2001_0db8_u128 << 96 | n).into());
        for n in 0..5000 {
            refused(&refusals, "no such client", home(n), 0);
        }
        let told = refusals.take_due(at(0), false);
        assert_eq!(told.len(), MAX_OF_ADDRESS + 1);
        assert!(
            told.iter()
                .any(|told| told.ip == Some(home(0)) && told.count > 4900)
        );
        // From as many households as there are slots.
        for n in 0..5000 {
            refused(&refusals, "no such client", home(n << 64), 1);
        }
        let client = ClientId(ulid::Ulid(7));
        assert!(of_client(
            &refusals,
            NamedClient::known(client),
            address(9),
            1
        ));
        let told = refusals.take_due(at(1), false);
        assert!(told.iter().any(|told| told.client == Some(client)));
    }

    fn of_client(
        refusals: &RejectedRequests,
        client: NamedClient,
        ip: IpAddr,
        seconds: i64,
    ) -> bool {
        let seen = Seen {
            client: Some(client),
            ..Seen::of(RejectedCaller::Client, "wrong secret".into(), ip)
        };
        refusals.count(seen, at(seconds))
    }

    #[test]
    fn neither_one_clients_name_nor_made_up_or_strangers_ones_take_the_places_of_other_clients() {
        let known = |id: u32| NamedClient::known(ClientId(ulid::Ulid(id.into())));
        let made_up = |n| NamedClient {
            exists: false,
            ..known(1000 + n)
        };
        // As many as one household registers in an hour.
        let strangers = |n| NamedClient {
            is_dynamic: true,
            ..known(1000 + n % 20)
        };
        let floods: [&dyn Fn(u32) -> NamedClient; 3] = [&|_| known(1), &made_up, &strangers];
        for flood in floods {
            let refusals = RejectedRequests::default();
            // From as many households as there are slots.
            for n in 0..3000_u32 {
                of_client(&refusals, flood(n), address(n), 0);
            }
            let client = ClientId(ulid::Ulid(7));
            assert!(of_client(
                &refusals,
                NamedClient::known(client),
                address(9999),
                0
            ));
            let told = refusals.take_due(at(0), false);
            assert!(told.iter().any(|told| told.client == Some(client)));
            assert_eq!(counts(&told).iter().sum::<u32>(), 3001);
            refusals.take_due(at(60), false);
            let state = refusals.0.lock().unwrap();
            assert!(state.counted.is_empty() && state.of_client.is_empty());
        }
    }

    #[test]
    fn one_address_does_not_crowd_out_the_others() {
        let refusals = RejectedRequests::default();
        for n in 0..10_000 {
            refused(&refusals, &format!("cause {n}"), address(1), 0);
        }
        assert!(refused(&refusals, "wrong secret", address(2), 0));
        let told = refusals.take_due(at(0), false);
        assert!(told.len() <= MAX_OF_ADDRESS + 2);
        assert!(told.iter().any(|refusal| refusal.ip == Some(address(2))));
    }
}
