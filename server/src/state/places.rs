//! Whose entry makes room in a bounded map that all callers share.

use std::{collections::HashMap, hash::Hash};

/// An entry, as one that could go.
#[derive(Debug)]
pub(super) struct Entry<K, W, A> {
    pub key: K,
    /// Whose it is.
    pub whose: W,
    /// By which the first of an owner's goes.
    pub age: A,
}

/// The first entry of whoever has the most: whoever takes many places makes room for others, never others for them.
pub(super) fn crowding<K, W: Eq + Hash, A: Ord>(
    entries: impl Iterator<Item = Entry<K, W, A>>,
) -> Option<K> {
    let mut of_each: HashMap<W, (usize, A, K)> = HashMap::new();
    for Entry { key, whose, age } in entries {
        match of_each.get_mut(&whose) {
            None => {
                of_each.insert(whose, (1, age, key));
            }
            Some((count, first, of_first)) => {
                *count += 1;
                if age < *first {
                    (*first, *of_first) = (age, key);
                }
            }
        }
    }
    let first = of_each.into_values();
    // Of equals the one whose first entry has been there for longest.
    let first = first
        .min_by(|(some, age, _), (others, other, _)| others.cmp(some).then_with(|| age.cmp(other)));
    first.map(|(_, _, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_most_makes_room_with_their_first() {
        let entry = |(key, whose, age)| Entry { key, whose, age };
        let first = |entries: &[(u8, char, u8)]| crowding(entries.iter().copied().map(entry));
        assert_eq!(first(&[(1, 'a', 1), (2, 'b', 3), (3, 'b', 2)]), Some(3));
        assert_eq!(first(&[(1, 'a', 7), (2, 'b', 3)]), Some(2));
        assert_eq!(first(&[]), None);
    }
}
