//! Every alert says how it can be answered: what would make it benign, the exception that silences it, and what that hides.

use crate::common::alerts_of;
use crate::golden::{Fixture, fixtures, json_of_yaml};
use adcs_watch::alert::Alert;
use adcs_watch::detect::policy::Policy;

#[test]
fn every_alert_and_revision_has_an_answer() {
    for fixture in fixtures().into_iter().filter(Fixture::fires) {
        for alert in alerts_of(&fixture.policy, &fixture.events) {
            let name = format!("{} {}", fixture.name(), alert.detection);
            assert!(!alert.benign_if.is_empty(), "{name}");
            assert!(alert.also_silences.is_some_and(|text| text.contains(&alert.detection)), "{name}");
        }
    }
}

#[test]
fn policy_line_silences_its_alert_and_nothing_of_another_requester_or_ca() {
    let mut wrong = Vec::new();
    for fixture in fixtures().into_iter().filter(Fixture::fires) {
        let alerts = alerts_of(&fixture.policy, &fixture.events);
        for alert in fixture.own(alerts.clone()) {
            let line = alert.policy_line.as_deref().unwrap();
            let left = alerts_of(&with(&fixture.policy, [line]), &fixture.events);
            // An alert about several accounts goes on about the others, and a later or graver finding can write it.
            let is_left = |other: &Alert| {
                (said(other), other.time, other.severity) == (said(&alert), alert.time, alert.severity)
                    && other.used_by_account == alert.used_by_account
            };
            if left.iter().any(is_left) {
                wrong.push(format!("{}: {line} does not silence {}", fixture.name(), said(&alert)));
            }
            // What is withheld suppresses nothing, so further alerts can appear, and a revision can become one.
            let left = others(&left, &alert, &alerts);
            if others(&alerts, &alert, &alerts).iter().any(|other| !left.contains(other)) {
                wrong.push(format!("{}: {line} silences others", fixture.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn silenced_alert_joins_no_story() {
    let stories = fixtures().into_iter().filter(|fixture| fixture.detection == "story" && fixture.fires());
    for fixture in stories {
        let alerts = alerts_of(&fixture.policy, &fixture.events);
        let id = *alerts.iter().find_map(|story| story.linked_alerts.first()).unwrap();
        let revisions = alerts.iter().filter(|alert| alert.alert_id == id);
        let lines = revisions.map(|alert| alert.policy_line.as_deref().unwrap());
        let left = alerts_of(&with(&fixture.policy, lines), &fixture.events);
        assert!(left.iter().all(|story| !story.linked_alerts.contains(&id)), "{}", fixture.name());
    }
}

/// The policy with these exceptions beside its own.
fn with<'a>(policy: &Policy, lines: impl IntoIterator<Item = &'a str>) -> Policy {
    let lines: String = lines.into_iter().map(|line| format!("  {line}\n")).collect();
    let yaml = format!("exceptions:\n{lines}");
    let added: Policy = serde_json::from_value(json_of_yaml(&yaml)).unwrap_or_else(|e| panic!("{yaml}{e}"));
    Policy { exceptions: [policy.exceptions.clone(), added.exceptions].concat(), ..policy.clone() }
}

/// The alerts of other detections, accounts and (where the line names one) hosts, but for stories of what the line is about.
fn others(alerts: &[Alert], than: &Alert, before: &[Alert]) -> Vec<String> {
    let names = |key: &str| than.policy_line.as_ref().unwrap().contains(key);
    let is_other = |other: &&Alert| {
        other.alert_id != than.alert_id
            && (other.detection != than.detection
                || (names("account: ") && other.requester_account != than.requester_account)
                || (names("used_by: ") && other.used_by_account != than.used_by_account)
                || (names("computer: ") && other.computer != than.computer))
    };
    let about: Vec<_> = before.iter().filter(|alert| !is_other(alert)).map(|alert| alert.alert_id).collect();
    let is_of_them = |story: &&Alert| story.linked_alerts.iter().any(|id| about.contains(id));
    let stories: Vec<_> = before.iter().filter(is_of_them).map(|story| story.alert_id).collect();
    alerts
        .iter()
        .filter(is_other)
        .filter(|other| !stories.contains(&other.alert_id))
        .map(about_whom)
        .collect()
}

fn about_whom(alert: &Alert) -> String {
    let Alert { detection, time, requester_account, used_by_account, computer, .. } = alert;
    format!("{detection} {time} {requester_account:?} {used_by_account:?} {computer:?}")
}

fn said(alert: &Alert) -> String {
    format!("{} {} {}", alert.detection, alert.alert_id, alert.revision)
}
