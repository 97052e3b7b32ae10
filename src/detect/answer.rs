//! How an alert can be answered: what would make it benign, the exception that silences it, and what that silences beside it.

use crate::alert::{Alert, Severity};
use crate::detect::About;
use crate::detect::agent::Network;
use crate::detect::exception::{Exception, Key};
use crate::event::account::Account;
use crate::event::san::MAX_NAMES;
use std::net::IpAddr;

/// Writes the answer into an alert. The engine does so for every alert and revision, so no detection can forget it.
pub(crate) fn answer(about: &About, alert: &mut Alert) {
    let exception = exception(about, alert);
    alert.benign_if = about.benign_if.iter().map(|&sentence| sentence.to_owned()).collect();
    alert.policy_line = Some(line(&exception));
    alert.also_silences = Some(also_silences(&exception, alert));
}

/// The narrowest exception for alerts like this one: by what the detection names, and only up to its severity. A critical alert
/// is also bound to its names.
pub(crate) fn exception(about: &About, alert: &Alert) -> Exception {
    let mut exception = Exception { up_to: alert.severity, ..Exception::of(about.id) };
    about.excepted_by.iter().for_each(|key| fill(&mut exception, *key, alert));
    if alert.severity == Severity::Critical {
        fill(&mut exception, Key::Names, alert);
    }
    if !exception.is_about_something() {
        fill(&mut exception, Key::Computer, alert);
    }
    exception
}

fn fill(exception: &mut Exception, key: Key, alert: &Alert) {
    let account = |domain: &Option<String>, name: &Option<String>| {
        name.as_ref().map(|name| Account::new(domain.as_deref().unwrap_or_default(), name))
    };
    match key {
        Key::Account => exception.account = account(&alert.requester_domain, &alert.requester_account),
        Key::UsedBy => exception.used_by = account(&alert.used_by_domain, &alert.used_by_account),
        Key::Computer => exception.computer.clone_from(&alert.computer),
        Key::Address => {
            let address = alert.remote_ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
            exception.remote_ip = address.map(|address| Network(address.into()));
        }
        Key::Templates => exception.templates = all(&alert.templates, &alert.unlisted.templates),
        Key::Names => exception.names = all(&alert.san_values, &alert.unlisted.names),
    }
}

/// What an exception must cover, within the limit of names that are read.
fn all(listed: &[String], unlisted: &[String]) -> Vec<String> {
    listed.iter().chain(unlisted).take(MAX_NAMES).cloned().collect()
}

/// The exception as an item of `exceptions:` in YAML, on one line.
pub(crate) fn line(exception: &Exception) -> String {
    let list = |texts: &[String]| {
        let texts = texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        (!texts.is_empty()).then(|| format!("[{texts}]"))
    };
    let account = |account: &Option<Account>| account.as_ref().map(|account| quoted(&account.to_string()));
    let host = exception.computer.as_ref().map(|host| quoted(host.as_str()));
    let remote = exception.remote_host.as_ref().map(|host| quoted(host.as_str()));
    let up_to = (exception.up_to != Severity::High).then(|| exception.up_to.to_string());
    let fields = [
        ("detections", Some(format!("[{}]", exception.detections.join(", ")))),
        ("account", account(&exception.account)),
        ("used_by", account(&exception.used_by)),
        ("computer", host),
        ("remote_host", remote),
        ("remote_ip", exception.remote_ip.map(|network| quoted(&address(network)))),
        ("templates", list(&exception.templates)),
        ("names", list(&exception.names)),
        ("up_to", up_to),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    format!("- {{{}}}", fields.collect::<Vec<_>>().join(", "))
}

/// One address without the length of its prefix.
fn address(network: Network) -> String {
    let text = String::from(network);
    text.strip_suffix("/32").or_else(|| text.strip_suffix("/128")).unwrap_or(&text).to_owned()
}

/// A text of an event in quotes of YAML. What YAML would fold or a terminal interpret is escaped.
fn quoted(text: &str) -> String {
    let is_special = |c: char| c.is_control() || ('\u{200b}'..='\u{2069}').contains(&c) || c == '\u{feff}';
    if !text.contains(is_special) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if is_special(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// What the exception hides beside the alert, in a sentence.
pub(crate) fn also_silences(exception: &Exception, alert: &Alert) -> String {
    let mut with = Vec::new();
    let mut add = |what: &str, value: Option<String>| {
        with.extend(value.filter(|value| !value.is_empty()).map(|value| format!("{what} {value}")));
    };
    add("the account", exception.account.as_ref().map(ToString::to_string));
    add("use by", exception.used_by.as_ref().map(ToString::to_string));
    add("the computer", exception.computer.as_ref().map(ToString::to_string));
    add("the address", exception.remote_ip.map(address));
    add("the templates", Some(exception.templates.join(", ")));
    add("the names", Some(exception.names.join(", ")));
    let is_open = exception.names.is_empty() && !alert.san_values.is_empty();
    let open = if is_open { ", whatever names they bear" } else { "" };
    format!(
        "every later alert of {} up to {} with {}{open}: also when an attacker acts there",
        exception.detections.join(", "),
        exception.up_to,
        with.join(" and "),
    )
}

#[cfg(test)]
mod tests {
    use crate::detect::answer::{line, quoted};
    use crate::detect::exception::Exception;
    use crate::event::account::Account;

    #[test]
    fn line_is_yaml_whatever_the_event_contains() {
        assert_eq!(quoted("CORP\\o'neil"), "'CORP\\o''neil'");
        assert_eq!(quoted("a: b}\n\"c\\"), "\"a: b}\\u000a\\\"c\\\\\"");
        let exception =
            Exception { account: Some(Account::parse("CORP\\ann")), ..Exception::of("ca-silent") };
        assert_eq!(line(&exception), "- {detections: [ca-silent], account: 'CORP\\ann'}");
    }
}
