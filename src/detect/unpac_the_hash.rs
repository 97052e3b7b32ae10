//! `unpac-the-hash`: after a logon with a certificate, the account asked for a ticket to itself that gives away its NT hash.
//!
//! **What.** 4769 with the option ENC-TKT-IN-SKEY for a service that is the account itself, at most ten minutes after a 4768 with a
//! certificate as this account, at any domain controller.
//! **Why.** After a logon with a certificate the KDC puts the account's NT hash into the tickets, for services that need NTLM. A
//! ticket from the account to itself (user to user) can be opened by the client. Sources: [MS-PKCA], RFC 4120 2.9.2, the published
//! description of UnPAC-the-hash.
//! **What looks alike and is harmless.** User-to-user tickets exist for remote desktop and the like, for *another* account.

use crate::alert::Severity;
use crate::detect::chain;
use crate::detect::changes::by_name;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_used_by};
use crate::detect::identity::same_account;
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::reason;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::{Account, same_text};
use crate::event::kerberos::{ENC_TKT_IN_SKEY, OPTIONS_OF_TOOLS};
use crate::event::time::Span;
use crate::event::{Activity, Event, ServiceTicket};
use crate::wire::record::{ChainEvent, ChainState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default high.
    pub severity: Severity,
    /// How long after the logon the ticket may be asked for. Default 10m.
    pub within: Span,
    /// The same account alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            within: Span::minutes(10),
            suppression: Span::hours(24),
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
pub(crate) struct UnpacTheHash {
    settings: Settings,
}

impl UnpacTheHash {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> UnpacTheHash {
        UnpacTheHash { settings }
    }
}

impl Detection for UnpacTheHash {
    type State = ChainState;
    type Part = ();

    const ABOUT: About = About {
        id: "unpac-the-hash",
        title: "NT hash asked for with a certificate (UnPAC-the-hash)",
        mitre: &[
            ("TA0006", "Credential Access", "T1558", "Steal or Forge Kerberos Tickets"),
            ("TA0008", "Lateral Movement", "T1550", "Use Alternate Authentication Material"),
        ],
        investigative_actions: &[
            "Treat the account as compromised, its NT hash included: reset its password twice for machines and services",
            "Find the certificate of the logon (4768), and its issuance",
            "Look for NTLM logons of the account since (4776, 4624 with NTLM)",
            "Look at the host of the address for tools such as Certipy, Rubeus and PKINITtools",
        ],
        benign_if: &[
            "The client is a Windows machine that asks for such tickets by itself, as user-to-user does, and its user confirms the logon",
        ],
        excepted_by: &[Key::UsedBy, Key::Address],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Activity::CertificateLogon(logon) = &event.activity {
            if logon.accepted() {
                found(by_name(&logon.account));
            }
        } else if let Activity::ServiceTicket(ticket) = &event.activity
            && asks_for_itself(ticket)
        {
            found(by_name(&ticket.account));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(link) = link_of(event) else { return };
        let within = self.settings.within;
        chain::remember(&mut slot.state.events, link.clone(), within);
        slot.keep_until(memory_after(event.effective_time(), within.max(self.settings.suppression)));
        if !slot.state.events.iter().any(|known| known.kind == TICKET) {
            return;
        }
        let events = slot.state.events.clone();
        for ticket in events.iter().filter(|known| known.kind == TICKET) {
            for logon in chain::before(&events, LOGON, ticket, within) {
                if is_of_itself(cx.policy, logon, ticket) && (logon == &link || ticket == &link) {
                    self.raise(event, entity, logon, ticket, slot, cx);
                    return;
                }
            }
        }
    }
}

const LOGON: &str = "logon";
const TICKET: &str = "ticket";
/// What is remembered of a logon whose options are those of attack tools.
const OF_TOOL: &str = "client of a tool";

impl UnpacTheHash {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        logon: &ChainEvent,
        ticket: &ChainEvent,
        slot: &mut Slot<'_, ChainState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(anchor) = chain::evidence(ticket) else { return };
        let account = Account::parse(&ticket.account);
        let text = format!(
            "{account} logged on with a certificate and asked for a ticket to itself under its session key"
        );
        let mut reasons = vec![reason("ticket_to_itself", text)];
        let of_tool = logon.old == OF_TOOL;
        if of_tool {
            let text = "the client asked for the ticket of the logon as attack tools do (options 0x40800010)";
            reasons.push(reason("client_of_a_tool", text.to_owned()));
        }
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!("The NT hash of {account} was asked for with a certificate"),
            reasons,
            fields: Vec::new(),
            earlier: [logon, ticket].into_iter().filter_map(chain::evidence).collect(),
        };
        let address = ticket.actor.clone();
        finding.raise_as(&anchor, &mut slot.state.open, cx, |alert| {
            set_used_by(alert, &account);
            alert.remote_ip = Some(address.clone()).filter(|ip| !ip.is_empty());
            false
        });
    }
}

/// Whether a ticket was issued that is encrypted with the session key of another ticket.
fn asks_for_itself(ticket: &ServiceTicket) -> bool {
    ticket.status == 0 && ticket.ticket_options & ENC_TKT_IN_SKEY != 0
}

/// The event as a part of the chain: `new` is the SID, of a ticket that of the service, `actor` the client's address, and `old` of
/// a logon what its options show.
fn link_of(event: &Event) -> Option<ChainEvent> {
    if let Activity::CertificateLogon(logon) = &event.activity {
        let sid = logon.sid.as_ref().map(ToString::to_string).unwrap_or_default();
        let ip = logon.remote_ip.clone().unwrap_or_default();
        let (account, serial) = (logon.account.to_string(), logon.serial.to_string());
        let fields = [("account", account.as_str()), ("serial", &serial), ("ip", &ip), ("sid", &sid)];
        let link = chain::link(event, LOGON, &logon.account, &fields);
        let of_tool = logon.ticket_options == Some(OPTIONS_OF_TOOLS);
        let old = if of_tool { OF_TOOL.to_owned() } else { String::new() };
        return logon.accepted().then_some(ChainEvent { new: sid.clone(), actor: ip.clone(), old, ..link });
    }
    let Activity::ServiceTicket(ticket) = &event.activity else { return None };
    let sid = ticket.service_sid.as_ref().map(ToString::to_string).unwrap_or_default();
    let ip = ticket.remote_ip.clone().unwrap_or_default();
    let options = format!("{:#x} (ENC-TKT-IN-SKEY)", ticket.ticket_options);
    let (account, service) = (ticket.account.to_string(), ticket.service.as_str());
    let fields = [("account", account.as_str()), ("service", service), ("options", &options), ("ip", &ip)];
    let link = chain::link(event, TICKET, &ticket.account, &fields);
    let service = service.to_owned();
    asks_for_itself(ticket).then(|| ChainEvent {
        new: sid.clone(),
        actor: ip.clone(),
        attribute: service,
        ..link
    })
}

/// Whether the service of the ticket is the account of the logon: by its SID, or by its name where a SID is missing.
fn is_of_itself(policy: &DomainPolicy, logon: &ChainEvent, ticket: &ChainEvent) -> bool {
    let (account, asker) = (Account::parse(&logon.account), Account::parse(&ticket.account));
    let service = Account::parse(&ticket.attribute);
    let is_service = if logon.new.is_empty() || ticket.new.is_empty() {
        same_text(service.bare_name(), account.bare_name())
    } else {
        logon.new == ticket.new
    };
    is_service && same_account(policy, &account, &asker)
}
