//! The states of the entities that were busy lately, decoded.
//!
//! A store keeps records encoded, because most entities are idle. To decode and encode the record of a busy entity for each
//! of its events would cost the more, the more is remembered of it. So the last busy ones stay decoded, until others were busy
//! since or a checkpoint wants their records. What is decoded never changes a result.

use crate::state::key::EntityKey;
use crate::state::store::{Hour, KeyHasher};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

/// How many entities make a generation. Two generations stay decoded, in each partition and for each detection.
const GENERATION: usize = 32;

type Generation<S> = HashMap<EntityKey, Decoded<S>, BuildHasherDefault<KeyHasher>>;

/// The decoded states of the entities that were busy lately. The store beside it has older records of them, or none.
#[derive(Debug)]
pub struct Live<S> {
    young: Generation<S>,
    old: Generation<S>,
}

/// A decoded state, and how long it lives.
#[derive(Debug)]
pub struct Decoded<S> {
    /// What the detection remembers of the entity.
    pub state: S,
    /// The hour after which it is garbage.
    pub expires: Hour,
}

impl<S> Default for Live<S> {
    fn default() -> Self {
        Live { young: Generation::default(), old: Generation::default() }
    }
}

impl<S> Live<S> {
    /// Takes a state out, to be changed and put back.
    pub fn take(&mut self, key: EntityKey) -> Option<Decoded<S>> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }

    /// Keeps a state. `idle` gets those that were not busy for a generation.
    pub fn put(&mut self, key: EntityKey, decoded: Decoded<S>, mut idle: impl FnMut(EntityKey, Decoded<S>)) {
        if self.young.len() >= GENERATION {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.drain().for_each(|(key, decoded)| idle(key, decoded));
        }
        self.young.insert(key, decoded);
    }

    /// A state, if it is decoded.
    pub fn get(&self, key: EntityKey) -> Option<&S> {
        self.young.get(&key).or_else(|| self.old.get(&key)).map(|decoded| &decoded.state)
    }

    /// How many states are decoded.
    pub fn decoded(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// All states, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (EntityKey, &Decoded<S>)> {
        self.young.iter().chain(&self.old).map(|(key, decoded)| (*key, decoded))
    }

    /// Takes all states out, in no order.
    pub fn drain(&mut self) -> impl Iterator<Item = (EntityKey, Decoded<S>)> {
        self.young.drain().chain(self.old.drain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(live: &mut Live<u32>, n: u32) -> Vec<u32> {
        let mut idle = Vec::new();
        let decoded = Decoded { state: n, expires: Hour(n) };
        live.put(EntityKey::from_bits(n.into()), decoded, |_, decoded| idle.push(decoded.state));
        idle
    }

    #[test]
    fn busy_states_stay_and_idle_ones_leave() {
        let mut live = Live::default();
        let busy = EntityKey::from_bits(0);
        let mut left = Vec::new();
        for n in 1..=200 {
            left.extend(live.take(busy).map(|_| ()).and(None::<u32>));
            left.extend(put(&mut live, 0));
            left.extend(put(&mut live, n));
        }
        assert!(!left.contains(&0), "the busy one never left");
        assert!(live.get(busy).is_some() && live.iter().count() == live.decoded());
        assert!((GENERATION..=2 * GENERATION).contains(&live.decoded()), "{} are decoded", live.decoded());
        left.extend(live.drain().map(|(_, decoded)| decoded.state).filter(|n| *n != 0));
        left.sort_unstable();
        assert_eq!(left, (1..=200).collect::<Vec<_>>(), "each of the others left once");
    }
}
