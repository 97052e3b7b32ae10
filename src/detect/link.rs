//! What makes alerts one story: the account, certificate, host or changed template that they share. Each alert becomes an event,
//! which goes to the partition of each of these. A finding that is one alert with others of its requester goes there in its place.

use crate::alert::id::AlertId;
use crate::alert::{Alert, Evidence, Severity};
use crate::detect::entity::Entity;
use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::time::Time;
use crate::event::{Activity, AlertRaised, Event, Origin};
use crate::wire;

/// The id of the detection of stories, whose alerts are part of no story.
pub(crate) const STORY: &str = "story";

/// Texts are cut after this many characters, so that a link is short whatever the alert names.
const MAX_TEXT: usize = 120;

/// The detection of changed templates: what is requested from one afterwards belongs to the change, by any requester.
pub(crate) const TEMPLATE_CHANGED: &str = "template-tampered";

/// Accounts that every machine has: they join nothing.
const NOBODY: [&str; 6] = ["", "-", "system", "anonymous logon", "local service", "network service"];

/// The key of an account. Its domain is left out: events spell it as a NetBIOS name, a realm or a suffix.
pub(crate) fn account(name: &str) -> String {
    key("account", name)
}

/// The account that a key names.
pub(crate) fn account_of(key: &str) -> Option<&str> {
    key.strip_prefix("account ")
}

/// Whether a key is that of a template.
pub(crate) fn is_of_template(key: &str) -> bool {
    key.starts_with("template ")
}

/// The keys of an account, a certificate, a host and a template of this name.
pub(crate) fn keys_of(name: &str) -> [String; 4] {
    let host = Host::new(name);
    let account = account(&Account::parse(name).name);
    [account, key("certificate", name), key("host", host.label()), key("template", name)]
}

fn key(kind: &str, name: &str) -> String {
    format!("{kind} {}", cut(&fold(name)))
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The id of the story about a key that begins on the day (UTC) of this time: known before there is a story.
pub(crate) fn story_id(key: &str, time: Time) -> String {
    AlertId::of(&[STORY, key, &time.day().to_string()]).to_string()
}

/// Names the story of an alert whose entity is no account.
pub(crate) fn complete(alert: &mut Alert) {
    if alert.story_id.is_none() && alert.detection != STORY {
        alert.story_id = keys(alert, None).first().map(|key| story_id(key, alert.first_seen));
    }
}

/// What the alert is about, the most important first, each once.
fn keys(alert: &Alert, entity: Option<&Entity>) -> Vec<String> {
    let owner = entity.and_then(Entity::account_name);
    let accounts = [owner, alert.requester_account.as_deref(), alert.used_by_account.as_deref()];
    let certificate = alert.certificate_serial.as_deref();
    let host = alert.remote_host.as_ref().map(|host| host.label());
    let named = accounts.map(|name| ("account", name)).into_iter();
    let named = named.chain([("certificate", certificate), ("host", host), ("template", template(alert))]);
    let mut keys = Vec::new();
    for (kind, name) in named.filter_map(|(kind, name)| Some((kind, name?))) {
        let key = key(kind, name);
        if !NOBODY.contains(&&*fold(name)) && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The template of the alert, if it was changed, or if a request from it may be what the change was for: many low alerts are
/// about ordinary templates.
fn template(alert: &Alert) -> Option<&str> {
    let may_be = alert.detection == TEMPLATE_CHANGED || alert.severity >= Severity::Medium;
    alert.templates.first().map(String::as_str).filter(|_| may_be)
}

/// The alert as an event of the time of its trigger; none for a story, for an alert of findings, which the stories have already,
/// and where it names nothing that others may share.
pub(crate) fn of(alert: &Alert, entity: &Entity, trigger: &Event) -> Option<Event> {
    let keys = keys(alert, Some(entity));
    if alert.detection == STORY || keys.is_empty() || trigger.activity.raised().is_some() {
        return None;
    }
    let alert = wire::alert::to_protobuf(&short(alert));
    Some(event(trigger, Activity::AlertRaised(AlertRaised { keys, alert })))
}

/// The finding, which names the alert that it is part of, as an event of the time of its trigger.
pub(crate) fn finding(finding: &Alert, entity: &Entity, trigger: &Event) -> Event {
    let (keys, alert) = (keys(finding, Some(entity)), wire::alert::to_protobuf(finding));
    event(trigger, Activity::FindingMade(AlertRaised { keys, alert }))
}

fn event(trigger: &Event, activity: Activity) -> Event {
    Event {
        time: trigger.effective_time(),
        computer: trigger.computer.clone(),
        origin: Origin::default(),
        activity,
    }
}

/// What a story needs of an alert.
pub(crate) fn short(alert: &Alert) -> Alert {
    let text = |text: &Option<String>| text.as_deref().map(cut);
    Alert {
        title: cut(&alert.title),
        why_suspicious: String::new(),
        reasons: Vec::new(),
        requester_account: text(&alert.requester_account),
        requester_domain: text(&alert.requester_domain),
        used_by_account: text(&alert.used_by_account),
        used_by_domain: text(&alert.used_by_domain),
        certificate_serial: text(&alert.certificate_serial),
        path: None,
        changes: Vec::new(),
        certificate_serials: Vec::new(),
        request_ids: Vec::new(),
        san_values: Vec::new(),
        templates: Vec::new(),
        baseline: None,
        evidence: ends(&alert.evidence),
        investigative_actions: Vec::new(),
        ..alert.clone()
    }
}

/// The first two and the last two events, without their fields but the trace.
fn ends(evidence: &[Evidence]) -> Vec<Evidence> {
    let behind = evidence.len().saturating_sub(2).max(2);
    let ends = evidence.iter().take(2).chain(evidence.iter().skip(behind));
    let trace = |event: &Evidence| {
        let trace = event.fields.get("traceparent").map(|trace| ("traceparent".to_owned(), trace.clone()));
        trace.into_iter().collect()
    };
    ends.map(|event| Evidence { fields: trace(event), ..event.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn story_of_a_day_has_one_id() {
        let day = Time::from_millis(1_772_442_000_000);
        let id = story_id(&account("Alice"), day);
        assert_eq!(id, story_id("account alice", day));
        assert_ne!(id, story_id("account bob", day));
        assert_ne!(id, story_id("account alice", Time::from_millis(1_772_442_000_000 + 86_400_000)));
    }
}
