//! What is said of an unusual write: its reasons, the alert, and the revisions that follow.

use crate::alert::{Alert, BaselineSummary, Evidence, Severity};
use crate::detect::certlog_remote_write::pair::Side;
use crate::detect::certlog_remote_write::write::{Kind, Write, title, write_evidence};
use crate::detect::certlog_remote_write::{CertlogRemoteWrite, Settings};
use crate::detect::report::{self, reason};
use crate::detect::{Context, Detection, Entity, Notice};
use crate::event::Event;
use crate::event::account::Sid;
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::{BadRequest, CertLogCaState};

/// Why a write is unusual, and what makes it worse.
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) reasons: Vec<(&'static str, String)>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Finding {
    pub(crate) fn new(
        event: &Event,
        write: &Write<'_>,
        host: &Side,
        account: Option<&Side>,
        cx: &Context<'_>,
    ) -> Finding {
        let settings = &cx.policy.certlog_remote_write;
        let ca = &event.computer;
        let mut reasons = Vec::new();
        let account_new = account.is_some_and(|account| !account.is_known());
        let training = settings.training_days.0;
        if !host.is_known() {
            let text = format!("{} did not write to {ca} in the {training} days before", write.remote());
            reasons.push(("new_remote_host", text));
        }
        if let (true, Some(account)) = (account_new, write.account) {
            reasons.push((
                "new_account",
                format!("{account} did not write to {ca} in the {training} days before"),
            ));
        }
        let unusual = reasons.len();
        if write.kind == Kind::DirectWrite {
            reasons.push((
                "direct_write",
                format!("the file {} itself was opened for writing over the network", write.path),
            ));
        }
        if account_new && !host.is_known() {
            reasons
                .push(("host_and_account_new", format!("neither the host nor the account is known to {ca}")));
        }
        let sides = [Some(host), account];
        let bad =
            nearest_bad_request(sides.iter().flatten(), event.effective_time(), settings.bad_request_window);
        let mut evidence = Vec::new();
        if let Some(bad) = bad {
            reasons.push(bad_request_reason(&bad, settings));
            evidence.extend(bad.evidence.map(wire::alert::evidence_from_record));
        }
        let worse = reasons.len() > unusual;
        let severity = if worse { settings.severity.suspicious } else { settings.severity.unusual };
        Finding { severity, reasons, evidence }
    }
}

pub(crate) fn nearest_bad_request<'a, 'b: 'a>(
    sides: impl Iterator<Item = &'a &'b Side>,
    at: Time,
    within: Span,
) -> Option<BadRequest> {
    let distance = |bad: &BadRequest| Time::from_millis(bad.time_ms).distance(at);
    sides
        .flat_map(|side| &side.was.bad_requests)
        .filter(|bad| distance(bad) <= within)
        .min_by_key(|bad| distance(bad))
        .cloned()
}

pub(crate) fn bad_request_reason(bad: &BadRequest, settings: &Settings) -> (&'static str, String) {
    let what = if bad.denied { "denied" } else { "for another identity" };
    let text = format!(
        "request {} of that account or host, within {}, was {what}",
        bad.request_id, settings.bad_request_window
    );
    ("bad_request_nearby", text)
}

pub(crate) fn raise(
    finding: Finding,
    event: &Event,
    write: &Write<'_>,
    host: &mut Side,
    account: Option<&Side>,
    ca: &CertLogCaState,
    cx: &mut Context<'_>,
) {
    let settings = &cx.policy.certlog_remote_write;
    let at = event.effective_time();
    let open = host.now.open.as_ref();
    if let Some(alert) = report::still_open(open, at, settings.suppression) {
        let open = host.now.open.get_or_insert_default();
        open.suppressed = open.suppressed.saturating_add(1);
        let (suppressed, raised) = (open.suppressed, Time::from_millis(open.last_trigger_ms));
        let finding =
            Finding { evidence: [finding.evidence, vec![write_evidence(event, write)]].concat(), ..finding };
        match revise(alert, finding, at, suppressed, cx) {
            Some(revised) => host.now.open = Some(report::keep(&revised, raised, 0)),
            None => cx.notices.push(Notice::Suppressed { detection: CertlogRemoteWrite::ABOUT.id }),
        }
        return;
    }
    let silent = open.map_or(0, |open| open.suppressed);
    let mut alert = report::new_alert(&CertlogRemoteWrite::ABOUT, &Entity::ca(&event.computer), event, cx);
    alert.severity = finding.severity;
    alert.reasons = finding.reasons.into_iter().map(|(code, text)| reason(code, text)).collect();
    let new = [Some(&*host), account].into_iter().flatten().find(|side| !side.is_known());
    alert.title = title(write, &event.computer, new.is_some_and(|side| side.was.last_seen_ms != 0));
    alert.why_suspicious = codes(&alert);
    alert.requester_account = write.account.map(|account| account.name.clone());
    alert.requester_domain =
        write.account.map(|account| account.domain.clone()).filter(|domain| !domain.is_empty());
    alert.requester_sid = write.sid.map(Sid::to_string);
    alert.computer = Some(event.computer.clone());
    alert.remote_host = write.host.cloned();
    alert.remote_ip = write.ip.map(str::to_owned);
    alert.path = Some(report::cut(&write.path));
    alert.baseline = Some(baseline(host, account, ca, silent));
    report::add_evidence(&mut alert, write_evidence(event, write));
    for evidence in finding.evidence {
        report::add_evidence(&mut alert, evidence);
    }
    host.now.open = Some(report::keep(&alert, at, 0));
    cx.alerts.push(alert);
}

/// A further finding within the suppression: a revision when it is worse or has a new reason, else none.
pub(crate) fn revise(
    mut alert: Alert,
    finding: Finding,
    at: Time,
    suppressed: u32,
    cx: &mut Context<'_>,
) -> Option<Alert> {
    let mut adds = finding.severity > alert.severity;
    for (code, text) in finding.reasons {
        let known = alert.reasons.iter().any(|known| known.code == code);
        adds |= !known;
        if !known {
            alert.reasons.push(reason(code, text));
        }
    }
    if !adds {
        return None;
    }
    for evidence in finding.evidence {
        report::add_evidence(&mut alert, evidence);
    }
    alert.revision += 1;
    alert.severity = alert.severity.max(finding.severity);
    alert.time = at;
    alert.first_seen = alert.first_seen.min(at);
    alert.last_seen = alert.last_seen.max(at);
    alert.late = cx.late;
    alert.policy_version = cx.policy_version.to_owned();
    alert.why_suspicious = codes(&alert);
    if let Some(baseline) = &mut alert.baseline {
        baseline.suppressed = suppressed;
    }
    cx.alerts.push(alert.clone());
    Some(alert)
}

pub(crate) fn codes(alert: &Alert) -> String {
    alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ")
}

pub(crate) fn baseline(
    host: &Side,
    account: Option<&Side>,
    ca: &CertLogCaState,
    suppressed: u32,
) -> BaselineSummary {
    let instant = |millis: i64| (millis != 0).then(|| Time::from_millis(millis));
    BaselineSummary {
        days_of_data: ca.days_of_data,
        trained_since: Time::from_millis(ca.trained_since_ms),
        host_days_seen: host.days_seen,
        host_first_seen: instant(host.was.first_seen_ms),
        host_last_seen: instant(host.was.last_seen_ms),
        account_days_seen: account.map_or(0, |account| account.days_seen),
        account_first_seen: account.and_then(|account| instant(account.was.first_seen_ms)),
        account_last_seen: account.and_then(|account| instant(account.was.last_seen_ms)),
        suppressed,
    }
}
