//! The messages of serde in the words of a user, with the right spelling of common mistakes.

use crate::config::fields::Place;
use crate::config::flow::flow;
use crate::config::tree::{Entry, Kind};
use serde_json::Value;

/// Names that users of other programs expect, and ours.
const SYNONYMS: [(&str, &str); 18] = [
    ("bootstrapservers", "brokers"),
    ("bootstrap", "brokers"),
    ("servers", "brokers"),
    ("user", "username"),
    ("pass", "password"),
    ("ca", "ca_file"),
    ("cert", "cert_file"),
    ("key", "key_file"),
    ("name", "topic"),
    ("topics", "topic"),
    ("regex", "pattern"),
    ("timezone", "zone"),
    ("port", "listen"),
    ("address", "listen"),
    ("replicas", "replication_factor"),
    ("on", "enabled"),
    ("warning", "warn"),
    ("trace", "debug"),
];

/// The longest value that a message repeats, in characters.
const MAX_SHOWN: usize = 40;

/// A message of serde as a sentence for a user. `path` is the field's, `found` what stands there, and `place` what belongs there.
pub(crate) fn explain(message: &str, path: &str, found: Option<&Kind>, place: Place<'_>) -> String {
    if let Some(text) = unknown_name(message, path) {
        return text;
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing");
    }
    // The message of the standard library for a text that is no address.
    let message = if message == "invalid socket address syntax" { NO_ADDRESS } else { message };
    let wrong_type =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match (wrong_type.and_then(|rest| rest.rsplit_once(", expected ")), found) {
        (Some((_, expected)), Some(found)) => wrong_value(&Wanted::of(expected, place), path, found, place),
        (Some(_) | None, _) => message.to_owned(),
    }
}

const NO_ADDRESS: &str = "invalid value: text, expected socket address";

/// `expected a list, found the text `a,b`; write `brokers: [a, b]``
fn wrong_value(wanted: &Wanted<'_>, path: &str, found: &Kind, place: Place<'_>) -> String {
    let hint = hint(wanted, path, found, place).map_or_else(String::new, |hint| format!("; {hint}"));
    let expected = match (wanted, found) {
        // It is whole, and beyond what the field takes.
        (Wanted::Whole, Kind::Scalar(Value::Number(number))) if number.is_u64() => "a smaller number",
        (Wanted::Whole, Kind::Scalar(Value::Number(number))) if number.is_i64() => "a number from 0 on",
        _ => &wanted.described(),
    };
    format!("expected {expected}, found {}{hint}", described(found))
}

/// What belongs at a place.
enum Wanted<'a> {
    List,
    Mapping,
    Whole,
    Truth,
    Text,
    OneOf(Vec<&'a str>),
    Address,
    Other(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(expected: &'a str, place: Place<'a>) -> Wanted<'a> {
        match expected {
            "a sequence" => Wanted::List,
            "a map" => Wanted::Mapping,
            "a boolean" => Wanted::Truth,
            "a string" | "string or map" | "a borrowed string" | "path string" => match place.choices() {
                choices if choices.is_empty() => Wanted::Text,
                choices => Wanted::OneOf(choices),
            },
            "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "a nonzero u32" => Wanted::Whole,
            "socket address" => Wanted::Address,
            other if other.starts_with("struct ") => Wanted::Mapping,
            other => Wanted::Other(other),
        }
    }

    fn described(&self) -> String {
        let text = match self {
            Wanted::List => "a list",
            Wanted::Mapping => "a mapping",
            Wanted::Whole => "a whole number",
            Wanted::Truth => "`true` or `false`",
            Wanted::Text => "text",
            Wanted::OneOf(choices) => return format!("one of {}", choices.join(", ")),
            Wanted::Address => "an IP address and a port",
            Wanted::Other(other) => other,
        };
        text.to_owned()
    }
}

/// What stands in the file.
fn described(found: &Kind) -> String {
    match found {
        Kind::Scalar(Value::String(text)) => format!("the text `{}`", shown(text)),
        Kind::Scalar(Value::Number(number)) => format!("the number {number}"),
        Kind::Scalar(value) => format!("`{value}`"),
        Kind::Mapping(_) => "a mapping".to_owned(),
        Kind::Sequence(_) => "a list".to_owned(),
    }
}

/// The beginning of a text, and all of a short one.
fn shown(text: &str) -> String {
    // A mistake is one line.
    let one_line = text.trim_end().replace(char::is_control, " ");
    match one_line.chars().count() > MAX_SHOWN {
        true => format!("{}…", one_line.chars().take(MAX_SHOWN).collect::<String>()),
        false => one_line,
    }
}

/// How the value is written that was probably meant.
fn hint(wanted: &Wanted<'_>, path: &str, found: &Kind, place: Place<'_>) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    match (wanted, found) {
        (Wanted::List, Kind::Scalar(value)) => list_hint(name, value, place.elements()),
        (Wanted::List, Kind::Mapping(entries)) => element_hint(entries, place.elements()),
        (Wanted::Mapping, Kind::Scalar(Value::Bool(on))) => section_hint(path, name, *on),
        (Wanted::Mapping, found) => mapping_hint(path, name, found, place),
        (Wanted::Text, Kind::Scalar(Value::Number(number))) if place.is_length_of_time() => {
            Some(format!("write a unit, `{number}s`, `{number}m`, `{number}h` or `{number}d`"))
        }
        // Of `1.10` the number is `1.1`.
        (Wanted::Text, Kind::Scalar(Value::Number(number))) if number.is_f64() => {
            Some("put it in quotes".to_owned())
        }
        (Wanted::Text, Kind::Scalar(Value::Number(number))) => Some(format!("write '{number}' in quotes")),
        (Wanted::Text, Kind::Scalar(Value::Bool(value))) => Some(format!("write '{value}' in quotes")),
        (Wanted::Whole, Kind::Scalar(Value::String(text))) => whole_hint(text),
        (Wanted::Truth, Kind::Scalar(Value::Number(number))) => match number.as_u64()? {
            1 => Some("write `true`".to_owned()),
            0 => Some("write `false`".to_owned()),
            _ => None,
        },
        (Wanted::Truth, Kind::Scalar(Value::String(text))) => match text.to_lowercase().as_str() {
            "yes" | "y" | "on" | "true" => Some("write `true`".to_owned()),
            "no" | "n" | "off" | "false" => Some("write `false`".to_owned()),
            _ => None,
        },
        (Wanted::Address, Kind::Scalar(value)) => Some(address_hint(name, value)),
        (
            Wanted::List
            | Wanted::Whole
            | Wanted::Truth
            | Wanted::Text
            | Wanted::OneOf(_)
            | Wanted::Address
            | Wanted::Other(_),
            Kind::Scalar(_) | Kind::Mapping(_) | Kind::Sequence(_),
        ) => None,
    }
}

/// A whole number in quotes, with zeros before it, or with marks between its digits.
fn whole_hint(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !"_,' ".contains(*c)).collect();
    let number = digits.parse::<u64>().ok()?;
    match number.to_string() == text {
        true => Some("remove the quotes".to_owned()),
        false => Some(format!("write {number}")),
    }
}

/// A list that was written as one text, with commas perhaps.
fn list_hint(name: &str, found: &Value, element: Place<'_>) -> Option<String> {
    let Value::String(text) = found else { return Some(format!("write `{name}: [{found}]`")) };
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(quoted);
    let fields = element.fields();
    if fields.is_empty() || element.accepts_text() {
        return Some(format!("write `{name}: [{}]`", items.collect::<Vec<_>>().join(", ")));
    }
    let topics = items.map(|item| format!("{{topic: {item}}}")).collect::<Vec<_>>();
    fields.contains(&"topic").then(|| format!("write `{name}: [{}]`", topics.join(", ")))
}

/// A list of mappings that was written as one mapping.
fn element_hint(found: &[Entry], element: Place<'_>) -> Option<String> {
    let first = found.first().map(|entry| entry.name.as_str())?;
    let is_element = nearest(first, &element.fields()).is_some();
    is_element.then(|| format!("begin each entry with `- `, as in `- {first}: …`"))
}

/// A mapping that was written as a text or as a list.
fn mapping_hint(path: &str, name: &str, found: &Kind, place: Place<'_>) -> Option<String> {
    if let Some(example) = place.example() {
        return Some(format!("such as `{name}: {}`", flow(example)));
    }
    let fields = place.fields();
    match found {
        Kind::Scalar(Value::String(text)) if path == "kafka.tls" => {
            Some(format!("write `tls: {{ca_file: {}}}`", quoted(text)))
        }
        Kind::Scalar(Value::String(text)) if fields.contains(&"topic") && path.ends_with(']') => {
            Some(format!("write `{{topic: {}}}`", quoted(text)))
        }
        Kind::Scalar(_) | Kind::Mapping(_) | Kind::Sequence(_) => {
            let few = (1..=MAX_FIELDS).contains(&fields.len());
            few.then(|| format!("its fields are {}", fields.join(", ")))
        }
    }
}

/// The most fields that a message lists.
const MAX_FIELDS: usize = 12;

/// A port without an address, or with the name of a host.
fn address_hint(name: &str, found: &Value) -> String {
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    let (host, port) = text.rsplit_once(':').unwrap_or(("", &text));
    let port = port.parse::<u16>().unwrap_or(9464);
    let address = if host == "localhost" { "127.0.0.1" } else { "0.0.0.0" };
    format!("write `{name}: '{address}:{port}'`")
}

/// A section that was switched with `true` or `false`.
fn section_hint(path: &str, name: &str, on: bool) -> Option<String> {
    match (path, on) {
        ("kafka.tls", true) => Some("write `tls: {}` to trust the certificates of the system".to_owned()),
        ("http.tls", true) => Some("write `tls: {cert_file: PATH, key_file: PATH}`".to_owned()),
        (path, on) if path.starts_with("policy.") => Some(format!("write `{name}: {{enabled: {on}}}`")),
        (_, false) => Some(format!("leave `{name}` out")),
        (_, true) => None,
    }
}

/// An item of a list in one line, in quotes where YAML would read something else.
fn quoted(item: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/\\@$".contains(c);
    if item.starts_with(|c: char| c.is_ascii_alphanumeric()) && item.chars().all(plain) {
        item.to_owned()
    } else {
        format!("'{}'", item.replace('\'', "''"))
    }
}

/// An unknown field or value, with the nearest known one.
fn unknown_name(message: &str, path: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown ")?;
    let (what, rest) = match rest.strip_prefix("field") {
        Some(rest) => ("unknown field", rest),
        None => ("unknown value", rest.strip_prefix("variant")?),
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let wrong = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    // The path of an unknown field ends with its name.
    let is_in_path = what == "unknown field" && path.ends_with(wrong);
    let name = if is_in_path { String::new() } else { format!(" `{}`", shown(wrong)) };
    Some(format!("{what}{name}; {}", suggestion(wrong, &known)))
}

/// The known name that was probably meant, or all of them.
pub(crate) fn suggestion(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None if ["gssapi", "kerberos"].contains(&letters(wrong).as_str()) => {
            format!("known here: {}; docs/security.md has a way round Kerberos", known.join(", "))
        }
        None if known.is_empty() => "nothing can be set here".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The known name that was probably meant: the same but for case and separators, a synonym, the only one that begins so, or a
/// typing error away.
pub(crate) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = letters(wrong);
    let meant = SYNONYMS.iter().find(|(synonym, _)| *synonym == wrong).map(|(_, meant)| *meant);
    if let Some(name) = known.iter().find(|name| Some(**name) == meant) {
        return Some(name);
    }
    let mut begun = known.iter().filter(|name| wrong.len() >= 3 && letters(name).starts_with(&wrong));
    if let (Some(name), None) = (begun.next(), begun.next()) {
        return Some(name);
    }
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong, &letters(name));
    let best = known.iter().min_by_key(|name| distance(name))?;
    (distance(best) <= wrong.chars().count().max(3) / 3).then_some(best)
}

/// A name without case and separators.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(message: &str) -> String {
        explain(message, message.split('`').nth(1).unwrap_or_default(), None, Place::NOWHERE)
    }

    #[test]
    fn unknown_field_suggests_the_nearest_name() {
        assert_eq!(
            explained("unknown field `burst_cuont`, expected one of `burst_count`, `burst_window`"),
            "unknown field; did you mean `burst_count`?"
        );
        assert_eq!(
            explained("unknown field `zebra`, expected `domains`"),
            "unknown field; known here: domains"
        );
        assert_eq!(
            explained("unknown field `x`, there are no fields"),
            "unknown field; nothing can be set here"
        );
    }

    #[test]
    fn case_and_separators_do_not_count_as_distance() {
        assert_eq!(nearest("San-Mismatch", &["certlog_remote_write", "san_mismatch"]), Some("san_mismatch"));
        assert_eq!(nearest("plain", &["PLAIN", "OAUTHBEARER"]), Some("PLAIN"));
        assert_eq!(
            nearest("scram_sha_512", &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
            Some("SCRAM-SHA-512")
        );
        assert_eq!(nearest("zz", &["domains"]), None);
        assert_eq!(nearest("winlog", &["nxlog", "winlogbeat"]), Some("winlogbeat"));
        assert_eq!(nearest("event", &["event_text", "event_time"]), None);
    }

    #[test]
    fn names_of_other_programs_suggest_ours() {
        assert_eq!(nearest("bootstrap.servers", &["group", "brokers"]), Some("brokers"));
        assert_eq!(nearest("user", &["mechanism", "username"]), Some("username"));
        assert_eq!(nearest("user", &["cert_file", "key_file"]), None);
    }
}
