//! Caches with a limit in bytes: an entry is weighted by its size in memory.

use std::{collections::HashSet, hash::Hash, sync::Arc, sync::Mutex, sync::PoisonError};

use doorward_shared::ScopeSet;
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::DefaultLifecycle};

/// Overhead of an entry besides its key and value: links, state and index slot.
const ENTRY_BYTES: usize = 24;
/// Capacity for recently evicted keys, which guide eviction, as a share of the entries: each takes as much memory as an
/// entry.
const GHOSTS: f64 = 0.1;

/// A cache with a limit in bytes.
pub(crate) type Cache<K, V> = quick_cache::sync::Cache<K, V, Bytes>;

/// Weighs entries in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes;

/// Heap size of a value.
pub(crate) trait Heap {
    /// Heap size in bytes, without memory shared with other entries.
    fn heap_bytes(&self) -> usize;
}

impl<K, V: Heap> Weighter<K, V> for Bytes {
    fn weight(&self, _: &K, value: &V) -> u64 {
        (entry_bytes::<K, V>() + value.heap_bytes()) as u64
    }
}

/// Size of an entry whose value owns no heap memory.
const fn entry_bytes<K, V>() -> usize {
    size_of::<K>() + size_of::<V>() + ENTRY_BYTES
}

/// Creates a cache of at most `bytes`, whose values have a heap size of about `typical`.
pub(crate) fn cache<K: Hash + Eq, V: Heap + Clone>(bytes: usize, typical: usize) -> Cache<K, V> {
    let kept = (bytes as f64 / (1. + GHOSTS)) as u64;
    let entries = bytes / (entry_bytes::<K, V>() + typical);
    let options = OptionsBuilder::new()
        .estimated_items_capacity(entries.max(1))
        .weight_capacity(kept)
        .ghost_allocation(GHOSTS)
        .build();
    match options {
        Ok(options) => Cache::with_options(
            options,
            Bytes,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        // Unreachable: both capacities are set.
        Err(_) => Cache::with_weighter(1, 1, Bytes),
    }
}

impl Heap for bool {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Heap for u32 {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A value that several holders can share.
pub(crate) trait Shared: Clone + Eq + Hash {
    /// Whether it has no other holder.
    fn is_lone(&self) -> bool;
}

impl Shared for ScopeSet {
    fn is_lone(&self) -> bool {
        self.is_lone()
    }
}

impl<T: Eq + Hash> Shared for Arc<T> {
    fn is_lone(&self) -> bool {
        Arc::strong_count(self) == 1
    }
}

/// Stores equal values once for all holders. Bounded: above [`Interner::MAX_VALUES`] a new value is not shared.
#[derive(Debug)]
pub(crate) struct Interner<T>(Mutex<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    values: HashSet<T>,
    /// Number of values rejected since the last cleanup.
    refused: usize,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self(Mutex::new(Entry {
            values: HashSet::new(),
            refused: 0,
        }))
    }
}

impl<T: Shared> Interner<T> {
    /// Maximum number of values.
    const MAX_VALUES: usize = 1024;
    /// Number of rejected values after which values without holders are removed.
    const LOOK_EVERY: usize = 256;

    /// The shared value equal to `value`, and whether it is shared.
    pub(crate) fn of(&self, value: T) -> (T, bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = kept.values.get(&value) {
            return (same.clone(), true);
        }
        if kept.values.len() >= Self::MAX_VALUES {
            if kept.refused.is_multiple_of(Self::LOOK_EVERY) {
                kept.values.retain(|value| !value.is_lone());
            }
            kept.refused += 1;
            if kept.values.len() >= Self::MAX_VALUES {
                return (value, false);
            }
        }
        kept.values.insert(value.clone());
        (value, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone)]
    struct Text(Arc<str>);

    impl Heap for Text {
        fn heap_bytes(&self) -> usize {
            self.0.len()
        }
    }

    #[test]
    fn what_a_cache_holds_never_takes_more_than_its_bytes() {
        let bytes = 1 << 20;
        let cache = cache::<u64, Text>(bytes, 100);
        for number in 0..100_000 {
            let length = usize::try_from(number % 400).unwrap();
            cache.insert(number, Text("x".repeat(length).into()));
            assert!(cache.weight() <= bytes as u64);
        }
        let texts: usize = cache.iter().map(|(_, text)| text.0.len()).sum();
        assert!(texts > bytes / 2, "it holds {texts} bytes only");
        assert!(texts + cache.memory_used().total() <= bytes * 3 / 2);
    }

    #[test]
    fn equal_values_are_kept_once_and_only_as_many_as_there_is_room_for() {
        let interner = Interner::default();
        let (one, shared) = interner.of(Arc::new(7));
        let (same, _) = interner.of(Arc::new(7));
        assert!(shared && Arc::ptr_eq(&one, &same));
        let held: Vec<_> = (0..2 * Interner::<Arc<i32>>::MAX_VALUES)
            .map(|number| interner.of(Arc::new(number as i32)))
            .collect();
        let shared = held.iter().filter(|(_, shared)| *shared).count();
        assert_eq!(shared, Interner::<Arc<i32>>::MAX_VALUES);
        drop(held);
        // Values without holders are removed in time; the one in use stays.
        let later = (5000..6000).filter(|number| interner.of(Arc::new(*number)).1);
        assert!(later.count() > 700);
        assert!(Arc::ptr_eq(&interner.of(Arc::new(7)).0, &one));
    }
}
