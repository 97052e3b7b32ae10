//! `application-policy-injection`: a request asked for purposes that its template does not give (ESC15).
//!
//! **What.** 4886 to 4889 with the request attribute `ApplicationPolicies`, whatever the answer was.
//! **Why.** On a template of schema version 1 an unpatched CA puts these purposes into the certificate, so that a web server
//! certificate becomes one for logons or an enrollment agent's. Source: CVE-2024-49019.
//! **What looks alike and is harmless.** Nothing that is known: Windows' own clients do not send the attribute.

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after, purpose};
use crate::event::time::Span;
use crate::event::{CertificateRequest, Event};
use crate::wire::record::SingleAlert;
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
    /// The same requester alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, severity: Severity::High, suppression: Span::hours(24) }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationPolicyInjection {
    settings: Settings,
}

impl ApplicationPolicyInjection {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> ApplicationPolicyInjection {
        ApplicationPolicyInjection { settings }
    }
}

impl Detection for ApplicationPolicyInjection {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "application-policy-injection",
        title: "Certificate requested with purposes of the requester's choice",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0004", "Privilege Escalation", "T1068", "Exploitation for Privilege Escalation"),
        ],
        investigative_actions: &[
            "Treat the requester as compromised until it is explained: no ordinary client sends this attribute",
            "If a certificate was issued: read its application policies, revoke it and publish a new CRL",
            "Look for Schannel and Kerberos logons with the certificate, and for requests that it signed for others",
            "Update the CA (CVE-2024-49019), and stop publishing templates of schema version 1 that let the requester name the subject",
        ],
        benign_if: &[
            "The product is known to ask for these purposes, and the template is of version 2 or later, whose purposes the CA takes from the template",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(request) = injection(event) {
            found(policy.account(&request.requester));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(request) = injection(event) else { return };
        let requester = &request.requester;
        let purposes = purpose::in_words(&request.application_policies);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: format!("{requester} asked for a certificate for purposes of its own choice"),
            reasons: reasons(event, request, &purposes),
            fields: vec![
                ("application_policies", request.application_policies.join(" ")),
                ("template", request.templates_in_one()),
            ],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            report::list_templates(alert, request)
        });
        slot.keep_until(memory_after(event.effective_time(), self.settings.suppression));
    }
}

/// The request of the event, if it asks for purposes.
fn injection(event: &Event) -> Option<&CertificateRequest> {
    report::request_of(event).filter(|request| !request.application_policies.is_empty())
}

/// That the attribute is there, and as a reason of its own that the CA granted the request.
fn reasons(event: &Event, request: &CertificateRequest, purposes: &str) -> Vec<crate::alert::Reason> {
    let (requester, id) = (&request.requester, request.request_id);
    let asked = format!(
        "The attributes of {requester}'s request {id} ask for {purposes}; the template is {}",
        request.template.as_deref().unwrap_or("not known")
    );
    let mut reasons = vec![reason("application_policies", asked)];
    if event.activity.issued().is_some() {
        let text = format!(
            "The CA issued the certificate {id}. An unpatched CA puts these purposes into certificates of schema version 1"
        );
        reasons.push(reason("issued", text));
    }
    reasons
}
