//! What is new at a CA: seen neither of this account nor of others lately. The baseline of `unusual-template` and
//! `unusual-source`.
//!
//! A baseline belongs to a CA, because what is ordinary there decides whether something new is remarkable.

use crate::detect::slot::Slot;
use crate::detect::{Context, Notice, Training};
use crate::event::time::{Day, Span, Time};
use crate::event::{ClockFault, Event};
use crate::state::days::REMEMBERED_DAYS;
use crate::wire::record::{NoveltyPart, NoveltyState};

/// A CA with the templates, networks and accounts that were seen at it.
pub(crate) type NoveltySlot<'a> = Slot<'a, NoveltyState, NoveltyPart>;

/// How long a CA is remembered after its last event.
pub(crate) const CA_MEMORY: Span = Span::days(128);

/// Counts a day of data. A time before AD CS existed is no day of data. After a time without data in which everything that is
/// remembered for `remember` was forgotten, the training begins again: else all that is usual would be new.
pub(crate) fn mark_day(state: &mut NoveltyState, event: &Event, remember: Span) {
    let at = event.effective_time();
    if event.clock_fault() == Some(ClockFault::TooEarly) {
        return;
    }
    let newest = state.days.as_ref().map_or_else(|| at.day(), |days| Day::from_epoch(days.newest_day));
    if newest.start().plus(remember.min(CA_MEMORY)) < at {
        *state = NoveltyState::default();
    }
    if state.days.get_or_insert_default().mark(at.day()) {
        state.days_of_data = state.days_of_data.saturating_add(1);
    }
}

/// How far the baseline of the CA is trained.
pub(crate) fn training(state: &NoveltyState, needed: u32) -> Training {
    Training { days: state.days_of_data, needed }
}

/// Whether the baseline of the CA is trained; reports that it is not.
pub(crate) fn is_trained(state: &NoveltyState, needed: u32, event: &Event, cx: &mut Context<'_>) -> bool {
    let Training { days, needed } = training(state, needed);
    if days < needed {
        let entity = event.computer.to_string();
        cx.notices.push(Notice::Training { detection: cx.about.id, entity, days, needed });
    }
    days >= needed
}

/// Whether the part was seen within `span` of this time.
pub(crate) fn is_recent(part: &NoveltyPart, at: Time, span: Span) -> bool {
    part.last_ms != 0 && Time::from_millis(part.last_ms).distance(at) <= span
}

/// Remembers that the part was seen.
pub(crate) fn touch(part: &mut NoveltyPart, at: Time) {
    part.last_ms = part.last_ms.max(at.as_millis());
}

/// On how many of the days of `span` before this one, and on it, an account was a newcomer.
pub(crate) fn days_with_newcomers(part: &NoveltyPart, at: Time, span: Span) -> u32 {
    let days = u32::try_from(span.as_millis() / Span::days(1).as_millis()).unwrap_or(REMEMBERED_DAYS);
    part.newcomers.as_ref().map_or(0, |bits| bits.count(at.day(), days.min(REMEMBERED_DAYS)))
}
