//! Who did something to an object before: a change by a hand that is known for long weighs less than one by a new hand.

use crate::detect::domain::DomainPolicy;
use crate::event::account::Account;
use crate::event::time::{Span, Time};
use crate::wire::record::KnownHand;

/// The most accounts that are remembered of one object. The one that acted longest ago goes first, and is a new hand
/// when it comes back.
const MAX_HANDS: usize = 16;

/// A hand that did nothing for this long is new again.
pub(crate) const REMEMBERED: Span = Span::days(90);

/// For how long the account is known at this time, and remembers that it acted. None: it is new.
pub(crate) fn meet(
    hands: &mut Vec<KnownHand>,
    policy: &DomainPolicy,
    actor: &Account,
    at: Time,
) -> Option<Span> {
    let name = policy.in_one_spelling(actor).canonical();
    hands.retain(|hand| Time::from_millis(hand.last_ms).plus(REMEMBERED) >= at);
    if let Some(hand) = hands.iter_mut().find(|hand| hand.account == name) {
        let first = Time::from_millis(hand.first_ms);
        hand.first_ms = hand.first_ms.min(at.as_millis());
        hand.last_ms = hand.last_ms.max(at.as_millis());
        return Some(if first < at { first.distance(at) } else { Span::millis(0) });
    }
    hands.sort_by_key(|hand| hand.last_ms);
    if hands.len() >= MAX_HANDS {
        hands.remove(0);
    }
    hands.push(KnownHand { account: name, first_ms: at.as_millis(), last_ms: at.as_millis() });
    None
}

/// Whether the account is the operating system itself, `SYSTEM` in whatever domain Windows writes it.
pub(crate) fn is_system(account: &Account) -> bool {
    account.has_name("SYSTEM")
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::hands::{MAX_HANDS, meet};
    use crate::event::account::Account;
    use crate::event::time::{Span, Time};

    #[test]
    fn hand_is_known_from_its_first_act_until_it_rests_for_90_days() {
        let (policy, mut hands) = (DomainPolicy::default(), Vec::new());
        let mut on_day = |name: &str, day| {
            meet(&mut hands, &policy, &Account::parse(name), Time::from_millis(Span::days(day).as_millis()))
        };
        assert_eq!(on_day("CORP\\ann", 0), None);
        assert_eq!(on_day("corp\\ANN", 31), Some(Span::days(31)));
        assert_eq!(on_day("CORP\\bob", 31), None);
        assert_eq!(on_day("CORP\\ann", 20), Some(Span::days(20)));
        assert_eq!(on_day("CORP\\ann", 122), None, "after 91 days");
    }

    #[test]
    fn number_of_hands_is_bounded() {
        let (policy, mut hands) = (DomainPolicy::default(), Vec::new());
        for i in 0..100 {
            meet(&mut hands, &policy, &Account::parse(&format!("CORP\\u{i}")), Time::from_millis(i));
        }
        assert_eq!(hands.len(), MAX_HANDS);
    }
}
