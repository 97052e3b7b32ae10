//! Whether a CA, a group of its events or a part of them is missing.

use crate::alert::Reason;
use crate::detect::ca_silent::group;
use crate::detect::ca_silent::settings::Settings;
use crate::detect::report::reason;
use crate::event::Event;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::wire::record::{AuditGroup, CaSilentState};

/// So many certificates with a serial number show that the CA writes version 1, and so many without that it does no more.
const ENOUGH_WITH: u32 = 5;
const ENOUGH_WITHOUT: u32 = 3;

/// How long a group may be silent; none: not known yet, it had events on too few days.
pub(super) fn tolerated(settings: &Settings, group: &AuditGroup) -> Option<Span> {
    let last = Time::from_millis(group.last_ms);
    let trained = group::days(group, last.day()) >= settings.training_days;
    let longest = group::longest(group, last).as_millis().saturating_mul(i64::from(settings.percent)) / 100;
    (trained && group::name_of(group.bit).is_some()).then(|| settings.least.max(Span::millis(longest)))
}

/// The groups that are missing at this time.
pub(super) fn missing<'g>(settings: &Settings, groups: &'g [AuditGroup], at: Time) -> Vec<&'g AuditGroup> {
    let is_missing = |group: &&AuditGroup| {
        let last = Time::from_millis(group.last_ms);
        let is_remembered = last < at && !group::is_beyond_memory(group, at);
        is_remembered && tolerated(settings, group).is_some_and(|span| last.distance(at) > span)
    };
    groups.iter().filter(is_missing).collect()
}

/// What the missing groups show.
pub(super) fn silences(missing: Vec<&AuditGroup>, groups: &[AuditGroup], ca: &Host) -> Vec<Reason> {
    let Some(latest) = groups.iter().map(|group| group.last_ms).max() else { return Vec::new() };
    if missing.iter().any(|group| group.last_ms == latest) {
        let text =
            format!("no event of {ca} since {}, which is longer than usual", Time::from_millis(latest));
        return vec![reason("silent", text)];
    }
    missing.into_iter().map(|group| of_group(group, ca)).collect()
}

fn of_group(group: &AuditGroup, ca: &Host) -> Reason {
    let text = format!(
        "no event on {} (bit {} of the audit filter) of {ca} since {}, while others came",
        group::name_of(group.bit).unwrap_or_default(),
        group.bit,
        Time::from_millis(group.last_ms)
    );
    reason(&format!("audit_bit_{}_missing", group.bit), text)
}

/// Whether 4887 lost its serial number: the CA writes version 0 again, or the way to us drops fields.
pub(super) fn lost_version(state: &mut CaSilentState, event: &Event) -> Option<Reason> {
    let issued = event.activity.issued()?;
    // What a pipeline delivers twice counts once.
    if std::mem::replace(&mut state.last_request, issued.request.request_id) == issued.request.request_id {
        return None;
    }
    if issued.serial.is_some() {
        state.with_serial = state.with_serial.saturating_add(1).min(ENOUGH_WITH);
        state.without_serial = 0;
        return None;
    }
    if state.with_serial < ENOUGH_WITH {
        return None;
    }
    state.without_serial += 1;
    if state.without_serial < ENOUGH_WITHOUT {
        return None;
    }
    (state.with_serial, state.without_serial) = (0, 0);
    let text = format!(
        "4887 of {} had a serial number and has none now: version 0 in place of 1, or a field is lost on the way",
        event.computer
    );
    Some(reason("version_fell", text))
}
