//! One entity's state, laid before a detection together with the members it asks for.

use crate::event::time::Time;
use crate::state::key::EntityKey;
use crate::state::store::{Hour, KeyedStore};
use crate::wire::{self, Record};
use std::marker::PhantomData;

/// One entity's state. What the detection leaves in it is what is remembered; the default value is nothing.
#[derive(Debug)]
pub struct Slot<'a, S, P> {
    /// The decoded state, which the detection may change.
    pub state: S,
    store: &'a mut KeyedStore,
    key: EntityKey,
    expires: Hour,
    parts: PhantomData<P>,
}

impl<'a, S: Record, P: Record> Slot<'a, S, P> {
    /// Opens the state of an entity.
    pub fn open(store: &'a mut KeyedStore, key: EntityKey) -> Slot<'a, S, P> {
        let state = read(store, key);
        Slot { state, store, key, expires: Hour::default(), parts: PhantomData }
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

    /// Writes the state back.
    pub fn close(self) {
        write(self.store, self.key, &self.state, self.expires);
    }
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
