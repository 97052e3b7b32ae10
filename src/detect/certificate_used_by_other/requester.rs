//! One alert for a requester whose certificates of one template others use within a day: an enrollment agent that the policy
//! does not name, or an attacker who takes one account after the other.
//!
//! Issuance and use meet in the partition of the certificate. What they show goes, as an event, to that of the alert, and is
//! raised there. The use as a protected account does not: it is an alert of its own, raised at once.
//!
//! Findings come from several partitions, in any order. So the id of the alert is that of requester, template and day (UTC), and
//! what it shows are the earliest findings, whichever came first.

use crate::alert::id::AlertId;
use crate::alert::{Alert, Reason};
use crate::detect::certificate_used_by_other::finding::codes;
use crate::detect::certificate_used_by_other::issuance::requester_of;
use crate::detect::certificate_used_by_other::join::RequestSlot;
use crate::detect::domain::DomainPolicy;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report::{self, MAX_LISTED, reason};
use crate::detect::{Context, Entity, memory_after};
use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::time::{Span, Time};
use crate::event::{Activity, Event};
use crate::state::key;
use crate::wire;
use crate::wire::record::{IssuedRecord, OpenAlert, PendingLogon, UsedByOthers};

/// How long an alert is remembered. When much is read at once, one partition is weeks ahead of another.
const MEMORY: Span = Span::days(62);
/// A finding that comes later than this begins no alert: one with the same id may have been forgotten.
const BEGINS_WITHIN: Span = Span::days(60);
/// The most accounts that are kept apart.
const MAX_ACCOUNTS: usize = 256;

/// The most findings that an alert shows. It is revised for each of them, and then whenever their number has doubled.
const MAX_FINDINGS: u32 = MAX_LISTED as u32;

/// The id of the alert that a finding is part of.
pub(crate) fn alert_id(
    policy: &DomainPolicy,
    id: &str,
    record: &IssuedRecord,
    logon: &PendingLogon,
) -> AlertId {
    let requester = policy.account(&requester_of(record));
    let day = Time::from_millis(logon.time_ms).day().to_string();
    AlertId::of(&[id, requester.as_str(), &fold(&record.template), &day])
}

/// Whether the open alert is a finding, which is part of another alert.
pub(crate) fn is_finding(open: &OpenAlert) -> bool {
    open.alert.as_ref().is_some_and(|alert| !alert.linked_alerts.is_empty())
}

/// Passes on what was raised as findings, if it is part of another alert.
pub(crate) fn pass_on(is_finding: bool, raised: usize, cx: &mut Context<'_>) {
    if is_finding {
        cx.findings.extend(cx.alerts.drain(raised..));
    }
}

/// The finding of the event and the id of the alert that it is part of; none of other events.
pub(crate) fn finding_of(event: &Event) -> Option<(Alert, AlertId)> {
    let Activity::FindingMade(made) = &event.activity else { return None };
    let finding = wire::alert::from_protobuf(&made.alert).ok()?;
    let id = finding.linked_alerts.first().copied()?;
    Some((finding, id))
}

/// Where the alert of this id is raised.
pub(crate) fn entity_of_alert(id: AlertId) -> Entity {
    Entity::named(&format!("alert {id}"))
}

/// Opens the alert that the finding is part of, or adds to it.
pub(crate) fn on_finding(finding: Alert, id: AlertId, slot: &mut RequestSlot<'_>, cx: &mut Context<'_>) {
    let mut own = match slot.state.used.take() {
        Some(own) => own,
        None if cx.behind > BEGINS_WITHIN => {
            cx.alerts.push(Alert { linked_alerts: Vec::new(), ..finding });
            return;
        }
        None => UsedByOthers::default(),
    };
    let is_shown = note(&mut own, &finding);
    let latest = own.open.as_ref().map_or(Time::MIN, |open| Time::from_millis(open.last_trigger_ms));
    // Which alert it is was decided here: no lifetime decides it again.
    let trigger = Trigger { at: latest.max(finding.time), lifetime: Lifetime::WhileRemembered };
    let mut open = own.open.take();
    let earliest: Vec<Alert> =
        own.findings.iter().cloned().filter_map(|r| wire::alert::from_record(r).ok()).collect();
    cx.late = earliest.iter().any(|finding| finding.late);
    trigger.raise(
        &mut open,
        cx,
        |_| Alert { alert_id: id, ..finding.clone() },
        |alert, _| {
            let before = alert.reasons.len();
            show(alert, &earliest, &finding, &own);
            is_shown || alert.reasons.len() > before
        },
    );
    own.open = open;
    slot.keep_until(memory_after(Time::from_millis(own.last_seen_ms), MEMORY));
    slot.state.used = Some(own);
}

/// Counts a finding, or a revision of one, and remembers it if it is one of the earliest. Whether the alert is revised for it.
fn note(own: &mut UsedByOthers, finding: &Alert) -> bool {
    own.reports = own.reports.saturating_add(1);
    own.uses = own.uses.saturating_add(u32::from(finding.revision == 1));
    own.last_seen_ms = own.last_seen_ms.max(finding.last_seen.as_millis());
    let account = used_by(finding);
    let hash = key::hash(&[fold(&account.name).as_bytes()]) as u64;
    if !own.accounts.contains(&hash) && own.accounts.len() < MAX_ACCOUNTS {
        own.accounts.push(hash);
    }
    let record = wire::alert::to_record(finding);
    let known = own.findings.iter().position(|known| known.alert_id == record.alert_id);
    match known {
        Some(index) if own.findings[index].revision >= record.revision => {}
        Some(index) => own.findings[index] = record,
        None => own.findings.push(record),
    }
    own.findings.sort_by_key(|known| (known.first_seen_ms, known.alert_id.clone()));
    own.findings.truncate(MAX_LISTED);
    own.reports <= MAX_FINDINGS || has_doubled(own.reports)
}

fn has_doubled(reports: u32) -> bool {
    reports.is_multiple_of(MAX_FINDINGS) && (reports / MAX_FINDINGS).is_power_of_two()
}

fn requester_of_alert(alert: &Alert) -> Account {
    let domain = alert.requester_domain.as_deref().unwrap_or_default();
    Account::new(domain, alert.requester_account.as_deref().unwrap_or_default())
}

fn used_by(finding: &Alert) -> Account {
    let domain = finding.used_by_domain.as_deref().unwrap_or_default();
    Account::new(domain, finding.used_by_account.as_deref().unwrap_or_default())
}

/// Writes the earliest findings and the latest one that came into the alert. A single one is the alert.
fn show(alert: &mut Alert, earliest: &[Alert], latest: &Alert, own: &UsedByOthers) {
    let Some((first, rest)) = earliest.split_first() else { return };
    let known = std::mem::take(&mut alert.reasons);
    let Alert { alert_id, revision, severity, .. } = *alert;
    let shown = Alert { alert_id, revision, severity: severity.max(first.severity), ..first.clone() };
    *alert = Alert { linked_alerts: Vec::new(), policy_version: latest.policy_version.clone(), ..shown };
    for further in rest.iter().chain([latest]) {
        alert.severity = alert.severity.max(further.severity);
        let is_new = |reason: &Reason| alert.reasons.iter().all(|known| known.code != reason.code);
        let reasons: Vec<_> = further.reasons.iter().filter(|reason| is_new(reason)).cloned().collect();
        alert.reasons.extend(reasons);
        further.evidence.iter().for_each(|event| report::add_evidence(alert, event.clone()));
    }
    alert.last_seen = Time::from_millis(own.last_seen_ms);
    if own.uses > 1 {
        for reason in known {
            if alert.reasons.iter().all(|known| known.code != reason.code) {
                alert.reasons.push(reason);
            }
        }
        count(alert, earliest, own);
    }
    alert.why_suspicious = codes(alert);
}

/// How often the certificates were used, as how many accounts, and as whom first.
fn count(alert: &mut Alert, earliest: &[Alert], own: &UsedByOthers) {
    let (requester, accounts) = (requester_of_alert(alert), own.accounts.len());
    let number =
        if accounts < MAX_ACCOUNTS { accounts.to_string() } else { format!("at least {MAX_ACCOUNTS}") };
    let mut names: Vec<String> = Vec::new();
    for finding in earliest {
        let name = used_by(finding).to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = if accounts > names.len() { " and others" } else { "" };
    let template = alert.templates.first().map_or("'*'", String::as_str);
    let text = format!(
        "certificates issued to {requester} were used {} times to log on as {number} account{}: {}{more}. If requests for others \
         are its job: `agents: {{'{requester}': {{templates: [{template}]}}}}`, with `used_from` for the networks of its users",
        own.uses,
        if accounts == 1 { "" } else { "s" },
        names.join(", "),
    );
    alert.reasons.retain(|reason| reason.code != USED_BY_MANY);
    alert.reasons.sort_by(|a, b| a.code.cmp(&b.code));
    alert.reasons.insert(0, reason(USED_BY_MANY, text));
    if accounts > 1 {
        alert.title = format!("Logged on as {number} accounts with certificates of {requester}");
        // One of them would stand for all, also in the line that silences the alert.
        (alert.used_by_account, alert.used_by_domain) = (None, None);
    }
    if earliest.iter().any(|finding| finding.certificate_serial != alert.certificate_serial) {
        alert.certificate_serial = None;
    }
    if earliest.iter().any(|finding| finding.remote_ip != alert.remote_ip) {
        alert.remote_ip = None;
    }
}

const USED_BY_MANY: &str = "used_by_many";
