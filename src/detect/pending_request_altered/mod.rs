//! `pending-request-altered`: a request that the CA denied or left pending was altered and then issued (ESC7).
//!
//! **What.** 4888 or 4889, then 4873, 4874 or 4869, then 4887 of one request id at one CA.
//! **Why.** Who manages a CA can put any name or purpose into a waiting request, and have a denied one issued: no permission
//! of a template stands in the way. Source: ESC7 of the published research on AD CS.
//! **What looks alike and is harmless.** A manager who approves what was asked for raises nothing. A manager who corrects
//! requests as a job is learned, and is Low from then on.

mod settings;
mod managers;
mod chain;

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::identity::same_account;
use crate::detect::lifecycle::Lifetime;
pub(crate) use crate::detect::pending_request_altered::settings::Settings;
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::time::Time;
use crate::event::{Activity, Event, PendingRequestChange, RequestChange};
use crate::wire::record::{CaManagers, PendingChain, PendingState};

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct PendingRequestAltered {
    settings: Settings,
}

impl PendingRequestAltered {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> PendingRequestAltered {
        PendingRequestAltered { settings }
    }
}

impl Detection for PendingRequestAltered {
    type State = PendingState;
    type Part = ();

    const ABOUT: About = About {
        id: "pending-request-altered",
        title: "Certificate issued after its request was altered",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask the manager who altered the request whether it was on purpose, and on whose order",
            "If it was not: revoke the certificate, publish a new CRL, treat the manager's account as compromised",
            "Read the permissions of the CA: who may manage it and issue certificates (4882)",
            "Look for logons with the certificate (4768 with its serial number, 4624 Schannel)",
        ],
        benign_if: &["A CA manager corrected the request on behalf of its requester, and both confirm it"],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(change) = change(event) {
            found(Entity::certificate_request(change.request_id));
            if is_alteration(change) {
                found(managers::entity());
            }
        } else if let Some(request) = report::request_of(event)
            && !matches!(event.activity, Activity::CertificateRequested(_))
        {
            found(Entity::certificate_request(request.request_id));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, PendingState, ()>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        if let Some(change) = change(event) {
            if *entity == managers::entity() {
                let mut known: CaManagers = slot.shared(managers::NAME);
                managers::learn(&mut known, cx.policy, &change.actor, at);
                slot.put_shared(managers::NAME, &known);
                return;
            }
            if let Some(chain) = chain::find(&mut slot.state, &event.computer) {
                chain::add_step(chain, event, change);
            }
        } else if let Activity::CertificateDenied(refused) = &event.activity {
            chain::begin(&mut slot.state, event, refused, true);
        } else if let Activity::CertificatePending(refused) = &event.activity {
            chain::begin(&mut slot.state, event, refused, false);
        } else {
            self.on_issued(event, entity, slot, cx);
        }
        slot.state.chains.retain(|chain| !chain.is_outdated(at, self.settings.remember));
        slot.keep_until(memory_after(at, self.settings.remember));
    }
}

impl PendingRequestAltered {
    fn on_issued(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, PendingState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(issued) = event.activity.issued() else { return };
        if slot.state.chains.is_empty() {
            return;
        }
        let known: CaManagers = slot.shared(managers::NAME);
        let at = event.effective_time();
        let Some(chain) = chain::find(&mut slot.state, &event.computer) else { return };
        let requester = chain.requester();
        let reasons = chain.reasons(cx.policy);
        if reasons.is_empty() || !same_account(cx.policy, &requester, &issued.request.requester) {
            return;
        }
        let happened = if chain.steps.is_empty() { "denied" } else { "altered" };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.remember),
            severity: self.severity(chain, &known, at, cx.policy),
            title: format!("{requester} was issued a certificate after its request was {happened}"),
            reasons,
            fields: vec![("subject", issued.subject.clone())],
            earlier: chain.evidence(),
        };
        let template = chain.template.clone();
        finding.raise(&mut chain.open, cx, |alert| {
            set_requester(alert, &requester);
            alert.remote_host = issued.request.client.clone();
            alert.certificate_serial = issued.serial.as_ref().map(ToString::to_string);
            for name in issued.request.names.iter().chain(&issued.request.names_beyond) {
                report::list_name(alert, name.value());
            }
            alert.unlisted.has_unread_names |= issued.request.names_unread() > 0;
            if issued.request.template.is_none() {
                return report::list_template(alert, &template);
            }
            report::list_templates(alert, &issued.request)
        });
    }

    /// Critical: who asked also altered. Low: all who altered do so often, and nothing had been denied.
    fn severity(
        &self,
        chain: &PendingChain,
        known: &CaManagers,
        at: Time,
        policy: &DomainPolicy,
    ) -> Severity {
        let (settings, requester) = (&self.settings, chain.requester());
        let actors = chain.actors();
        let is_known =
            |actor| managers::days_before(known, policy, actor, at) >= settings.known_after_days.get();
        if actors.iter().any(|actor| same_account(policy, &requester, actor)) {
            settings.severity.same_account
        } else if !chain.denied && actors.iter().all(is_known) {
            settings.severity.known_manager
        } else {
            settings.severity.altered
        }
    }
}

/// The change of 4868, 4869, 4873 or 4874.
fn change(event: &Event) -> Option<&PendingRequestChange> {
    if let Activity::PendingRequestChanged(change) = &event.activity { Some(change) } else { None }
}

fn is_alteration(change: &PendingRequestChange) -> bool {
    match change.change {
        RequestChange::ExtensionSet { .. } | RequestChange::AttributesSet { .. } => true,
        RequestChange::Denied | RequestChange::Resubmitted => false,
    }
}
