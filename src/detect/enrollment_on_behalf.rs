//! `enrollment-on-behalf`: an account that was no enrollment agent was issued an enrollment agent's certificate (ESC3).
//!
//! **What.** 4887 of a certificate with the purpose Certificate Request Agent, by what is known of its template, by the name of
//! a template of Windows, or by the purposes that the request asked for. Or each 4887 of the template of subordinate CAs.
//! **Why.** With it, the account asks for certificates in the name of other people and logs on as them. With the certificate of a
//! CA it signs them itself. Source: ESC3 and ESC7 of the published research on AD CS.
//! **What looks alike and is harmless.** The first certificate of a new agent: Low for one that `agents:` names. An agent
//! that renews its certificate is known for 400 days. The setup of a subordinate CA: Low by one of `allow.ca_managers`.

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
use crate::event::{CertificateExport, CertificateRequest, Event};
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
    /// The severity for an account that `agents:` or `allow.requesters` names, of a CA's certificate `allow.ca_managers`. Default low.
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
            "A subordinate CA was set up or renewed as planned: name who does that under `allow.ca_managers`",
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
        let at = event.effective_time();
        let lifetime = Lifetime::SinceOpened(self.settings.suppression);
        if let Some(why) = ca_reason(&issued.request) {
            self.raise(event, entity, (&issued.request, Kind::OfCa, why), lifetime, slot, cx);
            slot.keep_until(memory_after(at, self.settings.suppression));
            return;
        }
        let Some(why) = agent_reason(&issued.request, cx.facts) else { return };
        if !slot.state.is_known(at)
            || slot.state.open.as_ref().is_some_and(|open| !lifetime.is_over(open, at))
        {
            self.raise(event, entity, (&issued.request, Kind::OfAgent, why), lifetime, slot, cx);
        }
        slot.state.issued_ms = slot.state.issued_ms.max(at.as_millis());
        slot.keep_until(memory_after(at, REMEMBERED));
    }
}

/// Whose certificates they are, with which others are signed.
#[derive(Clone, Copy)]
enum Kind {
    /// An enrollment agent's, which signs requests.
    OfAgent,
    /// A CA's, which signs certificates.
    OfCa,
}

impl EnrollmentOnBehalf {
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        (request, kind, why): (&CertificateRequest, Kind, Reason),
        lifetime: Lifetime,
        slot: &mut Slot<'_, AgentCertificate, ()>,
        cx: &mut Context<'_>,
    ) {
        let requester = &request.requester;
        let policy = cx.policy;
        let (is_named, title, first) = match kind {
            Kind::OfAgent => (
                policy.agent(requester).is_some() || policy.allows_requester(requester),
                format!("{requester} became an enrollment agent"),
                Some(format!(
                    "No enrollment agent's certificate of {requester} is known of the last 400 days"
                )),
            ),
            Kind::OfCa => (
                policy.lists(&policy.allow.ca_managers, requester),
                format!("{requester} was issued the certificate of a CA"),
                None,
            ),
        };
        let finding = Finding {
            entity,
            event,
            lifetime,
            severity: if is_named { self.settings.named } else { self.settings.severity },
            title,
            reasons: [why]
                .into_iter()
                .chain(first.map(|text| reason("first_agent_certificate", text)))
                .collect(),
            fields: vec![("template", request.templates_in_one())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            alert.certificate_serial =
                event.activity.issued().and_then(|issued| issued.serial.as_ref()).map(ToString::to_string);
            report::list_templates(alert, request)
        });
    }
}

impl AgentCertificate {
    /// Whether the account had such a certificate already.
    fn is_known(&self, at: Time) -> bool {
        self.issued_ms != 0 && Time::from_millis(self.issued_ms).distance(at) <= REMEMBERED
    }
}

/// Why the certificate is that of a CA; none: it is not, as far as the name of its template shows.
fn ca_reason(request: &CertificateRequest) -> Option<Reason> {
    let is_of_cas =
        |name: &&str| CertificateExport::TEMPLATES_OF_CAS.iter().any(|known| same_text(known, name));
    let template = request.templates().find(is_of_cas)?;
    let text = format!(
        "Certificates of the template {template} are those of CAs: who has the key signs certificates of anybody"
    );
    Some(reason("ca_template", text))
}

/// Why the certificate is an enrollment agent's; none: it is not, as far as is known.
fn agent_reason(request: &CertificateRequest, facts: &Facts) -> Option<Reason> {
    let (requester, id) = (&request.requester, request.request_id);
    let has_agent = |oids: &[String]| oids.iter().any(|oid| oid == REQUEST_AGENT);
    if has_agent(&request.application_policies) {
        let text = format!("{requester}'s request {id} asked for the purpose Certificate Request Agent");
        return Some(reason("agent_purpose_requested", text));
    }
    let by_facts = |template: &str| {
        facts.template(template).and_then(|known| known.flags).is_some_and(|flags| {
            [flags.ekus, flags.application_policies].into_iter().flatten().any(|list| has_agent(&list.oids))
        })
    };
    let by_name = |template: &str| AGENT_TEMPLATES.iter().any(|known| same_text(known, template));
    let template = request.templates().find(|template| by_name(template) || by_facts(template))?;
    let text = format!("Certificates of the template {template} have the purpose Certificate Request Agent");
    Some(reason("agent_template", text))
}
