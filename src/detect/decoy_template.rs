//! `decoy-template`: somebody asked for a certificate of a template that exists only to be noticed, or changed it.
//!
//! **What.** Event 4886 to 4889, or 53 of the CA's service, with a template that the policy lists in `decoys:`, whatever the answer
//! was. A change of it in the directory (5136), or one that a CA noticed (4899, 4900).
//! **Why.** No person and no machine needs such a template, but a tool that looks for templates that can be abused finds it
//! first. Source: the published practice of decoy objects in directories; the events are those of every request.
//! **What looks alike and is harmless.** Nothing, by construction. A test of the decoy itself alerts too, and so does who makes it.

use crate::alert::Severity;
use crate::detect::changes::template_of;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_actor, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::time::Span;
use crate::event::{Activity, CertificateRequest, Event, TemplateChange};
use crate::wire::record::SingleAlert;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may set. It raises nothing while `decoys:` is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default critical.
    pub severity: Severity,
    /// The same requester alerts once in this time. Default 1d.
    pub suppression: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true, severity: Severity::Critical, suppression: Span::hours(24) }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct DecoyTemplate {
    settings: Settings,
}

impl DecoyTemplate {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> DecoyTemplate {
        DecoyTemplate { settings }
    }
}

impl Detection for DecoyTemplate {
    type State = SingleAlert;
    type Part = ();

    const ABOUT: About = About {
        id: "decoy-template",
        title: "Decoy template requested or changed",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Treat the account as compromised until it is explained: nobody needs this template",
            "Find the host of the request: 4624 on the CA by this account at that time, the client machine in the request",
            "Read the other requests of this account, and of that host, of the last days",
            "If a certificate was issued: revoke it and publish a new CRL",
        ],
        benign_if: &["Somebody made or tested the decoy, or a scanner of yours requests every template"],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((request, _)) = decoy(event, policy) {
            found(policy.account(&request.requester));
        } else if let Some(template) = changed(event, policy) {
            found(Entity::named(&template));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        slot.keep_until(memory_after(event.effective_time(), settings.suppression));
        let Some((request, template)) = decoy(event, cx.policy) else {
            self.on_change(event, entity, slot, cx);
            return;
        };
        let requester = &request.requester;
        let text = format!("{requester} asked for a certificate of {template}, which `decoys:` lists");
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(settings.suppression),
            severity: settings.severity,
            title: format!("{requester} asked for a certificate of the decoy template {template}"),
            reasons: vec![reason("decoy_template", text)],
            fields: vec![("template", template.to_owned())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            report::list_template(alert, template)
        });
    }
}

impl DecoyTemplate {
    /// The event of the directory states who changed the template, that of the CA only that it changed.
    fn on_change(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, SingleAlert, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(template) = changed(event, cx.policy) else { return };
        let actor =
            if let Activity::DirectoryChanged(change) = &event.activity { Some(&change.actor) } else { None };
        let (title, reason) = match actor {
            Some(actor) => (
                format!("{actor} changed the decoy template {template}"),
                reason("decoy_changed", format!("{actor} changed {template}, which `decoys:` lists")),
            ),
            None => (
                format!("The decoy template {template} was changed"),
                reason(
                    "decoy_change_noticed",
                    format!("the CA noticed that {template} changed, which `decoys:` lists"),
                ),
            ),
        };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: self.settings.severity,
            title: title.clone(),
            reasons: vec![reason],
            fields: vec![
                ("template", template.clone()),
                ("actor", actor.map(ToString::to_string).unwrap_or_default()),
            ],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            let is_new = actor.is_some_and(|actor| set_actor(alert, actor));
            if actor.is_some() {
                alert.title.clone_from(&title);
            }
            report::list_template(alert, &template) || is_new
        });
    }
}

/// The decoy that the event shows to be changed. A CA that loads its templates changes none.
fn changed(event: &Event, policy: &DomainPolicy) -> Option<String> {
    if policy.decoys.is_empty() {
        return None;
    }
    let is_loaded =
        matches!(&event.activity, Activity::TemplateSeen(seen) if seen.change == TemplateChange::Loaded);
    template_of(event).filter(|template| !is_loaded && is_decoy(policy, template))
}

fn is_decoy(policy: &DomainPolicy, template: &str) -> bool {
    policy.decoys.iter().any(|decoy| same_text(decoy, template))
}

/// The request of the event and its template, if that is a decoy.
fn decoy<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<(&'e CertificateRequest, &'e str)> {
    let request = if let Activity::RequestRefused(refused) = &event.activity {
        &refused.request
    } else {
        report::request_of(event)?
    };
    let template = request.templates().find(|template| is_decoy(policy, template))?;
    Some((request, template))
}
