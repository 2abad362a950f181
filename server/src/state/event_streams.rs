//! Event streams that are open: how many, and what they send. Not shared between processes: each counts its own streams,
//! and encodes for them.
//!
//! Whoever has many credentials takes no places of others: where all are taken, whoever has the most makes room.

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

/// Streams of one credential, at most.
const OF_ONE: usize = 8;
/// Streams of all, at most.
const OF_ALL: usize = 64;
/// Encoded events kept for the streams that follow.
const KEPT: usize = 1000;
/// How often, and for how long, streams are asked whether their readers are there, before one more is refused.
const ROLL_CALLS: u32 = 3;
const ROLL_CALL: Duration = Duration::from_millis(60);
/// Events read at once.
const BATCH: u32 = 200;

/// An event as a stream sends it.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub id: EventId,
    pub text: Arc<str>,
}

/// Events that a stream sends next.
#[derive(Debug)]
pub(crate) struct Batch {
    pub events: Vec<Encoded>,
    /// Whether to ask again at once.
    pub more: bool,
}

/// How an event is written; none where it cannot be.
type Text = fn(Event) -> Option<Arc<str>>;

#[derive(Debug, Default)]
pub(crate) struct EventStreams {
    open: Arc<Mutex<Open>>,
    recent: tokio::sync::Mutex<Recent>,
    /// Asks every stream to say something, by which a reader that has gone is noticed.
    keep_alive: watch::Sender<()>,
}

/// The places that are taken, by their numbers.
#[derive(Debug, Default)]
struct Open {
    places: HashMap<u64, SlotOwner>,
    next: u64,
}

/// Whose a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub credential: String,
    /// Who answers for the credential.
    pub principal: Actor,
}

#[derive(Debug)]
struct SlotOwner {
    by: Reader,
    /// Dropped, the stream ends.
    _held: oneshot::Sender<()>,
}

impl Open {
    /// Where no place is free, takes one from whoever has the most: if that is more than one credential may have, and more
    /// than `by` would have with one more.
    fn make_room(&mut self, by: &Reader) {
        if self.places.len() < OF_ALL {
            return;
        }
        // Of each how many, and the first of them.
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
    /// Everything after this one, up to the last that is held, is held; nothing is, when `None`.
    after: Option<EventId>,
    events: VecDeque<Encoded>,
    /// Up to which commit the log was read.
    read: u64,
}

/// A stream's place. Dropped, it is free.
#[derive(Debug)]
pub(crate) struct StreamSlot {
    open: Arc<Mutex<Open>>,
    number: u64,
    /// Closed once another has the place.
    held: oneshot::Receiver<()>,
}

impl StreamSlot {
    /// Waits until the place is another's.
    pub(crate) async fn lost(&mut self) {
        let _ = (&mut self.held).await;
    }
}

impl EventStreams {
    /// A place for one more stream, if there is one.
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

    /// As [`EventStreams::open`], where places may be held by readers that have gone: a connection that was left is noticed when
    /// something is written to it, the second time at the latest. Where all are there, whoever has too many makes room.
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

    /// Changes whenever every stream is to say something.
    pub(crate) fn keep_alive(&self) -> watch::Receiver<()> {
        self.keep_alive.subscribe()
    }

    /// Up to [`BATCH`] events after `after`, oldest first. `commit` counts the commits with events that the caller knows of.
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
            // What it missed is its own.
            return self.alone(store, after, commit, text).await;
        }
        if recent.read < commit {
            let (events, more) = read(store, recent.last(), text).await?;
            // Where there are more than fit in one read, the next call goes on.
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

    /// Reads for one stream. Where that reaches the newest event, and nothing that is held does, what follows is held from
    /// here on.
    async fn alone(
        &self,
        store: &Store,
        after: Option<EventId>,
        commit: u64,
        text: Text,
    ) -> Result<Batch, StoreError> {
        let (events, more) = read(store, after, text).await?;
        // An id that no event has yet would keep all others from what is held.
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
    /// The last event that is held, or the one before the first that will be.
    fn last(&self) -> Option<EventId> {
        self.events.back().map(|event| event.id).or(self.after)
    }

    /// Whether it was read before `after` happened, while nobody followed: reading on from there may take long.
    fn lags(&self, after: Option<EventId>, commit: u64) -> bool {
        self.read < commit && self.last() < after
    }
}

/// Up to [`BATCH`] events after `after`, and whether there may be more.
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

    /// Appends so many events in one commit.
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

    /// What a stream is told after `after`, and how often it asked.
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
        // One that is behind is told all; the others go on.
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

    /// A key of the machine's, or of a person's.
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
        // Not for one more of their own.
        assert!(streams.open_or_ask(own(99)).await.is_none());
        let other = streams.open_or_ask(key(100, Some(2))).await.unwrap();
        held[0].lost().await;
        assert_eq!(lock(&streams.open).places.len(), OF_ALL);
        assert!(streams.open_or_ask(own(99)).await.is_none());
        // One that lost its place gives none back.
        drop(held.remove(0));
        assert_eq!(lock(&streams.open).places.len(), OF_ALL);
        drop((other, held));
        // As many as one credential may have are nobody's to take.
        let taken = (0..8).flat_map(|number| (0..8).map(move |_| number));
        let _held: Vec<_> = taken
            .map(|of| streams.open(key(of, Some(of.into()))).unwrap())
            .collect();
        assert!(streams.open_or_ask(key(99, Some(99))).await.is_none());
    }

    /// Events of a store that is made for it.
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
        // The first stream is there before anything happens.
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
                // One of them is slow, and takes the last two rounds at once.
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
