//! What remains of an event with a field that cannot be read: the event without it, where it can still be judged.
//!
//! A field that names the event, or others to which it belongs, cannot be left out: the RequestId, the serial number of a logon,
//! the account. With a wrong one, a detection would report what did not happen.

use crate::decode::envelope::Fields;
use crate::decode::files::hex_or_decimal;
use crate::decode::meaning;
use crate::decode::rejection::{Reason, Rejection};
use crate::event::Activity;

/// TicketEncryptionType of a ticket that was refused.
const NO_ENCRYPTION: u32 = 0xffff_ffff;

/// The activity without the field for which it was rejected; none where it is of no use then.
pub(crate) fn remaining(id: u32, fields: &Fields<'_>, rejection: &Rejection) -> Option<Activity> {
    if rejection.reason != Reason::BadField {
        return None;
    }
    let (name, value) = match id {
        // Version 0 of the event has no serial number.
        4887 => ("SerialNumber", None),
        4768 | 4769 if was_granted(fields) => ("Status", Some("0x0")),
        _ => return None,
    };
    meaning::activity(id, &Fields::Instead(fields, name, value)).ok().flatten()
}

/// Whether a ticket was granted, which its encryption shows as well as its status.
fn was_granted(fields: &Fields<'_>) -> bool {
    let encryption = fields.text("TicketEncryptionType").ok().flatten();
    encryption.and_then(|text| hex_or_decimal(&text)).is_some_and(|kind| kind != NO_ENCRYPTION)
}

#[cfg(test)]
mod tests {
    use crate::decode::damaged::remaining;
    use crate::decode::envelope::Fields;
    use crate::decode::meaning;
    use crate::event::Activity;

    fn remains(id: u32, list: &[(&'static str, &'static str)]) -> Option<Activity> {
        let fields = Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect());
        remaining(id, &fields, &meaning::activity(id, &fields).unwrap_err())
    }

    const ISSUED: [(&str, &str); 2] = [("RequestId", "103"), ("Requester", r"CORP\mallory")];
    const LOGON: [(&str, &str); 2] = [("TargetUserName", "bob"), ("CertSerialNumber", "5C0000AB")];

    #[test]
    fn certificate_is_judged_without_its_serial_number() {
        for serial in ["6100é0", "61\u{1}00", "6100\u{fffd}", "6.1000000092e+41", "xyz"] {
            let Some(Activity::CertificateIssued(issued)) =
                remains(4887, &[ISSUED[0], ISSUED[1], ("SerialNumber", serial)])
            else {
                panic!("{serial}")
            };
            assert_eq!((issued.serial, issued.request.request_id), (None, 103), "{serial}");
        }
    }

    #[test]
    fn encryption_of_a_ticket_shows_that_it_was_granted() {
        let with =
            |kind| remains(4768, &[LOGON[0], LOGON[1], ("Status", "0é0"), ("TicketEncryptionType", kind)]);
        let Some(Activity::CertificateLogon(logon)) = with("0x12") else { panic!("4768") };
        assert!(logon.accepted());
        for kind in ["0xffffffff", "0xFFFFFFFF", "-", "x"] {
            assert_eq!(with(kind), None, "{kind}");
        }
    }

    #[test]
    fn what_names_the_event_is_not_left_out() {
        let encryption = ("TicketEncryptionType", "0x12");
        assert_eq!(remains(4887, &[("RequestId", "1é3"), ISSUED[1]]), None);
        assert_eq!(remains(4887, &[("RequestId", "1é3"), ISSUED[1], ("SerialNumber", "xyz")]), None);
        assert_eq!(remains(4887, &[ISSUED[0], ("SerialNumber", "xyz")]), None, "no requester");
        let serial = ("CertSerialNumber", "5C\u{fffd}0AB");
        assert_eq!(remains(4768, &[LOGON[0], serial, ("Status", "0x0"), encryption]), None);
        assert_eq!(remains(4768, &[LOGON[0], LOGON[1], encryption]), None, "a field that is missing");
    }
}
