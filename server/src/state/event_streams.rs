//! Open event streams: their number, and the events they send. Not shared between processes: each counts and encodes
//! for its own streams.
//!
//! Slots are fair per principal: at capacity, the principal with the most streams loses one.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{oneshot, watch};

use doorward_shared::EventId;

use crate::{
    domain::{Actor, Event},
    store::{Store, StoreError},
};

/// Maximum streams per credential.
const OF_ONE: usize = 8;
/// Maximum streams in total.
const OF_ALL: usize = 64;
/// Encoded events kept for streams to read.
const KEPT: usize = 1000;
/// Number and duration of checks for disconnected readers before a new stream is refused.
const ROLL_CALLS: u32 = 3;
const ROLL_CALL: Duration = Duration::from_millis(60);
/// Maximum events per read.
const BATCH: u32 = 200;

/// An event as sent to a stream.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub id: EventId,
    pub text: Arc<str>,
}

/// The next events of a stream.
#[derive(Debug)]
pub(crate) struct Batch {
    pub events: Vec<Encoded>,
    /// Whether to read again at once.
    pub more: bool,
}

/// Encodes an event; `None` if it cannot be encoded.
type Text = fn(Event) -> Option<Arc<str>>;

#[derive(Debug, Default)]
pub(crate) struct EventStreams {
    open: Arc<Mutex<Open>>,
    recent: tokio::sync::Mutex<Recent>,
    /// Asks every stream to write, which detects a disconnected reader.
    keep_alive: watch::Sender<()>,
}

/// The slots in use, by number.
#[derive(Debug, Default)]
struct Open {
    places: HashMap<u64, SlotOwner>,
    next: u64,
}

/// The reader of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub credential: String,
    /// The principal responsible for the credential.
    pub principal: Actor,
}

#[derive(Debug)]
struct SlotOwner {
    by: Reader,
    /// Dropping it ends the stream.
    _held: oneshot::Sender<()>,
}

impl Open {
    /// If no slot is free, takes one from the principal with the most, provided that this is more than one credential
    /// may have and more than `by` would have with another.
    fn make_room(&mut self, by: &Reader) {
        if self.places.len() < OF_ALL {
            return;
        }
        // Number of streams per principal, and the oldest of them.
        let mut of_each: HashMap<Actor, (usize, u64)> = HashMap::new();
        for (number, taken) in &self.places {
            let (count, first) = of_each.entry(taken.by.principal).or_insert((0, *number));
            *count += 1;
            *first = (*first).min(*number);
        }
        let Some((most, first)) = of_each.into_values().max_by_key(|(count, _)| *count) else {
            return;
        };
        if most > OF_ONE && most > self.of(by.principal) + 1 {
            self.places.remove(&first);
        }
    }

    fn of(&self, behind: Actor) -> usize {
        let taken = self.places.values();
        taken.filter(|taken| taken.by.principal == behind).count()
    }
}

/// The newest events, encoded once for all streams.
#[derive(Debug, Default)]
struct Recent {
    /// All events after this one, up to the last buffered one, are buffered; `None` if none are.
    after: Option<EventId>,
    events: VecDeque<Encoded>,
    /// The commit up to which the log was read.
    read: u64,
}

/// A stream's slot, released on drop.
#[derive(Debug)]
pub(crate) struct StreamSlot {
    open: Arc<Mutex<Open>>,
    number: u64,
    /// Closed once the slot is given to another stream.
    held: oneshot::Receiver<()>,
}

impl StreamSlot {
    /// Waits until the slot is given to another stream.
    pub(crate) async fn lost(&mut self) {
        let _ = (&mut self.held).await;
    }
}

impl EventStreams {
    /// Reserves a slot for a new stream, if one is free.
    pub(crate) fn open(&self, by: Reader) -> Option<StreamSlot> {
        let mut open = lock(&self.open);
        let taken = open.places.values();
        let own = taken.filter(|taken| taken.by.credential == by.credential);
        if open.places.len() >= OF_ALL || own.count() >= OF_ONE {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let (sender, held) = oneshot::channel();
        open.places.insert(number, SlotOwner { by, _held: sender });
        Some(StreamSlot {
            open: self.open.clone(),
            number,
            held,
        })
    }

    /// As [`EventStreams::open`], but first detects slots of disconnected readers: a closed connection is noticed at
    /// the second write at the latest. If all are connected, the principal with the most streams loses one.
    pub(crate) async fn open_or_ask(&self, by: Reader) -> Option<StreamSlot> {
        for _ in 0..ROLL_CALLS {
            if let Some(place) = self.open(by.clone()) {
                return Some(place);
            }
            self.keep_alive.send_replace(());
            tokio::time::sleep(ROLL_CALL).await;
        }
        lock(&self.open).make_room(&by);
        self.open(by)
    }

    /// Changes whenever every stream should write something.
    pub(crate) fn keep_alive(&self) -> watch::Receiver<()> {
        self.keep_alive.subscribe()
    }

    /// Up to [`BATCH`] events after `after`, oldest first. `commit`: the commits with events that the caller knows of.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn after(
        &self,
        store: &Store,
        after: Option<EventId>,
        commit: u64,
        text: Text,
    ) -> Result<Batch, StoreError> {
        let mut recent = self.recent.lock().await;
        if recent.after.is_none() || recent.after > after || recent.lags(after, commit) {
            drop(recent);
            // A stream that is behind reads on its own.
            return self.alone(store, after, commit, text).await;
        }
        if recent.read < commit {
            let (events, more) = read(store, recent.last(), text).await?;
            // If there are more than fit in one read, the next call continues.
            if !more {
                recent.read = commit;
            }
            recent.events.extend(events);
            while recent.events.len() > KEPT {
                recent.after = recent.events.pop_front().map(|event| event.id);
            }
        }
        let from = recent
            .events
            .partition_point(|event| Some(event.id) <= after);
        let events = recent.events.range(from..).take(BATCH as usize);
        let events: Vec<_> = events.cloned().collect();
        Ok(Batch {
            more: recent.read < commit || from + events.len() < recent.events.len(),
            events,
        })
    }

    /// Reads for one stream. If it reaches the newest event and the buffer does not, buffering restarts from here.
    async fn alone(
        &self,
        store: &Store,
        after: Option<EventId>,
        commit: u64,
        text: Text,
    ) -> Result<Batch, StoreError> {
        let (events, more) = read(store, after, text).await?;
        // An id without an event would keep all other streams from the buffer.
        let is_known = !events.is_empty() || store.newest_event().await? >= after;
        if !more && is_known {
            let mut recent = self.recent.lock().await;
            if recent.after.is_none() || recent.lags(after, commit) {
                *recent = Recent {
                    after,
                    events: events.iter().cloned().collect(),
                    read: commit,
                };
            }
        }
        Ok(Batch { events, more })
    }
}

impl Recent {
    /// The last buffered event, or the one before the first to be buffered.
    fn last(&self) -> Option<EventId> {
        self.events.back().map(|event| event.id).or(self.after)
    }

    /// Whether it was read before `after` happened, without any reader: catching up from there may take long.
    fn lags(&self, after: Option<EventId>, commit: u64) -> bool {
        self.read < commit && self.last() < after
    }
}

/// Reads up to [`BATCH`] events after `after`, and whether there may be more.
async fn read(
    store: &Store,
    after: Option<EventId>,
    text: Text,
) -> Result<(Vec<Encoded>, bool), StoreError> {
    let events = store.events_after(after, BATCH).await?;
    let more = events.len() == BATCH as usize;
    let encoded = events.into_iter().filter_map(|event| {
        let id = event.id;
        text(event).map(|text| Encoded { id, text })
    });
    Ok((encoded.collect(), more))
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        lock(&self.open).places.remove(&self.number);
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use doorward_shared::Timestamp;

    use super::*;
    use crate::state::{RefusedRequest, RejectedCaller};

    /// Appends `count` events in one commit.
    async fn burst(store: &Store, count: u32) {
        let refusals = (0..count).map(|count| RefusedRequest {
            what: RejectedCaller::Client,
            client: None,
            cause: "unknown client".into(),
            sent: None,
            ip: None,
            count,
        });
        let now = Timestamp::from_seconds(1_800_000_000);
        store.note_refusals(refusals.collect(), now).await.unwrap();
    }

    fn text(event: Event) -> Option<Arc<str>> {
        Some(event.id.to_string().into())
    }

    /// The events a stream receives after `after`, and the number of reads.
    async fn told(
        streams: &EventStreams,
        store: &Store,
        mut after: Option<EventId>,
    ) -> (usize, u32) {
        let commit = *store.event_signal().borrow();
        let (mut count, mut asked) = (0, 0);
        loop {
            asked += 1;
            let batch = streams.after(store, after, commit, text).await.unwrap();
            count += batch.events.len();
            after = batch.events.last().map(|event| event.id).or(after);
            if !batch.more {
                return (count, asked);
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_told_at_once_after_a_burst_that_nobody_followed() {
        let (store, _directory) = store();
        let streams = EventStreams::default();
        burst(&store, 1).await;
        let first = store.newest_event().await.unwrap();
        burst(&store, 1).await;
        assert_eq!(told(&streams, &store, first).await.0, 1);
        burst(&store, 5 * BATCH).await;
        let start = store.newest_event().await.unwrap();
        burst(&store, 3).await;
        assert_eq!(told(&streams, &store, start).await, (3, 1));
        // A stream that is behind receives all events; the others continue.
        assert_eq!(
            told(&streams, &store, first).await.0,
            4 + 5 * BATCH as usize
        );
        burst(&store, BATCH + 1).await;
        assert_eq!(told(&streams, &store, start).await.0, 4 + BATCH as usize);
        store.close();
    }

    #[tokio::test]
    async fn an_id_that_no_event_has_keeps_nobody_else_from_what_is_held() {
        let (store, _directory) = store();
        let streams = EventStreams::default();
        burst(&store, 1).await;
        let start = store.newest_event().await.unwrap();
        let future = Some(EventId(ulid::Ulid(u128::MAX)));
        assert_eq!(told(&streams, &store, future).await, (0, 1));
        burst(&store, 2).await;
        assert_eq!(told(&streams, &store, future).await, (0, 1));
        assert_eq!(told(&streams, &store, start).await, (2, 1));
        let held = streams.recent.lock().await.after;
        assert_eq!(held, start);
        store.close();
    }

    /// A key of the machine or of a user.
    fn key(number: u32, of: Option<u128>) -> Reader {
        let key = doorward_shared::KeyId(ulid::Ulid(number.into()));
        let person = |id| Actor::User(doorward_shared::UserId(ulid::Ulid(id)));
        Reader {
            credential: key.to_string(),
            principal: of.map_or(Actor::Key(key), person),
        }
    }

    #[test]
    fn a_credential_has_8_streams_all_have_64_and_a_closed_one_gives_its_place_back() {
        let streams = EventStreams::default();
        let open = |number| streams.open(key(number, None));
        let mut held: Vec<_> = (0..8).map(|_| open(1).unwrap()).collect();
        assert!(open(1).is_none());
        held.pop();
        held.push(open(1).unwrap());
        for number in 2..9 {
            held.extend((0..8).map(|_| open(number).unwrap()));
        }
        assert_eq!(held.len(), 64);
        assert!(open(99).is_none());
        held.clear();
        assert!(open(99).is_some());
        assert!(lock(&streams.open).places.is_empty());
    }

    #[tokio::test]
    async fn whoever_has_many_credentials_makes_room_for_others() {
        let streams = EventStreams::default();
        let own = |number| key(number, Some(1));
        let taken = (0..8).flat_map(|number| (0..8).map(move |_| number));
        let mut held: Vec<_> = taken.map(|of| streams.open(own(of)).unwrap()).collect();
        // Not for another stream of the same principal.
        assert!(streams.open_or_ask(own(99)).await.is_none());
        let other = streams.open_or_ask(key(100, Some(2))).await.unwrap();
        held[0].lost().await;
        assert_eq!(lock(&streams.open).places.len(), OF_ALL);
        assert!(streams.open_or_ask(own(99)).await.is_none());
        // A stream that lost its slot does not release one.
        drop(held.remove(0));
        assert_eq!(lock(&streams.open).places.len(), OF_ALL);
        drop((other, held));
        // Streams within the limit of one credential cannot be taken.
        let taken = (0..8).flat_map(|number| (0..8).map(move |_| number));
        let _held: Vec<_> = taken
            .map(|of| streams.open(key(of, Some(of.into()))).unwrap())
            .collect();
        assert!(streams.open_or_ask(key(99, Some(99))).await.is_none());
    }

    /// A new store for the test.
    fn store() -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let lock = crate::store::DirectoryLock::take(&path).unwrap();
        let bounds = crate::store::Bounds {
            cache_bytes: 100,
            ..Default::default()
        };
        let clock = crate::clock::Clock::system();
        let store = Store::open(&path, lock, bounds, clock, Arc::default()).unwrap();
        (store, directory)
    }

    async fn happen(store: &Store, times: u32) {
        for at in 0..times {
            let cause = crate::domain::AuditContext::system(doorward_shared::Timestamp(at.into()));
            store
                .append("login.failed", None, None, cause)
                .await
                .unwrap();
        }
    }

    static ENCODED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

    fn counted(event: Event) -> Option<Arc<str>> {
        ENCODED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(event.id.to_string().into())
    }

    #[tokio::test]
    async fn an_event_is_encoded_once_however_many_streams_send_it() {
        let (store, _directory) = store();
        let streams = EventStreams::default();
        happen(&store, 1).await;
        let start = store.newest_event().await.unwrap();
        let mut signal = store.event_signal();
        // The first stream is open before any event.
        let commit = *signal.borrow_and_update();
        assert!(
            streams
                .after(&store, start, commit, counted)
                .await
                .unwrap()
                .events
                .is_empty()
        );
        let mut sent = vec![Vec::new(); 50];
        let mut at = vec![start; 50];
        for round in 0..3 {
            happen(&store, 10).await;
            let commit = *signal.borrow_and_update();
            for (number, (sent, at)) in sent.iter_mut().zip(&mut at).enumerate() {
                // One of them is slow and reads the last two rounds at once.
                if (number, round) == (7, 1) {
                    continue;
                }
                let batch = streams.after(&store, *at, commit, counted).await.unwrap();
                let events = batch.events;
                *at = events.last().map(|event| event.id).or(*at);
                sent.extend(events.into_iter().map(|event| event.text));
            }
        }
        assert_eq!(ENCODED.load(std::sync::atomic::Ordering::SeqCst), 30);
        for one in &sent {
            assert_eq!((one.len(), one), (30, &sent[0]));
        }
        store.close();
    }
}
