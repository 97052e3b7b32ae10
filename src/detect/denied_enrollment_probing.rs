//! `denied-enrollment-probing`: an account tries templates until one works, or asks in another's name and is refused.
//!
//! **What.** 4888 and 4889 of one requester, and 53 of the CA's service: several templates within an hour, or a name of another
//! identity. The same refusal in 4888 and 53 is one, because templates are counted and not requests.
//! **Why.** Tools that look for templates that can be abused request from each; the CA refuses what the account may not have.
//! The refusals are the trace of the search, and of the attempt with a foreign name.
//! **What looks alike and is harmless.** A permission that was removed makes the CA refuse one template for thousands of
//! machines, again and again: one template raises nothing. A CA that cannot reach its services refuses everybody. A machine that
//! is configured wrongly is refused several: its client is Windows, and the search stays medium.

use crate::alert::{Reason, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::naming;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::san::San;
use crate::event::time::{Span, Time};
use crate::event::{Activity, DeniedRequest, Event};
use crate::wire;
use crate::wire::record::{ProbingState, RefusedTemplate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Different templates that are remembered of one requester, the latest of them.
const MAX_TEMPLATES: usize = 16;

/// Refusals of a CA that cannot reach what it needs: the revocation list, a remote service, a domain controller.
const OUT_OF_ORDER: [u32; 4] = [0x8009_2013, 0x8009_2012, 0x8007_06ba, 0x8007_054b];

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// So many different templates are a search. Default 3.
    pub templates: NonZeroU32,
    /// Within this time. Default 1h.
    pub window: Span,
    /// The same requester alerts once in this time, unless it gets worse. Default 1d.
    pub suppression: Span,
    /// The severity of a search. Default medium.
    pub severity: Severity,
    /// The severity of a search that is not the work of a client that is configured wrongly: with requests that state no
    /// client, as tools make them, or of a user who was refused twice as many templates. Default high.
    pub certain: Severity,
    /// The severity of a refused request with the name of another identity. Default high.
    pub foreign_name: Severity,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            templates: NonZeroU32::MIN.saturating_add(2),
            window: Span::hours(1),
            suppression: Span::hours(24),
            severity: Severity::Medium,
            certain: Severity::High,
            foreign_name: Severity::High,
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
pub(crate) struct DeniedEnrollmentProbing {
    settings: Settings,
}

impl DeniedEnrollmentProbing {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> DeniedEnrollmentProbing {
        DeniedEnrollmentProbing { settings }
    }
}

impl Detection for DeniedEnrollmentProbing {
    type State = ProbingState;
    type Part = ();

    const ABOUT: About = About {
        id: "denied-enrollment-probing",
        title: "Refused certificate requests that look like a search",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask the requester whether it tried these templates",
            "Find the host of the requests: 4624 on the CA by this account at that time, the client machine in the requests",
            "Read the certificates that were issued to this account since (4887)",
        ],
        benign_if: &[
            "A client that is configured wrongly asks again and again, or an administrator tests permissions",
        ],
        excepted_by: &[Key::Account, Key::Computer],
        severities: &[Severity::Medium, Severity::High],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(refused) = refused(event) {
            found(policy.account(&refused.request.requester));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, ProbingState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(refused) = refused(event) else { return };
        let settings = &self.settings;
        let at = event.effective_time();
        let foreign = foreign_names(event, refused, cx);
        if !is_out_of_order(refused) {
            remember(&mut slot.state, event, refused);
        }
        self.raise(event, entity, refused, &foreign, &mut slot.state, cx);
        slot.keep_until(memory_after(at, settings.suppression.max(settings.window)));
    }
}

impl DeniedEnrollmentProbing {
    /// Raises what the refusal shows, together with those of the same hour.
    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        refused: &DeniedRequest,
        foreign: &[String],
        state: &mut ProbingState,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        let search = self.search(state, event.effective_time());
        if search.is_empty() && foreign.is_empty() {
            return;
        }
        let evidence =
            search.iter().filter_map(|t| t.evidence.clone()).map(wire::alert::evidence_from_record);
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(settings.suppression),
            severity: if foreign.is_empty() {
                self.of_search(&search, event, refused)
            } else {
                settings.foreign_name
            },
            title: title(refused, foreign),
            reasons: reasons(event, refused, &search, foreign, settings.window),
            fields: vec![("template", template(refused).to_owned())],
            earlier: evidence.collect(),
        };
        finding.raise(&mut state.open, cx, |alert| {
            set_requester(alert, &refused.request.requester);
            alert.remote_host = refused.request.client.clone();
            let names = foreign.iter().filter(|name| report::list_name(alert, name)).count();
            let templates = search.iter().filter(|t| report::list_template(alert, &t.template)).count();
            names + templates > 0
        });
    }

    /// Windows asks the directory for what the account may have before it asks the CA, so a user is rarely refused.
    fn of_search(&self, search: &[RefusedTemplate], event: &Event, refused: &DeniedRequest) -> Severity {
        let settings = &self.settings;
        let is_long = search.len() >= 2 * settings.templates.get() as usize;
        let is_certain = is_of_tool(event, refused) || (is_long && !refused.request.requester.is_machine());
        if is_certain { settings.certain } else { settings.severity }
    }

    /// The templates that were refused near this time, if they are enough for a search.
    fn search(&self, state: &ProbingState, at: Time) -> Vec<RefusedTemplate> {
        let is_near = |template: &&RefusedTemplate| time(template).distance(at) <= self.settings.window;
        let near: Vec<RefusedTemplate> = state.templates.iter().filter(is_near).cloned().collect();
        if near.len() >= self.settings.templates.get() as usize { near } else { Vec::new() }
    }
}

/// The request of 4888, 4889 or 53.
fn refused(event: &Event) -> Option<&DeniedRequest> {
    if let Activity::CertificateDenied(refused)
    | Activity::CertificatePending(refused)
    | Activity::RequestRefused(refused) = &event.activity
    {
        return Some(refused);
    }
    None
}

fn is_pending(event: &Event) -> bool {
    matches!(event.activity, Activity::CertificatePending(_))
}

/// Whether the refusal speaks of the CA and not of the requester. Windows writes an HRESULT as a signed number.
fn is_out_of_order(refused: &DeniedRequest) -> bool {
    OUT_OF_ORDER.iter().any(|code| i64::from(code.cast_signed()) == refused.disposition)
}

/// Whether the request came from a client that is not Windows: it states none. 53 does not show what a request states.
fn is_of_tool(event: &Event, refused: &DeniedRequest) -> bool {
    !matches!(event.activity, Activity::RequestRefused(_)) && !refused.request.states_its_client()
}

/// Names of other identities. A host name that waits for a manager is what approval is for.
fn foreign_names(event: &Event, refused: &DeniedRequest, cx: &Context<'_>) -> Vec<String> {
    let mut request = refused.request.clone();
    if is_pending(event) {
        request.names.retain(|name| !matches!(name, San::Dns(_) | San::Ip(_)));
        request.names_cut = 0;
    }
    let judgement = naming::judge(cx.policy, cx.facts, &request, event);
    [judgement.sensitive, judgement.lookalike, judgement.mismatched].concat()
}

/// Remembers when the templates of the request were refused last. Requests that name no template count as one.
fn remember(state: &mut ProbingState, event: &Event, refused: &DeniedRequest) {
    remember_template(state, event, template(refused));
    refused.request.templates().skip(1).for_each(|template| remember_template(state, event, template));
}

fn remember_template(state: &mut ProbingState, event: &Event, template: &str) {
    let name = report::cut(template);
    let time_ms = event.effective_time().as_millis();
    if let Some(known) = state.templates.iter().position(|known| same_text(&known.template, &name)) {
        if state.templates[known].time_ms >= time_ms {
            return;
        }
        state.templates.remove(known);
    }
    let evidence = Some(wire::alert::evidence_to_record(report::evidence(event)));
    state.templates.push(RefusedTemplate { template: name, time_ms, evidence });
    if state.templates.len() > MAX_TEMPLATES {
        state.templates.remove(0);
    }
}

fn template(refused: &DeniedRequest) -> &str {
    refused.request.template.as_deref().unwrap_or_default()
}

fn time(template: &RefusedTemplate) -> Time {
    Time::from_millis(template.time_ms)
}

fn title(refused: &DeniedRequest, foreign: &[String]) -> String {
    let requester = &refused.request.requester;
    match foreign.first() {
        Some(name) => format!("{requester} was refused a certificate for {}", report::cut(name)),
        None => format!("{requester} was refused certificates of several templates"),
    }
}

fn reasons(
    event: &Event,
    refused: &DeniedRequest,
    search: &[RefusedTemplate],
    foreign: &[String],
    window: Span,
) -> Vec<Reason> {
    let requester = &refused.request.requester;
    let mut reasons = Vec::new();
    if !foreign.is_empty() {
        let names = report::joined(foreign);
        let text = format!("{requester} asked for {names}, names of another identity, and did not get it");
        reasons.push(reason("foreign_name_refused", text));
    }
    if !search.is_empty() {
        let name = |t: &RefusedTemplate| {
            if t.template.is_empty() { "one without a name" } else { &t.template }.to_owned()
        };
        let listed = report::joined(&search.iter().map(name).collect::<Vec<_>>());
        let text = format!("{} templates within {window}: {listed}", search.len());
        reasons.push(reason("many_templates_refused", text));
    }
    if !search.is_empty() && is_of_tool(event, refused) {
        let text = "the request states no client (ccm), as Windows does: a tool made it";
        reasons.push(reason("no_client", text.to_owned()));
    }
    reasons
}
