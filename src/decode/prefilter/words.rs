//! Words that a record of interest without an id of the Security log has: names of our activities, of the KDC, and of the
//! folder of a CA's database.

use crate::event::Activity;

/// The middle of `certlog`, in every case.
pub(crate) const CERT_LOG_MIDDLES: [&str; 8] = ["rtl", "Rtl", "rTl", "RTl", "rtL", "RtL", "rTL", "RTL"];
const CERT_LOG: &[u8] = b"certlog";
const CERT_LOG_MIDDLE_AT: usize = 2;

/// Names of the KDC, from the letter that is searched for.
const KDC: [&[u8]; 2] = [b"Key-Distribution-Center", b"Kdcsvc"];

/// Whether `certlog` stands around its middle, which is here.
pub(crate) fn is_cert_log(record: &[u8], middle: usize) -> bool {
    let start = middle.checked_sub(CERT_LOG_MIDDLE_AT);
    let found = start.and_then(|start| record.get(start..start + CERT_LOG.len()));
    found.is_some_and(|found| found.eq_ignore_ascii_case(CERT_LOG))
}

/// Whether a record has the name of one of our activities, or of the KDC.
pub(crate) fn has_name(record: &[u8]) -> bool {
    memchr::memchr2_iter(b'_', b'K', record).any(|at| match record[at] {
        b'_' => is_activity(record, at),
        _ => KDC.iter().any(|name| record[at..].starts_with(name)),
    })
}

/// Whether a name of an activity stands around its first underscore, which is here.
fn is_activity(record: &[u8], at: usize) -> bool {
    let (before, behind) = (&record[..at], &record[at + 1..]);
    if !ends_like_an_activity(before) {
        return false;
    }
    Activity::NAMES.iter().any(|name| {
        name.split_once('_').is_some_and(|(head, tail)| {
            before.ends_with(head.as_bytes()) && behind.starts_with(tail.as_bytes())
        })
    })
}

/// Most words before an underscore are none of an activity: the last two letters show it.
fn ends_like_an_activity(before: &[u8]) -> bool {
    matches!(before, [.., b't', b'e'] | [.., b'n', b'g' | b't'] | [.., b'c', b'a' | b'e'])
        || matches!(before, [.., b'r', b'k' | b'y' | b'e'] | [.., b'e', b'y'])
}
