//! Events with small ids count only from their own provider: it is found wherever a record names it, and events of other
//! providers with the same ids stay ignored.

use crate::decode_formats::decode;
use adcs_watch::decode::Decoded;
use adcs_watch::decode::prefilter::Prefilter;
use adcs_watch::event::Activity;

const KDC: &str = "Microsoft-Windows-Kerberos-Key-Distribution-Center";
const KERNEL: &str = "Microsoft-Windows-Kernel-Power";

/// The fields of event 41, as members of JSON.
const FIELDS: &str = r#""AccountName": "administrator", "AccountSid": "S-1-5-21-1-2-3-500", "Subject": "CN=mallory",
    "Issuer": "CORP-CA02", "SerialNumber": "61000000D1B2C3D4E5F6A70000000000000000D1", "Thumbprint": "0D4C3B2A",
    "CertificateSid": "S-1-5-21-1-2-3-1733""#;

/// Its rendered text, in one line.
const TEXT: &str = "The Key Distribution Center (KDC) encountered a user certificate that was valid but contained a \
    different SID than the user to which it mapped.    User: administrator   User SID: S-1-5-21-1-2-3-500   Certificate \
    Subject: CN=mallory   Certificate Issuer: CORP-CA02   Certificate Serial Number: \
    61000000D1B2C3D4E5F6A70000000000000000D1   Certificate Thumbprint: 0D4C3B2A   Certificate SID: S-1-5-21-1-2-3-1733";

/// Event 41 in layouts that write the provider each in its own way, as `%P%`, and the id as `%ID%`.
fn layouts() -> Vec<String> {
    let time = "2026-04-07T13:20:30.4500000Z";
    let values = r#"["administrator", "S-1-5-21-1-2-3-500", "CN=mallory", "CORP-CA02",
        "61000000D1B2C3D4E5F6A70000000000000000D1", "0D4C3B2A", "S-1-5-21-1-2-3-1733"]"#;
    let columns = r#""Channel": "System", "Computer": "dc01.corp.example", "EventID": %ID%"#;
    let dotted = FIELDS.replace("\"AccountN", "\"event_data.AccountN");
    vec![
        format!(r#"{{"TimeGenerated": "{time}", "Provider": "%P%", {columns}, "EventData": {{{FIELDS}}}}}"#),
        format!(
            r#"{{"TimeGenerated": "{time}", "ComputerName": "dc01.corp.example", "EventID": %ID%, "Channel": "System",
            "SourceName": "%P%", "StringInserts": {values}}}"#
        ),
        format!(
            r#"{{"@timestamp": "{time}", "event": {{"code": "%ID%", "provider": "%P%"}}, "winlog": {{"event_id": "%ID%",
            "computer_name": "dc01.corp.example", "event_data": {{{FIELDS}}}}}}}"#
        ),
        format!(
            r#"{{"@timestamp": "{time}", "event": {{"code": %ID%, "provider": "%P%"}}, "winlog": {{
            "computer_name": "dc01.corp.example", {dotted}}}}}"#
        ),
        format!(
            r#"{{"source": "%P%", "computer": "dc01.corp.example", "event_id": %ID%, "timeCreated": "{time}",
            "event_data": {{{FIELDS}}}}}"#
        ),
        format!(
            r#"{{"winlog.provider": "%P%", "winlog.eventid": %ID%, "timestamp": "{time}",
            "host.name": "dc01.corp.example", {FIELDS}}}"#
        ),
        format!(
            r#"{{"a_provider_name": "%P%", "a_event_id": %ID%, "agent_hostname": "dc01.corp.example",
            "event_timestamp": "{time}", {FIELDS}}}"#
        ),
        format!(r#"{{"log": {{"writer": "%P%"}}, "TimeCreated": "{time}", {columns}, {FIELDS}}}"#),
        format!(r#"{{"writer": "%P%", "payload": {{"TimeCreated": "{time}", {columns}, {FIELDS}}}}}"#),
        format!(
            r#"{{"TimeGenerated": "{time}", "DeviceEventClassID": "%P%:%ID%", "DeviceName": "dc01.corp.example",
            "EventData": {{{FIELDS}}}}}"#
        ),
        format!(
            "<13>{time} dc01.corp.example 10.0.0.9 agent [monitorStatus]=\"Success\" [eventSource]=\"%P%\" [eventId]=\"%ID%\" \
            [computer]=\"dc01.corp.example\" [eventTime]=\"Apr 07 2026 13:26:11\" [msg]=\"{TEXT}\""
        ),
        format!(
            "CEF:0|Microsoft|Microsoft Windows|2022|%P%:%ID%|x|5|externalId=%ID% rt=1775568030450 \
            dvchost=dc01.corp.example msg={TEXT}"
        ),
        format!(
            "<13>Apr 07 13:26:11 dc01.corp.example MSWinEventLog\t1\tSystem\t4711\tTue Apr 07 13:26:11 2026\t%ID%\t%P%\tN/A\t\
            N/A\tError\tdc01.corp.example\tNone\t\t{TEXT}\t730012"
        ),
        format!(
            "2026 Apr 07 13:26:11 WinEvtLog: System: ERROR(%ID%): %P%: (no user): no domain: dc01.corp.example: {TEXT}"
        ),
        format!(
            "04/07/2026 01:26:11 PM\nLogName=System\nEventCode=%ID%\nComputerName=dc01.corp.example\nSourceName=%P%\n\
            Message={}",
            TEXT.replace("   ", "\n  ")
        ),
        format!(
            "<13>Apr 07 13:26:11 dc01.corp.example AgentDevice=WindowsLog\tAgentLogFile=System\tSource=%P%\t\
            Computer=dc01.corp.example\tEventID=%ID%\tTimeGenerated=1775568371\tMessage={TEXT}"
        ),
    ]
}

fn with(layout: &str, provider: &str, id: &str) -> String {
    layout.replace("%P%", provider).replace("%ID%", id)
}

/// Whether a record gives one mapping of a certificate; what passes the prefilter alone counts.
fn is_mapped(record: &str) -> bool {
    let outcomes = decode(record.as_bytes());
    let is_mapping = |outcome: &Result<Decoded, _>| {
        matches!(outcome, Ok(Decoded::Event(event)) if matches!(&event.activity, Activity::CertificateMapped(mapping)
            if mapping.certificate_sid.is_some() && mapping.serial.is_some()))
    };
    let found = outcomes.len() == 1 && outcomes.iter().all(is_mapping);
    assert!(!found || Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
    found
}

#[test]
fn provider_is_found_wherever_a_record_names_it() {
    for layout in layouts() {
        for provider in [KDC.to_owned(), KDC.to_lowercase(), KDC.to_uppercase(), "Kdcsvc".to_owned()] {
            let record = with(&layout, &provider, "41");
            assert!(is_mapped(&record), "{record}\n{:?}", decode(record.as_bytes()));
        }
    }
}

#[test]
fn refusals_of_a_ca_are_found_too() {
    let fields = r#""RequestId": "7", "Reason": "The requested certificate template is not supported by this CA. 0x80094800",
        "SubjectName": "CORP\\mallory", "AdditionalInformation": "Denied by Policy Module: ESC1.""#;
    let service = "Microsoft-Windows-CertificationAuthority";
    for layout in layouts().iter().filter(|layout| layout.contains(FIELDS)) {
        for provider in [service.to_owned(), service.to_lowercase(), service.to_uppercase()] {
            let record = with(layout, &provider, "53").replace(FIELDS, fields);
            let outcomes = decode(record.as_bytes());
            let [Ok(Decoded::Event(event))] = outcomes.as_slice() else { panic!("{record}: {outcomes:?}") };
            assert!(matches!(event.activity, Activity::RequestRefused(_)), "{record}");
            assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
        }
        let record = with(layout, "Microsoft-Windows-DistributedCOM", "53").replace(FIELDS, fields);
        assert!(decode(record.as_bytes()).iter().all(Result::is_ok), "{record}");
    }
}

#[test]
fn blank_behind_a_provider_does_not_matter() {
    for layout in &layouts()[..9] {
        let record = with(layout, &format!("{KDC} "), "41");
        assert!(is_mapped(&record), "{record}");
    }
}

#[test]
fn small_ids_of_other_providers_stay_ignored() {
    for layout in layouts() {
        for id in ["21", "39", "41", "45", "53", "1007"] {
            for provider in [KERNEL, "Microsoft-Windows-Time-Service", "microsoft-windows-ntfs"] {
                let record = with(&layout, provider, id).replace("CertificateSid", "BugcheckCode");
                let outcomes = decode(record.as_bytes());
                let id = id.parse().ok();
                assert!(
                    outcomes.iter().all(|outcome| *outcome == Ok(Decoded::Ignored(id))),
                    "{record}: {outcomes:?}"
                );
            }
        }
    }
}

#[test]
fn ordinary_records_without_a_provider_stay_ignored() {
    for record in [
        r#"{"EventID": 41, "Channel": "System", "Computer": "ws1.corp.example", "TimeCreated": "2026-04-07T13:20:30Z",
            "BugcheckCode": "0"}"#,
        r#"{"winlog": {"event_id": "41", "channel": "System", "event_data": {"BugcheckCode": "0"}}}"#,
        r#"{"TimeGenerated": "2026-04-07T13:20:30Z", "EventID": 45, "EventData": {"param1": "x"}}"#,
        r#"{"EventID": 39, "StringInserts": ["a", "b", "c", "d", "e"], "Channel": "System"}"#,
    ] {
        let outcomes = decode(record.as_bytes());
        assert!(matches!(outcomes.as_slice(), [Ok(Decoded::Ignored(Some(_)))]), "{record}: {outcomes:?}");
    }
}

#[test]
fn field_of_the_kdc_without_a_provider_is_rejected() {
    for layout in layouts().iter().filter(|layout| !layout.contains("StringInserts")).take(8) {
        let record = with(layout, "", "41");
        let outcomes = decode(record.as_bytes());
        let [Err(rejection)] = outcomes.as_slice() else { panic!("{record}: {outcomes:?}") };
        assert_eq!(rejection.to_string(), "missing_field: the provider is missing", "{record}");
        assert!(Prefilter::for_source(None, None).may_matter(record.as_bytes()), "{record}");
    }
}

#[test]
fn display_name_in_another_language_is_no_other_provider() {
    let record = |source: &str, log: &str| {
        let text = "Die Zertifikatdienste haben eine Anforderung genehmigt.\n\nAnforderungs-ID:\t201\nAnforderer:\tx\nAttribute:\ty";
        format!(
            "07.04.2026 15:20:30\nLogName={log}\nEventCode=4887\nComputerName=ca02.corp.example\nSourceName={source}\nMessage={text}"
        )
    };
    for source in ["Microsoft Windows-Sicherheitsüberwachung.", "Audit de sécurité Microsoft Windows."] {
        for log in ["Security", "ForwardedEvents", "Sicherheit"] {
            let outcomes = decode(record(source, log).as_bytes());
            let [Err(rejection)] = outcomes.as_slice() else { panic!("{log}: {outcomes:?}") };
            assert_eq!(rejection.reason.as_str(), "other_language", "{source} {log}");
        }
        assert_eq!(decode(record(source, "Application").as_bytes()), [Ok(Decoded::Ignored(Some(4887)))]);
    }
    for source in ["AD FS Auditing", "Microsoft-Windows-Eventlog"] {
        assert_eq!(
            decode(record(source, "Security").as_bytes()),
            [Ok(Decoded::Ignored(Some(4887)))],
            "{source}"
        );
    }
}

#[test]
fn small_id_with_a_sign_is_rejected_from_its_provider_only() {
    for layout in &layouts()[..9] {
        for id in ["-2147483607", "-1073741783"] {
            let outcomes = decode(with(layout, KDC, id).as_bytes());
            let [Err(rejection)] = outcomes.as_slice() else { panic!("{layout}: {outcomes:?}") };
            assert!(rejection.to_string().ends_with("perhaps 41 with bits of its severity"), "{rejection}");
            let outcomes = decode(with(layout, KERNEL, id).as_bytes());
            assert!(outcomes.iter().all(Result::is_ok), "{layout}: {outcomes:?}");
        }
    }
}
