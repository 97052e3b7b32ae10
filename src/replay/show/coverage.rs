//! What the detections could see, in words.

use crate::replay::coverage::{Covered, EventCount, Missing, Sight};
use crate::replay::show::text::counted;
use std::collections::BTreeMap;

/// How many of the detections that are on had what they need, 23 and 25.
pub(crate) fn saw(coverage: &[Covered]) -> (usize, usize) {
    let on = coverage.iter().filter(|covered| covered.sight != Sight::Off).count();
    (coverage.iter().filter(|covered| covered.sight == Sight::Saw).count(), on)
}

/// What blinded detections, a sentence for each group of events that is missing.
pub(crate) fn blind(coverage: &[Covered]) -> Vec<String> {
    let mut gaps: BTreeMap<&Missing, Vec<&'static str>> = BTreeMap::new();
    for covered in coverage.iter().filter(|covered| covered.sight == Sight::Blind) {
        for missing in &covered.missing {
            gaps.entry(missing).or_default().push(covered.detection);
        }
    }
    let sentences = gaps.into_iter().map(|(missing, detections)| {
        let (events, Missing { on, setting, .. }) = (ids(&missing.event_ids, "or"), missing);
        let verb = if detections.len() == 1 { "was" } else { "were" };
        format!("{} {verb} blind: no {events}; to audit on {on}: {setting}", detections.join(", "))
    });
    sentences.collect()
}

/// The detections whose rare events were not there, by whether these are known to be audited.
pub(crate) fn quiet(coverage: &[Covered]) -> Vec<String> {
    let of = |audited: bool| {
        let quiet = coverage.iter().filter(|covered| covered.sight == Sight::Quiet);
        let quiet =
            quiet.filter(|covered| covered.missing.iter().all(|missing| missing.is_audited) == audited);
        let names = quiet.map(|covered| {
            let events: Vec<String> =
                covered.missing.iter().map(|missing| ids(&missing.event_ids, "or")).collect();
            format!("{} (no {})", covered.detection, events.join(", no "))
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let sentences = [("nothing to see", of(true)), ("nothing happened, or it is not audited", of(false))];
    let sentences = sentences.into_iter().filter(|(_, names)| !names.is_empty());
    sentences.map(|(what, names)| format!("{what}: {names}")).collect()
}

/// `4738, 4742 or 4781`, with `or` as the last word.
pub(crate) fn ids(event_ids: &[Option<u32>], last_word: &str) -> String {
    let names: Vec<String> = event_ids
        .iter()
        .map(|id| id.map_or_else(|| "report of an EDR".to_owned(), |id| id.to_string()))
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {last_word} {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// When and where events were, `2026-03-02 to 2026-03-04 on ca01.corp.example`.
pub(crate) fn span(kind: &EventCount) -> String {
    let days = match (kind.first, kind.last) {
        (Some(first), Some(last)) if first.day() == last.day() => first.day().to_string(),
        (Some(first), Some(last)) => format!("{} to {}", first.day(), last.day()),
        (None, _) | (_, None) => "no right time".to_owned(),
    };
    let mut hosts = kind.hosts.iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => format!("{days} on {host}"),
        _ => format!("{days} on {}", counted(kind.hosts.len() as u64, "host")),
    }
}
