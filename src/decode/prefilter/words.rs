//! Words that a record of interest without an id of the Security log has: names of our activities, of the KDC and of other
//! providers, and of the folder of a CA's database; and the names of ids.

use crate::decode::prefilter::odd::OddIds;
use crate::event::Activity;

const CERT_LOG: &[u8] = b"certlog";

/// The field of the KDC's event that no other has, in any spelling of its two words.
const CERTIFICATE_SID: [&[u8]; 2] = [b"certificate", b"sid"];

/// The name of the service of a CA, from the letters that are searched for. `CertificationAuthorityClient` is another provider.
const SERVICE: &[u8] = b"CertificationAuthority";

/// The name of the provider of the certificates' life cycle, and of its channel, from the letters that are searched for.
const LIFECYCLE: &[u8] = b"CertificateServicesClient-Lifecycle-System";

/// What stands before it.
const WINDOWS: &[u8] = b"Microsoft-Windows-";

/// Names of the KDC, from the letter that is searched for.
const KDC: [&[u8]; 2] = [b"Key-Distribution-Center", b"Kdcsvc"];

/// Whether `certlog` begins here.
pub(crate) fn is_cert_log(record: &[u8], at: usize) -> bool {
    begins_with(&record[at..], CERT_LOG)
}

/// Whether the name of the certificates' life cycle begins here.
pub(crate) fn is_lifecycle(record: &[u8], at: usize) -> bool {
    begins_with(&record[at..], LIFECYCLE)
}

/// Whether the name of the service of a CA ends here.
pub(crate) fn is_service_of_a_ca(record: &[u8], at: usize) -> bool {
    begins_with(&record[at..], SERVICE)
        && at.checked_sub(WINDOWS.len()).is_some_and(|start| begins_with(&record[start..], WINDOWS))
        && !record.get(at + SERVICE.len()).is_some_and(u8::is_ascii_alphabetic)
}

/// Whether the name of the SID of a certificate begins here. The KDC's event with this field is rejected where it has no
/// provider.
pub(crate) fn is_certificate_sid(record: &[u8], at: usize) -> bool {
    let [first, second] = CERTIFICATE_SID;
    let behind = record.get(at + first.len()..).filter(|_| begins_with(&record[at..], first));
    behind.is_some_and(|behind| {
        let gap = behind.iter().take_while(|byte| b"_ -.".contains(byte)).count();
        begins_with(&behind[gap..], second)
    })
}

/// Whether bytes begin with a word in any case.
fn begins_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
}

/// Whether a record has the name of one of our activities or of the KDC, or an id in an odd spelling.
pub(crate) fn has_name(record: &[u8], odd_ids: &OddIds) -> bool {
    let mut id = None;
    memchr::memchr3_iter(b'_', b'K', b'k', record).any(|at| match record[at] {
        b'_' => {
            id = id.or_else(|| OddIds::at_underscore(record, at));
            id == Some(true) || is_activity(record, at)
        }
        _ => is_kdc(&record[at..]),
    }) || id.is_none() && odd_ids.has_one(record)
}

/// Whether bytes begin with a name of the KDC, of which they have the first letter. Few words go on as these do.
fn is_kdc(bytes: &[u8]) -> bool {
    let goes_on = matches!(bytes, [_, b'e' | b'E', b'y' | b'Y', ..] | [_, b'd' | b'D', b'c' | b'C', ..]);
    goes_on && KDC.iter().any(|name| begins_with(bytes, name))
}

/// Whether a name of an activity stands around its first underscore, which is here.
fn is_activity(record: &[u8], at: usize) -> bool {
    begins_like_a_second_word(&record[at + 1..])
        && ends_like_a_first_word(&record[..at])
        && Activity::NAMES.iter().any(|name| stands_around(record, at, name))
}

/// Most words behind an underscore are none of an activity: their first two letters show it.
fn begins_like_a_second_word(behind: &[u8]) -> bool {
    matches!(behind, [b'a', b'c', ..] | [b'c', b'h', ..] | [b'd', b'e', ..] | [b'f', b'i', ..])
        || matches!(behind, [b'e', b'x', ..])
        || matches!(behind, [b'i', b's', ..] | [b'k', b'n', ..] | [b'l', b'o', ..] | [b'm', b'a', ..])
        || matches!(behind, [b'p' | b'r' | b's', b'e', ..] | [b't', b'i', ..] | [b'u', b's', ..])
}

/// The same before an underscore.
fn ends_like_a_first_word(before: &[u8]) -> bool {
    matches!(before, [.., b't', b'e'] | [.., b'n', b'g' | b't'] | [.., b's', b't'] | [.., b'c', b'a' | b'e'])
        || matches!(before, [.., b'r', b'k' | b'y' | b'e'] | [.., b'e', b'y'])
}

fn stands_around(record: &[u8], underscore: usize, name: &str) -> bool {
    let start = name.find('_').and_then(|head| underscore.checked_sub(head));
    start.is_some_and(|start| record[start..].starts_with(name.as_bytes()))
}
