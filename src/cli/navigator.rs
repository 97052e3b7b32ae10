//! The detections as a layer of the ATT&CK Navigator.

use crate::detect::catalogue;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A layer in format 4.5: one technique for each tactic, with its detections; the score is their number.
pub(crate) fn layer() -> Value {
    let mut found: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for about in catalogue::all() {
        for (_, tactic, technique, _) in about.mitre {
            let tactic = tactic.to_lowercase().replace(' ', "-");
            found.entry((*technique, tactic)).or_default().push(about.id);
        }
    }
    let most = found.values().map(Vec::len).max().unwrap_or(1);
    let techniques: Vec<Value> = found.iter().map(|((id, tactic), by)| technique(id, tactic, by)).collect();
    json!({
        "name": "adcs-watch",
        "versions": {"attack": "16", "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": "What adcs-watch detects. The score is the number of detections.",
        "techniques": techniques,
        "gradient": {"colors": ["#ffffff", "#66b1ff"], "minValue": 0, "maxValue": most},
    })
}

fn technique(id: &str, tactic: &str, detections: &[&str]) -> Value {
    json!({
        "techniqueID": id,
        "tactic": tactic,
        "score": detections.len(),
        "comment": detections.join(", "),
        "enabled": true,
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::navigator::layer;
    use crate::detect::catalogue;

    #[test]
    fn layer_has_every_technique_of_every_detection_under_its_tactic() {
        let layer = layer();
        let techniques = layer["techniques"].as_array().unwrap();
        for about in catalogue::all() {
            for (_, tactic, id, _) in about.mitre {
                let is_there = techniques.iter().any(|technique| {
                    technique["techniqueID"] == *id
                        && technique["tactic"] == tactic.to_lowercase().replace(' ', "-")
                        && technique["comment"].as_str().unwrap().split(", ").any(|by| by == about.id)
                });
                assert!(is_there, "{} {id}", about.id);
            }
        }
        assert_eq!(layer["domain"], "enterprise-attack");
    }
}
