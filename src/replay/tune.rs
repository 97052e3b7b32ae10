//! Proposes exceptions for alerts that are known to be harmless: the lines that save most, each with the attacks that it would
//! hide.

use crate::alert::id::AlertId;
use crate::alert::{Alert, Severity};
use crate::detect::answer;
use crate::detect::catalogue;
use crate::event::fold::fold;
use crate::event::time::Time;
use crate::replay::show::text::{counted, plain};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Alerts of medium or above on the attacks of this project's own recordings: what they are about, one a line.
const ATTACKS: &str = include_str!("../../samples/attacks.ndjson");

/// One line of the policy, and what it does.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Proposal {
    /// The item of `policy.exceptions`.
    policy_line: String,
    /// How many of the alerts it silences.
    alerts: usize,
    detection: String,
    /// The highest severity that it silences.
    severity: Severity,
    first_seen: Time,
    last_seen: Time,
    /// How many attacks of this project's own recordings it would hide, were they of this account and machine.
    hidden_attacks: usize,
    /// Whether an account of one of its alerts has a graver alert, of high or above: it may be an attacker's.
    has_graver_alert: bool,
    /// Whether the line is proposed: it hides no attack, no alert that is critical, and no account has a graver alert.
    proposed: bool,
    also_silences: String,
    benign_if: Vec<String>,
}

/// What the alerts lead to, the line that saves most first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tuning {
    /// How many alerts were read, each counted once whatever its revisions.
    alerts: usize,
    /// How many of them the proposed lines silence.
    saved: usize,
    lines: Vec<Proposal>,
}

impl Tuning {
    /// Proposes lines for these alerts. A story is answered by what answers its alerts, so there is no line for it.
    pub(crate) fn of(alerts: &[Alert], all: bool) -> Tuning {
        let attacks = attacks();
        let latest = latest(alerts);
        let worst = worst(latest.values().copied());
        let mut lines: BTreeMap<String, Proposal> = BTreeMap::new();
        for alert in latest.values().filter(|alert| alert.linked_alerts.is_empty()) {
            let Some(proposal) = proposal(alert, &attacks, &worst) else { continue };
            let known = lines.entry(proposal.policy_line.clone()).or_insert_with(|| proposal.clone());
            known.alerts += 1;
            known.has_graver_alert |= proposal.has_graver_alert;
            known.proposed &= proposal.proposed;
            known.first_seen = known.first_seen.min(proposal.first_seen);
            known.last_seen = known.last_seen.max(proposal.last_seen);
        }
        let mut lines: Vec<Proposal> = lines.into_values().filter(|line| all || line.proposed).collect();
        lines.sort_by_key(|line| (Reverse(line.proposed), Reverse(line.alerts)));
        let saved = lines.iter().filter(|line| line.proposed).map(|line| line.alerts).sum();
        Tuning { alerts: latest.len(), saved, lines }
    }

    /// A table, and below it the proposed lines.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:>6}  {:>7}  {:<8}  LINE\n", "ALERTS", "ATTACKS", "UP TO");
        for line in &self.lines {
            let refused = if line.proposed { "" } else { "  (refused)" };
            text.push_str(&format!(
                "{:>6}  {:>7}  {:<8}  {}{refused}\n",
                line.alerts,
                line.hidden_attacks,
                line.severity,
                plain(&line.policy_line)
            ));
        }
        format!("{text}\n{}\n\n{}", self.summary(), self.yaml())
    }

    /// The proposed lines as they stand in a config.
    pub(crate) fn yaml(&self) -> String {
        let proposed: Vec<&Proposal> = self.lines.iter().filter(|line| line.proposed).collect();
        if proposed.is_empty() {
            return "# no line is proposed\n".to_owned();
        }
        let mut yaml = "policy:\n  exceptions:\n".to_owned();
        for line in proposed {
            let alerts = counted(line.alerts as u64, "alert");
            let also = plain(&line.also_silences);
            yaml.push_str(&format!("    # {alerts}. Silences {also}\n    {}\n", line.policy_line));
        }
        yaml
    }

    fn summary(&self) -> String {
        let proposed = self.lines.iter().filter(|line| line.proposed).count() as u64;
        let lines = counted(proposed, "proposed line");
        format!("{lines} would have saved {} of {}", self.saved, counted(self.alerts as u64, "alert"))
    }
}

/// The last revision of each alert.
fn latest(alerts: &[Alert]) -> BTreeMap<AlertId, &Alert> {
    let mut latest: BTreeMap<AlertId, &Alert> = BTreeMap::new();
    for alert in alerts {
        let known = latest.entry(alert.alert_id).or_insert(alert);
        if known.revision < alert.revision {
            *known = alert;
        }
    }
    latest
}

/// The accounts that an alert names. Their domains are left out: events spell them in several ways.
fn accounts(alert: &Alert) -> impl Iterator<Item = String> {
    [&alert.requester_account, &alert.used_by_account]
        .into_iter()
        .flatten()
        .map(|name| fold(name).into_owned())
}

/// The highest severity of the alerts that name an account.
fn worst<'a>(alerts: impl Iterator<Item = &'a Alert>) -> BTreeMap<String, Severity> {
    let mut worst = BTreeMap::new();
    for alert in alerts {
        for account in accounts(alert) {
            let known = worst.entry(account).or_insert(alert.severity);
            *known = alert.severity.max(*known);
        }
    }
    worst
}

/// The line for one alert, counted zero times; none where the detection is unknown, or the alert names nothing.
fn proposal(alert: &Alert, attacks: &[Alert], worst: &BTreeMap<String, Severity>) -> Option<Proposal> {
    let about = catalogue::all().into_iter().find(|about| about.id == alert.detection)?;
    let exception = answer::exception(&about, alert);
    if !exception.is_about_something() || alert.truncated {
        return None;
    }
    let has_graver_alert = accounts(alert)
        .filter_map(|account| worst.get(&account))
        .any(|worst| *worst > alert.severity && *worst >= Severity::High);
    let hidden_attacks = attacks.iter().filter(|attack| exception.has_kind(attack)).count();
    Some(Proposal {
        policy_line: answer::line(&exception),
        alerts: 0,
        detection: alert.detection.clone(),
        severity: alert.severity,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        hidden_attacks,
        has_graver_alert,
        proposed: hidden_attacks == 0 && !has_graver_alert && alert.severity < Severity::Critical,
        also_silences: answer::also_silences(&exception, alert),
        benign_if: about.benign_if.iter().map(|&sentence| sentence.to_owned()).collect(),
    })
}

/// The attacks that lines are tried on.
fn attacks() -> Vec<Alert> {
    ATTACKS.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use crate::replay::tune::{ATTACKS, attacks};

    #[test]
    fn every_attack_is_read() {
        assert!(ATTACKS.lines().count() > 30);
        assert_eq!(attacks().len(), ATTACKS.lines().count());
    }
}
