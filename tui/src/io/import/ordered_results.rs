//! Import results in file order, and detection of duplicate addresses.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
};

/// Rows that wait to be told behind one that is still under way, at most.
const MAX_WAITING: usize = 1024;

/// Rows in the file's order, from the first that is still under way.
#[derive(Debug, Default)]
pub(super) struct Order(VecDeque<RowResult>);

#[derive(Debug)]
struct RowResult {
    line: u64,
    /// What is to be said of it, once it is known what became of it.
    said: Option<Option<String>>,
}

impl Order {
    /// Whether another row may begin.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < MAX_WAITING
    }

    /// The next row of the file begins.
    pub(super) fn begins(&mut self, line: u64) {
        self.0.push_back(RowResult { line, said: None });
    }

    /// What became of a row; answers what can be told now.
    pub(super) fn ends(&mut self, line: u64, said: Option<String>) -> Vec<String> {
        let place = self.0.partition_point(|told| told.line < line);
        if let Some(told) = self.0.get_mut(place) {
            told.said = Some(said);
        }
        let mut sayable = Vec::new();
        while self.0.front().is_some_and(|told| told.said.is_some()) {
            let said = self.0.pop_front().and_then(|told| told.said.flatten());
            sayable.extend(said);
        }
        sayable
    }

    /// What is known of rows behind one of which nothing will be.
    pub(super) fn drain(&mut self) -> Vec<String> {
        let rest = self.0.drain(..);
        rest.filter_map(|told| told.said.flatten()).collect()
    }
}

/// Which row has an address, by the address's hash: cheap even for a million rows.
#[derive(Debug, Default)]
pub(super) struct AddressIndex {
    of: HashMap<u64, Claim>,
    hasher: RandomState,
}

/// A row's claim to its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is not known yet what becomes of the row.
    UnderWay,
    /// The row on this line was created, or would be.
    Created(u64),
}

impl AddressIndex {
    fn key(&self, email: &str) -> u64 {
        self.hasher.hash_one(email.to_lowercase())
    }

    /// Claims an address for a row that is sent now.
    ///
    /// # Errors
    /// The claim of a row before it.
    pub(super) fn claim(&mut self, email: &str) -> Result<(), Claim> {
        let key = self.key(email);
        match self.of.get(&key) {
            Some(claim) => Err(*claim),
            None => {
                self.of.insert(key, Claim::UnderWay);
                Ok(())
            }
        }
    }

    /// What became of the row with a claim: only one that was created keeps it.
    pub(super) fn settle(&mut self, email: &str, created_on: Option<u64>) {
        let key = self.key(email);
        match created_on {
            Some(line) => self.of.insert(key, Claim::Created(line)),
            None => self.of.remove(&key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_in_their_order_whenever_they_end() {
        let mut order = Order::default();
        for line in [1, 3, 4, 9] {
            order.begins(line);
        }
        let no = |text: &str| Some(text.to_owned());
        assert!(order.ends(4, no("four")).is_empty());
        assert!(order.ends(3, None).is_empty());
        assert_eq!(order.ends(1, no("one")), ["one", "four"]);
        order.begins(10);
        assert!(order.ends(10, no("ten")).is_empty());
        assert_eq!(order.drain(), ["ten"]);
    }

    #[test]
    fn only_a_row_that_is_created_has_its_address() {
        let mut claims = AddressIndex::default();
        assert_eq!(claims.claim("ada@example.com"), Ok(()));
        assert_eq!(claims.claim("Ada@example.com"), Err(Claim::UnderWay));
        claims.settle("ada@example.com", None);
        assert_eq!(claims.claim("Ada@example.com"), Ok(()));
        claims.settle("Ada@example.com", Some(7));
        assert_eq!(claims.claim("ada@example.com"), Err(Claim::Created(7)));
    }
}
