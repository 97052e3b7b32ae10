//! The finding for a certificate that another account used.

use crate::alert::{Alert, Evidence, Severity};
use crate::detect::Entity;
use crate::detect::certificate_used_by_other::join::{Join, ca_host};
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::report::{self, reason};
use crate::event::account::Account;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::{CaDirectory, IssuedRecord, OpenAlert, PendingLogon};

pub(crate) fn severity(settings: &Settings, status: u32, how: Join) -> Severity {
    let severity = if status == 0 { settings.severity.accepted } else { settings.severity.refused };
    match how {
        Join::Serial | Join::RequestId => severity,
        Join::RequestIdOnlyCa => severity.milder(),
    }
}

pub(crate) fn is_about(open: &OpenAlert, serial: &str, used_by: &Account) -> bool {
    open.alert.as_ref().is_some_and(|alert| {
        alert.certificate_serial.as_deref() == Some(serial)
            && alert.used_by_account.as_deref().is_some_and(|name| used_by.has_name(name))
    })
}

/// Which certificate an alert is about: the request id at its CA.
pub(crate) fn entity_of(record: &IssuedRecord, directory: &CaDirectory) -> Entity {
    let host = ca_host(directory, record.ca).unwrap_or_default();
    Entity::account_at(&Account { domain: record.domain.clone(), name: record.account.clone() }, &host)
}

pub(crate) fn request_id(logon: &PendingLogon) -> Option<u32> {
    Serial::parse(&logon.serial).map(|serial| serial.request_id())
}

pub(crate) fn issuance_evidence(
    record: &IssuedRecord,
    requester: &Account,
    directory: &CaDirectory,
    request_id: Option<u32>,
) -> Evidence {
    Evidence {
        event_id: Some(4887),
        record_id: record.record_id,
        computer: ca_host(directory, record.ca).unwrap_or_default(),
        time: Time::from_millis(record.issued_ms),
        request_id,
        fields: [("requester".to_owned(), requester.to_string())].into(),
        ..Evidence::default()
    }
}

pub(crate) fn describe(
    alert: &mut Alert,
    requester: &Account,
    used_by: &Account,
    logon: &PendingLogon,
    how: Join,
    severity: Severity,
) {
    let at = Time::from_millis(logon.time_ms);
    let (code, what) = if logon.status == 0 {
        ("used_by_other", "logged on as")
    } else {
        ("refused_use_by_other", "tried to log on as")
    };
    alert.title = format!("{what} {used_by} with the certificate of {requester}");
    alert.title = capitalised(&alert.title);
    let mut text = format!(
        "a certificate issued to {requester} was used to {} {used_by}",
        if logon.status == 0 { "log on as" } else { "try to log on as" }
    );
    if logon.status != 0 {
        text.push_str(&format!(", which the KDC refused with status {:#x}", logon.status));
    }
    report::add_reason(alert, reason(code, text));
    report::add_reason(alert, reason(how.as_str(), how.sentence().to_owned()));
    alert.why_suspicious = codes(alert);
    alert.severity = alert.severity.max(severity);
    alert.time = alert.time.max(at);
    alert.first_seen = alert.first_seen.min(at);
    alert.last_seen = alert.last_seen.max(at);
    alert.requester_account = Some(requester.name.clone());
    alert.requester_domain = Some(requester.domain.clone()).filter(|domain| !domain.is_empty());
    alert.used_by_account = Some(used_by.name.clone());
    alert.used_by_domain = Some(used_by.domain.clone()).filter(|domain| !domain.is_empty());
    alert.certificate_serial = Some(logon.serial.clone());
    alert.join = Some(how.as_str().to_owned());
    alert.remote_ip.clone_from(&logon.remote_ip);
    if let Some(evidence) = &logon.evidence {
        let mut evidence = wire::alert::evidence_from_record(evidence.clone());
        evidence.request_id = request_id(logon);
        let fields = [
            ("account", used_by.to_string()),
            ("issuer", logon.issuer.clone()),
            ("serial", logon.serial.clone()),
            ("status", format!("{:#x}", logon.status)),
        ];
        evidence.fields.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        report::add_evidence(alert, evidence);
    }
}

/// That the two clocks differ by hours, and the join holds only if one of them is wrong.
pub(crate) fn add_clock_offset(alert: &mut Alert, offset: Span) {
    let text = format!(
        "the logon is dated {offset} before the issuance: it is joined because a collector that writes local time is off by \
         whole hours"
    );
    report::add_reason(alert, reason("clock_offset", text));
    alert.why_suspicious = codes(alert);
}

fn codes(alert: &Alert) -> String {
    alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ")
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
