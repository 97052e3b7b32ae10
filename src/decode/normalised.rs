//! The JSON mapping of our own event, for pipelines that bring events of an EDR.
//!
//! In full it is what [`Event`] serialises to: `{"time", "computer", "origin", "remote_file_write": {…}}`, or another
//! activity in its place. For a remote write there is a short form with everything inside:
//!
//! ```json
//! {"remote_file_write": {"time": "2026-03-02T10:31:00Z", "ca_host": "ca01.corp.example",
//!   "path": "C:\\Windows\\System32\\CertLog\\edb.log", "remote_host": "wks-066", "remote_ip": "10.20.30.66",
//!   "account": "CORP\\mallory", "interface": "91ae6020-9e3c-11cf-8d7c-00aa00c091be", "process": "certsrv.exe"}}
//! ```

use crate::decode::envelope::Fields;
use crate::decode::instant;
use crate::decode::json::Value;
use crate::decode::limits::MAX_FIELD_BYTES;
use crate::decode::place::Place;
use crate::decode::rejection::{Reason, Rejection};
use crate::event::account::Account;
use crate::event::host::{Host, remote_ip};
use crate::event::san::MAX_NAMES;
use crate::event::san::Names;
use crate::event::{Activity, CertificateRequest, Event, Origin, RemoteFileWrite};
use jiff::tz::TimeZone;

/// Whether an object holds one of our activities.
pub(crate) fn is_normalised(record: Value<'_>) -> bool {
    record.members().any(|(key, _)| Activity::NAMES.iter().any(|name| key.is(name)))
}

/// The event in an object that holds one of our activities.
pub(crate) fn event(record: Value<'_>, place: &Place, zone: &TimeZone) -> Result<Event, Rejection> {
    let longest = record.longest_string_bytes();
    if longest > MAX_FIELD_BYTES {
        return Err(Rejection::new(
            Reason::FieldTooLong,
            format!("a text has {longest} bytes, more than {MAX_FIELD_BYTES}"),
        ));
    }
    let event = match record.get("remote_file_write") {
        Some(write) if record.get("time").is_none() => short(write, zone)?,
        _ => serde_json::from_str(record.source()).map_err(|fault| rejection(&fault))?,
    };
    checked(event, place)
}

fn short(write: Value<'_>, zone: &TimeZone) -> Result<Event, Rejection> {
    if !write.is_object() {
        return Err(Rejection::bad_field("remote_file_write", write.source(), "an object"));
    }
    let fields = Fields::Object(write);
    let time = fields.required("time")?;
    Ok(Event {
        time: instant::parse(&time, zone)
            .ok_or_else(|| Rejection::bad_field("time", &time, "date and time"))?,
        computer: Host::new(&fields.required("ca_host")?),
        origin: Origin::default(),
        activity: Activity::RemoteFileWrite(RemoteFileWrite {
            path: fields.owned("path")?.unwrap_or_default(),
            remote_host: fields.text("remote_host")?.map(|name| Host::new(&name)),
            remote_ip: fields.text("remote_ip")?.and_then(|text| remote_ip(&text)),
            account: fields.text("account")?.map(|name| Account::parse(&name)),
            interface: fields.owned("interface")?,
            process: fields.owned("process")?,
        }),
    })
}

/// What the types alone do not hold: required names, limits, and an origin that is this place's.
pub(crate) fn checked(mut event: Event, place: &Place) -> Result<Event, Rejection> {
    if event.computer.as_str().is_empty() {
        return Err(Rejection::missing("the computer"));
    }
    if event.activity.raised().is_some() {
        let name = event.activity.name();
        return Err(Rejection::new(Reason::BadField, format!("{name} is no event of a source")));
    }
    if let Activity::RemoteFileWrite(write) = &event.activity
        && write.path.is_empty()
    {
        return Err(Rejection::missing("path"));
    }
    if let Some(request) = event.activity.request_mut() {
        cut_names(request);
    }
    let Origin { channel, event_id, record_id, .. } = event.origin;
    event.origin = Origin { channel, event_id, record_id, ..place.origin() };
    Ok(event)
}

/// Takes the names as if they had been read from Windows' own fields: trimmed, each once, up to the limits.
fn cut_names(request: &mut CertificateRequest) {
    let mut names = Names::default();
    let cut = request.names_unread();
    let all = std::mem::take(&mut request.names).into_iter().chain(std::mem::take(&mut request.names_beyond));
    all.for_each(|name| names.add(name));
    names.cut = names.cut.saturating_add(cut);
    request.set_names(names);
    request.attribute_names.truncate(MAX_NAMES);
    request.common_names.truncate(MAX_NAMES);
}

fn rejection(fault: &serde_json::Error) -> Rejection {
    let text = fault.to_string();
    // `serde_json` counts lines and columns of what is one line to us.
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(field) => Rejection::missing(field),
        None => Rejection::new(Reason::BadField, crate::decode::rejection::shortened(text)),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::json::Document;
    use crate::decode::limits::MAX_FIELD_BYTES;
    use crate::decode::normalised::{event, is_normalised};
    use crate::decode::place::Place;
    use crate::decode::rejection::Rejection;
    use crate::event::account::Account;
    use crate::event::host::Host;
    use crate::event::san::{MAX_NAMES, San};
    use crate::event::time::Time;
    use crate::event::*;
    use crate::wire;
    use jiff::tz::TimeZone;

    fn read(text: &str) -> Result<Event, Rejection> {
        let document = Document::parse(text)?;
        assert!(is_normalised(document.root()), "{text}");
        event(document.root(), &Place { source: "edr".into(), offset: 3, ..Place::default() }, &TimeZone::UTC)
    }

    fn every_activity() -> Vec<Activity> {
        let request =
            CertificateRequest { names: vec![San::Dns("a".into())], ..CertificateRequest::default() };
        let serial = crate::event::serial::Serial::parse("5c").unwrap();
        let denied = || DeniedRequest { request: request.clone(), disposition: 5 };
        let alice = || Account::new("CORP", "alice");
        vec![
            Activity::CertificateRequested(request.clone()),
            Activity::CertificateIssued(IssuedCertificate::default()),
            Activity::CertificateDenied(DeniedRequest::default()),
            Activity::CertificatePending(denied()),
            Activity::RequestRefused(denied()),
            Activity::PendingRequestChanged(PendingRequestChange {
                request_id: 7,
                actor: alice(),
                actor_sid: None,
                change: RequestChange::ExtensionSet { name: "2.5.29.17".into() },
            }),
            Activity::CaChanged(CaChange {
                actor: None,
                actor_sid: None,
                change: CaSetting::Started { key_usage_count: Some(3) },
            }),
            Activity::TemplateSeen(template()),
            Activity::CertificateLogon(CertificateLogon {
                serial: serial.clone(),
                ..CertificateLogon::default()
            }),
            Activity::CertificateMapped(mapping()),
            Activity::NetworkLogon(NetworkLogon::default()),
            Activity::ServiceTicket(ServiceTicket::default()),
            Activity::AccountChanged(AccountChange {
                account: alice(),
                sid: None,
                actor: alice(),
                actor_sid: None,
                kind: AccountChangeKind::Created,
                sam_account_name: None,
                upn: Some("alice@corp.example".into()),
                dns_host_name: None,
                by_quota: false,
                service_principal_names: Some(Vec::new()),
            }),
            Activity::AccountRenamed(AccountRename::default()),
            Activity::RegistryChanged(RegistryChange::default()),
            Activity::DirectoryChanged(DirectoryChange {
                actor: alice(),
                actor_sid: None,
                operation_id: None,
                object_dn: "CN=alice".into(),
                object_guid: None,
                object_class: "user".into(),
                attribute: None,
                value: None,
                operation: DirectoryOperation::Created,
            }),
            Activity::KeyUsed(KeyUse::default()),
            Activity::CertificateExported(CertificateExport::default()),
            Activity::ShareAccessed(ShareAccess::default()),
            Activity::RemoteFileWrite(RemoteFileWrite { path: "x".into(), ..RemoteFileWrite::default() }),
            Activity::AccountKnown(AccountKnown::default()),
            Activity::TemplateKnown(TemplateKnown::default()),
            Activity::CertificateKnown(CertificateKnown { serial, ..CertificateKnown::default() }),
            Activity::HostKnown(HostKnown::default()),
        ]
    }

    fn mapping() -> CertificateMapping {
        CertificateMapping {
            account: Account::new("CORP", "alice"),
            account_sid: None,
            certificate_sid: None,
            subject: String::new(),
            issuer: "CORP-CA01".into(),
            serial: None,
            thumbprint: None,
            verdict: MappingVerdict::NoStrongMapping,
        }
    }

    fn template() -> TemplateSeen {
        TemplateSeen {
            internal_name: "User".into(),
            oid: None,
            schema_version: Some(2),
            version: "100.4".into(),
            object_dn: String::new(),
            content: String::new(),
            security_descriptor: None,
            old_content: None,
            old_security_descriptor: None,
            flags: TemplateFlags { ekus: Some(Vec::new()), ..TemplateFlags::default() },
            old_flags: None,
            change: TemplateChange::Loaded,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(every_activity().len(), Activity::NAMES.len());
        for (activity, name) in every_activity().into_iter().zip(Activity::NAMES) {
            let origin = Origin { source: "elsewhere".into(), record_id: Some(8), ..Origin::default() };
            let written = Event { time: Time::from_millis(5), computer: Host::new("ca01"), origin, activity };
            let text = serde_json::to_string(&written).unwrap();
            assert!(text.contains(&format!("\"{name}\":")) && written.activity.name() == name, "{text}");
            assert_eq!(wire::event::decode(&wire::event::encode(&written)).as_ref(), Ok(&written));
            let read = read(&text).unwrap();
            assert_eq!(
                (&read.activity, read.time, &read.computer),
                (&written.activity, written.time, &written.computer)
            );
            assert_eq!(
                (read.origin.source.as_str(), read.origin.offset, read.origin.record_id),
                ("edr", 3, Some(8))
            );
        }
    }

    #[test]
    fn the_short_form_is_the_long_form() {
        let path = r"C:\Windows\System32\CertLog\edb.log";
        let long = serde_json::json!({"time": "2026-03-02T10:31:00Z", "computer": "ca01.corp.example", "remote_file_write": {
            "path": path, "remote_host": "wks-066", "remote_ip": "10.20.30.66", "account": r"CORP\mallory",
            "interface": "ICertPassage", "process": "certsrv.exe"}});
        let short = serde_json::json!({"remote_file_write": {
            "time": "2026-03-02T10:31:00Z", "ca_host": "ca01.corp.example",
            "path": path, "remote_host": "wks-066", "remote_ip": "::ffff:10.20.30.66", "account": r"CORP\mallory",
            "interface": "ICertPassage", "process": "certsrv.exe"}});
        let event = read(&short.to_string()).unwrap();
        assert_eq!(event, read(&long.to_string()).unwrap());
        let Activity::RemoteFileWrite(write) = event.activity else { panic!() };
        assert_eq!(write.account, Some(Account::new("CORP", "mallory")));
    }

    #[test]
    fn faults_name_the_field() {
        let fault = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            fault(r#"{"remote_file_write": {"time": "2026-03-02T10:31:00Z"}}"#),
            "missing_field: ca_host is missing"
        );
        assert_eq!(
            fault(r#"{"remote_file_write": 5}"#),
            "bad_field: remote_file_write is \"5\", not an object"
        );
        assert_eq!(
            fault(r#"{"remote_file_write": {"time": "noon", "ca_host": "a", "path": "b"}}"#),
            "bad_field: time is \"noon\", not date and time"
        );
        assert_eq!(
            fault(r#"{"remote_file_write": {"time": "2026-03-02T10:31:00Z", "ca_host": "a"}}"#),
            "missing_field: path is missing"
        );
        assert_eq!(
            fault(r#"{"time": "2026-03-02T10:31:00Z", "remote_file_write": {}}"#),
            "missing_field: computer is missing"
        );
        assert!(
            fault(r#"{"time": "noon", "computer": "a", "remote_file_write": {}}"#)
                .starts_with("bad_field: `noon` is no RFC 3339")
        );
        let long = format!(r#"{{"remote_file_write": {{"path": "{}"}}}}"#, "x".repeat(MAX_FIELD_BYTES + 1));
        assert!(fault(&long).starts_with("field_too_long"));
    }

    #[test]
    fn too_many_names_are_cut_and_counted() {
        let names: Vec<_> = (0..MAX_NAMES + 2).map(|i| serde_json::json!({"dns": format!("h{i}")})).collect();
        let text = serde_json::json!({"time": "2026-03-02T10:31:00Z", "computer": "a",
            "certificate_requested": {"request_id": 1, "requester": "a", "names": names}});
        let Activity::CertificateRequested(request) = read(&text.to_string()).unwrap().activity else {
            panic!()
        };
        assert_eq!((request.names.len(), request.names_cut), (MAX_NAMES, 2));
    }
}
