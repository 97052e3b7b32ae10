//! What is remembered of one account: its usual addresses, and its latest requests, logons and coercions.

use crate::event::time::{Span, Time};
use crate::wire::record::{RelaySighting, RelayState, UsualAddress};

/// Addresses, and sightings of each kind, that are remembered of one account.
const MAX_ADDRESSES: usize = 4;
const MAX_SIGHTINGS: usize = 4;
const MAX_COERCIONS: usize = 8;

/// An address that was not used in this time is forgotten.
pub(super) const ADDRESS_MEMORY: Span = Span::days(30);

/// An address is usual this long after it was first used: a relay does not make itself usual.
const USUAL_AFTER: Span = Span::hours(24);

/// Sightings are kept for the allowed lateness of the other events, and the time that coercion precedes a request.
const SIGHTING_MEMORY: Span = Span::minutes(90);

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Familiarity {
    /// The account used it at least a day ago.
    Usual,
    /// The account used other addresses until now.
    New,
    /// Nothing is known of the account's addresses.
    First,
}

/// Takes the address into the memory and returns what was known of it.
pub(super) fn see_address(state: &mut RelayState, address: &str, at: Time) -> Familiarity {
    let oldest = at.minus(ADDRESS_MEMORY).as_millis();
    state.addresses.retain(|known| known.last_ms >= oldest);
    let usual_since = at.minus(USUAL_AFTER).as_millis();
    let is_usual = |known: &UsualAddress| !known.blamed && known.first_ms <= usual_since;
    let has_usual = state.addresses.iter().any(is_usual);
    let at = at.as_millis();
    if let Some(known) = state.addresses.iter_mut().find(|known| known.address == address) {
        let was_usual = is_usual(known);
        known.first_ms = known.first_ms.min(at);
        known.last_ms = known.last_ms.max(at);
        return match (was_usual, has_usual) {
            (true, _) => Familiarity::Usual,
            (false, true) => Familiarity::New,
            (false, false) => Familiarity::First,
        };
    }
    make_room(state, is_usual);
    let address = address.to_owned();
    state.addresses.push(UsualAddress { address, first_ms: at, last_ms: at, blamed: false });
    if has_usual { Familiarity::New } else { Familiarity::First }
}

/// An import states that the address is the machine's own: it is usual at once, unless a relay used it.
pub(super) fn state_usual(state: &mut RelayState, address: &str, at: Time) {
    let usual_since = at.minus(USUAL_AFTER).as_millis();
    if let Some(known) = state.addresses.iter_mut().find(|known| known.address == address) {
        known.first_ms = known.first_ms.min(usual_since);
        known.last_ms = known.last_ms.max(at.as_millis());
        return;
    }
    make_room(state, |known| !known.blamed && known.first_ms <= usual_since);
    let (address, last_ms) = (address.to_owned(), at.as_millis());
    state.addresses.push(UsualAddress { address, first_ms: usual_since, last_ms, blamed: false });
}

/// Usual addresses go last, so that many new ones do not push them out.
fn make_room(state: &mut RelayState, is_usual: impl Fn(&UsualAddress) -> bool) {
    if state.addresses.len() < MAX_ADDRESSES {
        return;
    }
    let keys = state.addresses.iter().map(|known| (is_usual(known), known.last_ms)).enumerate();
    if let Some((place, _)) = keys.min_by_key(|(_, key)| *key) {
        state.addresses.remove(place);
    }
}

/// An address that a relay used never becomes usual.
pub(super) fn blame(state: &mut RelayState, address: &str) {
    for known in state.addresses.iter_mut().filter(|known| known.address == address) {
        known.blamed = true;
    }
}

/// Remembers a request or a logon; the same one twice counts once. The oldest go.
pub(super) fn remember(list: &mut Vec<RelaySighting>, sighting: RelaySighting) {
    if !add(list, sighting) {
        return;
    }
    if list.len() > MAX_SIGHTINGS {
        list.remove(0);
    }
}

/// Remembers the access to a pipe. Those that ordinary clients open go first, then the oldest.
pub(super) fn remember_coercion(list: &mut Vec<RelaySighting>, sighting: RelaySighting) {
    list.retain(|known| (&known.address, &known.pipe) != (&sighting.address, &sighting.pipe));
    if !add(list, sighting) {
        return;
    }
    if list.len() > MAX_COERCIONS {
        let place = list.iter().position(|known| known.ordinary_pipe).unwrap_or(0);
        list.remove(place);
    }
}

/// Inserts the sighting in the order of time, and drops what is outdated. False: it is there already.
fn add(list: &mut Vec<RelaySighting>, sighting: RelaySighting) -> bool {
    let content = |s: &RelaySighting| (s.time_ms, s.computer.clone(), s.address.clone(), request_id(s));
    if list.iter().any(|known| content(known) == content(&sighting)) {
        return false;
    }
    let place = list.partition_point(|known| known.time_ms <= sighting.time_ms);
    list.insert(place, sighting);
    let newest = list.last().map_or(0, |last| last.time_ms);
    let oldest = Time::from_millis(newest).minus(SIGHTING_MEMORY).as_millis();
    list.retain(|known| known.time_ms >= oldest);
    true
}

fn request_id(sighting: &RelaySighting) -> Option<u32> {
    sighting.evidence.as_ref().and_then(|evidence| evidence.request_id)
}

#[cfg(test)]
mod tests {
    use crate::detect::relayed_enrollment::memory::{Familiarity, MAX_ADDRESSES, blame, see_address};
    use crate::event::time::{Span, Time};
    use crate::wire::record::RelayState;

    fn hour(n: i64) -> Time {
        Time::from_millis(Span::hours(n).as_millis())
    }

    #[test]
    fn address_is_usual_after_a_day_and_forgotten_after_thirty() {
        let mut state = RelayState::default();
        for (at, address, expect) in [
            (0, "10.0.0.1", Familiarity::First),
            (1, "10.0.0.2", Familiarity::First),
            (25, "10.0.0.1", Familiarity::Usual),
            (26, "10.0.0.3", Familiarity::New),
            (26, "10.0.0.3", Familiarity::New),
            (51, "10.0.0.3", Familiarity::Usual),
            (51 + 31 * 24, "10.0.0.1", Familiarity::First),
        ] {
            assert_eq!(see_address(&mut state, address, hour(at)), expect, "{address} at {at} h");
        }
    }

    #[test]
    fn many_new_addresses_leave_a_usual_one_and_a_blamed_one_never_is() {
        let mut state = RelayState::default();
        see_address(&mut state, "10.0.0.1", hour(0));
        for n in 0..100 {
            see_address(&mut state, &format!("10.66.0.{n}"), hour(30));
        }
        assert!(state.addresses.len() <= MAX_ADDRESSES);
        blame(&mut state, "10.66.0.99");
        assert_eq!(see_address(&mut state, "10.0.0.1", hour(60)), Familiarity::Usual);
        assert_eq!(see_address(&mut state, "10.66.0.99", hour(60)), Familiarity::New);
    }
}
