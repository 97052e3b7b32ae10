//! Which accounts and hosts the alerts name, and for what.

use crate::alert::{Alert, Severity};
use crate::replay::show::text::plain;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The most rows; the mildest beyond it are left out.
const MAX_ROWS: usize = 100;

/// One account or host.
pub(crate) struct Row {
    pub who: String,
    pub alerts: usize,
    pub worst: Severity,
    /// Each detection with the id of its first alert and the number of its alerts.
    pub detections: Vec<(String, String, usize)>,
}

/// The accounts and hosts of these alerts, the gravest first.
pub(crate) fn rows(alerts: &[&Alert]) -> Vec<Row> {
    let mut by_who: BTreeMap<String, Vec<&Alert>> = BTreeMap::new();
    for alert in alerts {
        names(alert).into_iter().for_each(|who| by_who.entry(who).or_default().push(alert));
    }
    let mut rows: Vec<Row> = by_who.into_iter().map(|(who, alerts)| row(who, &alerts)).collect();
    rows.sort_by_key(|row| (Reverse(row.worst), Reverse(row.alerts)));
    rows.truncate(MAX_ROWS);
    rows
}

/// Who acted and whose identity was used; without either, the host.
fn names(alert: &Alert) -> Vec<String> {
    let account = |domain: &Option<String>, name: &Option<String>| {
        let name = name.as_ref()?;
        Some(domain.as_ref().map_or_else(|| name.clone(), |domain| format!("{domain}\\{name}")))
    };
    let mut names: Vec<String> = [
        account(&alert.requester_domain, &alert.requester_account),
        account(&alert.used_by_domain, &alert.used_by_account),
    ]
    .into_iter()
    .flatten()
    .map(|name| plain(&name))
    .collect();
    if names.is_empty() {
        let host = alert.remote_host.as_ref().or(alert.computer.as_ref());
        names.extend(host.map(|host| plain(host.as_str())));
    }
    names.dedup();
    names
}

fn row(who: String, alerts: &[&Alert]) -> Row {
    let mut detections: Vec<(String, String, usize)> = Vec::new();
    for alert in alerts {
        match detections.iter_mut().find(|(id, ..)| *id == alert.detection) {
            Some((.., number)) => *number += 1,
            None => detections.push((alert.detection.clone(), alert.alert_id.to_string(), 1)),
        }
    }
    let worst = alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Informational);
    Row { who, alerts: alerts.len(), worst, detections }
}
