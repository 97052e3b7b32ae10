//! `certlog-remote-write`: a host that does not usually do so wrote to a CA's certificate log, or opened its request pipe.
//!
//! **What.** A remote write under `…\CertLog\` (an EDR's file event, or 5145 on a share), or 5145 on `IPC$` with target
//! `cert`, from a host or an account that the CA has not seen in the training period. Seed: the UEBA analytic "Unusual
//! CertLog Remote File Write" (activation 14 days, training 30 days, test period one event, deduplication one day).
//! **Why.** Windows' own clients ask for certificates over DCOM; attack tools come through the pipe, and the CA service
//! then writes its database on their behalf.
//! **What looks alike and is harmless.** Backup and management hosts: they come again and again, which the baseline
//! learns. Allow-list those that come rarely.

use crate::alert::{Alert, BaselineSummary, Evidence, Severity};
use crate::detect::naming;
use crate::detect::policy::Policy;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, Notice, memory_after};
use crate::event::account::{Account, Sid};
use crate::event::file;
use crate::event::host::Host;
use crate::event::time::{Day, Span, Time};
use crate::event::{Activity, CertificateRequest, Event, ShareAccess};
use crate::state::days::REMEMBERED_DAYS;
use crate::wire;
use crate::wire::record::{BadRequest, CertLogCaState, CertLogPairState};
use serde::{Deserialize, Serialize};

/// What the operator may set. The defaults are the analytic's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// How far back the baseline looks, in days, at most 64. Default 30.
    pub training_days: Days,
    /// On how many different days a CA must have given data before it can alert. Default 14.
    pub activation_days: Days,
    /// How long the same host at the same CA stays silent after an alert. Default 1d.
    pub suppression: Span,
    /// On how many further days a pair that alerted must be seen before it counts as normal. Default 3.
    pub probation_days: Days,
    /// How near a mismatched or denied request must be to make a write suspicious. Default 10m.
    pub bad_request_window: Span,
    /// Severity by variation.
    pub severity: Severities,
}

/// Severity by variation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Severities {
    /// Host or account is new to the CA. Default low.
    pub unusual: Severity,
    /// And the evidence is worse. Default medium.
    pub suspicious: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            training_days: Days(30),
            activation_days: Days(14),
            suppression: Span::days(1),
            probation_days: Days(3),
            bad_request_window: Span::minutes(10),
            severity: Severities::default(),
        }
    }
}

impl Default for Severities {
    fn default() -> Self {
        Severities { unusual: Severity::Low, suspicious: Severity::Medium }
    }
}

/// A number of days that a baseline can remember: 0 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Days(u32);

impl Days {
    /// No days: active at once.
    pub const NONE: Days = Days(0);
}

impl TryFrom<u32> for Days {
    type Error = String;
    fn try_from(days: u32) -> Result<Days, String> {
        if days > REMEMBERED_DAYS {
            return Err(format!("{days} days are more than the {REMEMBERED_DAYS} that a baseline remembers"));
        }
        Ok(Days(days))
    }
}

impl From<Days> for u32 {
    fn from(days: Days) -> u32 {
        days.0
    }
}

/// The most mismatched and denied requests that are remembered of one account or host.
const MAX_BAD_REQUESTS: usize = 4;

/// A CA that gave no data for so long begins anew.
const CA_MEMORY: Span = Span::days(2 * REMEMBERED_DAYS as i64);

/// The detection.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertlogRemoteWrite;

impl Detection for CertlogRemoteWrite {
    type State = CertLogCaState;
    type Part = CertLogPairState;

    const ABOUT: About = About {
        id: "certlog-remote-write",
        title: "Unusual CertLog remote file write",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Find out what the remote host is and who was logged on to it at that time",
            "Read the CA's requests of that time (4886, 4887, 4888): whose names do they carry",
            "Look at the process and the RPC interface on the CA that wrote the file",
            "Follow up with logons by certificate (4768, 4624 Schannel) of the accounts that were named",
        ],
        severities: &[Severity::Low, Severity::Medium],
    };

    fn entity(&self, event: &Event) -> Option<Entity> {
        (write_of(event).is_some() || report::request_of(event).is_some()).then(|| Entity::ca(&event.computer))
    }

    fn on_event(&self, event: &Event, slot: &mut Slot<'_, CertLogCaState, CertLogPairState>, cx: &mut Context<'_>) {
        let at = event.effective_time();
        let newest = slot.state.days.as_ref().map_or(at.day(), |days| Day::from_epoch(days.newest_day));
        if newest.start().plus(CA_MEMORY) < at {
            slot.state = CertLogCaState::default();
        }
        let days_before = slot.state.days_of_data;
        if slot.state.days.get_or_insert_default().mark(at.day()) {
            slot.state.days_of_data = days_before.saturating_add(1);
        }
        if days_before == 0 || at.as_millis() < slot.state.trained_since_ms {
            slot.state.trained_since_ms = at.as_millis();
        }
        slot.keep_until(memory_after(at, CA_MEMORY));
        if let Some(write) = write_of(event) {
            on_write(event, &write, slot, cx);
        } else if let Some(request) = report::request_of(event) {
            on_request(event, request, slot, cx);
        }
    }
}

type CaSlot<'a> = Slot<'a, CertLogCaState, CertLogPairState>;

/// How a remote write came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The file was opened for writing over a share.
    DirectWrite,
    /// The CA service wrote on behalf of an RPC caller.
    Rpc,
    /// The pipe was opened through which the CA is asked for certificates.
    RequestPipe,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::DirectWrite => "direct-write",
            Kind::Rpc => "rpc",
            Kind::RequestPipe => "request-pipe",
        }
    }
}

/// A remote write, whichever event told of it.
#[derive(Debug)]
struct Write<'a> {
    kind: Kind,
    path: String,
    host: Option<&'a Host>,
    ip: Option<&'a str>,
    account: Option<&'a Account>,
    sid: Option<&'a Sid>,
    interface: Option<&'a str>,
    process: Option<&'a str>,
}

impl Write<'_> {
    /// The host by name, else by address.
    fn remote(&self) -> String {
        self.host.map_or_else(|| self.ip.unwrap_or("unknown").to_owned(), Host::to_string)
    }
}

fn write_of(event: &Event) -> Option<Write<'_>> {
    let write = match &event.activity {
        Activity::ShareAccessed(access) => {
            let (kind, path) = share_write(access)?;
            Write {
                kind,
                path,
                host: None,
                ip: access.remote_ip.as_deref(),
                account: Some(&access.account),
                sid: access.sid.as_ref(),
                interface: None,
                process: None,
            }
        }
        Activity::RemoteFileWrite(write) if file::is_certlog_path(&write.path) => Write {
            kind: if write.interface.is_some() { Kind::Rpc } else { Kind::DirectWrite },
            path: write.path.clone(),
            host: write.remote_host.as_ref(),
            ip: write.remote_ip.as_deref(),
            account: write.account.as_ref(),
            sid: None,
            interface: write.interface.as_deref(),
            process: write.process.as_deref(),
        },
        Activity::RemoteFileWrite(_)
        | Activity::CertificateRequested(_)
        | Activity::CertificateIssued(_)
        | Activity::CertificateDenied(_)
        | Activity::CertificateLogon(_)
        | Activity::FileCreated(_) => return None,
    };
    let own = write.host.is_some_and(|host| host.is_same(&event.computer));
    let loopback = write.ip.is_some_and(|ip| ip == "::1" || ip.starts_with("127."));
    (!own && !loopback && (write.host.is_some() || write.ip.is_some())).then_some(write)
}

/// What a 5145 means for the CA's log: the request pipe was opened, or a file under it for writing.
fn share_write(access: &ShareAccess) -> Option<(Kind, String)> {
    if file::is_request_pipe(&access.share, &access.target) {
        return Some((Kind::RequestPipe, "\\pipe\\cert".to_owned()));
    }
    let path = file::share_path(&access.share, &access.local_path, &access.target)?;
    let written = file::is_certlog_path(&path) && file::has_write_access(access.access_mask);
    written.then_some((Kind::DirectWrite, path))
}

fn host_part(host: &str) -> String {
    format!("host {host}")
}

fn account_part(account: &Account) -> String {
    format!("account {}", account.canonical())
}

/// One side of the pair: what was known of it before this event, and what is now.
struct Side {
    name: String,
    was: CertLogPairState,
    now: CertLogPairState,
    days_seen: u32,
}

/// Whether a part is within its memory, also when the watermark has not swept it away yet.
fn is_remembered(part: &CertLogPairState, day: Day, training: Days) -> bool {
    let touched = part.bad_requests.iter().map(|bad| bad.time_ms).chain([part.last_seen_ms]).max().unwrap_or(0);
    Time::from_millis(touched).plus(memory(training)) >= day.start()
}

/// How long a host or an account matters after it was last seen.
fn memory(training: Days) -> Span {
    Span::days(i64::from(training.0) + 1)
}

impl Side {
    fn load(name: String, slot: &CaSlot<'_>, day: Day, training: Days) -> Side {
        let was = Some(slot.part(&name)).filter(|was| is_remembered(was, day, training)).unwrap_or_default();
        let days_seen = was.days.as_ref().map_or(0, |days| days.count(day, training.0));
        Side { name, now: was.clone(), was, days_seen }
    }

    fn is_known(&self) -> bool {
        self.days_seen > 0
    }

    /// What is normal trains its baseline; what is not must come back on further days before it does.
    fn learn(&mut self, at: Time, normal: bool, probation_days: Days) {
        let first = self.now.first_seen_ms;
        self.now.first_seen_ms = if first == 0 { at.as_millis() } else { first.min(at.as_millis()) };
        self.now.last_seen_ms = self.now.last_seen_ms.max(at.as_millis());
        if normal {
            self.now.days.get_or_insert_default().mark(at.day());
            self.now.probation = None;
            return;
        }
        let probation = self.now.probation.get_or_insert_default();
        probation.mark(at.day());
        if probation.bits.count_ones() > probation_days.0 {
            let seen = *probation;
            self.now.days.get_or_insert_default().merge(&seen);
            self.now.probation = None;
        }
    }

    fn store(&self, slot: &mut CaSlot<'_>, at: Time, settings: &Settings) {
        slot.put_part(&self.name, &self.now, memory_after(at, memory(settings.training_days)));
    }
}

fn on_write(event: &Event, write: &Write<'_>, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    if is_allowed(cx.policy, write) {
        return;
    }
    let settings = &cx.policy.certlog_remote_write;
    let at = event.effective_time();
    let mut host = Side::load(host_part(&write.remote()), slot, at.day(), settings.training_days);
    let mut account =
        write.account.map(|a| Side::load(account_part(a), slot, at.day(), settings.training_days));
    let days = slot.state.days_of_data;
    let active = days >= settings.activation_days.0;
    let account_known = account.as_ref().is_none_or(Side::is_known);
    if !active {
        let needed = settings.activation_days.0;
        let entity = event.computer.to_string();
        cx.notices.push(Notice::Training { detection: CertlogRemoteWrite::ABOUT.id, entity, days, needed });
    } else if !host.is_known() || !account_known {
        let finding = Finding::new(event, write, &host, account.as_ref(), cx);
        raise(finding, event, write, &mut host, account.as_ref(), &slot.state, cx);
        host.now.unusual_ms = at.as_millis();
        if let Some(account) = &mut account {
            account.now.unusual_ms = at.as_millis();
            account.now.unusual_host = write.remote();
        }
    }
    let host_normal = !active || host.is_known();
    host.learn(at, host_normal, settings.probation_days);
    host.store(slot, at, settings);
    if let Some(mut account) = account {
        let account_normal = !active || account.is_known();
        account.learn(at, account_normal, settings.probation_days);
        account.store(slot, at, settings);
    }
}

fn is_allowed(policy: &Policy, write: &Write<'_>) -> bool {
    write.host.is_some_and(|host| policy.allow.source_host(host.as_str()))
        || write.ip.is_some_and(|ip| policy.allow.source_host(ip))
        || write.account.is_some_and(|account| policy.allow.requester(account))
}

/// Why a write is unusual, and what makes it worse.
struct Finding {
    severity: Severity,
    reasons: Vec<(&'static str, String)>,
    evidence: Vec<Evidence>,
}

impl Finding {
    fn new(event: &Event, write: &Write<'_>, host: &Side, account: Option<&Side>, cx: &Context<'_>) -> Finding {
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
            reasons.push(("new_account", format!("{account} did not write to {ca} in the {training} days before")));
        }
        let unusual = reasons.len();
        if write.kind == Kind::DirectWrite {
            reasons.push(("direct_write", format!("the file {} itself was opened for writing over the network", write.path)));
        }
        if account_new && !host.is_known() {
            reasons.push(("host_and_account_new", format!("neither the host nor the account is known to {ca}")));
        }
        let sides = [Some(host), account];
        let bad = nearest_bad_request(sides.iter().flatten(), event.effective_time(), settings.bad_request_window);
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
    sides.flat_map(|side| &side.was.bad_requests).filter(|bad| distance(bad) <= within).min_by_key(|bad| distance(bad)).cloned()
}

fn bad_request_reason(bad: &BadRequest, settings: &Settings) -> (&'static str, String) {
    let what = if bad.denied { "denied" } else { "for another identity" };
    let text = format!("request {} of that account or host, within {}, was {what}", bad.request_id, settings.bad_request_window);
    ("bad_request_nearby", text)
}

fn raise(
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
        let finding = Finding { evidence: [finding.evidence, vec![write_evidence(event, write)]].concat(), ..finding };
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
    alert.title = title(&alert, write, &event.computer);
    alert.why_suspicious = codes(&alert);
    alert.requester_account = write.account.map(|account| account.name.clone());
    alert.requester_domain = write.account.map(|account| account.domain.clone()).filter(|domain| !domain.is_empty());
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
fn revise(mut alert: Alert, finding: Finding, at: Time, suppressed: u32, cx: &mut Context<'_>) -> Option<Alert> {
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

fn title(alert: &Alert, write: &Write<'_>, ca: &Host) -> String {
    let what = match write.kind {
        Kind::DirectWrite => "wrote to the certificate log of",
        Kind::Rpc => "wrote through RPC to the certificate log of",
        Kind::RequestPipe => "opened the request pipe of",
    };
    let who = write.account.map_or_else(String::new, |account| format!(" as {account}"));
    let first = if alert.reasons.iter().any(|r| r.code == "new_remote_host") { "for the first time" } else { "with a new account" };
    format!("{}{who} {what} {ca} {first}", write.remote())
}

fn codes(alert: &Alert) -> String {
    alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ")
}

fn baseline(host: &Side, account: Option<&Side>, ca: &CertLogCaState, suppressed: u32) -> BaselineSummary {
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

fn write_evidence(event: &Event, write: &Write<'_>) -> Evidence {
    let mut evidence = report::evidence(event);
    let fields = [
        ("kind", Some(write.kind.as_str())),
        ("path", Some(write.path.as_str())),
        ("remote_ip", write.ip),
        ("interface", write.interface),
        ("process", write.process),
    ];
    for (name, value) in fields {
        evidence.fields.extend(value.map(|value| (name.to_owned(), report::cut(value))));
    }
    evidence.fields.insert("remote".to_owned(), write.remote());
    evidence.fields.extend(write.account.map(|account| ("account".to_owned(), account.to_string())));
    evidence
}

/// A mismatched or denied request is remembered with its account and its client machine, and makes an unusual write of theirs
/// suspicious that came shortly before.
fn on_request(event: &Event, request: &CertificateRequest, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    let denied = matches!(event.activity, Activity::CertificateDenied(_));
    let judgement = naming::judge(cx.policy, request);
    if !denied && !judgement.is_mismatch() && !judgement.is_sensitive() {
        return;
    }
    let settings = &cx.policy.certlog_remote_write;
    let at = event.effective_time();
    let evidence = wire::alert::evidence_to_record(&report::evidence(event));
    let bad =
        BadRequest { time_ms: at.as_millis(), request_id: request.request_id, denied, evidence: Some(evidence) };
    let names = [Some(account_part(&request.requester)), request.client.as_ref().map(|host| host_part(host.as_str()))];
    let mut hosts = Vec::new();
    for name in names.into_iter().flatten() {
        let mut side = Side::load(name, slot, at.day(), settings.training_days);
        remember_bad_request(&mut side.now.bad_requests, bad.clone());
        if Time::from_millis(side.now.unusual_ms).distance(at) <= settings.bad_request_window {
            let host = side.now.unusual_host.clone();
            hosts.push(if host.is_empty() { side.name.clone() } else { host_part(&host) });
        }
        side.store(slot, at, settings);
    }
    hosts.dedup();
    for host in hosts {
        worsen(&host, &bad, at, slot, cx);
    }
}

fn remember_bad_request(known: &mut Vec<BadRequest>, bad: BadRequest) {
    known.retain(|k| k.request_id != bad.request_id);
    let index = known.partition_point(|k| k.time_ms <= bad.time_ms);
    known.insert(index, bad);
    if known.len() > MAX_BAD_REQUESTS {
        known.remove(0);
    }
}

fn worsen(host: &str, bad: &BadRequest, at: Time, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
    let settings = &cx.policy.certlog_remote_write;
    let mut part = slot.part(host);
    let Some(alert) = report::still_open(part.open.as_ref(), at, settings.suppression) else { return };
    let finding = Finding {
        severity: settings.severity.suspicious,
        reasons: vec![bad_request_reason(bad, settings)],
        evidence: bad.evidence.clone().map(wire::alert::evidence_from_record).into_iter().collect(),
    };
    let (suppressed, raised) = part.open.as_ref().map_or((0, at.as_millis()), |o| (o.suppressed, o.last_trigger_ms));
    if let Some(revised) = revise(alert, finding, at, suppressed, cx) {
        part.open = Some(report::keep(&revised, Time::from_millis(raised), 0));
        slot.put_part(host, &part, memory_after(at, memory(settings.training_days)));
    }
}
