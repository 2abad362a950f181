//! Event streams that are open: how many, and what they send. Not shared between processes: each counts its own streams,
//! and encodes for them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use doorward_shared::EventId;

use crate::{
    domain::Event,
    store::{Store, StoreError},
};

/// Streams of one credential, at most.
const OF_ONE: usize = 8;
/// Streams of all, at most.
const OF_ALL: usize = 64;
/// Encoded events kept for the streams that follow.
const KEPT: usize = 1000;
/// Events read at once.
pub(crate) const BATCH: u32 = 200;

/// An event as a stream sends it.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub id: EventId,
    pub text: Arc<str>,
}

/// How an event is written; none where it cannot be.
type Text = fn(Event) -> Option<Arc<str>>;

#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Arc<Mutex<HashMap<String, usize>>>,
    recent: tokio::sync::Mutex<Recent>,
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
pub(crate) struct Place {
    open: Arc<Mutex<HashMap<String, usize>>>,
    of: String,
}

impl Streams {
    /// A place for one more stream of a credential, if there is one.
    pub fn open(&self, of: String) -> Option<Place> {
        let mut open = lock(&self.open);
        let all: usize = open.values().sum();
        let own = open.get(&of).copied().unwrap_or_default();
        if all >= OF_ALL || own >= OF_ONE {
            return None;
        }
        open.insert(of.clone(), own + 1);
        Some(Place {
            open: self.open.clone(),
            of,
        })
    }

    /// Up to [`BATCH`] events after `after`, oldest first. `commit` counts the commits with events that the caller knows of.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn after(
        &self,
        store: &Store,
        after: Option<EventId>,
        commit: u64,
        text: Text,
    ) -> Result<Vec<Encoded>, StoreError> {
        let encode = |events: Vec<Event>| -> Vec<Encoded> {
            let encoded = events.into_iter().filter_map(|event| {
                let id = event.id;
                text(event).map(|text| Encoded { id, text })
            });
            encoded.collect()
        };
        let mut recent = self.recent.lock().await;
        if recent.after.is_none() || recent.after > after {
            let is_first = recent.after.is_none();
            drop(recent);
            // Far behind: what it missed is its own.
            let events = encode(store.events_after(after, BATCH).await?);
            if is_first && events.len() < BATCH as usize {
                self.begin(after, &events, commit).await;
            }
            return Ok(events);
        }
        if recent.read < commit {
            let last = recent.events.back().map(|event| event.id).or(recent.after);
            let events = encode(store.events_after(last, BATCH).await?);
            // Where there are more than fit in one read, the next call goes on.
            if events.len() < BATCH as usize {
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
        Ok(events.cloned().collect())
    }

    /// Holds what the first stream has read.
    async fn begin(&self, after: Option<EventId>, events: &[Encoded], commit: u64) {
        let mut recent = self.recent.lock().await;
        if recent.after.is_none()
            && let Some(after) = after
        {
            *recent = Recent {
                after: Some(after),
                events: events.iter().cloned().collect(),
                read: commit,
            };
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.of);
            }
        }
    }
}

fn lock(open: &Mutex<HashMap<String, usize>>) -> MutexGuard<'_, HashMap<String, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> String {
        format!("key_{number}")
    }

    #[test]
    fn a_credential_has_8_streams_all_have_64_and_a_closed_one_gives_its_place_back() {
        let streams = Streams::default();
        let mut held: Vec<_> = (0..8).map(|_| streams.open(key(1)).unwrap()).collect();
        assert!(streams.open(key(1)).is_none());
        held.pop();
        held.push(streams.open(key(1)).unwrap());
        for number in 2..9 {
            held.extend((0..8).map(|_| streams.open(key(number)).unwrap()));
        }
        assert_eq!(held.len(), 64);
        assert!(streams.open(key(99)).is_none());
        held.clear();
        assert!(streams.open(key(99)).is_some());
        assert!(lock(&streams.open).is_empty());
    }

    /// Events of a store that is made for it.
    fn store() -> (Store, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let lock = crate::store::DirectoryLock::take(&path).unwrap();
        let caps = (100, crate::store::Caps::default());
        let clock = crate::clock::Clock::system();
        let store = Store::open(&path, lock, caps, clock, Arc::default()).unwrap();
        (store, directory)
    }

    async fn happen(store: &Store, times: u32) {
        for at in 0..times {
            let cause = crate::domain::Cause::system(doorward_shared::Timestamp(at.into()));
            store.note("login.failed", None, None, cause).await.unwrap();
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
        let streams = Streams::default();
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
                let events = streams.after(&store, *at, commit, counted).await.unwrap();
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
