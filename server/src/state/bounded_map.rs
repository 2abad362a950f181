//! A bounded map with expiry and fair eviction: at capacity, the owner with the most entries loses its oldest, so that
//! many entries of one owner never evict those of others. No call walks the whole map.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

use doorward_shared::Timestamp;

/// Eviction order of an owner's entries: the first to expire first, those in progress last.
type Age = (bool, Timestamp);

#[derive(Debug)]
struct Entry<W, V> {
    whose: W,
    age: Age,
    value: V,
}

/// The map.
#[derive(Debug)]
pub(super) struct FairMap<K, W, V> {
    entries: HashMap<K, Entry<W, V>>,
    per_owner: HashMap<W, BTreeSet<(Age, K)>>,
    /// The first entry of each owner, the owner with the most entries first; of equals, the one with the oldest first
    /// entry.
    owners_by_size: BTreeSet<(Reverse<usize>, Age, K)>,
    ends: BTreeSet<(Timestamp, K)>,
}

impl<K, W, V> Default for FairMap<K, W, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            per_owner: HashMap::new(),
            owners_by_size: BTreeSet::new(),
            ends: BTreeSet::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, W: Clone + Eq + Hash, V> FairMap<K, W, V> {
    /// Removes expired entries.
    pub(super) fn end(&mut self, now: Timestamp) {
        while let Some((until, key)) = self.ends.first()
            && *until <= now
        {
            let key = key.clone();
            self.remove(&key);
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Number of entries of an owner.
    pub(super) fn len_of(&self, whose: &W) -> usize {
        self.per_owner.get(whose).map_or(0, BTreeSet::len)
    }

    /// Inserts an entry, in progress or not.
    pub(super) fn insert(&mut self, key: K, whose: W, age: Age, value: V) {
        self.remove(&key);
        self.ends.insert((age.1, key.clone()));
        self.among(&whose, |own| own.insert((age, key.clone())));
        self.entries.insert(key, Entry { whose, age, value });
    }

    /// Marks an entry as no longer in progress, to expire at `until`; returns its value.
    pub(super) fn settle(&mut self, key: &K, until: Timestamp) -> Option<&mut V> {
        let entry = self.entries.get(key)?;
        let (whose, before) = (entry.whose.clone(), entry.age);
        let after = (false, until);
        self.ends.remove(&(before.1, key.clone()));
        self.ends.insert((until, key.clone()));
        self.among(&whose, |own| {
            own.remove(&(before, key.clone()));
            own.insert((after, key.clone()))
        });
        let entry = self.entries.get_mut(key)?;
        entry.age = after;
        Some(&mut entry.value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let Entry { whose, age, value } = self.entries.remove(key)?;
        self.ends.remove(&(age.1, key.clone()));
        self.among(&whose, |own| own.remove(&(age, key.clone())));
        Some(value)
    }

    /// Evicts the first entry of the owner with the most.
    pub(super) fn make_room(&mut self) {
        if let Some((.., key)) = self.owners_by_size.first().cloned() {
            self.remove(&key);
        }
    }

    /// Evicts the first entry of an owner.
    pub(super) fn make_room_of(&mut self, whose: &W) {
        let own = self.per_owner.get(whose);
        if let Some((_, key)) = own.and_then(BTreeSet::first).cloned() {
            self.remove(&key);
        }
    }

    /// Changes an owner's entries, and updates the owner's rank.
    fn among<T>(&mut self, whose: &W, change: impl FnOnce(&mut BTreeSet<(Age, K)>) -> T) {
        let own = self.per_owner.entry(whose.clone()).or_default();
        let stands = |own: &BTreeSet<(Age, K)>| {
            let (age, key) = own.first()?.clone();
            Some((Reverse(own.len()), age, key))
        };
        if let Some(before) = stands(own) {
            self.owners_by_size.remove(&before);
        }
        change(own);
        match stands(own) {
            Some(after) => {
                self.owners_by_size.insert(after);
            }
            None => {
                self.per_owner.remove(whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    fn at(time: i64) -> Timestamp {
        Timestamp(time)
    }

    #[test]
    fn whoever_has_the_most_makes_room_with_their_first() {
        let left = |entries: &[(u8, char, Age)]| {
            let mut places = FairMap::default();
            for (key, whose, age) in entries {
                places.insert(*key, *whose, *age, ());
            }
            places.make_room();
            let mut left: Vec<_> = places.entries.keys().copied().collect();
            left.sort_unstable();
            left
        };
        let done = |time| (false, at(time));
        assert_eq!(
            left(&[(1, 'a', done(1)), (2, 'b', done(3)), (3, 'b', done(2))]),
            [1, 2]
        );
        assert_eq!(left(&[(1, 'a', done(7)), (2, 'b', done(3))]), [1]);
        let under_way = (true, at(2));
        assert_eq!(
            left(&[(1, 'a', done(1)), (2, 'b', under_way), (3, 'b', done(3))]),
            [1, 2]
        );
        assert_eq!(left(&[]), [0; 0]);
    }

    /// The expected eviction candidate, found by walking all entries.
    fn walked(entries: &HashMap<u8, (u8, Age)>) -> Option<u8> {
        let count = |whose| {
            entries
                .values()
                .filter(|(other, _)| *other == whose)
                .count()
        };
        let found = entries.iter().min_by_key(|(key, (whose, age))| {
            let first = entries.iter().filter(|(_, (other, _))| other == whose);
            let first = first.map(|(key, (_, age))| (*age, *key)).min();
            (Reverse(count(*whose)), first, *age, **key)
        });
        found.map(|(key, _)| *key)
    }

    proptest! {
        #[test]
        fn it_is_what_a_walk_over_all_would_find(
            steps in prop::collection::vec((0_u8..5, 0_u8..40, 0_u8..6, 0_i64..50, any::<bool>()), 1..120)
        ) {
            let (mut places, mut plain) = (FairMap::default(), HashMap::new());
            for (step, key, whose, time, under_way) in steps {
                match step {
                    0 => {
                        if let Some(key) = walked(&plain) {
                            plain.remove(&key);
                        }
                        places.make_room();
                    }
                    1 => {
                        plain.retain(|_, (_, age): &mut (u8, Age)| age.1 > at(time));
                        places.end(at(time));
                    }
                    2 => {
                        if let Some((_, age)) = plain.get_mut(&key) {
                            *age = (false, at(time));
                        }
                        places.settle(&key, at(time));
                    }
                    3 => prop_assert_eq!(places.remove(&key).is_some(), plain.remove(&key).is_some()),
                    _ => {
                        plain.insert(key, (whose, (under_way, at(time))));
                        places.insert(key, whose, (under_way, at(time)), ());
                    }
                }
                let left: HashMap<_, _> = places.entries.iter().map(|(key, entry)| (*key, (entry.whose, entry.age))).collect();
                prop_assert_eq!(&left, &plain);
                let owners: HashSet<_> = plain.values().map(|(whose, _)| *whose).collect();
                prop_assert_eq!((places.owners_by_size.len(), places.ends.len()), (owners.len(), plain.len()));
            }
        }
    }
}
