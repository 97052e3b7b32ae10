//! `enrollment-on-behalf`: an account that was no enrollment agent was issued an enrollment agent's certificate (ESC3).
//!
//! **What.** 4887 of a certificate with the purpose Certificate Request Agent, by what is known of its template, by the name of
//! a template of Windows, or by the purposes that the request asked for.
//! **Why.** With it, the account asks for certificates in the name of other people and logs on as them. Source: ESC3 of the
//! published research on AD CS.
//! **What looks alike and is harmless.** The first certificate of a new agent: Low for one that `agents:` names. An agent
//! that renews its certificate is known for 400 days.

use crate::alert::{Reason, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::facts::Facts;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::purpose::REQUEST_AGENT;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::time::{Span, Time};
use crate::event::{CertificateRequest, Event};
use crate::wire::record::AgentCertificate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Certificates live for years, and agents renew them.
const REMEMBERED: Span = Span::days(400);

/// Templates of Windows whose certificates are an enrollment agent's (MS-CRTD). Copies have other names and need facts.
const AGENT_TEMPLATES: [&str; 4] =
    ["EnrollmentAgent", "MachineEnrollmentAgent", "EnrollmentAgentOffline", "CEPEncryption"];

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity for an account that was no agent. Default high.
    pub severity: Severity,
    /// The severity for an account that `agents:` or `allow.requesters` names. Default low.
    pub named: Severity,
    /// The same account alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::High,
            named: Severity::Low,
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
pub(crate) struct EnrollmentOnBehalf {
    settings: Settings,
}

impl EnrollmentOnBehalf {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> EnrollmentOnBehalf {
        EnrollmentOnBehalf { settings }
    }
}

impl Detection for EnrollmentOnBehalf {
    type State = AgentCertificate;
    type Part = ();

    const ABOUT: About = About {
        id: "enrollment-on-behalf",
        title: "First enrollment agent's certificate of an account",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask who made this account an enrollment agent, and why",
            "Read the certificates that the account requested since, in the names of whom, and whether they were used",
            "If it is no agent: revoke the certificate, publish a new CRL, treat the account as compromised",
            "Restrict enrollment agents on the CA, and the templates that accept their signature",
        ],
        benign_if: &[
            "The account is a new enrollment agent or smart-card desk: name it under `agents` before its first certificate",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low, Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(issued) = event.activity.issued() {
            found(policy.account(&issued.request.requester));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, AgentCertificate, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(issued) = event.activity.issued() else { return };
        let Some(why) = agent_reason(&issued.request, cx.facts) else { return };
        let at = event.effective_time();
        let lifetime = Lifetime::SinceOpened(self.settings.suppression);
        if !slot.state.is_known(at)
            || slot.state.open.as_ref().is_some_and(|open| !lifetime.is_over(open, at))
        {
            self.raise(event, entity, (&issued.request, why), lifetime, slot, cx);
        }
        slot.state.issued_ms = slot.state.issued_ms.max(at.as_millis());
        slot.keep_until(memory_after(at, REMEMBERED));
    }
}

impl EnrollmentOnBehalf {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        (request, why): (&CertificateRequest, Reason),
        lifetime: Lifetime,
        slot: &mut Slot<'_, AgentCertificate, ()>,
        cx: &mut Context<'_>,
    ) {
        let requester = &request.requester;
        let is_named = cx.policy.agent(requester).is_some() || cx.policy.allows_requester(requester);
        let first = format!("No enrollment agent's certificate of {requester} is known of the last 400 days");
        let finding = Finding {
            entity,
            event,
            lifetime,
            severity: if is_named { self.settings.named } else { self.settings.severity },
            title: format!("{requester} became an enrollment agent"),
            reasons: vec![why, reason("first_agent_certificate", first)],
            fields: vec![("template", request.template.clone().unwrap_or_default())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            alert.certificate_serial =
                event.activity.issued().and_then(|issued| issued.serial.as_ref()).map(ToString::to_string);
            report::list(&mut alert.templates, request.template.as_deref().unwrap_or_default())
        });
    }
}

impl AgentCertificate {
    /// Whether the account had such a certificate already.
    fn is_known(&self, at: Time) -> bool {
        self.issued_ms != 0 && Time::from_millis(self.issued_ms).distance(at) <= REMEMBERED
    }
}

/// Why the certificate is an enrollment agent's; none: it is not, as far as is known.
fn agent_reason(request: &CertificateRequest, facts: &Facts) -> Option<Reason> {
    let (requester, id) = (&request.requester, request.request_id);
    let has_agent = |oids: &[String]| oids.iter().any(|oid| oid == REQUEST_AGENT);
    if has_agent(&request.application_policies) {
        let text = format!("{requester}'s request {id} asked for the purpose Certificate Request Agent");
        return Some(reason("agent_purpose_requested", text));
    }
    let template = request.template.as_deref()?;
    let by_facts = facts.template(template).and_then(|known| known.flags).is_some_and(|flags| {
        [flags.ekus, flags.application_policies].into_iter().flatten().any(|list| has_agent(&list.oids))
    });
    let by_name = AGENT_TEMPLATES.iter().any(|known| same_text(known, template));
    let text = format!("Certificates of the template {template} have the purpose Certificate Request Agent");
    (by_facts || by_name).then(|| reason("agent_template", text))
}
