//! `unusual-volume`: an account got many certificates in an hour, more than it ever gets.
//!
//! **What.** 4887: at least 20 certificates of one template, or at least five different names of others, within an hour of the
//! clock, and three times as many as in the account's busiest hour of the last 30 days.
//! **Why.** An attacker who can issue for anybody does it for many at once. Sources: the published queries on bursts of
//! issuance.
//! **What looks alike and is harmless.** Autoenrollment issues few certificates of each template. Agents that the policy names
//! issue many; others do so every day, and alert once.

use crate::alert::{Reason, Severity};
use crate::detect::allowed::is_allowed_name;
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::finding::{Finding, set_requester};
use crate::detect::identity::{self, Verdict};
use crate::detect::lifecycle::Lifetime;
use crate::detect::report::{self, reason};
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, memory_after};
use crate::event::fold::fold;
use crate::event::san::San;
use crate::event::time::{Span, Time};
use crate::event::{CertificateRequest, Event};
use crate::state::key;
use crate::wire::record::{VolumeCounter, VolumePeak, VolumeState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most templates that are counted of a requester at once. The one that was used longest ago goes first.
const MAX_COUNTERS: usize = 8;

/// The most that is compared within an hour, so that what arrives twice counts once; beyond it, everything counts.
const MAX_SEEN: usize = 64;

/// For how many days the busiest hours are remembered.
const REMEMBERED_DAYS: i32 = 30;

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: the detection does not run.
    pub enabled: bool,
    /// The severity of an alert. Default low.
    pub severity: Severity,
    /// If the certificates have names of others. Default medium.
    pub severity_other_names: Severity,
    /// So many certificates of one template in an hour are many. Default 20.
    pub certificates: u32,
    /// So many different names of others in an hour are many. Default 5.
    pub names: u32,
    /// So many times the account's busiest hour of the last 30 days. Default 3.
    pub times: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            enabled: true,
            severity: Severity::Low,
            severity_other_names: Severity::Medium,
            certificates: 20,
            names: 5,
            times: 3,
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
pub(crate) struct UnusualVolume {
    settings: Settings,
}

impl UnusualVolume {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> UnusualVolume {
        UnusualVolume { settings }
    }
}

impl Detection for UnusualVolume {
    type State = VolumeState;
    type Part = ();

    const ABOUT: About = About {
        id: "unusual-volume",
        title: "More certificates in an hour than the account ever gets",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Ask the account's owner what the certificates are for",
            "If the account enrolls for others: name it in `agents:`, with its templates",
            "Look for logons with these certificates, by their serial numbers (4768)",
        ],
        benign_if: &["A planned task requested many certificates: a renewal of all hosts, a new deployment"],
        excepted_by: &[Key::Account, Key::Computer, Key::Templates],
        severities: &[Severity::Low, Severity::Medium],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some(request) = issued(event, policy) {
            found(policy.account_at_any_spelling(&request.requester, &event.computer));
        }
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, VolumeState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(request) = issued(event, cx.policy) else { return };
        let at = event.effective_time();
        slot.keep_until(memory_after(at, Span::days(i64::from(REMEMBERED_DAYS))));
        let template = fold(request.template.as_deref().unwrap_or("-")).into_owned();
        let others = names_of_others(request, event, cx.policy);
        let (mut reasons, mut certificates) = (Vec::new(), None);
        let counters = &mut slot.state.counters;
        let ids = [u64::from(request.request_id)];
        let shown = request.template.as_deref().unwrap_or("an unknown template");
        if let Some((count, usual)) =
            count(counters, &template, &ids, at).filter(|c| self.is_many(*c, self.settings.certificates))
        {
            reasons.push(many(&format!("{count} certificates of {shown}"), usual, "many_certificates"));
            certificates = Some(count);
        }
        let names = count(counters, "", &others, at).filter(|c| self.is_many(*c, self.settings.names));
        if let Some((count, usual)) = names {
            reasons.push(many(&format!("{count} names of others"), usual, "many_names_of_others"));
        }
        if !reasons.is_empty() {
            self.raise(event, entity, request, (reasons, certificates), slot, cx);
        }
    }
}

impl UnusualVolume {
    fn is_many(&self, (count, usual): (u32, u32), least: u32) -> bool {
        count >= least && count >= usual.saturating_mul(self.settings.times)
    }

    fn raise(
        &self,
        event: &Event,
        entity: &Entity,
        request: &CertificateRequest,
        (reasons, certificates): (Vec<Reason>, Option<u32>),
        slot: &mut Slot<'_, VolumeState, ()>,
        cx: &mut Context<'_>,
    ) {
        let of_others = reasons.iter().any(|reason| reason.code == "many_names_of_others");
        let requester = &request.requester;
        let what = if certificates.is_some() { "certificates" } else { "certificates for names of others" };
        let finding = Finding {
            entity,
            event,
            lifetime: Lifetime::SinceOpened(Span::hours(24)),
            severity: if of_others { self.settings.severity_other_names } else { self.settings.severity },
            title: format!("{requester} got more {what} in an hour than it ever gets"),
            reasons,
            fields: vec![("requester", requester.to_string())],
            earlier: Vec::new(),
        };
        finding.raise(&mut slot.state.open, cx, |alert| {
            set_requester(alert, requester);
            let is_new = report::list_templates(alert, request);
            has_doubled(&mut alert.total_certs, certificates) || is_new
        });
    }
}

/// Writes the number of certificates into the alert, if it is the first one or twice that of the latest revision.
fn has_doubled(total: &mut Option<u32>, certificates: Option<u32>) -> bool {
    let doubled = certificates.filter(|count| total.is_none_or(|total| *count >= total.saturating_mul(2)));
    *total = doubled.or(*total);
    doubled.is_some()
}

/// An issued certificate, of an account that is not known to issue many.
fn issued<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<&'e CertificateRequest> {
    let request = &event.activity.issued()?.request;
    let agent = policy.agent(&request.requester);
    let known = agent.is_some_and(|agent| agent.has_template(request.sole_template()));
    (!known && !policy.allows_requester(&request.requester)).then_some(request)
}

/// Hashes of the names that are those of other identities, without the host names that allow-lists excuse.
fn names_of_others(request: &CertificateRequest, event: &Event, policy: &DomainPolicy) -> Vec<u64> {
    let is_other = |name: &&San| {
        identity::compare(policy, &request.requester, name, &event.computer) == Verdict::Other
            && !is_allowed_name(policy, request, name)
    };
    let names = request.names.iter().filter(is_other);
    names.map(|name| key::hash(&[fold(&name.to_string()).as_bytes()]) as u64).collect()
}

fn many(what: &str, usual: u32, code: &str) -> Reason {
    let before = if usual == 0 { "none".to_owned() } else { format!("at most {usual} in an hour") };
    reason(code, format!("{what} within an hour; on the 30 days before, {before}"))
}

/// Counts what is new of `items` in the hour. The count, and the busiest hour of the days before; none: nothing is new.
fn count(counters: &mut Vec<VolumeCounter>, template: &str, items: &[u64], at: Time) -> Option<(u32, u32)> {
    if items.is_empty() {
        return None;
    }
    let hour = at.as_millis().div_euclid(Span::hours(1).as_millis());
    let counter = counter(counters, &report::cut(template), hour)?;
    let before = counter.count;
    for item in items {
        if counter.seen.len() >= MAX_SEEN || !counter.seen.contains(item) {
            counter.count = counter.count.saturating_add(1);
        }
        if counter.seen.len() < MAX_SEEN && !counter.seen.contains(item) {
            counter.seen.push(*item);
        }
    }
    let (today, count) = (at.day().since_epoch(), counter.count);
    let remembered = today.saturating_sub(REMEMBERED_DAYS)..=today.saturating_add(1);
    counter.peaks.retain(|peak| remembered.contains(&peak.day));
    let usual = counter.peaks.iter().filter(|peak| peak.day != today).map(|peak| peak.count).max();
    match counter.peaks.iter_mut().find(|peak| peak.day == today) {
        Some(peak) => peak.count = peak.count.max(count),
        None => counter.peaks.push(VolumePeak { day: today, count }),
    }
    (count > before).then_some((count, usual.unwrap_or(0)))
}

/// The counter of a template in this hour; none: the hour is over.
fn counter<'c>(
    counters: &'c mut Vec<VolumeCounter>,
    template: &str,
    hour: i64,
) -> Option<&'c mut VolumeCounter> {
    if !counters.iter().any(|counter| counter.template == template) {
        counters.sort_by_key(|counter| counter.hour);
        if counters.len() >= MAX_COUNTERS {
            counters.remove(0);
        }
        counters.push(VolumeCounter { template: template.to_owned(), hour, ..VolumeCounter::default() });
    }
    let counter = counters.iter_mut().find(|counter| counter.template == template)?;
    if counter.hour < hour {
        (counter.hour, counter.count) = (hour, 0);
        counter.seen.clear();
    }
    (counter.hour == hour).then_some(counter)
}
