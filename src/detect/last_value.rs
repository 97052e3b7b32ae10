//! The last known values of settings: what an event counts as a change against, if it does not state the old value.
//!
//! A shipper that got no answer sends events again, and some come late. What such an event states was so before a later value
//! that is known, and does not take its place.

use crate::event::time::Time;
use crate::wire::record::KnownValue;

/// The value that a setting had before an event of this time; none where only a later one is known.
pub(crate) fn before<'a>(values: &'a [KnownValue], name: &str, at: Time) -> Option<&'a str> {
    let is_it = |known: &&KnownValue| known.name == name && known.time_ms <= at.as_millis();
    values.iter().find(is_it).map(|known| known.value.as_str())
}

/// Remembers the value that a setting got, unless a later one is known.
pub(crate) fn remember(values: &mut Vec<KnownValue>, name: String, value: String, at: Time) {
    let time_ms = at.as_millis();
    if values.iter().any(|known| known.name == name && known.time_ms > time_ms) {
        return;
    }
    values.retain(|known| known.name != name);
    values.push(KnownValue { name, value, time_ms, ..KnownValue::default() });
}

#[cfg(test)]
mod tests {
    use crate::detect::last_value::{before, remember};
    use crate::event::time::Time;

    #[test]
    fn earlier_value_does_not_take_the_place_of_a_later_one() {
        let mut values = Vec::new();
        let mut set = |ms: i64, value: &str| {
            remember(&mut values, "a".to_owned(), value.to_owned(), Time::from_millis(ms))
        };
        set(5, "first");
        set(9, "last");
        set(5, "first");
        let at = |name: &str, ms: i64| before(&values, name, Time::from_millis(ms));
        assert_eq!((at("a", 9), at("a", 8), at("b", 9)), (Some("last"), None, None));
        assert_eq!(values.len(), 1);
    }
}
