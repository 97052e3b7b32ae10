//! `san-mismatch`: a certificate was issued that names somebody else than the account that asked for it.
//!
//! **What.** Event 4887 with a subject alternative name of another identity (ESC1, ESC6), of a protected one, or
//! many certificates in a few minutes. Seed: the scheduled KQL rule for event 4887; `docs/seeds.md` maps it line by line.
//! **Why.** The domain controllers log on the account that the certificate names (PKINIT, Schannel): such a certificate
//! is that account's password for a year or more.
//! **What looks alike and is harmless.** A machine that renews its own certificate, a domain controller that also names
//! its domain, enrollment agents, NDES and life-cycle products (allow-list them), web server templates.

mod settings;
mod memory;
mod burst;
mod reasons;
mod finding;
mod others;

use crate::alert::Severity;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::naming::{self, Judgement};
use crate::detect::report;
use crate::detect::san_mismatch::burst::Burst;
use crate::detect::san_mismatch::finding::{Case, note_harmless};
use crate::detect::san_mismatch::memory::{Entry, Memory, is_issued};
pub(crate) use crate::detect::san_mismatch::settings::Settings;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::{Activity, CertificateRequest, Event};
use crate::wire;
use crate::wire::record::{Outcome, SanMismatchState, WindowCertificate};

/// The detection with its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct SanMismatch {
    settings: Settings,
}

impl SanMismatch {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> SanMismatch {
        SanMismatch { settings }
    }
}

impl Detection for SanMismatch {
    type State = SanMismatchState;
    type Part = ();

    const ABOUT: About = About {
        id: "san-mismatch",
        title: "Certificate issued for another identity",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0004", "Privilege Escalation", "T1078", "Valid Accounts"),
        ],
        investigative_actions: &[
            "Ask the requester and the owner of the named identity whether the request was expected",
            "Read the template on the CA: may the enrollee supply the subject, and who may enroll",
            "Look for Kerberos or Schannel logons with the certificate (4768 with its serial number, 4624)",
            "If it was not expected: revoke the certificate, reset the named account's secrets, publish a new CRL",
        ],
        benign_if: &[
            "The requester is an enrollment agent, a life-cycle product or NDES whose job is to request for others: name it under `agents`",
            "The name is the requester's own: a cluster or service name (`hosts`), a second account of the same person (`allow.pairs`), or a name that an import of accounts gives it",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low, Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        let Some(request) = event.activity.request() else { return };
        // A request without names can only be one whose names another event has.
        if outcome(event) != Outcome::Requested || !request.names.is_empty() {
            found(policy.account_at_any_spelling(&request.requester, &event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        _: &Entity,
        slot: &mut Slot<'_, SanMismatchState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(request) = event.activity.request() else { return };
        let judgement = naming::judge(cx.policy, cx.facts, request, event);
        let certificate = remembered(event, request, &judgement);
        let mut memory = Memory::take(&mut slot.state);
        if self.is_of_interest(&certificate, &judgement, &memory) {
            self.on_certificate(event, request, (&certificate, &judgement), &mut memory, slot, cx);
        }
        memory.put(&mut slot.state);
    }
}

impl SanMismatch {
    /// Whether a certificate counts, or an attempt is one: it has a suspicious name, or it is the decision on one that had.
    fn is_of_interest(
        &self,
        certificate: &WindowCertificate,
        judgement: &Judgement,
        memory: &Memory,
    ) -> bool {
        if is_issued(certificate) {
            return !judgement.allowed || judgement.is_suspicious() || judgement.mail_only;
        }
        let (attempts, issued) = memory.of_request(certificate.request_id);
        let is_decision = attempts > 0 && certificate.outcome() != Outcome::Requested;
        issued == 0 && (judgement.is_suspicious() || is_decision)
    }

    fn on_certificate(
        &self,
        event: &Event,
        request: &CertificateRequest,
        (certificate, judgement): (&WindowCertificate, &Judgement),
        memory: &mut Memory,
        slot: &mut Slot<'_, SanMismatchState, ()>,
        cx: &mut Context<'_>,
    ) {
        let settings = &self.settings;
        let at = event.effective_time();
        memory.forget(settings, at);
        let entry = Entry::of(event, certificate);
        let lifetime = others::lifetime(settings, &slot.state, memory, certificate);
        if memory.has_copy_of(&entry) {
            return;
        }
        memory.add(settings, entry, certificate);
        let issued = is_issued(certificate);
        let burst = issued.then(|| Burst::with(settings, memory, &entry)).flatten();
        if issued {
            others::note(settings, &mut slot.state, certificate);
            memory.hide_attempts(certificate.request_id);
        }
        if !issued || is_suspicious(certificate) || burst.is_some() {
            let case = Case { settings, event, request, judgement, shown: certificate, burst, lifetime };
            case.raise(memory, &mut slot.state, cx);
            others::report(case, memory, &mut slot.state, cx);
        } else {
            note_harmless(&mut slot.state, certificate);
        }
        let newest = memory.newest(at);
        if others::is_over(settings, &slot.state, newest) {
            slot.state.summary = None;
            slot.state.open.clear();
        }
        slot.keep_until(memory_after(newest, settings.reach()));
    }
}

fn is_suspicious(certificate: &WindowCertificate) -> bool {
    certificate.mismatched
        || certificate.sensitive
        || certificate.lookalike
        || certificate.sid_differs
        || certificate.subject_named
        || certificate.mail_only
}

fn outcome(event: &Event) -> Outcome {
    if let Activity::CertificateRequested(_) = event.activity {
        Outcome::Requested
    } else if let Activity::CertificateDenied(_) = event.activity {
        Outcome::Denied
    } else if let Activity::CertificatePending(_) = event.activity {
        Outcome::Pending
    } else {
        Outcome::Issued
    }
}

fn remembered(event: &Event, request: &CertificateRequest, judgement: &Judgement) -> WindowCertificate {
    let mut names = Vec::new();
    for name in judgement.suspicious_names() {
        report::list(&mut names, name);
    }
    let suspicious = names.len() as u32;
    for name in &judgement.harmless {
        report::list(&mut names, name);
    }
    WindowCertificate {
        time_ms: event.effective_time().as_millis(),
        request_id: request.request_id,
        mismatched: judgement.is_mismatch(),
        sensitive: judgement.is_sensitive(),
        template: request.template.as_deref().map(report::cut).unwrap_or_default(),
        names,
        suspicious,
        suffix_assumed: judgement.suffix_assumed,
        names_cut: judgement.names_cut,
        evidence: Some(wire::alert::evidence_to_record(report::evidence(event))),
        // The hash in the window stands for it.
        serial_hash: None,
        lookalike: judgement.is_lookalike(),
        outside_profile: judgement.outside_profile,
        // A mail address alone is no identity that somebody logs on with.
        own_only: judgement.own_only || (judgement.mail_only && !judgement.is_suspicious()),
        sid_differs: !judgement.other_sids.is_empty(),
        subject_named: !judgement.subject.is_empty(),
        mail_only: judgement.mail_only,
        outcome: outcome(event).into(),
    }
}
