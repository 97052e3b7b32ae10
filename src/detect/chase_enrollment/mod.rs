//! `chase-enrollment`: a request made the CA look another machine up, or look it up at a place of the requester's choice.
//!
//! **What.** 4886 to 4889 whose attribute `rmd` names another machine than the requester, or whose `cdc` is an address or in
//! another domain. Both event versions have the attributes.
//! **Why.** An unpatched CA reads the names of the certificate from the object that `rmd` names, at the domain controller that
//! `cdc` names, and so issues a certificate of a domain controller to any machine account. Source: CVE-2026-54121
//! (Certighost), [MS-WCCE] on the attributes.
//! **What looks alike and is harmless.** Ordinary machines send both: `rmd` is the machine itself, `cdc` a domain controller.

mod judge;
mod settings;

use crate::alert::Severity;
use crate::detect::chase_enrollment::judge::{Chase, in_words, judge};
pub(crate) use crate::detect::chase_enrollment::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::time::{Span, Time};
use crate::event::{AccountChange, AccountChangeKind, Activity, CertificateRequest, Event};
use crate::wire;
use crate::wire::record::{ChaseState, OpenAlert};

/// An account that was created within this time before its request, or after it by the clocks, makes the request graver.
const NEW_ACCOUNT: Span = Span::hours(24);

/// The detection with its settings.
#[derive(Clone, Debug)]
pub(crate) struct ChaseEnrollment {
    settings: Settings,
}

impl ChaseEnrollment {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> ChaseEnrollment {
        ChaseEnrollment { settings }
    }
}

impl Detection for ChaseEnrollment {
    type State = ChaseState;
    type Part = ();

    const ABOUT: About = About {
        id: "chase-enrollment",
        title: "Certificate requested for another machine through the CA's lookup",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0003", "Persistence", "T1136.002", "Create Account: Domain Account"),
        ],
        investigative_actions: &[
            "If a certificate was issued: revoke it, publish a new CRL, and treat the machine that it names as compromised",
            "Find who created the requesting machine account (4741), and disable both",
            "Look for Kerberos logons as the named machine (4768 with the serial number) and for directory replication by it",
            "Update the CA (CVE-2026-54121)",
        ],
        benign_if: &[
            "The host that the request names is a domain controller of yours in a domain that the policy does not know: complete `domains`",
        ],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(request) = report::request_of(event) {
            if judge(request, event, policy).is_some() {
                found(policy.account(&request.requester));
            }
        } else if let Some(change) = created(event) {
            found(policy.account(&change.account));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, ChaseState, ()>,
        cx: &mut Context<'_>,
    ) {
        if let Some(change) = created(event) {
            self.on_created(event, change, entity, slot, cx);
        } else if let Some(request) = report::request_of(event)
            && let Some(chase) = judge(request, event, cx.policy)
        {
            self.on_chase(event, (request, chase), entity, slot, cx);
        }
        let horizon = NEW_ACCOUNT.max(self.settings.suppression);
        slot.keep_until(memory_after(event.effective_time(), horizon));
    }
}

impl ChaseEnrollment {
    fn on_chase(
        &self,
        event: &Event,
        (request, mut chase): (&CertificateRequest, Chase),
        entity: &Entity,
        slot: &mut Slot<'_, ChaseState, ()>,
        cx: &mut Context<'_>,
    ) {
        let requester = &request.requester;
        let mut finding = self.finding(event, entity);
        if let Some(created) = creation(&slot.state, event.effective_time()) {
            finding.earlier.push(created);
            chase.add_new_account(&slot.state.creator, requester);
        }
        finding.severity = self.settings.severity.of(chase.gravity);
        finding.title = format!("{requester} made the CA look up {}", chase.target);
        finding.reasons = chase.reasons;
        finding.fields = vec![("rmd", in_words(request.rmds())), ("cdc", in_words(request.cdcs()))];
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            alert.remote_host = request.client.clone();
            report::list_templates(alert, request);
            request.rmds().filter(|rmd| report::list_name(alert, rmd.as_str())).count() > 0
        });
    }

    /// Remembers who created the account. Its request may have been read before.
    fn on_created(
        &self,
        event: &Event,
        change: &AccountChange,
        entity: &Entity,
        slot: &mut Slot<'_, ChaseState, ()>,
        cx: &mut Context<'_>,
    ) {
        let at = event.effective_time();
        slot.state.creator = report::cut(&change.actor.to_string());
        slot.state.created_ms = at.as_millis();
        slot.state.created = Some(wire::alert::evidence_to_record(report::evidence(event)));
        let mut finding = self.finding(event, entity);
        let is_near = |open: &OpenAlert| Time::from_millis(open.last_trigger_ms).distance(at) <= NEW_ACCOUNT;
        if !slot.state.open.as_ref().is_some_and(|open| is_near(open) && !finding.lifetime.is_over(open, at))
        {
            return;
        }
        finding.severity = self.settings.severity.critical;
        finding.title = format!("{} made the CA look up another machine", change.account);
        finding.reasons = vec![judge::new_account(&slot.state.creator, &change.account)];
        finding.raise(&mut slot.state.open, cx, |_| false);
    }

    fn finding<'a>(&self, event: &'a Event, entity: &'a Entity) -> Finding<'a> {
        Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(self.settings.suppression),
            severity: Severity::Low,
            title: String::new(),
            reasons: Vec::new(),
            fields: Vec::new(),
            earlier: Vec::new(),
        }
    }
}

/// The change of 4741.
fn created(event: &Event) -> Option<&AccountChange> {
    if let Activity::AccountChanged(change) = &event.activity {
        return (change.kind == AccountChangeKind::Created).then_some(change);
    }
    None
}

/// What created the account, if that was lately.
fn creation(state: &ChaseState, at: Time) -> Option<crate::alert::Evidence> {
    let created = state.created.clone()?;
    let is_new = Time::from_millis(state.created_ms).distance(at) <= NEW_ACCOUNT;
    is_new.then(|| wire::alert::evidence_from_record(created))
}
