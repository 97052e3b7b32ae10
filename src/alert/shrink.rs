//! Shortening an alert that is longer than its topic takes.
//!
//! What an analyst can look up elsewhere goes first: the evidence names records that the SIEM has. Never touched: id, revision,
//! detection, severity, times, counts, and the codes of the reasons.

use crate::alert::Alert;
use crate::event::host::Host;

/// A step of the order: shortens the alert a little, and reports whether it changed anything.
type Step = fn(&mut Alert) -> bool;

/// The order, as docs/alerts.md has it. A step is repeated until the alert fits or the step changes nothing more.
const ORDER: [Step; 8] = [
    |alert| alert.evidence.iter_mut().flat_map(|event| event.fields.values_mut()).fold(false, short::<200>),
    remove_evidence,
    |alert| lists(alert).into_iter().flatten().fold(false, short::<256>),
    |alert| lists(alert).into_iter().any(|list| list.pop().is_some()),
    |alert| alert.investigative_actions.pop().is_some() || alert.benign_if.pop().is_some(),
    |alert| texts(alert).fold(false, short::<256>),
    remove_the_rest,
    |alert| texts(alert).fold(false, short::<32>),
];

/// The alert, marked as truncated, after as many steps of the order as it takes until it fits. None when it never does.
pub fn shrink(alert: &Alert, fits: impl Fn(&Alert) -> bool) -> Option<Alert> {
    let mut short = Alert { truncated: true, ..alert.clone() };
    for step in ORDER {
        while step(&mut short) {
            if fits(&short) {
                return Some(short);
            }
        }
    }
    fits(&short).then_some(short)
}

/// Removes an event from the middle: the first and the last say most. One event stays.
fn remove_evidence(alert: &mut Alert) -> bool {
    let is_long = alert.evidence.len() > 1;
    if is_long {
        alert.evidence.remove(alert.evidence.len() / 2);
    }
    is_long
}

fn remove_the_rest(alert: &mut Alert) -> bool {
    let has_more = !alert.evidence.is_empty()
        || !alert.mitre.is_empty()
        || alert.baseline.is_some()
        || alert.policy_line.is_some();
    alert.evidence.clear();
    alert.mitre.clear();
    alert.baseline = None;
    // A line that is cut would be another line.
    alert.policy_line = None;
    alert.also_silences = None;
    for host in [&mut alert.computer, &mut alert.remote_host].into_iter().flatten() {
        let mut name = host.to_string();
        if short::<253>(false, &mut name) {
            *host = Host::new(&name);
        }
    }
    has_more
}

/// The lists of texts, what is wanted least first.
fn lists(alert: &mut Alert) -> [&mut Vec<String>; 4] {
    [&mut alert.changes, &mut alert.san_values, &mut alert.templates, &mut alert.certificate_serials]
}

/// All texts but codes and ids.
fn texts(alert: &mut Alert) -> impl Iterator<Item = &mut String> {
    let optional = [
        &mut alert.requester_account,
        &mut alert.requester_domain,
        &mut alert.requester_sid,
        &mut alert.used_by_account,
        &mut alert.used_by_domain,
        &mut alert.certificate_serial,
        &mut alert.remote_ip,
        &mut alert.path,
        &mut alert.story_id,
    ];
    let always = [&mut alert.title, &mut alert.analytic, &mut alert.why_suspicious];
    let reasons = alert.reasons.iter_mut().map(|reason| &mut reason.text);
    optional.into_iter().flatten().chain(always).chain(reasons)
}

/// What stands at the end of a text that was cut.
const MORE: char = '…';

/// Cuts a text to at most so many bytes; whether this or an earlier text was cut.
fn short<const BYTES: usize>(was_cut: bool, text: &mut String) -> bool {
    if text.len() <= BYTES {
        return was_cut;
    }
    let end = text.floor_char_boundary(BYTES - MORE.len_utf8());
    text.truncate(end);
    text.push(MORE);
    true
}
