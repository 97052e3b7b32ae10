//! Events of other schemas that correspond to one of ours, field by field; `docs/wiring/formats.md` has the tables.

mod write;
mod ocsf;
mod defender;
mod falcon;

use crate::decode::decoder::Decoded;
use crate::decode::fields::view::Members;
use crate::decode::format::Format;
use crate::decode::json::Value;
use crate::decode::place::Place;
use crate::decode::rejection::Rejection;
use jiff::tz::TimeZone;

/// The outcome of an object in one of these schemas; none when it is in none of them.
pub(crate) fn outcome(
    object: Value<'_>,
    outer: &[Value<'_>],
    place: &Place,
    zone: &TimeZone,
) -> Option<(Format, Result<Decoded, Rejection>)> {
    let members = Members::of(object)?;
    if members.at("class_uid").is_some() {
        return Some((Format::Ocsf, ocsf::outcome(&members, place, zone)));
    }
    if members.at("ActionType").is_some() && members.at("DeviceName").is_some() {
        return Some((Format::DefenderXdr, defender::outcome(&members, outer, place, zone)));
    }
    if members.at("event_simpleName").is_some() {
        return Some((Format::CrowdstrikeFdr, falcon::outcome(&members, place, zone)));
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::decode::decoder::{Decoded, Decoder};
    use crate::decode::format::Format;
    use crate::decode::place::Place;
    use crate::event::{Activity, RemoteFileWrite};

    #[track_caller]
    fn write(json: &str, expect: Format) -> (String, RemoteFileWrite) {
        let mut events = Vec::new();
        Decoder::default().decode_with_format(json.as_bytes(), &Place::default(), &mut |format, outcome| {
            assert_eq!(format, Some(expect));
            events.push(outcome);
        });
        let Some(Ok(Decoded::Event(event))) = events.pop() else { panic!("{json}: {events:?}") };
        let Activity::RemoteFileWrite(write) = event.activity else { panic!("{json}") };
        (format!("{} {}", event.time, event.computer), write)
    }

    #[track_caller]
    fn is_ignored(json: &str) {
        Decoder::default().decode(json.as_bytes(), &Place::default(), &mut |outcome| {
            assert_eq!(outcome, Ok(Decoded::Ignored(None)), "{json}");
        });
    }

    const FOLDER: &str = r"C:\\Windows\\System32\\CertLog";

    #[test]
    fn a_remote_write_of_defender_is_one_of_ours() {
        let row = format!(
            r#"{{"records": [{{"category": "AdvancedHunting-DeviceFileEvents", "properties": {{
            "Timestamp": "2026-04-07T13:20:29.91Z", "DeviceName": "ca02.corp.example", "ActionType": "FileModified",
            "FileName": "edb.log", "FolderPath": "{FOLDER}", "InitiatingProcessFileName": "certsrv.exe",
            "RequestProtocol": "SMB", "RequestSourceIP": "10.44.5.6", "RequestAccountName": "eve",
            "RequestAccountDomain": "CORP"}}}}]}}"#
        );
        let (place, found) = write(&row, Format::DefenderXdr);
        assert_eq!(place, "2026-04-07T13:20:29.910Z ca02.corp.example");
        assert_eq!(found.path, r"C:\Windows\System32\CertLog\edb.log");
        assert_eq!(found.remote_ip.as_deref(), Some("10.44.5.6"));
        assert_eq!(found.account.map(|account| account.to_string()).as_deref(), Some(r"CORP\eve"));
        assert_eq!(found.interface.as_deref(), Some("SMB"));
        is_ignored(&row.replace("SMB", "Local").replace("10.44.5.6", ""));
        is_ignored(&row.replace("CertLog", "Temp"));
        is_ignored(&row.replace("FileModified", "FileRead"));
    }

    #[test]
    fn a_remote_write_of_falcon_is_one_of_ours() {
        let event = r#"{"event_simpleName": "FileWritten", "ComputerName": "CA02", "ContextTimeStamp": "1775568029.910",
            "TargetFileName": "\\Device\\HarddiskVolume3\\Windows\\System32\\CertLog\\edb.log", "RemoteAddressIP4": "10.44.5.6",
            "UserName": "CORP\\eve"}"#;
        let (place, found) = write(event, Format::CrowdstrikeFdr);
        assert_eq!(place, "2026-04-07T13:20:29.910Z ca02");
        assert_eq!(found.path, r"C:\Windows\System32\CertLog\edb.log");
        is_ignored(&event.replace("10.44.5.6", ""));
    }

    #[test]
    fn a_file_event_of_ocsf_from_another_endpoint_is_a_remote_write() {
        let event = format!(
            r#"{{"class_uid": 4010, "activity_id": 3, "time": 1775568029910, "device": {{"hostname": "ca02.corp.example"}},
            "src_endpoint": {{"ip": "10.44.5.6"}}, "actor": {{"user": {{"name": "eve", "domain": "CORP"}}}},
            "file": {{"path": "{FOLDER}\\edb.log"}}}}"#
        );
        let (place, found) = write(&event, Format::Ocsf);
        assert_eq!(place, "2026-04-07T13:20:29.910Z ca02.corp.example");
        assert_eq!(
            (found.path.as_str(), found.remote_ip.as_deref()),
            (r"C:\Windows\System32\CertLog\edb.log", Some("10.44.5.6"))
        );
        is_ignored(&event.replace(r#""activity_id": 3"#, r#""activity_id": 2"#));
        // SMB Activity: 6 empties a file or creates it, 4 may only open it. SSH Activity is no write of a file.
        write(&event.replace("4010, \"activity_id\": 3", "4006, \"activity_id\": 6"), Format::Ocsf);
        is_ignored(&event.replace("4010, \"activity_id\": 3", "4006, \"activity_id\": 4"));
        is_ignored(&event.replace("4010", "4007"));
    }
}
