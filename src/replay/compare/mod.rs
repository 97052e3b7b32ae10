//! COMPARE: the alerts of two policies on the same events.

pub(crate) mod words;

use crate::alert::Alert;
use crate::alert::id::AlertId;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What differs although the finding is the same: the fingerprint of the policy, and what a revision adds to the one before.
const NOT_COMPARED: [&str; 2] = ["policy_version", "changes"];

/// The alerts of both policies, each as its last revision. Alerts are the same when their id is: the same detection, entity
/// and first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// Alerts that only the first policy raises, by time.
    pub only_first: Vec<Alert>,
    /// Alerts that only the second policy raises, by time.
    pub only_second: Vec<Alert>,
    /// Alerts of both that say something else, by time.
    pub changed: Vec<Changed>,
    /// How many alerts are the same.
    pub same: u64,
}

/// An alert of both policies that states something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Changed {
    /// What the second policy makes of it.
    pub alert: Alert,
    /// The fields that differ, in the order of their names.
    pub fields: Vec<Field>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Field {
    /// Its name in the JSON of the alert.
    pub field: String,
    /// Its value with the first policy; null: the alert does not have it.
    pub first: Value,
    /// Its value with the second policy.
    pub second: Value,
}

impl Comparison {
    /// Compares the revisions of alerts that two policies raise, in the order in which they were raised.
    pub(crate) fn of(first: Vec<Alert>, second: Vec<Alert>) -> Comparison {
        let (mut first, second) = (latest(first), latest(second));
        let mut comparison = Comparison::default();
        for (id, alert) in second {
            let Some(before) = first.remove(&id) else {
                comparison.only_second.push(alert);
                continue;
            };
            let fields = differences(&object(&before), &object(&alert));
            match fields.is_empty() {
                true => comparison.same += 1,
                false => comparison.changed.push(Changed { alert, fields }),
            }
        }
        comparison.only_first = first.into_values().collect();
        comparison.only_first.sort_by_key(|alert| (alert.first_seen, alert.alert_id));
        comparison.only_second.sort_by_key(|alert| (alert.first_seen, alert.alert_id));
        comparison.changed.sort_by_key(|changed| (changed.alert.first_seen, changed.alert.alert_id));
        comparison
    }
}

/// The last revision of each alert.
fn latest(revisions: Vec<Alert>) -> BTreeMap<AlertId, Alert> {
    revisions.into_iter().map(|alert| (alert.alert_id, alert)).collect()
}

fn object(alert: &Alert) -> Map<String, Value> {
    match serde_json::to_value(alert) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

fn differences(first: &Map<String, Value>, second: &Map<String, Value>) -> Vec<Field> {
    let mut names: Vec<&String> = first.keys().chain(second.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
    let fields = names.into_iter().filter(|name| !NOT_COMPARED.contains(&name.as_str())).map(|name| Field {
        field: name.clone(),
        first: value(first, name),
        second: value(second, name),
    });
    fields.filter(|field| field.first != field.second).collect()
}
