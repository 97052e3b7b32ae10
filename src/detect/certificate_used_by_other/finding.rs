//! The finding for a certificate that another account used.

use crate::alert::{Alert, Evidence, Severity};
use crate::detect::Entity;
use crate::detect::certificate_use::{NOT_TRUSTED, Outcome, account_of, differing_sids, outcome, remark};
use crate::detect::certificate_used_by_other::issuance::{event_id, is_request, requester_of};
use crate::detect::certificate_used_by_other::join::{Join, ca_host};
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::finding::{set_requester, set_used_by};
use crate::detect::report::{self, reason};
use crate::event::account::Account;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::{CaDirectory, IssuedRecord, OpenAlert, PendingLogon};
use std::collections::BTreeMap;

/// An issuance and a use of its certificate.
#[derive(Clone, Copy)]
pub(crate) struct Joined<'a> {
    pub(crate) record: &'a IssuedRecord,
    pub(crate) logon: &'a PendingLogon,
    pub(crate) how: Join,
}

/// The severity of the outcome, one step milder for each thing that makes the finding less sure.
pub(crate) fn severity(settings: &Settings, joined: &Joined<'_>, clock_offset: Option<Span>) -> Severity {
    let severity = match outcome(joined.logon) {
        Outcome::Accepted | Outcome::Unknown => settings.severity.accepted,
        Outcome::Refused => settings.severity.refused,
    };
    let doubts = [
        joined.how == Join::RequestIdUnnamedCa && !is_tried_by_tool(joined.logon),
        is_request(joined.record),
        joined.logon.status == NOT_TRUSTED,
        clock_offset.is_some(),
    ];
    let milder = doubts.iter().filter(|doubt| **doubt).fold(severity, |severity, _| severity.milder());
    milder.max(Severity::Low.min(severity))
}

/// A refused logon with the options of attack tools. That of a card of another CA, whose serial number happens to name a request
/// of ours, would be one of Windows: the tool makes up for what is not known of the CA.
fn is_tried_by_tool(logon: &PendingLogon) -> bool {
    logon.of_tool && outcome(logon) == Outcome::Refused
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
    Entity::account_at(&requester_of(record), &host)
}

/// The request id, in a serial number that AD CS made.
pub(crate) fn request_id(logon: &PendingLogon) -> Option<u32> {
    Serial::parse(&logon.serial).filter(Serial::is_of_ad_cs).map(|serial| serial.request_id())
}

pub(crate) fn issuance_evidence(
    record: &IssuedRecord,
    requester: &Account,
    directory: &CaDirectory,
    logon: &PendingLogon,
) -> Evidence {
    let fields = [("requester", requester.to_string()), ("template", record.template.clone())];
    Evidence {
        event_id: event_id(record),
        record_id: record.record_id,
        computer: ca_host(directory, record.ca).unwrap_or_default(),
        time: Time::from_millis(record.issued_ms),
        request_id: request_id(logon),
        fields: filled(fields),
        ..Evidence::default()
    }
}

pub(crate) fn filled<const N: usize>(fields: [(&str, String); N]) -> BTreeMap<String, String> {
    fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text))
        .collect()
}

/// Writes the finding into the alert. Whether it adds the client's address or a reason other than how events were joined.
pub(crate) fn describe(
    alert: &mut Alert,
    joined: &Joined<'_>,
    severity: Severity,
    clock_offset: Option<Span>,
) -> bool {
    let Joined { record, logon, how } = joined;
    let (requester, used_by) = (requester_of(record), account_of(logon));
    let known_reasons = alert.reasons.len();
    describe_use(alert, &requester, &used_by, logon);
    let adds_reason = known_reasons > 0 && alert.reasons.len() > known_reasons && severity >= alert.severity;
    describe_join(alert, joined, clock_offset);
    alert.why_suspicious = codes(alert);
    alert.severity = alert.severity.max(severity);
    let at = Time::from_millis(logon.time_ms);
    alert.time = alert.time.max(at);
    alert.first_seen = alert.first_seen.min(at);
    alert.last_seen = alert.last_seen.max(at);
    set_requester(alert, &requester);
    set_used_by(alert, &used_by);
    alert.certificate_serial = Some(logon.serial.clone());
    alert.join = Some(how.as_str().to_owned());
    let adds_address = alert.remote_ip.is_none() && logon.remote_ip.is_some();
    if logon.remote_ip.is_some() {
        alert.remote_ip.clone_from(&logon.remote_ip);
    }
    add_use_evidence(alert, &used_by, logon);
    adds_address || adds_reason
}

fn describe_use(alert: &mut Alert, requester: &Account, used_by: &Account, logon: &PendingLogon) {
    let refused = outcome(logon) == Outcome::Refused;
    let (code, what) =
        if refused { ("refused_use_by_other", "try to log on as") } else { ("used_by_other", "log on as") };
    let title = if refused { "Tried to log on as" } else { "Logged on as" };
    alert.title = format!("{title} {used_by} with the certificate of {requester}");
    let mut text = format!("a certificate issued to {requester} was used to {what} {used_by}");
    if refused && logon.kdc_event == 0 {
        text.push_str(&format!(", which the KDC refused with status {:#x}", logon.status));
    }
    report::add_reason(alert, reason(code, text));
    if let Some(remark) = remark(logon) {
        report::add_reason(alert, reason(&format!("kdc_{}", logon.kdc_event), remark.to_owned()));
    }
    if logon.status == NOT_TRUSTED {
        let text = "the KDC does not trust the certificate itself: it is revoked, or its revocation list or its chain could \
                    not be checked";
        report::add_reason(alert, reason("certificate_not_trusted", text.to_owned()));
    }
    if let Some((account, certificate)) = differing_sids(logon) {
        let text = format!("the account has the SID {account}, the certificate names {certificate}");
        report::add_reason(alert, reason("sid_differs", text));
    }
}

/// The agent's certificate was used from an address, or by a client, outside of its profile.
pub(crate) fn add_outside_profile(alert: &mut Alert, code: &str, text: String) {
    report::add_reason(alert, reason(code, text));
    alert.why_suspicious = codes(alert);
}

fn describe_join(alert: &mut Alert, joined: &Joined<'_>, clock_offset: Option<Span>) {
    report::add_reason(alert, reason(joined.how.as_str(), joined.how.sentence().to_owned()));
    if is_request(joined.record) {
        let text = "only the request (4886) was seen, not the issuance (4887): the certificate in use shows that it was \
                    issued";
        report::add_reason(alert, reason("issuance_not_seen", text.to_owned()));
    }
    if let Some(offset) = clock_offset {
        // The two clocks differ by hours, and the join holds only if one of them is wrong.
        let text = format!(
            "the logon is dated {offset} before the issuance: it is joined because a collector that writes local time is \
             off by whole hours"
        );
        report::add_reason(alert, reason("clock_offset", text));
    }
}

pub(crate) fn add_use_evidence(alert: &mut Alert, used_by: &Account, logon: &PendingLogon) {
    let Some(evidence) = &logon.evidence else { return };
    let mut evidence = wire::alert::evidence_from_record(evidence.clone());
    evidence.request_id = request_id(logon);
    let status = if logon.kdc_event == 0 { format!("{:#x}", logon.status) } else { String::new() };
    evidence.fields.extend(filled([
        ("account", used_by.to_string()),
        ("issuer", logon.issuer.clone()),
        ("serial", logon.serial.clone()),
        ("status", status),
        (
            "account_sid",
            logon.certificate_sid.as_ref().and_then(|_| logon.account_sid.clone()).unwrap_or_default(),
        ),
        ("certificate_sid", logon.certificate_sid.clone().unwrap_or_default()),
    ]));
    report::add_evidence(alert, evidence);
}

pub(crate) fn codes(alert: &Alert) -> String {
    alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ")
}
