//! Values that the types allow and that cannot be meant: entries that match everything or nothing, variables that are not
//! expanded, and lists in place of sections.

use crate::config::mistake::Mistake;
use crate::config::texts::{
    Rule, account, address, broker, detection, environment, filled, host, issuer, named_account, netbios,
    pattern, plain, some_time, source_host, subject, suffix, template, template_or_any, term,
};
use crate::config::tree::{Entry, Kind, Node};
use crate::detect::catalogue;
use crate::event::account::same_text;
use crate::event::fold::without_root;
use serde_json::Value;

/// Sections: serde would also read them from a list, by the order of their fields. Those of the detections are found by
/// their place in `policy`.
const SECTIONS: [&str; 20] = [
    "kafka",
    "kafka.sasl",
    "kafka.tls",
    "sources[]",
    "topics",
    "topics.more_alerts[]",
    "alerts",
    "checkpoints",
    "http",
    "http.tls",
    "http.basic_auth",
    "log",
    "workers",
    "shutdown",
    "policy",
    "policy.protected",
    "policy.allow",
    "policy.agents.*",
    "policy.exceptions[]",
    "policy.*.severity",
];

/// The texts that are checked, by place: `[]` is an element of a list, `*` the value of any name.
const RULES: [(&str, Rule); 41] = [
    ("kafka.brokers[]", broker),
    ("kafka.group", plain),
    ("kafka.instance_id", plain),
    ("kafka.instance_id.env", environment),
    ("kafka.sasl.username", plain),
    ("kafka.tls.ca_file", filled),
    ("kafka.tls.cert_file", filled),
    ("kafka.tls.key_file", filled),
    ("http.tls.cert_file", filled),
    ("http.tls.key_file", filled),
    ("http.basic_auth.username", plain),
    ("policy.protected.terms[]", term),
    ("policy.protected.terms.replace[]", term),
    ("policy.protected.accounts[]", named_account),
    ("policy.protected.domain_controllers[]", host),
    ("policy.protected.hosts[]", host),
    ("policy.allow.requesters[]", named_account),
    ("policy.allow.changers[]", named_account),
    ("policy.allow.joiners[]", named_account),
    ("policy.allow.backup[]", named_account),
    ("policy.allow.key_writers[]", named_account),
    ("policy.allow.ca_managers[]", named_account),
    ("policy.allow.pairs.*[]", named_account),
    ("policy.allow.templates[]", template),
    ("policy.allow.san_suffixes[]", suffix),
    ("policy.allow.source_hosts[]", source_host),
    ("policy.exceptions[].account", account),
    ("policy.exceptions[].used_by", account),
    ("policy.exceptions[].computer", host),
    ("policy.exceptions[].remote_host", host),
    ("policy.exceptions[].remote_ip", address),
    ("policy.exceptions[].templates[]", template),
    ("policy.exceptions[].names[]", pattern),
    ("policy.domains.*[]", suffix),
    ("policy.cas.*", issuer),
    ("policy.foreign_issuers[]", issuer),
    ("policy.hosts.*[]", host),
    ("policy.decoys[]", template),
    ("policy.agents.*.templates[]", template_or_any),
    ("policy.agents.*.hosts[]", host),
    ("policy.agents.*.subjects[]", subject),
];

/// The places of secrets.
const SECRETS: [(&str, Rule); 8] = [
    ("kafka.sasl.password.env", environment),
    ("kafka.sasl.password.file", filled),
    ("kafka.sasl.token.env", environment),
    ("kafka.sasl.token.file", filled),
    ("kafka.tls.key_password.env", environment),
    ("kafka.tls.key_password.file", filled),
    ("http.basic_auth.password.env", environment),
    ("http.basic_auth.password.file", filled),
];

/// More texts, in lists whose elements are networks or hosts.
const NETWORKS: [(&str, Rule); 2] =
    [("policy.agents.*.used_from[]", address), ("policy.pkinit_client.clients[]", source_host)];

/// The mappings whose names the operator chooses, with what a name must be.
const NAMES: [(&str, Rule); 6] = [
    ("policy.domains", netbios),
    ("policy.cas", host),
    ("policy.hosts", named_account),
    ("policy.agents", named_account),
    ("policy.allow.pairs", named_account),
    ("policy.unknown_certificate.complete_since", host),
];

/// Those of them of which only one entry counts, however it is spelled.
const ONE_SPELLING: [&str; 4] =
    ["policy.domains", "policy.cas", "policy.agents", "policy.unknown_certificate.complete_since"];

/// Removes texts that contain `${NAME}`, and notes each: such a value has no type to check.
/// Returns whether the node itself was one.
pub(crate) fn take_variables(node: &mut Node, mistakes: &mut Vec<Mistake>) -> bool {
    match &mut node.kind {
        Kind::Scalar(Value::String(text)) => {
            let Some(name) = variable(text) else { return false };
            let message = format!(
                "`${{{name}}}` is not expanded: a secret is {{env: {name}}} or {{file: PATH}}, kafka.instance_id may be \
                 {{env: {name}}}, everything else is written in the file"
            );
            mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
            return true;
        }
        Kind::Scalar(_) => {}
        Kind::Mapping(entries) => entries.retain_mut(|entry| !take_variables(&mut entry.node, mistakes)),
        Kind::Sequence(nodes) => nodes.retain_mut(|node| !take_variables(node, mistakes)),
    }
    false
}

/// The name in the first `${NAME}` of a text.
fn variable(text: &str) -> Option<&str> {
    let name = text.split("${").nth(1)?.split_once('}')?.0;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_word))
        .then_some(name)
}

/// Removes lists that stand where a section belongs, and notes each. Returns whether the node itself was one.
pub(crate) fn take_lists(node: &mut Node, mistakes: &mut Vec<Mistake>) -> bool {
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::Mapping(entries) => entries.retain_mut(|entry| !take_lists(&mut entry.node, mistakes)),
        Kind::Sequence(_) if is_section(&node.path) => {
            let message = "expected a mapping, found a list".to_owned();
            mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
            return true;
        }
        Kind::Sequence(nodes) => nodes.retain_mut(|node| !take_lists(node, mistakes)),
    }
    false
}

/// Whether the value at a path is a section.
fn is_section(path: &str) -> bool {
    let steps: Vec<&str> = path.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect();
    let of_policy = || {
        let is_detection = catalogue::all().iter().any(|about| about.id.replace('-', "_") == steps[1]);
        is_detection || ["allow", "protected", "hosts"].contains(&steps[1])
    };
    let is_detection = steps.len() == 2 && steps[0] == "policy" && of_policy();
    let is = |section: &str| {
        let element = section.ends_with("[]") == path.ends_with(']');
        let names = section.trim_end_matches("[]").split('.');
        element && names.clone().count() == steps.len() && names.zip(&steps).all(|(a, b)| a == "*" || a == *b)
    };
    is_detection && !path.ends_with(']') || SECTIONS.iter().any(|section| is(section))
}

/// Texts that match everything or nothing.
pub(crate) fn entries(node: &Node, mistakes: &mut Vec<Mistake>) {
    entries_at(node, "", mistakes);
}

/// The same below a node. `place` is its path with `[]` for each index and `*` for each name that the operator chose.
fn entries_at(node: &Node, place: &str, mistakes: &mut Vec<Mistake>) {
    match &node.kind {
        Kind::Scalar(Value::String(text)) => {
            if let Some(Err(message)) = rule_at(place).map(|rule| rule(text)) {
                mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
            }
        }
        Kind::Scalar(_) => {}
        Kind::Mapping(below) => {
            let name_rule = NAMES.iter().find(|(mapping, _)| *mapping == place).map(|(_, rule)| rule);
            if ONE_SPELLING.contains(&place) {
                mistakes.extend(other_spellings(below));
            }
            for entry in below {
                if let Some(Err(message)) = name_rule.map(|rule| rule(&entry.name)) {
                    mistakes.push(Mistake { at: Some(entry.at), path: node.path.clone(), message });
                }
                let name = if name_rule.is_some() { "*" } else { &entry.name };
                let dot = if place.is_empty() { "" } else { "." };
                entries_at(&entry.node, &format!("{place}{dot}{name}"), mistakes);
            }
        }
        Kind::Sequence(below) => {
            below.iter().for_each(|node| entries_at(node, &format!("{place}[]"), mistakes));
        }
    }
}

/// Entries whose names are that of an earlier one, in another spelling.
fn other_spellings(entries: &[Entry]) -> impl Iterator<Item = Mistake> {
    entries.iter().enumerate().filter_map(|(n, entry)| {
        let is_same = |first: &&Entry| same_text(without_root(&first.name), without_root(&entry.name));
        let first = entries[..n].iter().find(is_same)?;
        let message =
            format!("the same as `{}` in line {}: only one of them would count", first.name, first.at.line);
        Some(Mistake { at: Some(entry.at), path: entry.node.path.clone(), message })
    })
}

/// Lengths of time of which none is too little: nothing would be looked at, remembered or done in it.
const LENGTHS: [&str; 8] =
    ["look_back", "burst_window", "window", "within", "remember", "max_age", "interval", "longest_replay"];

/// The names of the value of an entry that has limits.
const VALUES: [&str; 4] = [".account", ".template", ".suffix", ".host"];

/// The rule for the text at a place. It does not matter whether an entry of an allow-list has limits.
pub(crate) fn rule_at(place: &str) -> Option<Rule> {
    if place.starts_with("policy.") && place.ends_with(".detections[]") {
        return Some(detection);
    }
    if place.starts_with("policy.") && [".owner", ".reason"].iter().any(|end| place.ends_with(end)) {
        return Some(filled);
    }
    let name = place.rsplit('.').next().unwrap_or(place);
    if LENGTHS.contains(&name) {
        return Some(some_time);
    }
    let of_allow = |place: &&str| place.starts_with("policy.allow.");
    let value = VALUES.iter().find_map(|name| place.strip_suffix(name)).filter(of_allow);
    let place = value.unwrap_or(place);
    RULES
        .iter()
        .chain(&SECRETS)
        .chain(&NETWORKS)
        .find(|(pattern, _)| *pattern == place)
        .map(|(_, rule)| *rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_by_their_syntax() {
        assert_eq!(variable("${KAFKA}:9092"), Some("KAFKA"));
        assert_eq!(variable("a ${_x1} b"), Some("_x1"));
        for text in ["$KAFKA", "${", "${}", "${a-b}", "a{2}$"] {
            assert_eq!(variable(text), None, "{text}");
        }
    }
}
