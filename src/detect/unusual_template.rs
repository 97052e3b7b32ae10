//! `unusual-template`: an account got a certificate of a template that neither it nor newcomers get lately.
//!
//! **What.** 4887 of a template that this account did not get in 30 days, and that accounts rarely get for the first time: on
//! fewer than three of the last 30 days.
//! **Why.** Who looks for a template that can be abused finds one that hardly anybody uses. Source: the description of the
//! alert of Cortex XDR on requests via templates.
//! **What looks alike and is harmless.** Templates that everybody gets once, such as User: newcomers are ordinary there. Agents
//! and allowed requesters within their profiles. A new template for everybody: one alert a day, for at most three days. The first
//! days of a CA are its training.

use crate::alert::{Alert, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::novelty::{self, NoveltySlot};
use crate::detect::report::{self, reason};
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, Training, memory_after};
use crate::event::fold::fold;
use crate::event::time::Span;
use crate::event::{CertificateRequest, Event};
use crate::wire::record::{NoveltyPart, NoveltyState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many accounts a day revise the alert of a template. A template that is new for everybody is no news after them.
const MAX_REVISIONS: usize = 5;

/// The code of its reason.
const FIRST: &str = "first_of_template";

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default low.
    pub severity: Severity,
    /// An account that did not get a template for so long gets it for the first time again, at most 64d. Default 30d.
    pub remember: Span,
    /// On so many days within this time an account gets the template for the first time where that is ordinary. Default 3.
    pub ordinary_days: u32,
    /// Different days of data of a CA before it alerts. Default 14.
    pub training_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Low,
            remember: Span::days(30),
            ordinary_days: 3,
            training_days: 14,
        }
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
pub(crate) struct UnusualTemplate {
    settings: Settings,
}

impl UnusualTemplate {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> UnusualTemplate {
        UnusualTemplate { settings }
    }
}

impl Detection for UnusualTemplate {
    type State = NoveltyState;
    type Part = NoveltyPart;

    const ABOUT: About = About {
        id: "unusual-template",
        title: "First certificate of a template that newcomers rarely get",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask the account's owner what the certificate is for",
            "Look at the template: may the requester choose the names, and which purposes does it give?",
            "Look for logons with the certificate, by its serial number (4768)",
        ],
        benign_if: &["The account has a new task for which it needs this template"],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if issued(event, policy).is_some() {
            found(Entity::ca_in_any_spelling(&event.computer));
        }
    }

    fn on_event(&self, event: &Event, entity: &Entity, slot: &mut NoveltySlot<'_>, cx: &mut Context<'_>) {
        let Some(request) = issued(event, cx.policy) else { return };
        novelty::mark_day(&mut slot.state, event, self.settings.remember);
        slot.keep_until(memory_after(event.effective_time(), novelty::CA_MEMORY));
        for template in templates(request) {
            self.on_template(template, event, entity, request, slot, cx);
        }
    }

    fn training(&self, state: &NoveltyState) -> Option<Training> {
        Some(novelty::training(state, self.settings.training_days))
    }
}

impl UnusualTemplate {
    fn on_template(
        &self,
        template: &str,
        event: &Event,
        entity: &Entity,
        request: &CertificateRequest,
        slot: &mut NoveltySlot<'_>,
        cx: &mut Context<'_>,
    ) {
        let (at, remember) = (event.effective_time(), self.settings.remember);
        let account = cx.policy.in_one_spelling(&request.requester).canonical();
        let (peers_name, own_name) = (fold(template).into_owned(), format!("{}\0{account}", fold(template)));
        let (mut peers, mut own): (NoveltyPart, NoveltyPart) = (slot.part(&peers_name), slot.part(&own_name));
        if !novelty::is_recent(&own, at, remember) {
            let newcomers = novelty::days_with_newcomers(&peers, at, remember);
            let trained = novelty::is_trained(&slot.state, self.settings.training_days, event, cx);
            if trained && newcomers < self.settings.ordinary_days {
                self.raise(template, event, entity, request, &mut peers, cx);
            }
            peers.newcomers.get_or_insert_default().mark(at.day());
        }
        novelty::touch(&mut own, at);
        novelty::touch(&mut peers, at);
        slot.put_part(&own_name, &own, memory_after(at, remember));
        slot.put_part(&peers_name, &peers, memory_after(at, remember));
    }

    fn raise(
        &self,
        template: &str,
        event: &Event,
        entity: &Entity,
        request: &CertificateRequest,
        peers: &mut NoveltyPart,
        cx: &mut Context<'_>,
    ) {
        let template = report::cut(template);
        let requester = &request.requester;
        let text = format!(
            "{requester} got its first certificate of {template} for long, which hardly any account gets for the first time"
        );
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity: self.settings.severity,
            title: format!("{requester} got a certificate of the template {template} for the first time"),
            reasons: vec![reason(FIRST, text)],
            fields: vec![("requester", requester.to_string()), ("template", template.clone())],
            earlier: Vec::new(),
        };
        finding.raise(&mut peers.open, cx, |alert| {
            if alert.requester_account.is_none() {
                set_requester(alert, requester);
                let serial = event.activity.issued().and_then(|issued| issued.serial.as_ref());
                alert.certificate_serial = serial.map(ToString::to_string);
            }
            report::list_template(alert, &template);
            name_all(alert, &template);
            alert.evidence.len() <= MAX_REVISIONS
        });
    }
}

/// Names all accounts of the alert in its reason, once there are several.
fn name_all(alert: &mut Alert, template: &str) {
    let mut accounts: Vec<&str> = Vec::new();
    for account in alert.evidence.iter().filter_map(|event| event.fields.get("requester")) {
        if !accounts.contains(&account.as_str()) {
            accounts.push(account);
        }
    }
    if accounts.len() > 1 {
        let text = format!(
            "{} got their first certificates of {template} for long, which hardly any account gets for the first time",
            accounts.join(", ")
        );
        report::add_reason(alert, reason(FIRST, text));
    }
}

/// The request of an issued certificate with a template, of an account that asks for itself.
fn issued<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<&'e CertificateRequest> {
    let request = &event.activity.issued()?.request;
    templates(request).next()?;
    let agent =
        policy.agent(&request.requester).is_some_and(|agent| agent.has_template(request.sole_template()));
    (!agent && !policy.allows_requester(&request.requester)).then_some(request)
}

fn templates(request: &CertificateRequest) -> impl Iterator<Item = &str> {
    request.templates().filter(|template| !template.is_empty())
}
