//! Latency histograms: counts in buckets, from which percentiles are computed. Merging two loses nothing.

use std::time::Duration;

/// Number of buckets, each 1.25 times as wide as the one before: 0.01 ms to 450 s.
pub const BUCKETS: usize = 80;
/// Size of one count, in bytes.
const WIDTH: usize = 4;

/// The bucket of a duration.
pub fn bucket(took: Duration) -> usize {
    let ratio = (took.as_secs_f64() * 1000. / 0.01).max(1.);
    ((ratio.ln() / 1.25_f64.ln()).ceil() as usize).min(BUCKETS - 1)
}

/// The upper bound of a bucket, in milliseconds.
fn bound(bucket: usize) -> f64 {
    0.01 * 1.25_f64.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

/// Request counts by latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies([u64; BUCKETS]);

impl Latencies {
    /// From the count of each bucket.
    pub fn new(counts: [u64; BUCKETS]) -> Self {
        Self(counts)
    }

    /// Parses the form of [`Latencies::to_bytes`]. Missing buckets at the end are empty.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut counts = [0; BUCKETS];
        for (count, bytes) in counts.iter_mut().zip(bytes.as_chunks::<WIDTH>().0) {
            *count = u64::from(u32::from_le_bytes(*bytes));
        }
        Self(counts)
    }

    /// Four bytes a bucket, little-endian; the empty buckets at the end are left out.
    pub fn to_bytes(&self) -> Vec<u8> {
        let used = self.0.iter().rposition(|count| *count > 0);
        let used = &self.0[..used.map_or(0, |last| last + 1)];
        let counts = used
            .iter()
            .map(|count| u32::try_from(*count).unwrap_or(u32::MAX));
        counts.flat_map(u32::to_le_bytes).collect()
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
        self
    }

    /// The latency within which this share of the requests completed, in milliseconds, at most a quarter too high; 0 if
    /// there are none.
    pub fn percentile(&self, part: f64) -> f64 {
        let all: u64 = self.0.iter().sum();
        if all == 0 {
            return 0.;
        }
        let wanted = (all as f64 * part).ceil() as u64;
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        let rounded = bound(bucket.unwrap_or(BUCKETS - 1)) * 1000.;
        rounded.round() / 1000.
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(milliseconds: &[u64]) -> Latencies {
        let mut counts = [0; BUCKETS];
        for one in milliseconds {
            counts[bucket(Duration::from_millis(*one))] += 1;
        }
        Latencies::new(counts)
    }

    proptest! {
        #[test]
        fn a_percentile_of_two_parts_is_that_of_the_whole(
            one in prop::collection::vec(0_u64..400_000, 1..50),
            two in prop::collection::vec(0_u64..400_000, 0..50),
        ) {
            let (first, second) = (of(&one), of(&two));
            let read = Latencies::from_bytes(&first.to_bytes());
            prop_assert_eq!(&read, &first);
            let mut all = [one, two].concat();
            prop_assert_eq!(read.plus(&second), of(&all));
            all.sort_unstable();
            let exact = all[(all.len() as f64 * 0.95).ceil() as usize - 1] as f64;
            let told = of(&all).percentile(0.95);
            prop_assert!(told >= exact && told <= (exact * 1.26).max(0.02), "{told} of {exact}");
        }
    }
}
