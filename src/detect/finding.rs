//! A finding about one event, for detections that alert on single events and short chains.

use crate::alert::{Alert, Evidence, Reason, Severity};
use crate::detect::lifecycle::{Lifetime, Outcome, Trigger};
use crate::detect::{Context, Entity, report};
use crate::event::account::Account;
use crate::event::{CertificateRequest, Event};
use crate::wire::record::OpenAlert;

/// What an event shows, together with what is remembered.
#[derive(Clone, Debug)]
pub(crate) struct Finding<'a> {
    /// Whose alert it is.
    pub entity: &'a Entity,
    /// The event that completes the finding.
    pub event: &'a Event,
    /// How long the alert stays open for further findings.
    pub lifetime: Lifetime,
    /// The severity of this finding.
    pub severity: Severity,
    /// The name of the alert, on one line.
    pub title: String,
    /// Why it is suspicious, the gravest first.
    pub reasons: Vec<Reason>,
    /// The fields of the event that matter, for its evidence.
    pub fields: Vec<(&'static str, String)>,
    /// Evidence of earlier events.
    pub earlier: Vec<Evidence>,
}

impl Finding<'_> {
    /// Opens an alert, revises the open one when there is a new reason or a higher severity, or is suppressed.
    ///
    /// `fill` writes what else the alert shows. It returns whether that adds something.
    pub(crate) fn raise(
        self,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        fill: impl FnMut(&mut Alert) -> bool,
    ) -> Outcome {
        let anchor = report::evidence(self.event);
        self.raise_as(&anchor, open, cx, fill)
    }

    /// The same, for a chain of events: `anchor` gives the alert its id, whichever event of the chain arrived last.
    pub(crate) fn raise_as(
        self,
        anchor: &Evidence,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        mut fill: impl FnMut(&mut Alert) -> bool,
    ) -> Outcome {
        let (entity, event) = (self.entity, self.event);
        let trigger = Trigger { at: event.effective_time(), lifetime: self.lifetime };
        trigger.raise(
            open,
            cx,
            |cx| Alert {
                alert_id: report::alert_id(cx.about, entity, anchor),
                ..report::new_alert(entity, event, cx)
            },
            |alert, _| {
                let adds = self.describe(alert);
                fill(alert) || adds
            },
        )
    }

    /// Revises the open alert if it `belongs` to that and a reason is new: a finding that is no alert by itself.
    pub(crate) fn revise(
        self,
        open: &mut Option<OpenAlert>,
        cx: &mut Context<'_>,
        belongs: impl FnOnce(&Alert) -> bool,
    ) {
        let trigger = Trigger { at: self.event.effective_time(), lifetime: self.lifetime };
        trigger.revise(open, cx, |alert, _| belongs(alert) && self.describe(alert));
    }

    /// Writes into the alert what every finding has. Whether a reason is new.
    fn describe(&self, alert: &mut Alert) -> bool {
        let at = self.event.effective_time();
        if self.severity > alert.severity {
            alert.severity = self.severity;
            alert.title.clone_from(&self.title);
        }
        let before = alert.reasons.len();
        for reason in &self.reasons {
            report::add_reason(alert, reason.clone());
        }
        alert.why_suspicious = alert.reasons.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("; ");
        alert.first_seen = alert.first_seen.min(at);
        alert.last_seen = alert.last_seen.max(at);
        alert.computer.get_or_insert_with(|| self.event.computer.clone());
        for evidence in &self.earlier {
            alert.first_seen = alert.first_seen.min(evidence.time);
            report::add_evidence(alert, evidence.clone());
        }
        let fields = self.fields.iter().map(|(name, value)| (*name, value.as_str()));
        report::add_evidence(alert, report::evidence_with(self.event, fields));
        alert.reasons.len() > before
    }
}

/// Names the account that asked for the certificate, or that acted.
pub(crate) fn set_requester(alert: &mut Alert, account: &Account) {
    alert.requester_account = Some(account.name.clone());
    alert.requester_domain = Some(account.domain.clone()).filter(|domain| !domain.is_empty());
}

/// Names the client machine of a request, as the client states it.
pub(crate) fn set_client(alert: &mut Alert, request: &CertificateRequest) {
    if request.client.is_some() {
        alert.remote_host.clone_from(&request.client);
    }
}

/// Names the account that acted. Whether the alert named another one until now.
pub(crate) fn set_actor(alert: &mut Alert, account: &Account) -> bool {
    let is_new = alert.requester_account.as_deref().is_some_and(|known| !account.has_name(known));
    set_requester(alert, account);
    is_new
}

/// Names the account that was logged on.
pub(crate) fn set_used_by(alert: &mut Alert, account: &Account) {
    alert.used_by_account = Some(account.name.clone());
    alert.used_by_domain = Some(account.domain.clone()).filter(|domain| !domain.is_empty());
}
