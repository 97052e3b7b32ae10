//! The groups of events that one bit of the audit filter switches, and how long each was silent.

use crate::event::time::{Day, Span, Time};
use crate::event::{Activity, CaSetting};
use crate::wire::record::{AuditGroup, Silence};

/// How long a group and its longest silence are remembered.
pub(super) const MEMORY: Span = Span::days(60);

/// The most silences that are remembered of a group; the shortest go first.
const MAX_SILENCES: usize = 16;

/// The bit for requests.
const REQUESTS: u32 = 4;

/// The bit for backups.
const BACKUPS: u32 = 2;

/// Of events that come when somebody does something, and are never missed.
const OTHERS: u32 = 0;

/// The bit of the audit filter to which an event of a CA belongs; none: it is no event of a CA.
pub(super) fn bit_of(activity: &Activity) -> Option<u32> {
    if activity.request().is_some() {
        return Some(REQUESTS);
    }
    if matches!(activity, Activity::PendingRequestChanged(_) | Activity::TemplateSeen(_)) {
        return Some(OTHERS);
    }
    let Activity::CaChanged(change) = activity else { return None };
    let is_backup = matches!(change.change, CaSetting::BackupStarted { .. });
    Some(if is_backup { BACKUPS } else { OTHERS })
}

/// What a bit stands for, as the audit tab of the CA calls it; none: its events are never missed.
pub(super) fn name_of(bit: u32) -> Option<&'static str> {
    match bit {
        REQUESTS => Some("certificate requests"),
        BACKUPS => Some("backup and restore"),
        _ => None,
    }
}

/// Counts an event of a group. A silence that was longer than tolerated counts as one that was just tolerated, so that the
/// silence of an attack does not excuse the next one.
pub(super) fn learn(
    groups: &mut Vec<AuditGroup>,
    bit: u32,
    at: Time,
    tolerated: impl Fn(&AuditGroup) -> Option<Span>,
) {
    let found = match groups.iter().position(|group| group.bit == bit) {
        Some(known) => known,
        None => {
            groups.push(AuditGroup { bit, last_ms: at.as_millis(), ..AuditGroup::default() });
            groups.len() - 1
        }
    };
    let group = &mut groups[found];
    if is_beyond_memory(group, at) {
        *group = AuditGroup { bit, last_ms: at.as_millis(), ..AuditGroup::default() };
    }
    if let Some(silence) = silence(group, at, tolerated(group)) {
        remember(group, Silence { length_ms: silence.as_millis(), ended_ms: at.as_millis() }, at);
    }
    group.last_ms = group.last_ms.max(at.as_millis());
    group.days.get_or_insert_default().mark(at.day());
}

/// Remembers a silence. An earlier one that was not longer counts no more: of weekends the latest is kept, and what
/// is left when a holiday is forgotten is the longest of the weekends.
fn remember(group: &mut AuditGroup, silence: Silence, at: Time) {
    let earlier = std::mem::take(&mut group.longest_ms);
    if earlier > 0 {
        group.silences.insert(0, Silence { length_ms: earlier, ended_ms: group.longest_ended_ms });
        group.longest_ended_ms = 0;
    }
    group.silences.retain(|known| is_remembered(known, at) && known.length_ms > silence.length_ms);
    group.silences.push(silence);
    group.silences.truncate(MAX_SILENCES);
}

/// The longest silence of the memory, up to this time.
pub(super) fn longest(group: &AuditGroup, at: Time) -> Span {
    let earlier = Silence { length_ms: group.longest_ms, ended_ms: group.longest_ended_ms };
    let known = group.silences.iter().chain([&earlier]).filter(|known| is_remembered(known, at));
    Span::millis(known.map(|known| known.length_ms).max().unwrap_or(0))
}

/// Whether a silence counts. Earlier versions took the time since an event with a clock of the past for one.
fn is_remembered(silence: &Silence, at: Time) -> bool {
    silence.length_ms <= MEMORY.as_millis() && Time::from_millis(silence.ended_ms).plus(MEMORY) >= at
}

/// Whether nothing is remembered of what came before this time: the state ends with the memory, and so long after the last
/// event one of the two clocks is more likely to be wrong.
pub(super) fn is_beyond_memory(group: &AuditGroup, at: Time) -> bool {
    Time::from_millis(group.last_ms).plus(MEMORY) < at
}

/// The silence of a group that ends at this time; none: it shows nothing. That between the only day of a group and the next
/// event may be the error of a clock, and later ones of the same length are learned before the group is known.
fn silence(group: &AuditGroup, at: Time, tolerated: Option<Span>) -> Option<Span> {
    let last = Time::from_millis(group.last_ms);
    let is_confirmed = days(group, last.day()) > 1 || tolerated.is_some();
    let gap = last.distance(at);
    (last < at && is_confirmed).then(|| tolerated.map_or(gap, |limit| gap.min(limit)))
}

/// On how many different days of the memory, up to this one, the group had events.
pub(super) fn days(group: &AuditGroup, at: Day) -> u32 {
    let span = u32::try_from(MEMORY.as_millis() / Span::days(1).as_millis()).unwrap_or(0);
    group.days.as_ref().map_or(0, |days| days.count(at, span))
}
