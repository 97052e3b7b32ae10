//! The finding for an unusual write: its reasons, the alert, and the revisions that follow.

use crate::alert::{Alert, BaselineSummary, Evidence, Severity};
use crate::detect::certlog_remote_write::pair::Side;
use crate::detect::certlog_remote_write::settings::Settings;
use crate::detect::certlog_remote_write::write::{Write, WriteKind, title, write_evidence};
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report::{self, reason};
use crate::detect::{Context, Entity};
use crate::event::Event;
use crate::event::account::Sid;
use crate::event::time::{Span, Time};
use crate::wire;
use crate::wire::record::{BadRequest, CertLogCaState, OpenAlert};

/// Why a write is unusual, and what makes it worse.
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) reasons: Vec<(&'static str, String)>,
    pub(crate) evidence: Vec<Evidence>,
}

impl Finding {
    pub(crate) fn new(
        settings: &Settings,
        event: &Event,
        write: &Write<'_>,
        host: &Side,
        account: Option<&Side>,
    ) -> Finding {
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
        if write.kind == WriteKind::DirectWrite {
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

fn nearest_bad_request<'a, 'b: 'a>(
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

fn bad_request_reason(bad: &BadRequest, settings: &Settings) -> (&'static str, String) {
    let what = if bad.denied { "denied" } else { "for another identity" };
    let text = format!(
        "request {} of that account or host, within {}, was {what}",
        bad.request_id, settings.bad_request_window
    );
    ("bad_request_nearby", text)
}

/// The same host at the same CA alerts once in this time.
fn lifetime(settings: &Settings) -> Lifetime {
    Lifetime::SinceOpened(settings.suppression)
}

/// What the baselines know of the host and the account of a write, and of its CA.
pub(crate) struct Known<'a> {
    pub(crate) host: &'a mut Side,
    pub(crate) account: Option<&'a Side>,
    pub(crate) ca: &'a CertLogCaState,
}

/// Raises the finding as an alert of the host at the CA, or as a revision of the open one.
pub(crate) fn raise(
    settings: &Settings,
    finding: Finding,
    event: &Event,
    write: &Write<'_>,
    known: Known<'_>,
    cx: &mut Context<'_>,
) {
    let Known { host, account, ca } = known;
    let at = event.effective_time();
    let mut open = host.now.open.take();
    Trigger { at, lifetime: lifetime(settings) }.raise(
        &mut open,
        cx,
        |cx| new_alert(event, write, host, account, baseline(host, account, ca), cx),
        |alert, suppressed| {
            report::add_evidence(alert, write_evidence(event, write));
            describe(alert, &finding, at, suppressed)
        },
    );
    host.now.open = open;
}

/// A bad request that came after the unusual write makes its open alert worse. Whether there was a revision.
pub(crate) fn worsen(
    settings: &Settings,
    bad: &BadRequest,
    at: Time,
    open: &mut Option<OpenAlert>,
    cx: &mut Context<'_>,
) -> bool {
    let finding = Finding {
        severity: settings.severity.suspicious,
        reasons: vec![bad_request_reason(bad, settings)],
        evidence: bad.evidence.clone().map(wire::alert::evidence_from_record).into_iter().collect(),
    };
    let trigger = Trigger { at, lifetime: lifetime(settings) };
    trigger.revise(open, cx, |alert, suppressed| describe(alert, &finding, at, suppressed))
}

fn new_alert(
    event: &Event,
    write: &Write<'_>,
    host: &Side,
    account: Option<&Side>,
    baseline: BaselineSummary,
    cx: &Context<'_>,
) -> Alert {
    let mut alert = report::new_alert(&Entity::ca(&event.computer), event, cx);
    let new = [Some(host), account].into_iter().flatten().find(|side| !side.is_known());
    alert.title = title(write, &event.computer, new.is_some_and(|side| side.was.last_seen_ms != 0));
    alert.requester_account = write.account.map(|account| account.name.clone());
    alert.requester_domain =
        write.account.map(|account| account.domain.clone()).filter(|domain| !domain.is_empty());
    alert.requester_sid = write.sid.map(Sid::to_string);
    alert.computer = Some(event.computer.clone());
    alert.remote_host = write.host.cloned();
    alert.remote_ip = write.ip.map(str::to_owned);
    alert.path = Some(report::cut(&write.path));
    alert.baseline = Some(baseline);
    alert
}

/// Writes a finding into a new or an open alert. Whether it adds a reason.
fn describe(alert: &mut Alert, finding: &Finding, at: Time, suppressed: u32) -> bool {
    let mut adds = false;
    for (code, text) in &finding.reasons {
        let known = alert.reasons.iter().any(|known| known.code == *code);
        adds |= !known;
        if !known {
            alert.reasons.push(reason(code, text.clone()));
        }
    }
    for evidence in &finding.evidence {
        report::add_evidence(alert, evidence.clone());
    }
    alert.severity = alert.severity.max(finding.severity);
    alert.first_seen = alert.first_seen.min(at);
    alert.last_seen = alert.last_seen.max(at);
    alert.why_suspicious = codes(alert);
    if let Some(baseline) = &mut alert.baseline {
        baseline.suppressed = suppressed;
    }
    adds
}

fn codes(alert: &Alert) -> String {
    alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ")
}

fn baseline(host: &Side, account: Option<&Side>, ca: &CertLogCaState) -> BaselineSummary {
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
        suppressed: 0,
    }
}
