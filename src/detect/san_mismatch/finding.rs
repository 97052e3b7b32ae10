//! The finding for suspicious certificates: what the alert shows, and whether a trigger adds anything to the open one.
//!
//! Most triggers of a busy requester add nothing. They are recognised by a summary of the open alert, and the alert itself
//! is not read, unless an exception may silence it.

use crate::alert::{Alert, Evidence, Severity};
use crate::detect::finding;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::naming::Judgement;
use crate::detect::report::{self, MAX_LISTED};
use crate::detect::san_mismatch::burst::Burst;
use crate::detect::san_mismatch::memory::{LookBack, Memory};
use crate::detect::san_mismatch::reasons::{self, harmless_names, suspicious_names};
use crate::detect::san_mismatch::settings::Settings;
use crate::detect::{Context, Entity, Notice};
use crate::event::time::Time;
use crate::event::{CertificateRequest, Event};
use crate::state::key;
use crate::wire;
use crate::wire::record::{AlertSummary, OpenAlert, SanMismatchState, WindowCertificate};

/// From this many triggers on, the alert is revised whenever their number has doubled.
const MANY_TRIGGERS: u32 = 2 * MAX_LISTED as u32;

/// An event that is a finding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub settings: &'a Settings,
    pub event: &'a Event,
    pub request: &'a CertificateRequest,
    /// What its names are to the requester.
    pub judgement: &'a Judgement,
    /// What an alert shows of it.
    pub shown: &'a WindowCertificate,
    pub burst: Option<Burst>,
    pub lifetime: Lifetime,
}

impl Case<'_> {
    /// Opens an alert, revises the open one if this adds something, or is suppressed.
    pub(crate) fn raise(self, memory: &Memory, state: &mut SanMismatchState, cx: &mut Context<'_>) {
        let at = self.event.effective_time();
        let mut open = state
            .summary
            .take()
            .filter(|open| self.lifetime.contains(Time::from_millis(open.last_trigger_ms), at));
        let triggers = open.as_ref().map_or(0, |open| open.triggers).saturating_add(1);
        match &mut open {
            Some(open) if !self.adds_to(open, triggers) && !cx.may_silence(&self.request.requester) => {
                open.suppressed = open.suppressed.saturating_add(1);
                open.last_trigger_ms = open.last_trigger_ms.max(at.as_millis());
                cx.notices.push(Notice::Suppressed { detection: cx.about.id });
            }
            Some(_) | None => open = self.publish(memory, open.as_ref(), triggers, &mut state.open, cx),
        }
        state.summary = open.map(|open| AlertSummary { triggers, ..open });
    }

    /// Whether the open alert lacks a reason, a name, a template or the severity of this event, or its number of triggers
    /// has doubled.
    fn adds_to(self, open: &AlertSummary, triggers: u32) -> bool {
        let certificate = self.shown;
        let is_listed = |kind: &str, text: &str| open.listed.contains(&listed(kind, text));
        let burst = self.burst.map(|burst| reasons::of_burst(burst, self.settings));
        let mut codes = reasons::of(certificate, self.settings).into_iter().chain(burst);
        let name_is_new = |name: &String| !is_listed(NAME, name);
        open.unlisted
            || has_doubled(triggers)
            || codes.any(|(severity, code)| severity_of(open) < severity || !is_listed(REASON, code))
            || open.names < MAX_LISTED as u32 && certificate.names.iter().any(name_is_new)
            || template_is_new(open, certificate)
    }

    /// Publishes an alert or a revision, and summarises it; none: an exception silences it. The trigger is suppressed if it adds
    /// nothing after all.
    fn publish(
        self,
        memory: &Memory,
        known: Option<&AlertSummary>,
        triggers: u32,
        bytes: &mut Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Option<AlertSummary> {
        let at = self.event.effective_time();
        let mut open = known.and_then(|known| {
            let open: OpenAlert = wire::decode(bytes).ok()?;
            Some(OpenAlert { last_trigger_ms: known.last_trigger_ms, suppressed: known.suppressed, ..open })
        });
        let look_back = memory.look_back(self.settings, at);
        let entity = Entity::account_at(&self.request.requester, &self.event.computer);
        let published = cx.alerts.len();
        Trigger { at, lifetime: self.lifetime }.raise(
            &mut open,
            cx,
            |cx| report::new_alert(&entity, self.event, cx),
            |alert, _| self.describe(alert, &look_back, triggers),
        );
        let open = open.filter(|open| !open.withheld)?;
        let known = known.cloned().unwrap_or_default();
        let summary = cx.alerts.get(published).map_or(known, summary);
        let summary = AlertSummary {
            last_trigger_ms: open.last_trigger_ms,
            suppressed: open.suppressed,
            unlisted: false,
            ..summary
        };
        *bytes = wire::encode(&open);
        Some(summary)
    }

    /// Writes into the alert what the certificates of the look-back show. Whether that adds a reason, a name or a template.
    fn describe(self, alert: &mut Alert, seen: &LookBack, triggers: u32) -> bool {
        let mut adds = reasons::add(alert, &seen.shown, self.burst, self.request, self.settings);
        for names in [suspicious_names, harmless_names] {
            for name in seen.shown.iter().flat_map(names) {
                adds |= report::list_name(alert, name);
            }
        }
        for certificate in &seen.shown {
            adds |= report::list_template(alert, &certificate.template);
            if let Some(evidence) = &certificate.evidence {
                let evidence = wire::alert::evidence_from_record(evidence.clone());
                report::add_evidence(alert, self.with_fields(evidence, certificate));
            }
        }
        self.list_all(alert);
        alert.total_certs = Some(seen.total);
        alert.mismatched_certs = Some(seen.mismatched);
        alert.sensitive_san_certs = Some(seen.sensitive);
        (alert.earliest, alert.latest) = (seen.earliest, seen.latest);
        alert.first_seen = seen.first.map_or(alert.first_seen, |time| time.min(alert.first_seen));
        alert.last_seen = seen.last.map_or(alert.last_seen, |time| time.max(alert.last_seen));
        set_requester(alert, self.request, self.event);
        alert.why_suspicious = reasons::why_suspicious(alert, self.settings);
        if triggers >= MANY_TRIGGERS {
            reasons::add_count(alert, triggers);
        }
        adds || has_doubled(triggers)
    }

    /// Lists what the window has no place for: exceptions are judged by it.
    fn list_all(self, alert: &mut Alert) {
        for name in self.judgement.suspicious_names() {
            report::list_name(alert, name);
        }
        if self.judgement.names_cut > 0 {
            self.request.names_beyond.iter().for_each(|name| _ = report::list_name(alert, name.value()));
            alert.unlisted.has_unread_names |= self.request.names_unread() > 0;
        }
        report::list_templates(alert, self.request);
    }

    fn with_fields(self, mut evidence: Evidence, certificate: &WindowCertificate) -> Evidence {
        let request = self.request;
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                evidence.fields.insert(name.to_owned(), value.to_owned());
            }
        };
        field("template", &certificate.template);
        field("names", &certificate.names.join(", "));
        if certificate == self.shown {
            field("client", request.client.as_ref().map_or("", |client| client.as_str()));
            field("authentication_service", request.authentication_service.as_deref().unwrap_or(""));
            field("authentication_level", request.authentication_level.as_deref().unwrap_or(""));
            field("transport", request.transport.as_deref().unwrap_or(""));
        }
        evidence
    }
}

/// Who requested, and from which CA.
pub(crate) fn set_requester(alert: &mut Alert, request: &CertificateRequest, event: &Event) {
    finding::set_requester(alert, &request.requester);
    finding::set_client(alert, request);
    alert.computer = Some(event.computer.clone());
}

/// Notes a certificate that is no finding by itself: if the open alert could list it, the next trigger does.
pub(crate) fn note_harmless(state: &mut SanMismatchState, certificate: &WindowCertificate) {
    let Some(open) = &mut state.summary else { return };
    let name_is_new = |name: &String| !open.listed.contains(&listed(NAME, name));
    let has_new_name = open.names < MAX_LISTED as u32 && certificate.names.iter().any(name_is_new);
    open.unlisted |= has_new_name || template_is_new(open, certificate);
}

fn template_is_new(open: &AlertSummary, certificate: &WindowCertificate) -> bool {
    let template = &certificate.template;
    open.templates < MAX_LISTED as u32
        && !template.is_empty()
        && !open.listed.contains(&listed(TEMPLATE, template))
}

const REASON: &str = "reason";
const NAME: &str = "name";
const TEMPLATE: &str = "template";

/// What stands for a text that an alert lists.
fn listed(kind: &str, text: &str) -> u64 {
    key::hash(&[kind.as_bytes(), text.as_bytes()]) as u64
}

fn severity_of(open: &AlertSummary) -> Severity {
    wire::alert::severity_from(open.severity()).unwrap_or(Severity::Informational)
}

fn summary(alert: &Alert) -> AlertSummary {
    let codes = alert.reasons.iter().map(|reason| listed(REASON, &reason.code));
    let names = alert.san_values.iter().map(|name| listed(NAME, name));
    let templates = alert.templates.iter().map(|template| listed(TEMPLATE, template));
    AlertSummary {
        opened_ms: alert.first_seen.as_millis(),
        severity: wire::alert::severity_to(alert.severity).into(),
        names: alert.san_values.len() as u32,
        templates: alert.templates.len() as u32,
        listed: codes.chain(names).chain(templates).collect(),
        ..AlertSummary::default()
    }
}

/// 20, 40, 80, …: an alert that only counts is revised so often.
fn has_doubled(triggers: u32) -> bool {
    triggers >= MANY_TRIGGERS
        && triggers.is_multiple_of(MAX_LISTED as u32)
        && (triggers / MAX_LISTED as u32).is_power_of_two()
}
