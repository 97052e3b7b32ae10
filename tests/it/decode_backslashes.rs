//! Accounts whose names begin like an escape, `CORP\nina`, `CORP\tom` and `CORP\#012DC01$`, in every layout.

use crate::decode_formats::decode_with;
use crate::decode_layouts::{layout_names, records};
use adcs_watch::decode::{Decoded, Decoder};
use adcs_watch::event::Activity;
use adcs_watch::event::account::Account;

/// Who asked for the certificates in a record.
fn requesters(record: &[u8]) -> Vec<Account> {
    let of_event = |outcome| {
        let Ok(Decoded::Event(event)) = outcome else { return None };
        let Activity::CertificateIssued(issued) = event.activity else { return None };
        Some(issued.request.requester)
    };
    decode_with(&Decoder::default(), record).into_iter().filter_map(of_event).collect()
}

#[test]
fn account_that_begins_like_an_escape_is_read_in_every_layout() {
    let mut wrong = Vec::new();
    let mut layouts = 0;
    // With another name the octets of a message are others than the number before it says.
    for name in layout_names().filter(|name| *name != "syslog-octets-stream.txt") {
        for record in records(name) {
            let text = String::from_utf8(record).unwrap();
            let issued = requesters(text.as_bytes()).len();
            if issued == 0 || !text.contains("\\eve") {
                continue;
            }
            layouts += 1;
            for account in ["nina", "tom", "rudi", "r", "bea", "uma", "x41", "0", "#012x", "#011x"] {
                // Only where the domain stands before it: a path may end with the name as well.
                let read = requesters(text.replace("\\eve", &format!("\\{account}")).as_bytes());
                if read != vec![Account::new("CORP", account); issued] {
                    wrong.push(format!("{name}: {read:?} for {account}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(layouts > 100, "{layouts}");
}
