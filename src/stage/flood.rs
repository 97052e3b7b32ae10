//! A bound on what repeats: so many a minute for each kind, and the rest is only counted.

use crate::stage::port::Millis;
use std::collections::BTreeMap;

/// The length of a window.
const MINUTE: Millis = Millis(60_000);

/// Admits a number of items a minute for each kind. The kinds must come from a closed set: each is remembered.
#[derive(Clone, Debug)]
pub(crate) struct FloodLimit<K> {
    most: u32,
    windows: BTreeMap<K, Window>,
}

/// The minute that began with the first item after the minute before.
#[derive(Clone, Copy, Debug)]
struct Window {
    began: Millis,
    admitted: u32,
}

impl<K: Ord> FloodLimit<K> {
    /// At most `most` items of each kind a minute.
    pub(crate) fn new(most: u32) -> FloodLimit<K> {
        FloodLimit { most, windows: BTreeMap::new() }
    }

    /// Whether one more item of this kind is within the limit. If so, it counts.
    pub(crate) fn admits(&mut self, kind: K, now: Millis) -> bool {
        let window = self.windows.entry(kind).or_insert(Window { began: now, admitted: 0 });
        if now.since(window.began) >= MINUTE {
            *window = Window { began: now, admitted: 0 };
        }
        let is_within = window.admitted < self.most;
        window.admitted += u32::from(is_within);
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_a_minute_of_each_kind_are_admitted() {
        let mut limit = FloodLimit::new(2);
        let mut admits = |kind, at| limit.admits(kind, Millis(at));
        assert_eq!([0, 1, 2, 59_999].map(|at| admits("a", at)), [true, true, false, false]);
        assert_eq!([10, 20, 30].map(|at| admits("b", at)), [true, true, false], "another kind has its own");
        assert_eq!(
            [60_000, 60_001, 60_002].map(|at| admits("a", at)),
            [true, true, false],
            "the next minute"
        );
        assert!(!FloodLimit::new(0).admits("a", Millis(0)));
    }
}
