//! `unusual-source`: a certificate was requested from a network that nobody requests from.
//!
//! **What.** 4886 or 4887 and a 4624 on the CA of the same account within 30 seconds, whose address lies in a network (/24 of IPv4,
//! /64 of IPv6) from which neither this account nor any other requested a certificate of this CA in 30 days.
//! **Why.** No event of a request has the address of the client. An attacker's own machine, a relay or a VPN shows only here.
//! Sources: the event schemas, the description of the enrollment alerts of Cortex XDR.
//! **What looks alike and is harmless.** Laptops with changing addresses: their networks are known. Proxies and hosts of the
//! policy (`allow.source_hosts`). The first days of a CA: they are its training.

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::novelty::{self, NoveltySlot};
use crate::detect::report::{self, reason};
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, Training, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::time::{Span, Time};
use crate::event::{Activity, Event};
use crate::wire;
use crate::wire::record::{NoveltyPart, NoveltyState, SourceSeen};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The most logons and the most requests of an account that wait for each other.
const MAX_WAITING: usize = 4;

/// How far apart the logon and the request may be.
const JOIN: Span = Span::seconds(30);

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default low.
    pub severity: Severity,
    /// A network that was not used for so long is new again. Default 30d.
    pub remember: Span,
    /// Different days of data of a CA before it alerts. Default 14.
    pub training_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, severity: Severity::Low, remember: Span::days(30), training_days: 14 }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Without a baseline every template and network is new, so a replay of a few days has nothing to compare with.
    fn assume_trained(&mut self) {}
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct UnusualSource {
    settings: Settings,
}

impl UnusualSource {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> UnusualSource {
        UnusualSource { settings }
    }
}

impl Detection for UnusualSource {
    type State = NoveltyState;
    type Part = NoveltyPart;

    const ABOUT: About = About {
        id: "unusual-source",
        title: "Certificate requested from a network that nobody requests from",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Find the machine of the address: whose is it, and does the account work there?",
            "Ask the account's owner about the request",
            "Look for logons with the certificate, by its serial number (4768), and from which address",
        ],
        benign_if: &["The network is new, or of a branch or VPN: name it under `allow.source_hosts`"],
        excepted_by: &[Key::Account, Key::Computer, Key::Address],
        severities: &[Severity::Low],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if side_of(event, policy).is_some() {
            found(Entity::ca_in_any_spelling(&event.computer));
        }
    }

    fn on_event(&self, event: &Event, entity: &Entity, slot: &mut NoveltySlot<'_>, cx: &mut Context<'_>) {
        let Some((account, side)) = side_of(event, cx.policy) else { return };
        let at = event.effective_time();
        slot.keep_until(memory_after(at, novelty::CA_MEMORY));
        if matches!(side, Side::Request) {
            novelty::mark_day(&mut slot.state, event, self.settings.remember);
        }
        let name = format!("account {}", cx.policy.in_one_spelling(account).canonical());
        let mut own = slot.part(&name);
        for (logon, request) in joined(&mut own, event, account, side) {
            self.judge(event, entity, account, (&logon, &request), &mut own, slot, cx);
        }
        slot.put_part(&name, &own, memory_after(at, self.settings.remember));
    }

    fn training(&self, state: &NoveltyState) -> Option<Training> {
        Some(novelty::training(state, self.settings.training_days))
    }
}

impl UnusualSource {
    /// Looks at the network of a logon that belongs to a request, and remembers it.
    #[allow(clippy::too_many_arguments, reason = "the parts of one step, each used once")]
    fn judge(
        &self,
        event: &Event,
        entity: &Entity,
        account: &Account,
        (logon, request): (&SourceSeen, &SourceSeen),
        own: &mut NoveltyPart,
        slot: &mut NoveltySlot<'_>,
        cx: &mut Context<'_>,
    ) {
        let Some(network) = network_of(&logon.address) else { return };
        let (at, name) = (Time::from_millis(request.time_ms), format!("network {network}"));
        let mut known: NoveltyPart = slot.part(&name);
        let is_new = !novelty::is_recent(&known, at, self.settings.remember);
        novelty::touch(&mut known, at);
        slot.put_part(&name, &known, memory_after(at, self.settings.remember));
        if !is_new || !novelty::is_trained(&slot.state, self.settings.training_days, event, cx) {
            return;
        }
        let text = format!(
            "{account} requested a certificate from {}, and nobody requested one from {network} lately",
            logon.address
        );
        let evidence = |seen: &SourceSeen| seen.evidence.clone().map(wire::alert::evidence_from_record);
        let Some(anchor) = evidence(request) else { return };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity: self.settings.severity,
            title: format!("{account} requested a certificate from an unusual network"),
            reasons: vec![reason("new_network", text)],
            fields: Vec::new(),
            earlier: [logon, request].into_iter().filter_map(evidence).collect(),
        };
        finding.raise_as(&anchor, &mut own.open, cx, |alert| {
            set_requester(alert, account);
            let is_other = alert.remote_ip.as_ref().is_some_and(|known| *known != logon.address);
            alert.remote_ip = Some(logon.address.clone());
            is_other
        });
    }
}

/// What an event adds: who asked, or where the account came from.
enum Side<'e> {
    Request,
    Logon(&'e str),
}

/// The account of a request or of a logon at a CA that may belong to one.
fn side_of<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<(&'e Account, Side<'e>)> {
    if let Activity::NetworkLogon(logon) = &event.activity {
        let ip = logon.remote_ip.as_deref()?;
        let is_schannel = same_text(&logon.logon_process, "Schannel");
        return (!is_schannel && !policy.allow.source_host(ip)).then_some((&logon.account, Side::Logon(ip)));
    }
    let is_received =
        matches!(event.activity, Activity::CertificateRequested(_) | Activity::CertificateIssued(_));
    let request = event.activity.request().filter(|_| is_received)?;
    (!policy.allows_requester(&request.requester)).then_some((&request.requester, Side::Request))
}

/// Remembers the event, and gives the pairs of logon and request that it completes, the nearest logon only.
fn joined(
    own: &mut NoveltyPart,
    event: &Event,
    account: &Account,
    side: Side<'_>,
) -> Vec<(SourceSeen, SourceSeen)> {
    let mut evidence = report::evidence(event);
    evidence.fields.insert("account".to_owned(), account.to_string());
    let mut seen = SourceSeen { time_ms: event.effective_time().as_millis(), ..SourceSeen::default() };
    let is_near = |a: &SourceSeen, b: &SourceSeen| (a.time_ms - b.time_ms).abs() <= JOIN.as_millis();
    match side {
        Side::Logon(ip) => {
            ip.clone_into(&mut seen.address);
            evidence.fields.insert("ip".to_owned(), report::cut(ip));
            seen.evidence = Some(wire::alert::evidence_to_record(evidence));
            let requests = own.requests.iter().filter(|request| is_near(&seen, request));
            let pairs = requests.map(|request| (seen.clone(), request.clone())).collect();
            wait(&mut own.logons, seen);
            pairs
        }
        Side::Request => {
            seen.evidence = Some(wire::alert::evidence_to_record(evidence));
            let logons = own.logons.iter().filter(|logon| is_near(&seen, logon));
            let nearest = logons.min_by_key(|logon| (logon.time_ms - seen.time_ms).abs());
            let pairs = nearest.map(|logon| (logon.clone(), seen.clone())).into_iter().collect();
            wait(&mut own.requests, seen);
            pairs
        }
    }
}

fn wait(list: &mut Vec<SourceSeen>, seen: SourceSeen) {
    list.push(seen);
    list.sort_by_key(|seen| seen.time_ms);
    if list.len() > MAX_WAITING {
        list.remove(0);
    }
}

/// The network of an address: /24 of IPv4, /64 of IPv6. None: the text is no address, or one of the CA itself.
fn network_of(address: &str) -> Option<IpNet> {
    let address: IpAddr = address.parse().ok()?;
    let length = if address.is_ipv4() { 24 } else { 64 };
    let network = IpNet::new(address, length).ok()?.trunc();
    (!address.is_loopback()).then_some(network)
}
