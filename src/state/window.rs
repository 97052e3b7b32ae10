//! The sliding window: exact in whatever order events arrive, because it is asked about every event that arrives.

use crate::event::time::{Span, Time};

/// The most events that lie within `length` of each other, both ends included, among those that have the event at
/// `index` with them. `times` is sorted.
pub fn densest_with(times: &[Time], index: usize, length: Span) -> usize {
    let event = times[index];
    let first = times.partition_point(|t| *t < event.minus(length));
    let mut most = 0;
    for (start, earliest) in times.iter().enumerate().take(index + 1).skip(first) {
        let end = times.partition_point(|t| *t <= earliest.plus(length));
        most = most.max(end - start);
    }
    most
}

/// How many entries a sorted window must keep so that dropping the oldest hides nothing: within `reach`, that many
/// entries cannot avoid `count` of them within `length`, so the threshold has been crossed before.
pub fn capacity(reach: Span, length: Span, count: usize) -> usize {
    let stretches = reach.as_millis() / length.as_millis().max(1) + 1;
    count.saturating_mul(usize::try_from(stretches).unwrap_or(usize::MAX))
}
