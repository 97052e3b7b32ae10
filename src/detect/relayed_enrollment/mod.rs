//! `relayed-enrollment`: a certificate request of a machine came through somebody else (ESC8, ESC11, Kerberos relay).
//!
//! **What.** 4886 to 4889 of a machine or a protected account, joined with its 4624 at the CA, with what the request states of
//! its client, and with 5145 of the pipes by which its machine can be coerced.
//! **Why.** An attacker makes a domain controller log on to him and forwards the logon to the CA, which then issues the domain
//! controller's certificate to the attacker. Source: the published research on relays to AD CS, CVE-2026-20929.
//! **What looks alike and is harmless.** A machine that enrolls for itself states itself as the client. DHCP gives machines
//! new addresses, which alone is Low. Proxies and enrollment web services: `allow.source_hosts`.

mod settings;
mod sighting;
mod memory;
mod judge;

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::relayed_enrollment::judge::{is_of, judge};
use crate::detect::relayed_enrollment::memory::{ADDRESS_MEMORY, Familiarity};
pub(crate) use crate::detect::relayed_enrollment::settings::Settings;
use crate::detect::relayed_enrollment::sighting::{Seen, seen};
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::Event;
use crate::event::account::Account;
use crate::event::host::Host;
use crate::wire::record::{RelaySighting, RelayState};

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct RelayedEnrollment {
    settings: Settings,
}

impl RelayedEnrollment {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> RelayedEnrollment {
        RelayedEnrollment { settings }
    }
}

impl Detection for RelayedEnrollment {
    type State = RelayState;
    type Part = ();

    const ABOUT: About = About {
        id: "relayed-enrollment",
        title: "Certificate request came through a relay",
        mitre: &[
            ("TA0006", "Credential Access", "T1557.001", "LLMNR/NBT-NS Poisoning and SMB Relay"),
            ("TA0006", "Credential Access", "T1187", "Forced Authentication"),
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
        ],
        investigative_actions: &[
            "Find the host behind the address of the logon (4624 on the CA): is it the requester, a proxy, or somebody else",
            "If a certificate was issued: revoke it, publish a new CRL, and treat the requester as compromised",
            "Look for Kerberos logons as the requester with the certificate (4768 with its serial number)",
            "Close the way: require HTTPS and channel binding for web enrollment, IF_ENFORCEENCRYPTICERTREQUEST for RPC",
        ],
        benign_if: &[
            "The request came through a proxy or an enrollment web service: name its host or address under `allow.source_hosts`",
            "The machine got a new address or was installed again",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates, Key::Address],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    /// An account by its name alone: the name of a computer does not show its domain's NetBIOS name. The domains are
    /// compared when sightings are joined.
    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((_, account)) = seen(event, policy) {
            found(Entity::account(&Account::new("", &account.name)));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, RelayState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some((what, account)) = seen(event, cx.policy) else { return };
        let concerned = remember(&mut slot.state, event, &what, cx.policy);
        for request in concerned {
            if is_of(cx.policy, &account, &request) {
                let requester = Account::new(&request.domain, &request.account);
                self.raise(event, entity, (&requester, &request), &mut slot.state, cx);
            }
        }
        slot.keep_until(memory_after(event.effective_time(), ADDRESS_MEMORY));
    }
}

/// Remembers what was seen, and returns the requests that have to be judged.
fn remember(
    state: &mut RelayState,
    event: &Event,
    what: &Seen<'_>,
    policy: &DomainPolicy,
) -> Vec<RelaySighting> {
    match what {
        Seen::Request(request) => {
            let request = sighting::of_request(event, request, policy);
            memory::remember(&mut state.requests, request.clone());
            vec![request]
        }
        Seen::Logon(logon) => {
            let mut logon = sighting::of_logon(event, logon);
            let is_expected =
                sighting::is_own_address(&logon.address) || policy.allow.source_host(&logon.address);
            let familiarity = memory::see_address(state, &logon.address, event.effective_time());
            logon.new_address = familiarity == Familiarity::New && !is_expected;
            logon.usual_address = familiarity == Familiarity::Usual || is_expected;
            memory::remember(&mut state.logons, logon);
            state.requests.clone()
        }
        Seen::Coercion(access) => {
            memory::remember_coercion(&mut state.coercions, sighting::of_coercion(event, access));
            state.requests.clone()
        }
        Seen::Addresses(addresses) => {
            for address in *addresses {
                memory::state_usual(state, address, event.effective_time());
            }
            Vec::new()
        }
    }
}

impl RelayedEnrollment {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        (requester, request): (&Account, &RelaySighting),
        state: &mut RelayState,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        let Some(relayed) = judge(&settings.severity, cx.policy, state, requester, request) else { return };
        if let Some(address) = relayed.address.as_deref().filter(|_| relayed.blames_address) {
            memory::blame(state, address);
        }
        let title = if relayed.is_certain {
            format!("The certificate request of {requester} came through a relay")
        } else {
            format!("{requester} asked for a certificate from an address that is new to it")
        };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(settings.suppression),
            severity: relayed.severity,
            title,
            reasons: relayed.reasons,
            fields: Vec::new(),
            earlier: relayed.evidence,
        };
        finding.raise(&mut state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.computer = Some(Host::new(&request.computer));
            alert.remote_ip = relayed.address.clone().or_else(|| alert.remote_ip.take());
            report::list_template(alert, &request.template)
        });
    }
}
