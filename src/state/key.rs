//! What state is keyed by.

use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// Names in events are chosen by attackers, so the hash of them is a keyed one. The key is part of the format: the
/// router and every later version must agree on it.
const HASH_KEY: [u8; 16] = *b"adcs-watch/v1key";

/// 128-bit hash of a detection's entity, or of a part of one. In halves, because a `u128` would be padded in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    high: u64,
    low: u64,
}

impl EntityKey {
    /// The key of the canonical name of an entity of a detection.
    pub fn of(detection: &str, entity: &str) -> EntityKey {
        EntityKey::from_bits(hash(&[detection.as_bytes(), entity.as_bytes()]))
    }

    /// What decides in which partition the entity lives.
    pub const fn home(self) -> u64 {
        self.high
    }

    /// This key in the partition of another home. A key that is at home there stays as it is.
    #[must_use]
    pub const fn at_home(self, home: u64) -> EntityKey {
        if self.high == home { self } else { EntityKey { high: home, low: self.high ^ self.low } }
    }

    /// The key of one member of this entity.
    #[must_use]
    pub fn part(self, name: &str) -> EntityKey {
        EntityKey::from_bits(hash(&[&self.to_bits().to_be_bytes(), name.as_bytes()]))
    }

    /// The key with these bits.
    pub const fn from_bits(bits: u128) -> EntityKey {
        EntityKey { high: (bits >> 64) as u64, low: bits as u64 }
    }

    /// The inverse of [`EntityKey::from_bits`].
    pub const fn to_bits(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

/// Keyed 128-bit hash of some fields, each with its length, so that no two lists of fields run into each other.
pub(crate) fn hash(fields: &[&[u8]]) -> u128 {
    let mut hasher = SipHasher24::new_with_key(&HASH_KEY);
    for field in fields {
        hasher.write_u64(field.len() as u64);
        hasher.write(field);
    }
    hasher.finish128().as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checkpoints of every version hold such keys.
    #[test]
    fn key_at_another_home_keeps_its_form() {
        let key = EntityKey::from_bits(0b1100 << 64 | 0b1010);
        assert_eq!(key.at_home(5).to_bits(), 5 << 64 | 0b0110);
        assert_eq!(key.at_home(key.home()), key);
    }
}
