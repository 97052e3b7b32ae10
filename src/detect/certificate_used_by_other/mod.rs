//! `certificate-used-by-other`: a certificate that was issued to one account was used to log on as another.
//!
//! **What.** 4887 (issued to A) joined with 4768 with certificate fields (a Kerberos logon, PKINIT, as B). By the serial
//! number where the CA logs it (4887 version 1), else by the request id, which AD CS makes the last four bytes of the serial
//! number, together with the CA's name. Source: the event schemas, and [MS-WCCE] on request ids.
//! **Why.** It is what every certificate attack comes down to, also where the CA's events show nothing: a name that stands
//! only inside the signed request of an old CA, an account whose userPrincipalName was changed for the moment.
//! **What looks alike and is harmless.** Smart cards that an enrollment agent asked for, devices behind NDES: allow-list
//! those requesters.

mod settings;
mod join;
mod finding;

use crate::alert::{Alert, Severity};
use crate::detect::certificate_used_by_other::finding::{
    add_clock_offset, describe, entity_of, is_about, issuance_evidence, request_id, severity,
};
use crate::detect::certificate_used_by_other::join::{
    DIRECTORY, Join, MAX_CAS, RequestSlot, ca_host, ca_index, clock_offset, join, learn, logon_of,
    serial_hash,
};
pub(crate) use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::identity;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::protected;
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::time::{Span, Time};
use crate::event::{Activity, CertificateLogon, Event, IssuedCertificate};
use crate::wire;
use crate::wire::record::{CaDirectory, IssuedRecord, PendingLogon, RequestIdState};
use std::cmp::Reverse;

/// One request id is remembered of at most this many CAs, and for so many logons and alerts.
const MAX_PER_REQUEST_ID: usize = 8;

/// The detection with its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificateUsedByOther {
    settings: Settings,
}

impl CertificateUsedByOther {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> CertificateUsedByOther {
        CertificateUsedByOther { settings }
    }
}

impl Detection for CertificateUsedByOther {
    type State = RequestIdState;
    type Part = ();

    const ABOUT: About = About {
        id: "certificate-used-by-other",
        title: "Certificate used by another account than it was issued to",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0004", "Privilege Escalation", "T1078", "Valid Accounts"),
        ],
        investigative_actions: &[
            "Treat the account that was logged on as compromised: reset its secrets, end its sessions",
            "Treat the account that asked for the certificate as compromised too",
            "Revoke the certificate and publish a new CRL; look for others of the same requester",
            "Find what let the requester name another account: template, EDITF_ATTRIBUTESUBJECTALTNAME2, a changed userPrincipalName",
        ],
        severities: &[Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Activity::CertificateIssued(issued) = &event.activity {
            found(Entity::certificate_request(issued.request.request_id));
        } else if let Activity::CertificateLogon(logon) = &event.activity {
            found(Entity::certificate_request(logon.serial.request_id()));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        _: &Entity,
        slot: &mut Slot<'_, RequestIdState, ()>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        let settings = &self.settings;
        forget(&mut slot.state, settings, at);
        if let Activity::CertificateIssued(issued) = &event.activity {
            on_issued(settings, event, issued, slot, cx);
        } else if let Activity::CertificateLogon(logon) = &event.activity {
            on_logon(settings, event, logon, slot, cx);
        }
    }
}

fn on_issued(
    settings: &Settings,
    event: &Event,
    issued: &IssuedCertificate,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let at = event.effective_time();
    let mut directory: CaDirectory = slot.shared(DIRECTORY);
    let known = directory.cas.len();
    let Some(ca) = ca_index(&mut directory, event.computer.as_str()) else { return };
    if directory.cas.len() > known {
        slot.put_shared(DIRECTORY, &directory);
    }
    let record = IssuedRecord {
        ca,
        serial_hash: issued.serial.as_ref().map(serial_hash),
        domain: issued.request.requester.domain.clone(),
        account: issued.request.requester.name.clone(),
        issued_ms: at.as_millis(),
        record_id: event.origin.record_id,
    };
    slot.state.issued.retain(|known| !is_copy(known, &record));
    slot.state.issued.push(record.clone());
    if slot.state.issued.len() > MAX_PER_REQUEST_ID {
        slot.state.issued.remove(0);
    }
    slot.keep_until(memory_after(at, settings.remember));
    for pending in std::mem::take(&mut slot.state.pending) {
        match join(&record, &logon_of(&pending), settings, cx.policy, &directory) {
            Some(how) => {
                learn(&mut directory, &record, how, &pending.issuer, slot);
                let joined = Joined { record: &record, logon: &pending, how };
                judge(settings, event, joined, slot, &directory, cx);
            }
            None => slot.state.pending.push(pending),
        }
    }
}

/// Whether two records are of one certificate: by the serial number, else by CA, record id, time and requester. A rebuilt CA
/// issues the same request id again, and two CAs may share a name.
fn is_copy(known: &IssuedRecord, other: &IssuedRecord) -> bool {
    if let (Some(known), Some(other)) = (known.serial_hash, other.serial_hash) {
        return known == other;
    }
    let same_record = match (known.record_id, other.record_id) {
        (Some(known), Some(other)) => known == other,
        (None, _) | (_, None) => true,
    };
    let same_time =
        Time::from_millis(known.issued_ms).distance(Time::from_millis(other.issued_ms)) < Span::seconds(1);
    let requester = |record: &IssuedRecord| (record.ca, record.domain.clone(), record.account.clone());
    same_record && same_time && requester(known) == requester(other)
}

fn on_logon(
    settings: &Settings,
    event: &Event,
    logon: &CertificateLogon,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let at = event.effective_time();
    let mut directory: CaDirectory = slot.shared(DIRECTORY);
    if !directory.issuers.iter().any(|known| same_text(known, &logon.issuer))
        && directory.issuers.len() < MAX_CAS
    {
        directory.issuers.push(report::cut(&logon.issuer));
        slot.put_shared(DIRECTORY, &directory);
    }
    let pending = PendingLogon {
        time_ms: at.as_millis(),
        serial_hash: serial_hash(&logon.serial),
        issuer: report::cut(&logon.issuer),
        domain: logon.account.domain.clone(),
        account: logon.account.name.clone(),
        status: logon.status,
        remote_ip: logon.remote_ip.clone(),
        serial: logon.serial.to_string(),
        evidence: Some(wire::alert::evidence_to_record(&report::evidence(event))),
    };
    let issued = slot.state.issued.clone();
    let joined = issued
        .iter()
        .filter_map(|r| Some((r, join(r, &logon_of(&pending), settings, cx.policy, &directory)?)));
    let Some((record, how)) = joined.min_by_key(|(record, how)| (*how, Reverse(record.issued_ms))) else {
        wait_for_issuance(pending, slot, at, settings);
        return;
    };
    learn(&mut directory, record, how, &pending.issuer, slot);
    judge(settings, event, Joined { record, logon: &pending, how }, slot, &directory, cx);
}

/// A logon whose certificate is not known yet; the same one twice counts once.
fn wait_for_issuance(logon: PendingLogon, slot: &mut RequestSlot<'_>, at: Time, settings: &Settings) {
    let same = |known: &PendingLogon| {
        (known.serial_hash, &known.account, &known.domain, known.status)
            == (logon.serial_hash, &logon.account, &logon.domain, logon.status)
    };
    if slot.state.pending.iter().any(same) {
        return;
    }
    slot.state.pending.push(logon);
    if slot.state.pending.len() > MAX_PER_REQUEST_ID {
        slot.state.pending.remove(0);
    }
    slot.keep_until(memory_after(at, settings.wait));
}

/// Whether another account than the requester logged on, and the policy does not allow it.
fn is_other(policy: &DomainPolicy, requester: &Account, used_by: &Account) -> bool {
    !identity::same_account(policy, requester, used_by)
        && !identity::is_pair(policy, requester, used_by)
        && (!policy.allow.requester(requester) || protected::is_protected_account(policy, used_by))
}

/// An issuance and a logon with its certificate.
#[derive(Clone, Copy)]
struct Joined<'a> {
    record: &'a IssuedRecord,
    logon: &'a PendingLogon,
    how: Join,
}

fn judge(
    settings: &Settings,
    event: &Event,
    joined: Joined<'_>,
    slot: &mut RequestSlot<'_>,
    directory: &CaDirectory,
    cx: &mut Context<'_>,
) {
    let Joined { record, logon, how } = joined;
    let requester = Account { domain: record.domain.clone(), name: record.account.clone() };
    let used_by = Account { domain: logon.domain.clone(), name: logon.account.clone() };
    if !is_other(cx.policy, &requester, &used_by) {
        return;
    }
    let trigger = Trigger { at: Time::from_millis(logon.time_ms), lifetime: lifetime(settings) };
    let offset = clock_offset(record, trigger.at).filter(|_| how != Join::Serial);
    let severity = severity(settings, logon.status, how);
    let severity = offset.map_or(severity, |_| severity.milder());
    let known = slot.state.open.iter().position(|open| is_about(open, &logon.serial, &used_by));
    let mut open = known.map(|index| slot.state.open.remove(index));
    trigger.raise(
        &mut open,
        cx,
        |cx| new_alert(event, record, &requester, logon, directory, cx),
        |alert, _| {
            describe(alert, &requester, &used_by, logon, how, severity);
            if let Some(offset) = offset {
                add_clock_offset(alert, offset);
            }
            false
        },
    );
    slot.state.open.extend(open);
    if slot.state.open.len() > MAX_PER_REQUEST_ID {
        slot.state.open.remove(0);
    }
}

/// The same certificate as the same account alerts once in this time.
fn lifetime(settings: &Settings) -> Lifetime {
    Lifetime::SinceOpened(settings.suppression)
}

fn new_alert(
    event: &Event,
    record: &IssuedRecord,
    requester: &Account,
    logon: &PendingLogon,
    directory: &CaDirectory,
    cx: &Context<'_>,
) -> Alert {
    let entity = entity_of(record, directory);
    let mut alert = report::new_alert(&entity, event, cx);
    if let Some(trigger) = logon.evidence.clone().map(wire::alert::evidence_from_record) {
        // The logon, not whichever of the two arrived last.
        alert.alert_id = report::alert_id(&cx.about, &entity, &trigger);
    }
    alert.computer = ca_host(directory, record.ca);
    report::add_evidence(&mut alert, issuance_evidence(record, requester, directory, request_id(logon)));
    alert
}

/// Drops what is over: certificates beyond their life, logons whose issuance did not arrive, alerts whose lifetime is over.
fn forget(state: &mut RequestIdState, settings: &Settings, at: Time) {
    let over = |millis: i64, span: Span| Time::from_millis(millis).plus(span) < at;
    state.issued.retain(|record| !over(record.issued_ms, settings.remember));
    state.pending.retain(|logon| !over(logon.time_ms, settings.wait));
    state.open.retain(|open| !lifetime(settings).is_over(open, at));
}
