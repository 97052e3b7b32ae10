//! Values that the types allow and that cannot be meant: entries that match everything or nothing, variables that are not
//! expanded, and settings that exclude each other.

use crate::config::mistake::Mistake;
use crate::config::tree::{Kind, Node};
use crate::config::words::nearest;
use crate::detect::catalogue;
use crate::detect::policy::Policy;
use serde_json::Value;
use std::net::IpAddr;

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

/// A check of one text; an error is the message.
type Rule = fn(&str) -> Result<(), String>;

/// The texts that are checked, by path without indices; `*` is any name.
const RULES: [(&str, Rule); 23] = [
    ("policy.protected.terms", term),
    ("policy.protected.terms.replace", term),
    ("policy.protected.accounts", account),
    ("policy.protected.domain_controllers", host),
    ("policy.allow.requesters", account),
    ("policy.allow.changers", account),
    ("policy.allow.joiners", account),
    ("policy.allow.backup", account),
    ("policy.allow.key_writers", account),
    ("policy.allow.ca_managers", account),
    ("policy.allow.templates", template),
    ("policy.allow.san_suffixes", suffix),
    ("policy.allow.source_hosts", source_host),
    ("policy.exceptions.account", account),
    ("policy.exceptions.used_by", account),
    ("policy.exceptions.templates", template),
    ("policy.exceptions.names", filled),
    ("policy.domains.*", suffix),
    ("policy.cas.*", filled),
    ("kafka.brokers", broker),
    ("kafka.group", filled),
    ("kafka.instance_id", filled),
    ("http.basic_auth.username", filled),
];

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
    match &node.kind {
        Kind::Scalar(Value::String(text)) => {
            if let Some(Err(message)) = rule_at(&node.path).map(|rule| rule(text)) {
                mistakes.push(Mistake { at: Some(node.at), path: node.path.clone(), message });
            }
        }
        Kind::Scalar(_) => {}
        Kind::Mapping(below) => below.iter().for_each(|entry| entries(&entry.node, mistakes)),
        Kind::Sequence(below) => below.iter().for_each(|node| entries(node, mistakes)),
    }
}

/// The names of the value of an entry that has limits.
const VALUES: [&str; 4] = [".account", ".template", ".suffix", ".host"];

/// The rule for the text at a path. The indices of lists do not matter, nor whether an entry of an allow-list has limits.
fn rule_at(path: &str) -> Option<Rule> {
    let steps = path.split('.').map(|step| step.split('[').next().unwrap_or(step));
    let path = steps.collect::<Vec<_>>().join(".");
    if path.starts_with("policy.") && path.ends_with(".detections") {
        return Some(detection);
    }
    let of_allow = |path: &&str| path.starts_with("policy.allow.");
    let value = VALUES.iter().find_map(|name| path.strip_suffix(name)).filter(of_allow);
    let path = value.unwrap_or(&path);
    RULES.iter().find(|(pattern, _)| is_at(pattern, path)).map(|(_, rule)| *rule)
}

/// Whether a path is that of a pattern.
fn is_at(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(before) => path.strip_prefix(before).is_some_and(|name| !name.is_empty()),
        None => pattern == path,
    }
}

fn filled(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("is empty".to_owned()) } else { Ok(()) }
}

/// A text that is compared as a whole: filled, and without wildcards.
fn literal(text: &str, matches: &str) -> Result<(), String> {
    filled(text).map_err(|empty| format!("{empty}: {matches}"))?;
    if text.contains(['*', '?']) {
        return Err(format!("`{text}` has a wildcard, which is compared as it is written: {matches}"));
    }
    if text.trim() != text {
        return Err(format!("`{text}` begins or ends with a blank, which no name does"));
    }
    Ok(())
}

fn detection(text: &str) -> Result<(), String> {
    let ids: Vec<&str> = catalogue::all().iter().map(|about| about.id).collect();
    if ids.contains(&text) {
        return Ok(());
    }
    let meant = nearest(text, &ids).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
    Err(format!("`{text}` is no detection{meant}"))
}

fn term(text: &str) -> Result<(), String> {
    literal(text, "a term matches wherever it is a whole word of a name")
}

fn template(text: &str) -> Result<(), String> {
    literal(text, "an entry is the whole name of one template")
}

fn account(text: &str) -> Result<(), String> {
    literal(text, r"an entry is one account, `DOMAIN\name` or `name`")?;
    let name = text.rsplit('\\').next().unwrap_or(text);
    let name = if text.contains('\\') { name } else { name.split('@').next().unwrap_or(name) };
    if name.trim().is_empty() {
        Err(format!(r"`{text}` has no account name behind the domain"))
    } else {
        Ok(())
    }
}

fn host(text: &str) -> Result<(), String> {
    literal(text, "an entry is the name of one host")?;
    if network(text).is_some() {
        return Err(format!("`{text}` is a network: an entry is the name of one host"));
    }
    if text.contains(['/', '\\', ' ', '@']) {
        return Err(format!("`{text}` is not the name of a host, such as dc01.corp.example"));
    }
    Ok(())
}

fn source_host(text: &str) -> Result<(), String> {
    match network(text) {
        Some(Ok(0)) => Err(format!("`{text}` matches every address")),
        Some(Ok(_)) => Ok(()),
        Some(Err(message)) => Err(message),
        None => literal(text, "an entry is a host, an address, or a network such as 10.20.0.0/16")
            .and_then(|()| host(text)),
    }
}

/// The length of the prefix of `ADDRESS/LENGTH`; `None` if the text has no address before a slash.
fn network(text: &str) -> Option<Result<u8, String>> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.trim().parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.trim().parse::<u8>().ok().filter(|length| *length <= most);
    Some(length.ok_or_else(|| format!("`{text}` is not a network: the prefix has 0 to {most} bits")))
}

fn suffix(text: &str) -> Result<(), String> {
    filled(text).map_err(|empty| format!("{empty}: every name ends with it"))?;
    if text.contains('*') {
        let plain = text.trim_start_matches('*');
        return Err(match plain.contains('*') || plain.is_empty() {
            true => format!("`{text}` has a wildcard, which is compared as it is written"),
            false => format!("`{text}` has a wildcard, which is compared as it is written: write `{plain}`"),
        });
    }
    if !text.contains(|c: char| c.is_alphanumeric()) {
        return Err(format!("`{text}` has no letter or digit: every name of its kind ends with it"));
    }
    literal(text, "an entry is the end of a name")
}

fn broker(text: &str) -> Result<(), String> {
    filled(text)?;
    if let Some((scheme, address)) = text.split_once("://") {
        let secure = scheme.to_uppercase().contains("SSL");
        let hint = if secure { "; encryption is the section kafka.tls" } else { "" };
        return Err(format!("`{text}` has a scheme: write `{address}`{hint}"));
    }
    if text.contains(',') {
        return Err(format!(
            "`{text}` names several brokers: an entry is one, `[{}]`",
            text.replace(',', ", ")
        ));
    }
    let port = text.rsplit_once(':').map(|(_, port)| port).filter(|_| !text.ends_with(']'));
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(format!("`{text}` is not `host:port`"));
    }
    Ok(())
}

/// Settings of the detections that exclude each other.
pub(crate) fn combinations(policy: &Policy) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let baseline = &policy.certlog_remote_write;
    let (training, activation) = (u32::from(baseline.training_days), u32::from(baseline.activation_days));
    if training < activation {
        mistakes.push(Mistake::of(
            "policy.certlog_remote_write.activation_days",
            format!(
                "{activation} days of data are needed and training_days remembers {training}: the detection would never \
                 alert"
            ),
        ));
    }
    for (domain, suffixes) in &policy.domains {
        if suffixes.is_empty() {
            let message = "has no suffix: every name of the domain would be another's";
            mistakes.push(Mistake::of(format!("policy.domains.{domain}"), message));
        }
    }
    mistakes.extend(exceptions(policy));
    mistakes
}

/// Exceptions that would silence nothing, or whole detections.
fn exceptions(policy: &Policy) -> impl Iterator<Item = Mistake> {
    policy.exceptions.iter().enumerate().filter_map(|(n, exception)| {
        let message = if exception.detections.is_empty() {
            "names no detection: it would silence nothing"
        } else if !exception.is_about_something() {
            "is about nothing: it would silence whole detections, which `enabled: false` switches off"
        } else {
            return None;
        };
        Some(Mistake::of(format!("policy.exceptions[{n}]"), message))
    })
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

    #[test]
    fn networks_need_an_address_and_a_prefix() {
        assert_eq!(network("10.0.0.0/8"), Some(Ok(8)));
        assert_eq!(network("fd00::/64"), Some(Ok(64)));
        assert!(network("10.0.0.0/33").is_some_and(|network| network.is_err()));
        assert_eq!((network("dc01"), network("host/dc01")), (None, None));
    }
}
