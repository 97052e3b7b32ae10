//! Whether a text of names and values ends before its event does.
//!
//! A relay cuts a line where its limit is, and in pairs nothing shows it: the value that is cut off is a value, and what
//! is behind it is not there. The client chooses how long its attributes are, and so what is lost. So such a text must
//! not end with a field of the event behind which Windows always writes another one.

use crate::decode::fields::named::Named;
use crate::decode::manifest;
use crate::decode::versions;

/// Whether the last pair of a text is a field of the event, and none of those that Windows writes behind it is there.
pub(crate) fn is_early(id: u32, named: &Named) -> bool {
    let fields = manifest::of(id);
    let Some(last) = named.last_of_text(fields) else { return false };
    let behind = fields.get(last + 1..needed(id, last, named)).unwrap_or_default();
    !behind.is_empty() && !behind.iter().any(|field| named.has(field))
}

/// How many of its values an event cannot lack, if the last one of a text is this. Shippers leave out what is empty, so the
/// last of them has a value in every event.
fn needed(id: u32, last: usize, named: &Named) -> usize {
    let counts = versions::counts(id);
    let first = counts.first().copied().unwrap_or_default();
    match id {
        // Attributes, or the subject of what was issued, end an event of an old CA.
        4886..=4889 if last >= first || named.find("Version") == Some("1") => {
            counts.last().copied().unwrap_or_default()
        }
        // What was denied may have no key and no subject.
        4888 | 4889 => 4,
        // Tickets without a certificate end with the port.
        4768 if last <= 10 => 11,
        5145 => 11,
        4768 | 4868 | 4869 | 4873 | 4874 | 4882 | 4884..=4887 | 4890..=4892 | 4898..=4900 => first,
        5136 | 5137 | 5141 => first,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::end::is_early;
    use crate::decode::fields::named::Named;

    #[track_caller]
    fn check(id: u32, names: &[&str], expect: bool) {
        let mut named = Named::default();
        names.iter().for_each(|name| named.push(name, "x"));
        names.iter().for_each(|name| named.end_text_with(name));
        assert_eq!(is_early(id, &named), expect, "{id}: {names:?}");
    }

    #[test]
    fn text_ends_where_a_version_of_its_event_does() {
        let old = ["RequestId", "Requester", "Attributes", "Disposition", "SubjectKeyIdentifier", "Subject"];
        for count in 1..old.len() {
            check(4887, &old[..count], true);
            check(4888, &old[..count], count < 4);
        }
        check(4887, &old, false);
        check(4886, &old[..2], true);
        check(4886, &old[..3], false);
        let new = [&old[..], &["SubjectAlternativeName", "CertificateTemplate"]].concat();
        check(4887, &new[..7], true);
        check(4887, &new, true);
        check(4887, &[&new[..], &["DCOMorRPC"]].concat(), false);
        check(4768, &["TargetUserName", "PreAuthType"], true);
        check(4768, &["TargetUserName", "IpPort"], false);
        check(4768, &["TargetUserName", "IpPort", "CertIssuerName"], true);
        check(5145, &["ShareName", "RelativeTargetName"], true);
        check(5145, &["ShareName", "RelativeTargetName", "AccessMask"], false);
        check(5136, &["ObjectDN", "AttributeValue"], true);
    }

    #[test]
    fn text_in_another_order_or_with_more_behind_it_is_whole() {
        check(4887, &["Attributes", "Disposition", "Requester", "RequestId"], false);
        check(4887, &["RequestId", "Requester", "Attributes", "EventReceivedTime"], false);
        check(4887, &["EventID", "Computer"], false);
        check(4624, &["SubjectUserSid"], false);
    }
}
