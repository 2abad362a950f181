//! Usage of API keys: consumption of their limits, and use counts. Exact in this process, written every two seconds.
//!
//! Not shared between processes: each would count separately and allow the full limit.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{KeyId, Timestamp};
use quick_cache::DefaultHashBuilder;
use tokio::sync::RwLock;

use crate::domain::rules::key_usage::Meter;

/// Number of shards with a lock of their own, so that calls with different keys seldom wait for each other.
const SHARDS: usize = 16;
/// Maximum keys per shard whose uses are counted between two writes. Further keys are not counted while storage fails
/// for long.
const MAX_COUNTED: usize = 20_000;
/// How long an unused, persisted meter is kept, in seconds.
const IDLE: i64 = 600;
const HOUR: i64 = 3_600_000;

/// Use counts of a key in one hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub valid: u64,
    pub refused: u64,
}

#[derive(Debug)]
struct MeterEntry {
    meter: Meter,
    used_at: Timestamp,
    /// Whether it differs from the stored one.
    dirty: bool,
}

#[derive(Debug, Default)]
struct Shard {
    meters: HashMap<KeyId, MeterEntry, DefaultHashBuilder>,
    /// By the start of the hour in milliseconds: seldom more than one entry.
    uses: HashMap<KeyId, Vec<(i64, Uses)>, DefaultHashBuilder>,
}

impl Shard {
    fn uses(&mut self, key: KeyId, hour: i64) -> &mut Uses {
        let hours = self.uses.entry(key).or_default();
        let at = hours.iter().position(|(of, _)| *of == hour);
        let at = at.unwrap_or_else(|| {
            hours.push((hour, Uses::default()));
            hours.len() - 1
        });
        &mut hours[at].1
    }
}

/// Limit consumption and use counts of keys.
#[derive(Debug, Default)]
pub(crate) struct KeyMeters {
    shards: [Mutex<Shard>; SHARDS],
    /// Write-locked while counts are on their way to disk; read-locked to add up stored and pending counts.
    pub(crate) moving: RwLock<()>,
}

impl KeyMeters {
    fn shard(&self, id: KeyId) -> MutexGuard<'_, Shard> {
        // The last byte of a ULID is random.
        let at = usize::from(id.0.to_bytes()[15]) % SHARDS;
        locked(&self.shards[at])
    }

    /// Calls `work` on a meter, if it is in memory; `work` returns whether it changed it.
    pub(crate) fn with<T>(
        &self,
        id: KeyId,
        now: Timestamp,
        work: impl FnOnce(&mut Meter) -> (T, bool),
    ) -> Option<T> {
        let mut shard = self.shard(id);
        let kept = shard.meters.get_mut(&id)?;
        let (answer, changed) = work(&mut kept.meter);
        kept.used_at = now;
        kept.dirty |= changed;
        Some(answer)
    }

    /// Loads a meter from its stored state, unless it has been loaded meanwhile.
    pub(crate) fn take_up(&self, id: KeyId, meter: Meter, now: Timestamp) {
        let mut shard = self.shard(id);
        shard.meters.entry(id).or_insert(MeterEntry {
            meter,
            used_at: now,
            dirty: false,
        });
    }

    /// Counts one use of a key.
    pub(crate) fn count(&self, key: KeyId, now: Timestamp, valid: bool) {
        let hour = now.0 - now.0.rem_euclid(HOUR);
        let mut shard = self.shard(key);
        if shard.uses.len() >= MAX_COUNTED && !shard.uses.contains_key(&key) {
            return;
        }
        let uses = shard.uses(key, hour);
        let count = if valid {
            &mut uses.valid
        } else {
            &mut uses.refused
        };
        *count += 1;
    }

    /// Changed meters to write. They count as stored until they change again.
    pub(crate) fn take_changed(&self) -> Vec<(KeyId, Meter)> {
        let mut changed = Vec::new();
        for shard in &self.shards {
            for (id, kept) in &mut locked(shard).meters {
                if std::mem::take(&mut kept.dirty) {
                    changed.push((*id, kept.meter.clone()));
                }
            }
        }
        changed
    }

    /// Marks these as not written.
    pub(crate) fn not_written(&self, ids: impl IntoIterator<Item = KeyId>) {
        for id in ids {
            if let Some(kept) = self.shard(id).meters.get_mut(&id) {
                kept.dirty = true;
            }
        }
    }

    /// Evicts persisted meters that were not used lately.
    pub(crate) fn let_go_of_idle(&self, now: Timestamp, busy: &HashSet<KeyId>) {
        let before = now.plus_seconds(-IDLE);
        for shard in &self.shards {
            locked(shard)
                .meters
                .retain(|id, kept| kept.dirty || kept.used_at > before || busy.contains(id));
        }
    }

    /// Unwritten use counts of a key, by the start of the hour.
    pub(crate) fn uses_of(&self, key: KeyId) -> Vec<(Timestamp, Uses)> {
        let shard = self.shard(key);
        let hours = shard.uses.get(&key).into_iter().flatten();
        hours
            .map(|(hour, uses)| (Timestamp(*hour), *uses))
            .collect()
    }

    /// Use counts to write.
    pub(crate) fn take_uses(&self) -> Vec<((KeyId, Timestamp), Uses)> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            for (key, hours) in std::mem::take(&mut locked(shard).uses) {
                let hours = hours.into_iter();
                taken.extend(hours.map(|(hour, uses)| ((key, Timestamp(hour)), uses)));
            }
        }
        taken
    }

    /// Puts counts back that were not written.
    pub(crate) fn put_uses_back(&self, uses: Vec<((KeyId, Timestamp), Uses)>) {
        for ((key, hour), more) in uses {
            let mut shard = self.shard(key);
            let uses = shard.uses(key, hour.0);
            uses.valid += more.valid;
            uses.refused += more.refused;
        }
    }
}

fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u128) -> KeyId {
        KeyId(ulid::Ulid(n))
    }

    fn spend(meters: &KeyMeters, id: KeyId, at: i64) -> Option<()> {
        meters.with(id, Timestamp(at), |meter| {
            meter.day.spent += 1;
            ((), true)
        })
    }

    #[test]
    fn what_is_not_on_disk_is_never_let_go() {
        let meters = KeyMeters::default();
        assert_eq!(spend(&meters, key(1), 0), None);
        meters.take_up(key(1), Meter::default(), Timestamp(0));
        spend(&meters, key(1), 0);
        // A second load does not overwrite it.
        meters.take_up(key(1), Meter::default(), Timestamp(0));
        let later = Timestamp::from_seconds(2 * IDLE);
        meters.let_go_of_idle(later, &HashSet::new());
        let changed = meters.take_changed();
        assert_eq!((changed.len(), changed[0].1.day.spent), (1, 1));
        assert!(meters.take_changed().is_empty());
        meters.not_written([key(1)]);
        meters.let_go_of_idle(later, &HashSet::new());
        assert_eq!(meters.take_changed().len(), 1);
        meters.let_go_of_idle(later, &HashSet::from([key(1)]));
        assert_eq!(spend(&meters, key(1), 0), Some(()));
        meters.take_changed();
        meters.let_go_of_idle(later, &HashSet::new());
        assert_eq!(spend(&meters, key(1), 0), None);
    }

    #[test]
    fn uses_are_counted_by_the_hour_and_survive_a_write_that_failed() {
        let meters = KeyMeters::default();
        for (at, valid) in [(0, true), (HOUR - 1, true), (HOUR, false)] {
            meters.count(key(1), Timestamp(at), valid);
        }
        let taken = meters.take_uses();
        assert!(meters.take_uses().is_empty());
        meters.count(key(1), Timestamp(1), false);
        meters.put_uses_back(taken);
        let mut taken = meters.take_uses();
        taken.sort_by_key(|((_, hour), _)| *hour);
        let uses = |valid, refused| Uses { valid, refused };
        assert_eq!(
            taken,
            [
                ((key(1), Timestamp(0)), uses(2, 1)),
                ((key(1), Timestamp(HOUR)), uses(0, 1))
            ]
        );
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let meters = KeyMeters::default();
        for n in 0..2 * (SHARDS * MAX_COUNTED) as u128 {
            meters.count(key(n), Timestamp(0), true);
        }
        assert_eq!(meters.take_uses().len(), SHARDS * MAX_COUNTED);
    }
}
