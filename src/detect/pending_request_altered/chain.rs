//! What happened to one certificate request: refused, altered, resubmitted, issued.

use crate::alert::{Evidence, Reason};
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::same_account;
use crate::detect::report::{self, reason};
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::event::{DeniedRequest, Event, PendingRequestChange, RequestChange};
use crate::wire::alert::{evidence_from_record, evidence_to_record};
use crate::wire::record::{PendingChain, PendingState, PendingStep};

/// One request id is remembered of at most this many CAs, and with so many steps.
const MAX_CHAINS: usize = 4;
const MAX_STEPS: usize = 8;

/// The chain of the request at this CA, if there is one.
pub(super) fn find<'s>(state: &'s mut PendingState, ca: &Host) -> Option<&'s mut PendingChain> {
    state.chains.iter_mut().find(|chain| Host::new(&chain.ca).is_same(ca))
}

/// Begins a chain: the CA denied the request, or it waits. A rebuilt CA counts from 1: a later request replaces the former.
pub(super) fn begin(state: &mut PendingState, event: &Event, refused: &DeniedRequest, denied: bool) {
    let requester = &refused.request.requester;
    if let Some(chain) = find(state, &event.computer)
        && (&chain.domain, &chain.account) == (&requester.domain, &requester.name)
    {
        chain.denied |= denied;
        return;
    }
    state.chains.retain(|chain| !Host::new(&chain.ca).is_same(&event.computer));
    state.chains.push(PendingChain {
        ca: event.computer.to_string(),
        domain: requester.domain.clone(),
        account: requester.name.clone(),
        template: report::cut(&refused.request.templates_in_one()),
        denied,
        asked: Some(evidence_to_record(report::evidence(event))),
        asked_ms: event.effective_time().as_millis(),
        ..PendingChain::default()
    });
    if state.chains.len() > MAX_CHAINS {
        state.chains.remove(0);
    }
}

/// Adds what a manager did. The same event twice counts once; of too many steps the first and the latest stay.
pub(super) fn add_step(chain: &mut PendingChain, event: &Event, change: &PendingRequestChange) {
    let (altered, what) = describe(&change.change);
    let mut evidence = report::evidence(event);
    evidence.request_id = Some(change.request_id);
    evidence.fields.insert("actor".to_owned(), report::cut(&change.actor.to_string()));
    evidence.fields.insert("change".to_owned(), report::cut(&what));
    let step = PendingStep {
        domain: change.actor.domain.clone(),
        account: change.actor.name.clone(),
        time_ms: event.effective_time().as_millis(),
        altered,
        what: report::cut(&what),
        evidence: Some(evidence_to_record(evidence)),
    };
    let content = |step: &PendingStep| (step.time_ms, step.account.clone(), step.what.clone());
    if chain.steps.iter().any(|known| content(known) == content(&step)) {
        return;
    }
    chain.steps.push(step);
    if chain.steps.len() > MAX_STEPS {
        chain.steps.remove(1);
    }
}

/// Whether the step alters the request, and what it is, in words.
fn describe(change: &RequestChange) -> (bool, String) {
    match change {
        RequestChange::Denied => (false, "denied it".to_owned()),
        RequestChange::Resubmitted => (false, "resubmitted it".to_owned()),
        RequestChange::ExtensionSet { name } => (true, format!("set the extension {name}")),
        RequestChange::AttributesSet { attributes } => {
            (true, format!("set the attributes {}", attributes.replace(['\r', '\n'], " ").trim()))
        }
    }
}

impl PendingChain {
    /// Who asked for the certificate.
    pub(super) fn requester(&self) -> Account {
        Account::new(&self.domain, &self.account)
    }

    /// The accounts that altered the request, or resubmitted one that was denied.
    pub(super) fn actors(&self) -> Vec<Account> {
        let mut actors: Vec<Account> = Vec::new();
        for step in self.steps.iter().filter(|step| step.altered || self.denied) {
            let actor = Account::new(&step.domain, &step.account);
            if !actors.contains(&actor) {
                actors.push(actor);
            }
        }
        actors
    }

    /// Why the issuance is suspicious; empty: a manager approved what was asked for.
    pub(super) fn reasons(&self, policy: &DomainPolicy) -> Vec<Reason> {
        let (requester, actors) = (self.requester(), self.actors());
        let mut reasons = Vec::new();
        if let Some(actor) = actors.iter().find(|actor| same_account(policy, &requester, actor)) {
            let text = format!("{actor} asked for the certificate and changed the request itself");
            reasons.push(reason("same_account", text));
        }
        let altered: Vec<String> = self.steps.iter().filter(|step| step.altered).map(words).collect();
        if !altered.is_empty() {
            let text = format!("Before the certificate was issued, {}", altered.join(", "));
            reasons.push(reason("altered_before_issue", text));
        }
        if self.denied {
            let listed: Vec<String> = actors.iter().map(ToString::to_string).collect();
            // A CA does not change its mind: a manager resubmitted the request, also where 4869 is not collected.
            let who = if listed.is_empty() {
                "a manager whom no event names".to_owned()
            } else {
                listed.join(", ")
            };
            let text = format!("The CA had denied the request; {who} had it issued nevertheless");
            reasons.push(reason("denied_then_issued", text));
        }
        reasons
    }

    /// The events before the issuance.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let steps = self.steps.iter().map(|step| &step.evidence);
        std::iter::once(&self.asked).chain(steps).flatten().cloned().map(evidence_from_record).collect()
    }

    /// Whether it is too old to be joined with an event of this time.
    pub(super) fn is_outdated(&self, at: Time, remember: Span) -> bool {
        Time::from_millis(self.asked_ms).plus(remember) < at
    }
}

fn words(step: &PendingStep) -> String {
    format!("{} {}", Account::new(&step.domain, &step.account), step.what)
}
