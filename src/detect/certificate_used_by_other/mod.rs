//! `certificate-used-by-other`: a certificate that was issued to one account was used to log on as another.
//!
//! **What.** An issuance (4887, 4886 while 4887 is missing, or an import) to A, joined with a use as B: a ticket that was
//! asked for with the certificate (4768, 4771), or a remark of the KDC about it (21, 39, 40, 41, 45). Joined by the serial
//! number where the CA logs it (4887 version 1), else by the request id, which AD CS puts twice into the serial number,
//! together with the CA's name. Source: the event schemas, and [MS-WCCE] on request ids.
//! **Why.** It is what every certificate attack comes down to, also where the CA's events show nothing: a name that stands
//! only inside the signed request of an old CA, an account whose userPrincipalName was changed for the moment.
//! **What looks alike and is harmless.** Smart cards that an enrollment agent asked for, devices behind NDES: allow-list
//! those requesters. Keys of Windows Hello and cards of other CAs, whose serial numbers name no request of ours.

mod settings;
mod issuance;
mod join;
mod other;
mod finding;
mod unseen;
mod requester;
mod copy;

use crate::alert::{Alert, Severity};
use crate::detect::certificate_use::{account_of, serial_of, use_of};
use crate::detect::certificate_used_by_other::finding::{
    Joined, add_outside_profile, describe, entity_of, is_about, issuance_evidence, severity,
};
use crate::detect::certificate_used_by_other::issuance::{
    deny, entity_of_issuance, entity_of_serial, is_import, is_request, issuance_of, remember, requester_of,
    serial_of_issuance,
};
use crate::detect::certificate_used_by_other::join::{
    DIRECTORY, Join, Known, MAX_PER_REQUEST_ID, RequestSlot, ca_host, ca_index, clock_offset, is_forged,
    join, keep_open, learn, learn_form,
};
use crate::detect::certificate_used_by_other::other::{is_other, is_protected, used_by_tool, used_elsewhere};
use crate::detect::certificate_used_by_other::requester::{entity_of_alert, finding_of};
pub(crate) use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::event::{Activity, Event};
use crate::wire;
use crate::wire::record::{CaDirectory, IssuedRecord, OpenAlert, PendingLogon, RequestIdState};
use std::cmp::Reverse;

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
        benign_if: &[
            "The requester is an enrollment agent and the account that logged on is one of its users: name the agent under `agents`",
            "Both accounts belong to one person, who uses one card: name them under `allow.pairs`",
        ],
        excepted_by: &[Key::Account, Key::UsedBy, Key::Templates],
        severities: &[Severity::Low, Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((_, id)) = finding_of(event) {
            found(entity_of_alert(id));
            return;
        }
        let entity = serial_of(event).map(entity_of_serial).or_else(|| entity_of_issuance(event));
        entity.into_iter().for_each(found);
    }

    fn on_event(
        &self,
        event: &Event,
        _: &Entity,
        slot: &mut Slot<'_, RequestIdState, ()>,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        if let Some((finding, id)) = finding_of(event) {
            requester::on_finding(finding, id, slot, cx);
            return;
        }
        forget(&mut slot.state, settings, event.effective_time());
        if let Some((record, ca)) = issuance_of(event) {
            on_issued(settings, event, record, &ca, slot, cx);
        } else if let Some(logon) = use_of(event) {
            on_use(settings, event, &logon, slot, cx);
        } else if let Activity::CertificateDenied(denied) = &event.activity {
            let mut directory: CaDirectory = slot.shared(DIRECTORY);
            let ca = ca_index(&mut directory, event.computer.as_str());
            ca.into_iter().for_each(|ca| deny(&mut slot.state.issued, ca, &denied.request.requester));
        }
    }
}

fn on_issued(
    settings: &Settings,
    event: &Event,
    mut record: IssuedRecord,
    ca: &Host,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let mut directory: CaDirectory = slot.shared(DIRECTORY);
    let known = directory.cas.len();
    let Some(ca) = ca_index(&mut directory, ca.as_str()) else { return };
    let is_new_form = learn_form(&mut directory, ca, serial_of_issuance(event));
    if directory.cas.len() > known || is_new_form {
        slot.put_shared(DIRECTORY, &directory);
    }
    record.ca = ca;
    // What an import states is valid now, however long ago it was issued.
    let stated =
        if is_import(&record) { event.effective_time() } else { Time::from_millis(record.issued_ms) };
    slot.keep_until(memory_after(stated, settings.remember));
    if !remember(&mut slot.state.issued, record, MAX_PER_REQUEST_ID) {
        return;
    }
    for pending in std::mem::take(&mut slot.state.pending) {
        if !is_judged(settings, event, &pending, &mut directory, slot, cx) {
            slot.state.pending.push(pending);
        }
    }
}

fn on_use(
    settings: &Settings,
    event: &Event,
    logon: &PendingLogon,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let mut directory: CaDirectory = slot.shared(DIRECTORY);
    if !is_judged(settings, event, logon, &mut directory, slot, cx) {
        wait_for_issuance(logon, slot, event.effective_time(), settings);
        let forged = is_forged(cx.policy, &directory, logon);
        unseen::judge(settings, event, (logon, forged), slot, cx);
    }
    copy::judge(settings, event, logon, slot, cx);
}

/// Judges the use of a certificate, if its issuance is known.
fn is_judged(
    settings: &Settings,
    event: &Event,
    logon: &PendingLogon,
    directory: &mut CaDirectory,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) -> bool {
    let known = Known { settings, policy: cx.policy, facts: cx.facts, directory };
    let Some((record, how)) = best_join(&slot.state.issued, logon, &known) else { return false };
    learn(directory, &record, how, &logon.issuer, slot);
    judge(settings, event, Joined { record: &record, logon, how }, slot, directory, cx);
    true
}

/// The issuance that this is most surely a use of. A request id names several certificates where a CA was built again, where
/// two share a host name, and while a CA has no name: then it is that of the account itself, if it has one.
fn best_join(
    issued: &[IssuedRecord],
    logon: &PendingLogon,
    known: &Known<'_>,
) -> Option<(IssuedRecord, Join)> {
    let used_by = account_of(logon);
    let joined = issued.iter().filter_map(|record| Some((record, join(record, logon, known)?)));
    let best = joined.min_by_key(|(record, how)| {
        let unsure = *how != Join::Serial && is_other(known.policy, known.facts, record, logon, &used_by);
        (*how, unsure, is_request(record), Reverse(record.issued_ms))
    });
    best.map(|(record, how)| (record.clone(), how))
}

/// A logon whose certificate is not known yet; the same one twice counts once.
fn wait_for_issuance(logon: &PendingLogon, slot: &mut RequestSlot<'_>, at: Time, settings: &Settings) {
    let same = |known: &PendingLogon| {
        (known.serial_hash, &known.account, &known.domain, known.status, known.kdc_event)
            == (logon.serial_hash, &logon.account, &logon.domain, logon.status, logon.kdc_event)
    };
    if slot.state.pending.iter().any(same) {
        return;
    }
    slot.state.pending.push(logon.clone());
    if slot.state.pending.len() > MAX_PER_REQUEST_ID {
        slot.state.pending.remove(0);
    }
    slot.keep_until(memory_after(at, settings.wait));
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
    let used_by = account_of(logon);
    if !is_other(cx.policy, cx.facts, record, logon, &used_by) {
        return;
    }
    let trigger = Trigger { at: Time::from_millis(logon.time_ms), lifetime: lifetime(settings) };
    let offset = clock_offset(record, trigger.at).filter(|_| how != Join::Serial);
    let severity = severity(settings, &joined, offset);
    let is_protected = is_protected(cx.policy, logon, &used_by);
    let severity = if is_protected { severity } else { severity.min(settings.severity.unprotected) };
    let requester = requester_of(record);
    let elsewhere = used_elsewhere(cx.policy, &requester, logon);
    let by_tool = used_by_tool(cx.policy, &requester, logon);
    let known = slot.state.open.iter().position(|open| is_about(open, &logon.serial, &used_by));
    let mut open = known.map(|index| slot.state.open.remove(index));
    let is_finding = open.as_ref().map_or(!is_protected, requester::is_finding);
    let part_of = is_finding.then(|| requester::alert_id(cx.policy, cx.about.id, record, logon));
    let raised = cx.alerts.len();
    trigger.raise(
        &mut open,
        cx,
        |cx| Alert {
            linked_alerts: part_of.into_iter().collect(),
            ..new_alert(event, record, logon, directory, cx)
        },
        |alert, _| {
            if unseen::settle(alert) {
                report::list_template(alert, &record.template);
                alert.computer = ca_host(directory, record.ca);
                let evidence = issuance_evidence(record, &requester_of(record), directory, logon);
                report::add_evidence(alert, evidence);
            }
            let adds = describe(alert, &joined, severity, offset);
            let profile = [("agent_used_elsewhere", &elsewhere), ("agent_used_by_tool", &by_tool)];
            for (code, text) in profile {
                text.iter().for_each(|text| add_outside_profile(alert, code, text.clone()));
            }
            adds
        },
    );
    keep_open(open, slot);
    requester::pass_on(is_finding, raised, cx);
}

/// The same certificate as the same account alerts once in this time.
fn lifetime(settings: &Settings) -> Lifetime {
    Lifetime::SinceOpened(settings.suppression)
}

/// That of an alert on an unknown issuance lasts as long as its certificate: nothing changes about it from day to day.
fn lifetime_of(settings: &Settings, open: &OpenAlert) -> Lifetime {
    if unseen::is_about_unseen(open) { unseen::lifetime(settings) } else { lifetime(settings) }
}

fn new_alert(
    event: &Event,
    record: &IssuedRecord,
    logon: &PendingLogon,
    directory: &CaDirectory,
    cx: &Context<'_>,
) -> Alert {
    let entity = entity_of(record, directory);
    let mut alert = report::new_alert(&entity, event, cx);
    if let Some(trigger) = logon.evidence.clone().map(wire::alert::evidence_from_record) {
        // The logon, not whichever of the two arrived last.
        alert.alert_id = report::alert_id(cx.about, &entity, &trigger);
    }
    alert.computer = ca_host(directory, record.ca);
    report::list_template(&mut alert, &record.template);
    report::add_evidence(&mut alert, issuance_evidence(record, &requester_of(record), directory, logon));
    alert
}

/// Drops what is over: certificates beyond their life, logons whose issuance did not arrive, alerts whose lifetime is over.
fn forget(state: &mut RequestIdState, settings: &Settings, at: Time) {
    let over = |millis: i64, span: Span| Time::from_millis(millis).plus(span) < at;
    state.issued.retain(|record| is_import(record) || !over(record.issued_ms, settings.remember));
    state.pending.retain(|logon| !over(logon.time_ms, settings.wait));
    state.seen.retain(|seen| !over(seen.time_ms, settings.remember));
    state.open.retain(|open| !lifetime_of(settings, open).is_over(open, at));
}
