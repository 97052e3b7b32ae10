//! The finding for a certificate that no CA of ours issued.

use crate::alert::{Alert, Reason, Severity};
use crate::detect::certificate_use::{Outcome, account_of, outcome, remark};
use crate::detect::finding::set_used_by;
use crate::detect::issuer::configured_host;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::protected::is_protected_account;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::unknown_certificate::settings::Settings;
use crate::detect::{Context, Entity, memory_after};
use crate::event::Event;
use crate::event::fold::fold;
use crate::event::serial::Serial;
use crate::event::time::Time;
use crate::wire;
use crate::wire::record::{CertificateState, PendingLogon, UnknownCertificateState};

pub(crate) type CaSlot<'a> = Slot<'a, UnknownCertificateState, CertificateState>;

/// What is unknown of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// Its issuer is one of our CAs, which did not issue it.
    Certificate,
    /// Its issuer is neither ours nor known to be foreign, and the account is protected.
    Issuer,
}

/// Opens an alert about the use, or is suppressed by the one of the same certificate and account.
pub(crate) fn raise(
    settings: &Settings,
    event: &Event,
    entity: &Entity,
    logon: &PendingLogon,
    unknown: Unknown,
    slot: &mut CaSlot<'_>,
    cx: &mut Context<'_>,
) {
    let at = Time::from_millis(logon.time_ms);
    let part = format!("use {} {}", logon.serial, fold(&logon.account));
    let mut open = slot.part(&part).open;
    let severity = severity(settings, logon, unknown, cx);
    let reasons = reasons(logon, unknown);
    let trigger = Trigger { at, lifetime: Lifetime::SinceOpened(settings.suppression) };
    let ca = configured_host(cx.policy, &logon.issuer);
    trigger.raise(
        &mut open,
        cx,
        |cx| Alert { computer: ca, ..new_alert(event, entity, logon, cx) },
        |alert, _| describe(alert, logon, &reasons, severity),
    );
    let state = CertificateState { issued_ms: 0, open };
    slot.put_part(&part, &state, memory_after(at, settings.suppression));
}

fn severity(settings: &Settings, logon: &PendingLogon, unknown: Unknown, cx: &Context<'_>) -> Severity {
    let is_protected = is_protected_account(cx.policy, &account_of(logon));
    let severity = match unknown {
        Unknown::Certificate if is_protected => settings.severity.not_issued_protected,
        Unknown::Certificate => settings.severity.not_issued,
        Unknown::Issuer => settings.severity.unknown_issuer,
    };
    match outcome(logon) {
        Outcome::Accepted | Outcome::Unknown => severity,
        Outcome::Refused => severity.milder(),
    }
}

/// A new alert about the use, whichever event ended its waiting.
fn new_alert(event: &Event, entity: &Entity, logon: &PendingLogon, cx: &Context<'_>) -> Alert {
    let mut alert = report::new_alert(entity, event, cx);
    if let Some(trigger) = logon.evidence.clone().map(wire::alert::evidence_from_record) {
        alert.alert_id = report::alert_id(cx.about, entity, &trigger);
    }
    let at = Time::from_millis(logon.time_ms);
    Alert { time: at, first_seen: at, last_seen: at, ..alert }
}

fn reasons(logon: &PendingLogon, unknown: Unknown) -> Vec<Reason> {
    let (issuer, serial) = (&logon.issuer, &logon.serial);
    let mut reasons = match unknown {
        Unknown::Issuer => {
            let text = format!(
                "{issuer} is none of the CAs in `cas:` and not known to be foreign, and the account is protected; if this is \
                 expected: foreign_issuers: ['{issuer}']"
            );
            vec![reason("unknown_issuer", text)]
        }
        Unknown::Certificate => {
            let text = format!(
                "the issuer is {issuer}, whose certificates are all known, and none of them has the serial number {serial}"
            );
            vec![reason("not_issued", text)]
        }
    };
    let is_of_ad_cs = Serial::parse(serial).is_some_and(|serial| serial.is_of_ad_cs());
    if unknown == Unknown::Certificate && !is_of_ad_cs {
        let text = "the serial number does not have the request id where AD CS puts it: the service of a CA did not make it, \
                    unless it is configured to";
        reasons.push(reason("serial_of_another_form", text.to_owned()));
    }
    if let Some(remark) = remark(logon) {
        reasons.push(reason(&format!("kdc_{}", logon.kdc_event), remark.to_owned()));
    }
    reasons
}

/// Writes the finding into the alert. Whether a reason or the client's address is new.
fn describe(alert: &mut Alert, logon: &PendingLogon, reasons: &[Reason], severity: Severity) -> bool {
    let used_by = account_of(logon);
    let tried = if outcome(logon) == Outcome::Refused { "tried to log on" } else { "logged on" };
    let new_address = alert.remote_ip.is_none() && logon.remote_ip.is_some();
    if severity > alert.severity {
        alert.severity = severity;
        alert.title = format!("{used_by} {tried} with a certificate of {} that is not known", logon.issuer);
    }
    let known = alert.reasons.len();
    for reason in reasons {
        report::add_reason(alert, reason.clone());
    }
    alert.why_suspicious = alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ");
    let at = Time::from_millis(logon.time_ms);
    alert.first_seen = alert.first_seen.min(at);
    alert.last_seen = alert.last_seen.max(at);
    set_used_by(alert, &used_by);
    alert.certificate_serial = Some(logon.serial.clone());
    if new_address {
        alert.remote_ip.clone_from(&logon.remote_ip);
    }
    if let Some(evidence) = logon.evidence.clone().map(wire::alert::evidence_from_record) {
        let mut evidence = evidence;
        let status = format!("{:#x}", logon.status);
        for (name, text) in [
            ("account", used_by.to_string()),
            ("issuer", logon.issuer.clone()),
            ("serial", logon.serial.clone()),
            ("status", status),
        ] {
            evidence.fields.insert(name.to_owned(), text);
        }
        report::add_evidence(alert, evidence);
    }
    new_address || alert.reasons.len() > known
}
