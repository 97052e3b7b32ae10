//! `story`: alerts of one account, certificate, host or changed template within a day that are different steps of one attack.
//!
//! **What.** Alerts of other detections, which the detector writes to the routed topic as events: at least two of them, of
//! different steps: coercion, change, request, issue, use, change back. One alert lists them in this order, one severity above
//! its highest.
//! **Why.** A changed name, an odd certificate and an odd logon may each be explained. That all three are of one account within a
//! day is an attack that goes on.
//! **What looks alike and is harmless.** Whatever explains both alerts: the policy lines of their detections silence the story too.
//! Agents that issue for others all day, and new machines: what one of these alone explains has no higher severity. A low alert
//! is often ordinary: it is listed, and confirms nothing.

use crate::alert::id::AlertId;
use crate::alert::{Alert, Evidence, Reason, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::link::{self, STORY, TEMPLATE_CHANGED};
use crate::detect::report;
use crate::detect::slot::Slot;
use crate::detect::{About, Context, Detection, DetectionSettings, Entity, Notice, memory_after};
use crate::event::time::{Span, Time};
use crate::event::{Activity, AlertRaised, Event};
use crate::wire;
use crate::wire::record::{OpenAlert, StoryLink, StoryState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Alerts within this time of each other are of one story.
const WINDOW: Span = Span::hours(24);

/// How long alerts and stories are remembered. When much is read at once, one partition is days ahead of another, and the alerts
/// of the other one come late.
const MEMORY: Span = Span::hours(8 * 24);
/// An alert that comes later than this begins no story: an earlier one with the same id may have been forgotten, and its revisions
/// would be raised again. The id is of the day before the trigger at the earliest.
const BEGINS_WITHIN: Span = Span::hours(6 * 24);

/// The most alerts of a story that are remembered; the oldest go first.
const MAX_LINKS: usize = 16;
/// The most stories that are remembered; the oldest go first.
const MAX_STORIES: usize = 16;

/// The step of an attack that an alert of a detection shows. A detection that is not listed shows the issue of a certificate.
const STEPS: [(&str, Step); 16] = [
    ("account-remapped", Step::Change),
    ("template-tampered", Step::Change),
    ("ca-tampered", Step::Change),
    ("pki-container-changed", Step::Change),
    ("issuance-policy-linked", Step::Change),
    ("shadow-credential", Step::Change),
    ("ca-key-exported", Step::Change),
    ("ca-silent", Step::Change),
    ("certlog-remote-write", Step::Request),
    ("denied-enrollment-probing", Step::Request),
    ("certificate-used-by-other", Step::Use),
    ("unknown-certificate", Step::Use),
    ("weak-mapping", Step::Use),
    ("unpac-the-hash", Step::Use),
    ("schannel-logon", Step::Use),
    ("pkinit-client", Step::Use),
];

/// Detections of which one harmless thing explains several on one day, so that one of their alerts does not confirm another: an
/// enrollment agent that the policy does not name; a machine, a colleague or an office that is new.
const EXPLAINED_TOGETHER: [&[&str]; 2] = [
    &["san-mismatch", "certificate-used-by-other", "enrollment-on-behalf", "unusual-volume"],
    &[
        "certlog-remote-write",
        "pkinit-client",
        "schannel-logon",
        "unusual-source",
        "unusual-template",
        "unusual-volume",
    ],
];

/// The steps in the order in which a story lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Coercion,
    Change,
    Request,
    Issue,
    Use,
    ChangeBack,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Step::Coercion => "coercion",
            Step::Change => "change",
            Step::Request => "request",
            Step::Issue => "issue",
            Step::Use => "use",
            Step::ChangeBack => "change_back",
        }
    }
}

/// What the operator may set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Off: there are no stories, and alerts are not written to the routed topic.
    pub enabled: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { enabled: true }
    }
}

impl DetectionSettings for Settings {
    fn is_enabled(&self) -> bool {
        self.enabled
    }
}

/// The detection. It has no further settings.
#[derive(Clone, Debug)]
pub(crate) struct Story;

impl Detection for Story {
    type State = StoryState;
    type Part = ();

    const ABOUT: About = About {
        id: STORY,
        title: "Steps of one attack",
        mitre: &[("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates")],
        investigative_actions: &[
            "Read the alerts of the story in their order: `linked_alerts` has their ids",
            "Find the first step, and how the attacker came by that account",
            "Undo every step: names and settings that were changed, certificates that were issued, sessions that use them",
            "Look for further accounts that were used from the same hosts on that day",
        ],
        benign_if: &["Each of its alerts is benign: what answers them, answers the story"],
        excepted_by: &[Key::Account, Key::UsedBy],
        severities: &[Severity::Low, Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, _: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        let keys = event.activity.raised().into_iter().flat_map(|raised| &raised.keys);
        keys.for_each(|key| found(Entity::named(key)));
    }

    fn on_event(
        &self,
        event: &Event,
        entity: &Entity,
        slot: &mut Slot<'_, StoryState, ()>,
        cx: &mut Context<'_>,
    ) {
        let Some(raised) = event.activity.raised() else { return };
        let Some(alert) = alert_in(raised) else { return };
        let last_seen = alert.last_seen_ms;
        let link = StoryLink { alert: Some(alert), keys: raised.keys.clone() };
        let is_finding = matches!(event.activity, Activity::FindingMade(_));
        remember(&mut slot.state.links, link, is_finding);
        let at = event.effective_time();
        slot.keep_until(memory_after(at, MEMORY));
        let StoryState { links, open } = &mut slot.state;
        let near: Vec<StoryLink> = links.iter().filter(|link| is_near(link, last_seen)).cloned().collect();
        let linked = Linked::of(&near);
        if !linked.is_story(entity) || owner(&near) != Some(entity.as_str()) {
            return;
        }
        let id = linked.story_id(entity, at);
        let mut story = open.iter().position(|story| belongs(story, at, &id)).map(|found| open.remove(found));
        if story.is_none() && cx.behind > BEGINS_WITHIN {
            cx.notices.push(Notice::Suppressed { detection: cx.about.id });
            return;
        }
        // Which story it is was decided here: no lifetime decides it again.
        let trigger = Trigger { at, lifetime: Lifetime::WhileRemembered };
        trigger.raise(
            &mut story,
            cx,
            |cx| linked.alert(entity, event, id, cx),
            |alert, _| linked.describe(alert, entity),
        );
        open.extend(story);
        open.sort_by_key(|story| story.last_trigger_ms);
        open.drain(..open.len().saturating_sub(MAX_STORIES));
    }
}

/// The alert of a link, or that which a finding is part of; none for one that is no part of a story.
fn alert_in(raised: &AlertRaised) -> Option<wire::record::Alert> {
    let mut alert = wire::alert::from_protobuf(&raised.alert).ok()?;
    if let Some(id) = alert.linked_alerts.pop() {
        alert = Alert { alert_id: id, ..link::short(&alert) };
    }
    (alert.severity >= Severity::Low).then(|| wire::alert::to_record(&alert))
}

/// Remembers an alert, or its newer revision, and forgets those that are too old. Findings of one alert come in any order: the
/// earliest stands for all of them.
fn remember(links: &mut Vec<StoryLink>, link: StoryLink, is_finding: bool) {
    let Some(alert) = &link.alert else { return };
    let oldest = alert.last_seen_ms.saturating_sub(MEMORY.as_millis());
    links.retain(|known| alert_of(known).is_some_and(|known| known.last_seen_ms >= oldest));
    let same = |known: &StoryLink| alert_of(known).is_some_and(|known| known.alert_id == alert.alert_id);
    match links.iter().position(same) {
        Some(known) if is_finding => {
            let known = &mut links[known];
            *known = earliest(known.clone(), link);
        }
        Some(known) => {
            if alert_of(&links[known]).is_none_or(|known| known.revision < alert.revision) {
                links[known] = link;
            }
        }
        None => links.push(link),
    }
    links.sort_by_key(|link| alert_of(link).map(|alert| (alert.first_seen_ms, alert.alert_id.clone())));
    links.drain(..links.len().saturating_sub(MAX_LINKS));
}

/// The earlier of two findings of one alert, with what both of them say of how long and how grave it is.
fn earliest(a: StoryLink, b: StoryLink) -> StoryLink {
    let key = |link: &StoryLink| {
        let alert = alert_of(link)?;
        let certificate = (alert.certificate_serial.clone(), alert.used_by_account.clone());
        Some((alert.first_seen_ms, certificate, Reverse(alert.revision)))
    };
    let last_seen_ms = [&a, &b].into_iter().filter_map(alert_of).map(|alert| alert.last_seen_ms).max();
    let severity = [&a, &b].into_iter().filter_map(alert_of).map(|alert| alert.severity).max();
    let mut first = if key(&b) < key(&a) { b } else { a };
    if let Some(alert) = &mut first.alert {
        alert.last_seen_ms = last_seen_ms.unwrap_or(alert.last_seen_ms);
        alert.severity = severity.unwrap_or(alert.severity);
    }
    first
}

/// Whether an alert lasted within [`WINDOW`] of the last time of another one.
fn is_near(link: &StoryLink, last_seen: i64) -> bool {
    let window = WINDOW.as_millis();
    alert_of(link).is_some_and(|alert| {
        alert.last_seen_ms >= last_seen.saturating_sub(window)
            && alert.first_seen_ms <= last_seen.saturating_add(window)
    })
}

/// Whether a trigger of this time belongs to a story: it is within [`WINDOW`] of it, or would have its id.
fn belongs(story: &OpenAlert, at: Time, id: &str) -> bool {
    let Some(alert) = &story.alert else { return false };
    let (at, window) = (at.as_millis(), WINDOW.as_millis());
    let lasts = alert.first_seen_ms.saturating_sub(window)..=story.last_trigger_ms.saturating_add(window);
    lasts.contains(&at) || alert.story_id.as_deref() == Some(id)
}

fn alert_of(link: &StoryLink) -> Option<&wire::record::Alert> {
    link.alert.as_ref()
}

/// Alerts that share several keys would be one story several times. It is raised where most of them belong in the first
/// place; accounts come before certificates, and these before hosts.
fn owner(links: &[StoryLink]) -> Option<&str> {
    let (first, rest) = links.split_first()?;
    let shared = first.keys.iter().filter(|key| rest.iter().all(|link| link.keys.contains(key)));
    let owned = |key: &String| links.iter().filter(|link| link.keys.first() == Some(key)).count();
    shared.min_by_key(|key| (Reverse(owned(key)), (*key).clone())).map(String::as_str)
}

/// The alerts of a story.
struct Linked {
    alerts: Vec<Alert>,
}

impl Linked {
    fn of(links: &[StoryLink]) -> Linked {
        let alerts = links.iter().filter_map(|link| wire::alert::from_record(link.alert.clone()?).ok());
        Linked { alerts: alerts.collect() }
    }

    /// The alerts of each step, in the order of the steps.
    fn steps(&self) -> BTreeMap<Step, Vec<&Alert>> {
        let mut steps: BTreeMap<Step, Vec<&Alert>> = BTreeMap::new();
        for alert in &self.alerts {
            for step in steps_of(alert, self.step(alert)) {
                steps.entry(step).or_default().push(alert);
            }
        }
        steps
    }

    /// Two alerts of different steps: several detections may alert on one request, and that is no chain. A template that many
    /// use joins only what follows its change.
    fn is_story(&self, entity: &Entity) -> bool {
        let is_change = |alert: &Alert| alert.detection == TEMPLATE_CHANGED;
        let joins = !link::is_of_template(entity.as_str()) || self.alerts.iter().any(is_change);
        joins && self.are_of_several_steps(Severity::Low)
    }

    /// Whether the alerts of at least this severity are of different steps.
    fn are_of_several_steps(&self, least: Severity) -> bool {
        let mut steps =
            self.alerts.iter().filter(|alert| alert.severity >= least).map(|alert| self.step(alert));
        let first = steps.next();
        steps.any(|step| Some(step) != first)
    }

    /// The step of an alert. One about a request that was only received is of the step of those that saw it issued.
    fn step(&self, alert: &Alert) -> Step {
        let is_issue = |other: &&Alert| step_of(other) == Step::Issue;
        let mut issued = self.alerts.iter().filter(is_issue).flat_map(|other| &other.evidence);
        let is_received = step_of(alert) == Step::Request && is_all_received(alert);
        if is_received && issued.any(|event| alert.evidence.iter().any(|own| is_of_one_request(own, event))) {
            return Step::Issue;
        }
        step_of(alert)
    }

    fn begins(&self) -> Option<Time> {
        self.alerts.first().map(|alert| alert.first_seen)
    }

    /// The id of a story that this trigger would begin. An alert that has lasted for days does not give it the id of an earlier story.
    fn story_id(&self, entity: &Entity, at: Time) -> String {
        let earliest = Time::from_millis(at.as_millis().saturating_sub(WINDOW.as_millis()));
        link::story_id(entity.as_str(), self.begins().unwrap_or(at).max(earliest))
    }

    fn alert(&self, entity: &Entity, event: &Event, id: String, cx: &Context<'_>) -> Alert {
        let begins = self.begins().unwrap_or(event.time);
        let fresh = report::new_alert(entity, event, cx);
        let alert_id = AlertId::try_from(id.clone()).unwrap_or(fresh.alert_id);
        Alert { alert_id, story_id: Some(id), first_seen: begins, ..fresh }
    }

    /// The domain of this account: as the first alert spells it in which it asked or acted, else as one of its logons does.
    fn domain_of(&self, account: &str) -> Option<String> {
        let asked = self.alerts.iter().map(|alert| (&alert.requester_account, &alert.requester_domain));
        let used = self.alerts.iter().map(|alert| (&alert.used_by_account, &alert.used_by_domain));
        let is_its = |name: &str| link::account(name) == link::account(account);
        let mut named = asked.chain(used).filter(|(name, _)| name.as_deref().is_some_and(is_its));
        named.find_map(|(_, domain)| domain.clone())
    }

    /// The highest, or one above it where alerts above low confirm each other. Who asks on the day on which a template is made
    /// may be whom it is made for.
    fn severity(&self, entity: &Entity) -> Severity {
        let highest = self.alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Low);
        let grave = self.alerts.iter().filter(|alert| alert.severity > Severity::Low);
        let are_all_of = |ids: &[&str]| grave.clone().all(|alert| ids.contains(&&*alert.detection));
        let are_explained = EXPLAINED_TOGETHER.into_iter().any(are_all_of);
        let confirm = self.are_of_several_steps(Severity::Medium) && !link::is_of_template(entity.as_str());
        if are_explained || !confirm { highest } else { highest.graver() }
    }

    /// Writes what the alerts of the story show. Whether an alert or a step is new.
    fn describe(&self, alert: &mut Alert, entity: &Entity) -> bool {
        let before = alert.linked_alerts.len();
        alert.severity = alert.severity.max(self.severity(entity));
        let mut adds = false;
        for (step, alerts) in self.steps() {
            let text = alerts.iter().map(|alert| sentence(step, alert)).collect::<Vec<_>>().join("; ");
            adds |= report::add_reason(alert, Reason { code: step.as_str().to_owned(), text });
        }
        alert.reasons.sort_by_key(|reason| ORDER.iter().position(|step| step.as_str() == reason.code));
        let codes: Vec<&str> = alert.reasons.iter().map(|reason| reason.code.as_str()).collect();
        alert.why_suspicious = codes.join("; ");
        alert.title = format!("Steps of one attack around {entity}: {}", codes.join(", "));
        for known in &self.alerts {
            add_link(alert, known);
        }
        if let Some(account) = link::account_of(entity.as_str()) {
            alert.requester_account = Some(account.to_owned());
            alert.requester_domain = self.domain_of(account);
        }
        let after = alert.linked_alerts.len();
        alert.linked_alerts.drain(..after.saturating_sub(MAX_LINKS));
        adds || after > before
    }
}

/// The steps in their order.
const ORDER: [Step; 6] =
    [Step::Coercion, Step::Change, Step::Request, Step::Issue, Step::Use, Step::ChangeBack];

/// The step that an alert adds to a chain.
fn step_of(alert: &Alert) -> Step {
    match STEPS.iter().find(|(id, _)| *id == alert.detection) {
        Some((_, step)) => *step,
        None if is_attempt(alert) => Step::Request,
        None => Step::Issue,
    }
}

/// The CA reported a request and no certificate.
fn is_attempt(alert: &Alert) -> bool {
    let has =
        |ids: &[u32]| alert.evidence.iter().filter_map(|event| event.event_id).any(|id| ids.contains(&id));
    has(&REQUESTS) && !has(&[ISSUED])
}

/// Whether the alert is about requests that the CA received, and shows nothing of what became of them.
fn is_all_received(alert: &Alert) -> bool {
    alert.evidence.iter().all(|event| event.event_id == Some(RECEIVED))
}

fn is_of_one_request(a: &Evidence, b: &Evidence) -> bool {
    a.request_id.is_some() && a.request_id == b.request_id && a.computer.is_same(&b.computer)
}

/// The steps that an alert shows, its `own` first: what led to an issue, and what hides it, may be among its events.
fn steps_of(alert: &Alert, own: Step) -> Vec<Step> {
    let id = |event: Option<&Evidence>| event.and_then(|event| event.event_id).unwrap_or_default();
    let (first, last) = (id(alert.evidence.first()), id(alert.evidence.last()));
    let mut steps = vec![own];
    if own == Step::Issue && alert.evidence.len() > 1 {
        steps.extend((first == COERCION).then_some(Step::Coercion));
        steps.extend(CHANGES.contains(&first).then_some(Step::Change));
        steps.extend(CHANGES.contains(&last).then_some(Step::ChangeBack));
    }
    steps
}

/// The access to a pipe that makes a host log on elsewhere.
const COERCION: u32 = 5145;
/// Events that give an account another name.
const CHANGES: [u32; 5] = [4738, 4741, 4742, 4781, 5136];
/// What a CA logs of requests.
const REQUESTS: [u32; 4] = [RECEIVED, ISSUED, 4888, 4889];
/// What it logs of a request that came.
const RECEIVED: u32 = 4886;
/// What it logs of a certificate.
const ISSUED: u32 = 4887;

fn sentence(step: Step, alert: &Alert) -> String {
    let Alert { detection, severity, title, alert_id, .. } = alert;
    format!("{} {detection} ({severity}): {title} [{alert_id}]", time_of(step, alert))
}

/// When the step of this alert was taken.
fn time_of(step: Step, alert: &Alert) -> Time {
    let requests = |event: &&Evidence| event.event_id.is_some_and(|id| REQUESTS.contains(&id));
    match step {
        Step::Coercion | Step::Change => alert.first_seen,
        Step::Request | Step::Use | Step::ChangeBack => alert.last_seen,
        Step::Issue => alert.evidence.iter().rfind(requests).map_or(alert.last_seen, |event| event.time),
    }
}

/// Adds one alert to those of the story.
fn add_link(story: &mut Alert, known: &Alert) {
    if !story.linked_alerts.contains(&known.alert_id) {
        story.linked_alerts.push(known.alert_id);
    }
    story.first_seen = story.first_seen.min(known.first_seen);
    story.last_seen = story.last_seen.max(known.last_seen);
    known.evidence.iter().for_each(|event| report::add_evidence(story, event.clone()));
    for technique in &known.mitre {
        if !story.mitre.contains(technique) {
            story.mitre.push(technique.clone());
        }
    }
    // A domain belongs to the name beside it.
    if story.used_by_account.is_none() {
        story.used_by_account.clone_from(&known.used_by_account);
        story.used_by_domain.clone_from(&known.used_by_domain);
    }
    story.certificate_serial = story.certificate_serial.take().or_else(|| known.certificate_serial.clone());
    story.computer = story.computer.take().or_else(|| known.computer.clone());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::catalogue;

    #[test]
    fn steps_are_those_of_detections() {
        let ids: Vec<&str> = catalogue::all().iter().map(|about| about.id).collect();
        for id in STEPS.iter().map(|(id, _)| *id).chain(EXPLAINED_TOGETHER.concat()) {
            assert!(ids.contains(&id), "there is no detection {id}");
        }
    }

    #[test]
    fn story_is_raised_where_most_of_its_alerts_belong() {
        let link = |keys: &[&str]| StoryLink {
            alert: None,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        let change = link(&["account bob", "account mallory"]);
        let usage = link(&["account bob", "account administrator", "certificate 5c01"]);
        let issue = link(&["account alice", "certificate 5c01"]);
        assert_eq!(owner(&[change, usage.clone()]), Some("account bob"));
        assert_eq!(owner(&[issue, usage]), Some("certificate 5c01"), "nothing else is shared");
        assert_eq!(owner(&[]), None);
    }
}
