//! The keyed store: encoded records by entity, each with an hour after which it is garbage.
//!
//! Records stay encoded: they are small, a checkpoint writes them as they are, and a restore is a copy. The states of busy
//! entities are decoded beside it, see [`live`](crate::state::live).

use crate::event::time::{Span, Time};
use crate::state::key::{EntityKey, hash};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What is remembered of the entities of one partition by one detection.
#[derive(Debug, Default)]
pub struct KeyedStore {
    entries: HashMap<EntityKey, Entry, BuildHasherDefault<KeyHasher>>,
    /// What was put or removed since changes were last taken; some keys more than once.
    changed: Vec<EntityKey>,
    record_bytes: usize,
    /// The digest of the entries that did not change since then, so that a checkpoint costs what changed and not what is kept.
    settled: u128,
}

#[derive(Debug)]
struct Entry {
    record: Box<[u8]>,
    expires: Hour,
    changed: bool,
}

/// Whole hours since the Unix epoch, rounded up: fine enough for garbage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub u32);

impl Hour {
    /// Later than every event: what expires then is kept until it is removed.
    pub const NEVER: Hour = Hour(u32::MAX);

    /// The first full hour that is not before this instant.
    pub fn not_before(time: Time) -> Hour {
        let hours =
            time.as_millis().saturating_add(Span::hours(1).as_millis() - 1) / Span::hours(1).as_millis();
        Hour(u32::try_from(hours.max(0)).unwrap_or(u32::MAX))
    }
}

/// A record as a checkpoint carries it; without bytes: forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose record it is.
    pub key: EntityKey,
    /// The hour after which it is garbage.
    pub expires: Hour,
    /// The record, or none when it was removed.
    pub record: Option<Box<[u8]>>,
}

impl KeyedStore {
    /// The record of an entity.
    pub fn get(&self, key: EntityKey) -> Option<&[u8]> {
        self.entries.get(&key).map(|entry| &*entry.record)
    }

    /// Writes a record. One that is equal to the old one changes nothing, and an expiry only ever moves forward.
    pub fn put(&mut self, key: EntityKey, record: &[u8], expires: Hour) {
        let Some(entry) = self.entries.get_mut(&key) else {
            self.record_bytes += record.len();
            self.changed.push(key);
            self.entries.insert(key, Entry { record: record.into(), expires, changed: true });
            return;
        };
        let is_equal = *entry.record == *record;
        if is_equal && entry.expires >= expires {
            return;
        }
        if !entry.changed {
            self.settled = self.settled.wrapping_sub(entry.digest(key));
            self.changed.push(key);
            entry.changed = true;
        }
        if !is_equal {
            self.record_bytes = self.record_bytes - entry.record.len() + record.len();
            entry.record = record.into();
        }
        entry.expires = entry.expires.max(expires);
    }

    /// Removes the record of an entity; the next checkpoint notes the removal.
    pub fn remove(&mut self, key: EntityKey) {
        if let Some(entry) = self.entries.remove(&key) {
            self.record_bytes -= entry.record.len();
            if !entry.changed {
                self.settled = self.settled.wrapping_sub(entry.digest(key));
                self.changed.push(key);
            }
        }
    }

    /// Forgets what is garbage at this watermark. How many records that were.
    pub fn sweep(&mut self, watermark: Time) -> usize {
        let now = Hour::not_before(watermark);
        let mut garbage: Vec<EntityKey> =
            self.entries.iter().filter(|(_, entry)| entry.expires < now).map(|(key, _)| *key).collect();
        garbage.sort_unstable();
        for key in &garbage {
            self.remove(*key);
        }
        garbage.len()
    }

    /// About how many records [`KeyedStore::take_changes`] would give.
    pub fn changes(&self) -> usize {
        self.changed.len()
    }

    /// What changed since this was last asked, by key.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut keys = std::mem::take(&mut self.changed);
        keys.sort_unstable();
        keys.dedup();
        let take = |key| match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.changed = false;
                self.settled = self.settled.wrapping_add(entry.digest(key));
                Change { key, expires: entry.expires, record: Some(entry.record.clone()) }
            }
            None => Change { key, expires: Hour::default(), record: None },
        };
        keys.into_iter().map(take).collect()
    }

    /// Applies what an earlier [`KeyedStore::take_changes`] gave, in a store that nothing else was written to.
    pub fn restore(&mut self, change: Change) {
        let Change { key, expires, record } = change;
        let old = match record {
            Some(record) => {
                let entry = Entry { record, expires, changed: false };
                self.record_bytes += entry.record.len();
                self.settled = self.settled.wrapping_add(entry.digest(key));
                self.entries.insert(key, entry)
            }
            None => self.entries.remove(&key),
        };
        if let Some(old) = old {
            self.record_bytes -= old.record.len();
            self.settled = self.settled.wrapping_sub(old.digest(key));
        }
    }

    /// A digest of all that is remembered: equal states have equal digests, in whatever order they came to be.
    pub fn digest(&self) -> u128 {
        let mut changed = self.changed.clone();
        changed.sort_unstable();
        changed.dedup();
        let of = |key: &EntityKey| self.entries.get(key).map(|entry| entry.digest(*key));
        changed.iter().filter_map(of).fold(self.settled, u128::wrapping_add)
    }

    /// By how much [`KeyedStore::digest`] would grow if this record were put.
    pub fn digest_growth(&self, key: EntityKey, record: &[u8], expires: Hour) -> u128 {
        let known = self.entries.get(&key);
        let expires = known.map_or(expires, |entry| entry.expires.max(expires));
        let old = known.map_or(0, |entry| entry.digest(key));
        digest_of(key, record, expires).wrapping_sub(old)
    }

    /// Whose records these are, in order.
    pub fn keys(&self) -> Vec<EntityKey> {
        let mut keys: Vec<EntityKey> = self.entries.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all records together.
    pub fn record_bytes(&self) -> usize {
        self.record_bytes
    }
}

impl Entry {
    fn digest(&self, key: EntityKey) -> u128 {
        digest_of(key, &self.record, self.expires)
    }
}

fn digest_of(key: EntityKey, record: &[u8], expires: Hour) -> u128 {
    hash(&[&key.to_bits().to_be_bytes(), &expires.0.to_be_bytes(), record])
}

/// The keys are keyed hashes already.
#[derive(Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::BuildHasher;

    fn key(n: u128) -> EntityKey {
        EntityKey::from_bits(n)
    }

    #[test]
    fn changes_are_reported_once_in_order_with_tombstones() {
        let mut store = KeyedStore::default();
        store.put(key(2), b"two", Hour(9));
        store.put(key(1), b"one", Hour(9));
        assert_eq!(store.changes(), 2);
        let changed: Vec<_> = store.take_changes().into_iter().map(|c| c.key).collect();
        assert_eq!(changed, [key(1), key(2)]);
        store.put(key(1), b"one", Hour(9));
        assert_eq!(store.take_changes(), [], "nothing is different");
        store.remove(key(2));
        store.remove(key(3));
        assert_eq!(store.take_changes(), [Change { key: key(2), expires: Hour(0), record: None }]);
    }

    #[test]
    fn hash_of_a_key_is_half_of_it() {
        let hash_of = |key: EntityKey| BuildHasherDefault::<KeyHasher>::default().hash_one(key);
        assert_eq!(hash_of(key(7 << 64 | 9)), 9);
        let hash_of = |text: &str| BuildHasherDefault::<KeyHasher>::default().hash_one(text);
        assert_ne!(hash_of("one"), hash_of("two"));
    }

    #[test]
    fn digest_does_not_depend_on_the_order_of_changes() {
        let (mut a, mut b) = (KeyedStore::default(), KeyedStore::default());
        a.put(key(1), b"one", Hour(9));
        a.put(key(2), b"two", Hour(9));
        b.put(key(2), b"other", Hour(3));
        b.put(key(3), b"three", Hour(3));
        b.remove(key(3));
        b.put(key(1), b"one", Hour(9));
        assert_ne!(a.digest(), b.digest());
        b.put(key(2), b"two", Hour(9));
        assert_eq!(a.digest(), b.digest());
        assert_eq!((a.len(), a.record_bytes()), (b.len(), b.record_bytes()));
    }

    #[test]
    fn garbage_goes_at_the_watermark_and_not_before() {
        let mut store = KeyedStore::default();
        store.put(key(1), b"one", Hour::not_before(Time::from_millis(1)));
        assert_eq!((store.is_empty(), store.len(), store.record_bytes()), (false, 1, 3));
        assert_eq!(store.sweep(Time::from_millis(Span::hours(1).as_millis())), 0);
        assert_eq!(store.sweep(Time::from_millis(Span::hours(1).as_millis() + 1)), 1);
        assert!(store.is_empty());
        assert_eq!(store.record_bytes(), 0);
    }

    proptest! {
        /// Whatever was put, removed and taken before: the digest is that of what is there, and what was taken restores it.
        #[test]
        fn digest_and_restored_changes_are_those_of_the_entries(
            steps in prop::collection::vec((0_u8..10, 0_u128..6, prop::collection::vec(0_u8..3, 0..3), 0_u32..4), 0..60)
        ) {
            let (mut store, mut restored) = (KeyedStore::default(), KeyedStore::default());
            for (action, n, record, hour) in steps {
                match action {
                    0 => store.take_changes().into_iter().for_each(|change| restored.restore(change)),
                    1..=3 => store.remove(key(n)),
                    _ => store.put(key(n), &record, Hour(hour)),
                }
                let of = |(key, entry): (&EntityKey, &Entry)| digest_of(*key, &entry.record, entry.expires);
                prop_assert_eq!(store.digest(), store.entries.iter().map(of).fold(0, u128::wrapping_add));
            }
            store.take_changes().into_iter().for_each(|change| restored.restore(change));
            prop_assert_eq!(restored.digest(), store.digest());
            prop_assert_eq!((restored.len(), restored.record_bytes()), (store.len(), store.record_bytes()));
            prop_assert_eq!(restored.changes() + store.changes(), 0);
        }
    }
}
