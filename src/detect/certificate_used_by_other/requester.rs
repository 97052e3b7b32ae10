//! One alert for a requester whose certificates of one template are used as several accounts: an enrollment agent that the
//! policy does not name, or an attacker who takes one account after the other.
//!
//! Issuance and use meet in the partition of the certificate. What they show goes, as an event, to that of the requester, and
//! is raised there. The use as a protected account is not: it is raised at once, for itself.

use crate::alert::Alert;
use crate::detect::certificate_used_by_other::finding::{codes, lifetime};
use crate::detect::certificate_used_by_other::join::RequestSlot;
use crate::detect::certificate_used_by_other::other::requests_for;
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::identity;
use crate::detect::lifecycle::Trigger;
use crate::detect::report::{self, MAX_LISTED, reason};
use crate::detect::{Context, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::time::Time;
use crate::event::{Activity, Event};
use crate::state::key;
use crate::wire;
use crate::wire::record::UsedAsOthers;

/// The most templates of a requester, and the most accounts that are kept apart.
const MAX_TEMPLATES: usize = 16;
const MAX_ACCOUNTS: usize = 256;

/// From this many findings on, the alert is revised whenever their number has doubled.
const MANY: u32 = 2 * MAX_LISTED as u32;

/// Opens the alert of the requester and the template, adds to the open one, or counts what adds nothing.
pub(crate) fn on_finding(
    settings: &Settings,
    event: &Event,
    template: &str,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let Activity::AlertRaised(raised) = &event.activity else { return };
    let Ok(finding) = wire::alert::from_protobuf(&raised.alert) else { return };
    if is_allowed(cx.policy, &finding, template) {
        return;
    }
    let (at, lifetime) = (finding.time, lifetime(settings));
    let is_open = |known: &UsedAsOthers| {
        let last = known.open.as_ref().map(|open| Time::from_millis(open.last_trigger_ms));
        last.is_some_and(|last| lifetime.contains(last, at))
    };
    let used = &mut slot.state.used;
    let known = used.iter().position(|known| same_text(&known.template, template));
    let known = known.map(|index| used.remove(index)).filter(is_open);
    let mut own =
        known.unwrap_or_else(|| UsedAsOthers { template: template.to_owned(), ..Default::default() });
    let is_new = note(&mut own, &finding);
    // The partition of the requester may be ahead of the one in which the event was late or not.
    cx.late = finding.late;
    let mut open = own.open.take();
    Trigger { at, lifetime }.raise(
        &mut open,
        cx,
        |_| finding.clone(),
        |alert, _| if own.findings == 1 { show(alert, &finding) } else { add(alert, &finding, &own, is_new) },
    );
    own.open = open;
    used.push(own);
    let surplus = used.len().saturating_sub(MAX_TEMPLATES);
    used.drain(..surplus);
    slot.keep_until(memory_after(at, settings.suppression));
}

/// Whether the policy allows the use. The finding may be older than the policy: a line was added, or two policies are compared.
fn is_allowed(policy: &DomainPolicy, finding: &Alert, template: &str) -> bool {
    let (requester, used_by) = (requester_of(finding), used_by_of(finding));
    identity::is_pair(policy, &requester, &used_by)
        || requests_for(policy, &requester, template, finding.remote_ip.as_deref(), &used_by)
}

fn requester_of(alert: &Alert) -> Account {
    let domain = alert.requester_domain.as_deref().unwrap_or_default();
    Account::new(domain, alert.requester_account.as_deref().unwrap_or_default())
}

fn used_by_of(alert: &Alert) -> Account {
    let domain = alert.used_by_domain.as_deref().unwrap_or_default();
    Account::new(domain, alert.used_by_account.as_deref().unwrap_or_default())
}

/// Counts a finding and remembers the account that used the certificate. Whether the alert does not name it yet and can.
fn note(own: &mut UsedAsOthers, finding: &Alert) -> bool {
    let is_the_same = finding.revision > 1 && own.findings == 1 && is_about(own, finding);
    if !is_the_same {
        own.findings = own.findings.saturating_add(1);
    }
    let account = used_by_of(finding);
    let hash = key::hash(&[fold(&account.name).as_bytes()]) as u64;
    if own.accounts.contains(&hash) || own.accounts.len() >= MAX_ACCOUNTS {
        return false;
    }
    own.accounts.push(hash);
    report::list(&mut own.names, &account.to_string())
}

/// Whether the open alert is that of the finding.
fn is_about(own: &UsedAsOthers, finding: &Alert) -> bool {
    let known = own.open.as_ref().and_then(|open| open.alert.as_ref());
    known.is_some_and(|alert| alert.alert_id == wire::alert::to_record(finding).alert_id)
}

/// The only finding of the alert, or its revision, is the alert.
fn show(alert: &mut Alert, finding: &Alert) -> bool {
    let (revision, severity) = (alert.revision, alert.severity.max(finding.severity));
    *alert = Alert { revision, severity, ..finding.clone() };
    true
}

/// Adds a further finding. Whether the alert shows more than before.
fn add(alert: &mut Alert, finding: &Alert, own: &UsedAsOthers, is_new: bool) -> bool {
    let before = alert.reasons.len();
    for further in &finding.reasons {
        if alert.reasons.iter().all(|known| known.code != further.code) {
            report::add_reason(alert, further.clone());
        }
    }
    let has_reason = alert.reasons.len() > before;
    finding.evidence.iter().for_each(|event| report::add_evidence(alert, event.clone()));
    alert.severity = alert.severity.max(finding.severity);
    alert.first_seen = alert.first_seen.min(finding.first_seen);
    alert.last_seen = alert.last_seen.max(finding.last_seen);
    alert.used_by_account.clone_from(&finding.used_by_account);
    alert.used_by_domain.clone_from(&finding.used_by_domain);
    alert.certificate_serial.clone_from(&finding.certificate_serial);
    alert.remote_ip.clone_from(&finding.remote_ip);
    report::list(&mut alert.templates, &own.template);
    count(alert, own);
    alert.why_suspicious = codes(alert);
    is_new || has_reason || has_doubled(own.findings)
}

/// How often the certificates were used, as how many accounts, and as whom first.
fn count(alert: &mut Alert, own: &UsedAsOthers) {
    let who = requester_of(alert);
    let accounts = own.accounts.len();
    let number =
        if accounts < MAX_ACCOUNTS { accounts.to_string() } else { format!("at least {MAX_ACCOUNTS}") };
    let plural = if accounts == 1 { "" } else { "s" };
    let names = own.names.join(", ");
    let more = if accounts > own.names.len() { " and others" } else { "" };
    let template = if own.template.is_empty() { "'*'" } else { own.template.as_str() };
    let findings = own.findings;
    alert.title = format!("Logged on as {number} account{plural} with certificates of {who}");
    let text = format!(
        "certificates issued to {who} were used {findings} times to log on as {number} account{plural}: {names}{more}. If \
         requests for others are its job: `agents: {{'{who}': {{templates: [{template}]}}}}`, with `used_from` for the \
         networks of its users"
    );
    report::add_reason(alert, reason("used_by_many", text));
}

fn has_doubled(findings: u32) -> bool {
    findings >= MANY && findings.is_multiple_of(MANY) && (findings / MANY).is_power_of_two()
}
