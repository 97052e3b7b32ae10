//! Events that only together are a finding, in whatever order they arrive: the CA and the domain controllers deliver apart.

use crate::alert::Evidence;
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::same_account;
use crate::detect::{ALLOWED_LATENESS, report};
use crate::event::Event;
use crate::event::account::Account;
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::ChainEvent;

/// The most events of one kind that are remembered of an entity; the oldest go first.
const MAX_PER_KIND: usize = 8;

/// What is remembered of an event.
pub(crate) fn link(event: &Event, kind: &str, account: &Account, fields: &[(&str, &str)]) -> ChainEvent {
    let evidence = report::evidence_with(event, fields.iter().copied());
    ChainEvent {
        time_ms: event.effective_time().as_millis(),
        kind: kind.to_owned(),
        account: account.to_string(),
        evidence: Some(wire::alert::evidence_to_record(evidence)),
        ..ChainEvent::default()
    }
}

/// Remembers an event, once, and forgets those that are older than `span`, with the lateness that is allowed.
pub(crate) fn remember(events: &mut Vec<ChainEvent>, new: ChainEvent, span: Span) {
    let oldest = Time::from_millis(new.time_ms).minus(span).minus(ALLOWED_LATENESS);
    events.retain(|known| Time::from_millis(known.time_ms) >= oldest);
    if events.iter().any(|known| is_same(known, &new)) {
        return;
    }
    let kind = new.kind.clone();
    let at = events.partition_point(|known| known.time_ms <= new.time_ms);
    events.insert(at, new);
    if events.iter().filter(|known| known.kind == kind).count() > MAX_PER_KIND
        && let Some(first) = events.iter().position(|known| known.kind == kind)
    {
        events.remove(first);
    }
}

/// Whether two are of one event. What a pipeline delivers twice differs in its offset only.
fn is_same(a: &ChainEvent, b: &ChainEvent) -> bool {
    place(a) == place(b) && (&a.kind, &a.attribute, &a.old, &a.new) == (&b.kind, &b.attribute, &b.old, &b.new)
}

/// What is the same of all copies of an event; first what differs soonest.
fn place(event: &ChainEvent) -> Option<(i64, Option<u64>, Option<u32>, &str)> {
    let evidence = event.evidence.as_ref()?;
    Some((evidence.time_ms, evidence.record_id, evidence.request_id, &evidence.computer))
}

/// The evidence of a remembered event.
pub(crate) fn evidence(event: &ChainEvent) -> Option<Evidence> {
    event.evidence.clone().map(wire::alert::evidence_from_record)
}

/// The time of a remembered event.
pub(crate) fn time(event: &ChainEvent) -> Time {
    Time::from_millis(event.time_ms)
}

/// Whether two are of one account. Where the key of the state is the name alone, the domains are compared here.
pub(crate) fn is_one_account(policy: &DomainPolicy, a: &ChainEvent, b: &ChainEvent) -> bool {
    same_account(policy, &Account::parse(&a.account), &Account::parse(&b.account))
}

/// Those of a kind that happened at most `span` before `event`.
pub(crate) fn before<'e>(
    events: &'e [ChainEvent],
    kind: &'e str,
    event: &'e ChainEvent,
    span: Span,
) -> impl Iterator<Item = &'e ChainEvent> {
    events.iter().filter(move |known| {
        known.kind == kind && known.time_ms <= event.time_ms && time(known).distance(time(event)) <= span
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::chain::{MAX_PER_KIND, before, remember};
    use crate::event::time::Span;
    use crate::wire::record::ChainEvent;

    fn event(minute: i64, kind: &str) -> ChainEvent {
        let new = format!("{kind} {minute}");
        ChainEvent {
            time_ms: Span::minutes(minute).as_millis(),
            kind: kind.to_owned(),
            new,
            ..ChainEvent::default()
        }
    }

    #[test]
    fn events_are_kept_by_time_each_kind_with_its_own_bound() {
        let mut events = Vec::new();
        for minute in [5, 3, 5, 4] {
            remember(&mut events, event(minute, "change"), Span::hours(1));
        }
        assert_eq!(events.iter().map(|e| e.time_ms / 60_000).collect::<Vec<_>>(), [3, 4, 5]);
        for minute in 10..50 {
            remember(&mut events, event(minute, "issue"), Span::hours(1));
        }
        assert_eq!(events.len(), 3 + MAX_PER_KIND);
        remember(&mut events, event(60 * 48, "issue"), Span::hours(1));
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn only_events_within_the_span_before_count() {
        let events = [event(0, "a"), event(30, "a"), event(40, "b"), event(60, "a")];
        let found = before(&events, "a", &events[2], Span::minutes(20)).count();
        assert_eq!(found, 1);
    }
}
