//! One entity's state, laid before a detection together with the members it asks for.

use crate::event::time::Time;
use crate::state::key::EntityKey;
use crate::state::live::{Decoded, Live};
use crate::state::store::{Hour, KeyedStore};
use crate::wire::{self, Record};
use std::marker::PhantomData;

/// One entity's state. What the detection leaves in it is what is remembered; the default value is nothing.
#[derive(Debug)]
pub struct Slot<'a, S, P> {
    /// The decoded state, which the detection may change.
    pub state: S,
    store: &'a mut KeyedStore,
    live: &'a mut Live<S>,
    key: EntityKey,
    expires: Hour,
    parts: PhantomData<P>,
}

impl<'a, S: Record, P: Record> Slot<'a, S, P> {
    /// Opens the state of an entity.
    pub fn open(store: &'a mut KeyedStore, live: &'a mut Live<S>, key: EntityKey) -> Slot<'a, S, P> {
        let from_store = |store: &KeyedStore| Decoded { state: read(store, key), expires: Hour::default() };
        let Decoded { state, expires } = live.take(key).unwrap_or_else(|| from_store(store));
        Slot { state, store, live, key, expires, parts: PhantomData }
    }

    /// Keeps the state at least until then.
    pub fn keep_until(&mut self, time: Time) {
        self.expires = self.expires.max(Hour::not_before(time));
    }

    /// What is remembered of a member of this entity.
    pub fn part(&self, name: &str) -> P {
        read(self.store, self.key.part(name))
    }

    /// Remembers a member until then; the default value is nothing.
    pub fn put_part(&mut self, name: &str, part: &P, keep_until: Time) {
        write(self.store, self.key.part(name), part, Hour::not_before(keep_until));
    }

    /// What this detection remembers of the whole partition, under a name.
    pub fn shared<R: Record>(&self, name: &str) -> R {
        read(self.store, shared_key(name))
    }

    /// Remembers it for good, so it must be bounded. It depends on which entities share the partition: use it for hints only.
    pub fn put_shared<R: Record>(&mut self, name: &str, record: &R) {
        write(self.store, shared_key(name), record, Hour::NEVER);
    }

    /// Keeps the state. What nothing is left of is forgotten at once, together with its expiry.
    pub fn close(self) {
        let Slot { state, store, live, key, expires, parts: _ } = self;
        if state == S::default() {
            store.remove(key);
        } else {
            live.put(key, Decoded { state, expires }, |key, idle| {
                write(store, key, &idle.state, idle.expires)
            });
        }
    }
}

/// The state of an entity, as it is now.
pub(crate) fn current<S: Record>(store: &KeyedStore, live: &Live<S>, key: EntityKey) -> S {
    live.get(key).cloned().unwrap_or_else(|| read(store, key))
}

/// Writes all decoded states to the store.
pub(crate) fn write_back<S: Record>(store: &mut KeyedStore, live: &mut Live<S>) {
    live.drain().for_each(|(key, decoded)| write(store, key, &decoded.state, decoded.expires));
}

/// The records of the store and their bytes, as if all decoded states were written to it.
pub(crate) fn size<S: Record>(store: &KeyedStore, live: &Live<S>) -> (usize, usize) {
    live.iter().fold((store.len(), store.record_bytes()), |(records, bytes), (key, decoded)| {
        let stored = store.get(key);
        let bytes = bytes + decoded.state.encoded_len() - stored.map_or(0, <[u8]>::len);
        (records + usize::from(stored.is_none()), bytes)
    })
}

/// The digest of the store, as if all decoded states were written to it.
pub(crate) fn digest<S: Record>(store: &KeyedStore, live: &Live<S>) -> u128 {
    live.iter().fold(store.digest(), |digest, (key, decoded)| {
        digest.wrapping_add(store.digest_growth(key, &wire::encode(&decoded.state), decoded.expires))
    })
}

fn shared_key(name: &str) -> EntityKey {
    EntityKey::of("", name)
}

/// A record that cannot be read would be a broken checkpoint, which the digest has ruled out: it counts as nothing.
fn read<R: Record>(store: &KeyedStore, key: EntityKey) -> R {
    store.get(key).and_then(|bytes| wire::decode(bytes).ok()).unwrap_or_default()
}

fn write<R: Record>(store: &mut KeyedStore, key: EntityKey, record: &R, expires: Hour) {
    let bytes = wire::encode(record);
    if bytes.is_empty() {
        store.remove(key);
    } else {
        store.put(key, &bytes, expires);
    }
}
