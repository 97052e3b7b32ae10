//! `pkinit-client`: an account logged on with a certificate from a kind of client that it never used.
//!
//! **What.** An accepted 4768 with a certificate. Its options are those of attack tools (0x40800010, without CANONICALIZE, which
//! Windows always sets) and it never came so before; or the encryption types that the client offers (version 2) are new for the
//! account, and so is the address.
//! **Why.** Tools build the request themselves, and differ from Windows in both. It is a hint, not a proof. Sources: recorded
//! logons of Windows and of attack tools, the published analysis of the alert of Defender for Identity.
//! **What looks alike and is harmless.** macOS, sssd on Linux and Java: once for each account, or `clients` names their
//! networks. A new Windows on the same address, or the same Windows at another address: nothing.
//!
//! Three things make more of it: the account is a machine, and machines that are not Windows log on with keys and not with
//! certificates; no CA has certified the key, and only Windows has such keys; or a tool asked for the certificate too, see
//! `tools.rs`.

mod tools;

use crate::alert::{Reason, Severity};
use crate::detect::chain;
use crate::detect::changes::by_name;
use crate::detect::domain::{DomainPolicy, is_one_of_hosts};
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_used_by};
use crate::detect::issuer::signs_itself;
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::reason;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::Account;
use crate::event::kerberos::OPTIONS_OF_TOOLS;
use crate::event::time::{Span, Time};
use crate::event::{Activity, CertificateLogon, Event};
use crate::state::key;
use crate::wire::record::{ChainEvent, PkinitClient, PkinitClientState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most clients that are remembered of an account. The one that was used longest ago goes first.
const MAX_CLIENTS: usize = 8;

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default low.
    pub severity: Severity,
    /// A machine account logged on from a client with the options of attack tools. Default high.
    pub severity_machine: Severity,
    /// A tool used a key that no CA has certified. Default high.
    pub severity_key: Severity,
    /// A tool asked for the certificate, and a tool used it. Default high.
    pub severity_requested: Severity,
    /// A client that was not used for so long is new again. Default 90d.
    pub remember: Span,
    /// Machines that are not Windows and log on with certificates: names, addresses or networks (`10.20.0.0/16`).
    pub clients: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Low,
            severity_machine: Severity::High,
            severity_key: Severity::High,
            severity_requested: Severity::High,
            remember: Span::days(90),
            clients: Vec::new(),
        }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct PkinitClients {
    settings: Settings,
}

impl PkinitClients {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> PkinitClients {
        PkinitClients { settings }
    }
}

impl Detection for PkinitClients {
    type State = PkinitClientState;
    type Part = ();

    const ABOUT: About = About {
        id: "pkinit-client",
        title: "Logon with a certificate from an unusual client",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0008", "Lateral Movement", "T1550", "Use Alternate Authentication Material"),
        ],
        investigative_actions: &[
            "Find the machine of the address: is it a Mac, a Linux host or a Java application of the account's owner?",
            "Find the issuance of the certificate by its serial number: who asked for it, and from where",
            "Look at what the account did with the ticket (4769, 4624)",
        ],
        benign_if: &["The client is not Windows and is known: a Linux host, a Mac, an appliance"],
        excepted_by: &[Key::UsedBy, Key::Address],
        severities: &[Severity::Low, Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(logon) = self.logon(event) {
            found(policy.account(&logon.account));
            if is_of_tool(logon) {
                found(of_tools(&logon.account));
            }
        } else if let Some(issued) = event.activity.issued()
            && tools::issued(event).is_some()
        {
            found(of_tools(&issued.request.requester));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, PkinitClientState, ()>,
        cx: &mut Context<'_>,
    ) {
        if let Some(logon) = self.logon(event) {
            if *entity == of_tools(&logon.account) {
                let used = tools::used(event, logon, &fields_of(logon));
                self.join(event, entity, &used, slot, cx);
            } else {
                self.compare(event, entity, logon, slot, cx);
            }
        } else if let Some(issued) = tools::issued(event) {
            self.join(event, entity, &issued, slot, cx);
        }
    }
}

/// Where certificates that tools asked for meet their use. The CA and the domain controllers name the domain differently.
fn of_tools(account: &Account) -> Entity {
    let Account { name, .. } = account;
    by_name(&Account::new("", &format!("tools of {name}")))
}

fn is_of_tool(logon: &CertificateLogon) -> bool {
    logon.ticket_options == Some(OPTIONS_OF_TOOLS)
}

impl PkinitClients {
    /// Compares the client with those that the account used.
    fn compare(
        &self,
        event: &Event,
        entity: &Entity,
        logon: &CertificateLogon,
        slot: &mut Slot<'_, PkinitClientState, ()>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        slot.keep_until(memory_after(at, self.settings.remember));
        let known = &mut slot.state.clients;
        known.retain(|client| Time::from_millis(client.last_ms).plus(self.settings.remember) >= at);
        let client = client_of(logon, at);
        let why = key_of_a_tool(logon).or_else(|| unusual(known, &client, logon));
        learn(known, client);
        let Some(why) = why else { return };
        let severity = match why.code.as_str() {
            KEY_OF_A_TOOL => self.settings.severity_key,
            TOOL_OPTIONS if logon.account.is_machine() => self.settings.severity_machine,
            _ => self.settings.severity,
        };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity,
            title: format!("{} logged on with a certificate from an unusual client", logon.account),
            reasons: vec![why],
            fields: fields_of(logon),
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_used_by(alert, &logon.account);
            alert.certificate_serial = Some(logon.serial.to_string());
            alert.remote_ip = logon.remote_ip.clone();
            false
        });
    }

    /// Joins the issuance of a certificate with its use.
    fn join(
        &self,
        event: &Event,
        entity: &Entity,
        new: &ChainEvent,
        slot: &mut Slot<'_, PkinitClientState, ()>,
        cx: &mut Context<'_>,
    ) {
        slot.keep_until(memory_after(event.effective_time(), tools::REMEMBERED));
        let Some((issued, used)) = tools::complete(cx.policy, &mut slot.state.requests, new) else { return };
        let Some(anchor) = chain::evidence(&used) else { return };
        let account = Account::parse(&used.account);
        let (code, how) = if tools::is_by_tool(&issued) {
            ("requested_and_used_by_tools", "by NTLM with a request that states no client")
        } else {
            ("requested_and_used_at_once", "with a request that Windows did not make, within an hour before")
        };
        let text = format!(
            "{account} asked for the certificate {how}, and logged on with it with the options {OPTIONS_OF_TOOLS:#x}: neither \
             is Windows"
        );
        let ip = anchor.fields.get("ip").cloned().filter(|ip| !ip.is_empty());
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity: self.settings.severity_requested,
            title: format!("{account} got a certificate and logged on with it, both from a tool"),
            reasons: vec![reason(code, text)],
            fields: Vec::new(),
            earlier: [&issued, &used].into_iter().filter_map(chain::evidence).collect(),
        };
        finding.raise_as(&anchor, &mut slot.state.open, cx, |alert| {
            set_used_by(alert, &account);
            alert.certificate_serial = Some(used.new.clone());
            alert.remote_ip.clone_from(&ip);
            false
        });
    }

    /// An accepted logon, of a client that the policy does not name.
    fn logon<'e>(&self, event: &'e Event) -> Option<&'e CertificateLogon> {
        let Activity::CertificateLogon(logon) = &event.activity else { return None };
        let is_named = |ip: &String| is_one_of_hosts(&self.settings.clients, ip);
        let watched = logon.accepted() && !logon.remote_ip.as_ref().is_some_and(is_named);
        watched.then_some(logon)
    }
}

fn client_of(logon: &CertificateLogon, at: Time) -> PkinitClient {
    PkinitClient {
        options: logon.ticket_options.unwrap_or_default(),
        offered: logon
            .advertised_encryption
            .as_deref()
            .map_or(0, |offered| key::hash(&[list_of(offered).as_bytes()]) as u64),
        address: logon.remote_ip.clone().unwrap_or_default(),
        last_ms: at.as_millis(),
    }
}

/// The offered encryption types on one line: formats differ in the white space between them.
fn list_of(offered: &str) -> String {
    offered.split_whitespace().collect::<Vec<_>>().join(" ")
}

const TOOL_OPTIONS: &str = "tool_options";
const KEY_OF_A_TOOL: &str = "key_of_a_tool";

/// Windows keeps the keys that no CA certifies (Windows Hello, devices) and logs on with them itself, so another client has a
/// key that a tool registered, whatever the account used before.
fn key_of_a_tool(logon: &CertificateLogon) -> Option<Reason> {
    let text = format!(
        "no CA has certified the key, as those of Windows Hello, and the request has the options {OPTIONS_OF_TOOLS:#x}, which \
         Windows has not: a key that a tool registered (shadow credential)"
    );
    (is_of_tool(logon) && signs_itself(logon)).then(|| reason(KEY_OF_A_TOOL, text))
}

/// Why the client is unusual for the account; none: it is not.
fn unusual(known: &[PkinitClient], client: &PkinitClient, logon: &CertificateLogon) -> Option<Reason> {
    let account = &logon.account;
    let is_kind = |other: &PkinitClient| (other.options, other.offered) == (client.options, client.offered);
    if known.iter().any(is_kind) {
        return None;
    }
    if is_of_tool(logon) {
        let text = format!(
            "the request has the options {OPTIONS_OF_TOOLS:#x} of attack tools, which {account} did not use lately"
        );
        return Some(reason(TOOL_OPTIONS, text));
    }
    let is_list_new = client.offered != 0 && known.iter().all(|other| other.offered != client.offered);
    let is_address_new = known.iter().all(|other| other.address != client.address);
    let text = format!(
        "the client offers encryption types that {account} did not use lately, from an address that is new for it"
    );
    let has_history = known.iter().any(|other| other.offered != 0);
    (has_history && is_list_new && is_address_new).then(|| reason("new_encryption_types", text))
}

/// Remembers a client of the account.
fn learn(known: &mut Vec<PkinitClient>, client: PkinitClient) {
    let same = |other: &PkinitClient| {
        (other.options, other.offered, &other.address) == (client.options, client.offered, &client.address)
    };
    match known.iter_mut().find(|other| same(other)) {
        Some(other) => other.last_ms = other.last_ms.max(client.last_ms),
        None => known.push(client),
    }
    known.sort_by_key(|client| client.last_ms);
    if known.len() > MAX_CLIENTS {
        known.remove(0);
    }
}

fn fields_of(logon: &CertificateLogon) -> Vec<(&'static str, String)> {
    let options = logon.ticket_options.map(|options| format!("{options:#x}"));
    vec![
        ("account", logon.account.to_string()),
        ("ip", logon.remote_ip.clone().unwrap_or_default()),
        ("options", options.unwrap_or_default()),
        ("offered", logon.advertised_encryption.as_deref().map(list_of).unwrap_or_default()),
        ("serial", logon.serial.to_string()),
    ]
}
