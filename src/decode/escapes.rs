//! Line ends and tabs that a pipeline wrote as other characters, `\n` and `\t`, or `#012` and `#011`.
//!
//! The text alone does not show them: `CORP\nina` is an account and `\\*\temp` a share, and few pipelines double the
//! backslash of those. Who may create a machine may call it `#012DC01$`. So `\n` is a line end where one must stand, beside a label or between columns, and in the fields
//! that hold several lines. Elsewhere it is a backslash and a letter.

use crate::decode::fields::fold::fold;

/// What is written for the characters that end a line or fill it; rsyslog writes `#012`.
const ESCAPES: [&str; 6] = ["\\n", "\\r", "\\t", "#012", "#015", "#011"];

/// Fields of several lines, by a part of their folded names. Names of accounts and paths have one line.
const OF_LINES: [&str; 9] = [
    "attributes",
    "subjectalternativename",
    "accesslist",
    "accessreason",
    "content",
    "descriptor",
    "serviceprincipalnames",
    "encryptiontypes",
    "useraccountcontrol",
];

/// The value of a field, with its line ends and tabs where it may have some.
pub(crate) fn value(field: &str, text: &str) -> String {
    if has_lines(field) { with_lines(text) } else { text.to_owned() }
}

/// A text that has no other backslashes, with its line ends and tabs.
pub(crate) fn with_lines(text: &str) -> String {
    let text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\t", "\t");
    text.replace("#015#012", "\n").replace("#012", "\n").replace("#011", "\t")
}

/// The same of a value of CEF, where a backslash is put before `=`, `|` and itself.
pub(crate) fn value_of_cef(field: &str, text: &str) -> String {
    let has_lines = has_lines(field);
    let (mut value, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once('\\') {
        value.push_str(before);
        let escaped = behind.chars().next();
        match escaped {
            Some(c @ ('=' | '|' | '\\')) => value.push(c),
            Some('n') if has_lines => value.push('\n'),
            Some('r') if has_lines => value.push('\r'),
            Some(c) => value.extend(['\\', c]),
            None => value.push('\\'),
        }
        rest = &behind[escaped.map_or(0, char::len_utf8)..];
    }
    value.push_str(rest);
    value
}

/// Whether a text ends with an escape.
pub(crate) fn is_behind(text: &str) -> bool {
    ESCAPES.iter().any(|escape| text.ends_with(escape))
}

/// Whether a text begins with an escape.
pub(crate) fn is_before(text: &str) -> bool {
    ESCAPES.iter().any(|escape| text.starts_with(escape))
}

/// A text without the white space around it, whether it is written as escapes or not.
pub(crate) fn trimmed(text: &str) -> &str {
    trimmed_down_to(text, |_| true)
}

/// The same of `DOMAIN\name`, where the name may be a single letter: `CORP\n`.
pub(crate) fn trimmed_account(text: &str) -> &str {
    trimmed_down_to(text, |rest| rest.trim_end_matches('\\').contains('\\'))
}

fn trimmed_down_to(text: &str, is_enough: fn(&str) -> bool) -> &str {
    let mut text = text.trim();
    while let Some(rest) = ESCAPES.iter().find_map(|escape| text.strip_prefix(escape)) {
        text = rest.trim_start();
    }
    let shorter = |text| ESCAPES.iter().find_map(|escape| str::strip_suffix(text, escape));
    while let Some(rest) = shorter(text).filter(|rest| is_enough(rest)) {
        text = rest.trim_end();
    }
    text
}

fn has_lines(field: &str) -> bool {
    let folded = fold(field);
    OF_LINES.iter().any(|part| folded.contains(part))
}

#[cfg(test)]
mod tests {
    use crate::decode::escapes::{trimmed, trimmed_account, value, value_of_cef};

    #[test]
    fn only_fields_of_several_lines_have_line_ends() {
        for account in ["CORP\\nina", "CORP\\tom", "CORP\\rn"] {
            assert_eq!(value("Requester", account), account);
            assert_eq!(value_of_cef("suser", account), account);
            assert_eq!(value_of_cef("Requester", &account.replace('\\', "\\\\")), account);
        }
        assert_eq!(value("RelativeTargetName", "System32\\temp"), "System32\\temp");
        assert_eq!(value("Attributes", "a:b\\r\\nc:d\\ne:f"), "a:b\nc:d\ne:f");
        assert_eq!(value_of_cef("Attributes", "SAN:upn\\=x\\nc:d\\\\n"), "SAN:upn=x\nc:d\\n");
        assert_eq!(value_of_cef("msg", "ends in \\"), "ends in \\");
    }

    #[test]
    fn escapes_around_a_value_are_white_space() {
        assert_eq!(trimmed("\\t\\tCORP\\tom\\r\\n"), "CORP\\tom");
        for account in ["CORP\\n", "CORP\\\\r", "CORP\\tom"] {
            assert_eq!(trimmed_account(&format!("\\t{account}\\r\\n")), account);
        }
        assert_eq!(trimmed_account("#011CORP\\#012DC01$#015#012"), "CORP\\#012DC01$");
        assert_eq!(trimmed(" 209 \\n\t\\n "), "209");
        assert_eq!(trimmed("\\t\\\\*\\IPC$\\n"), "\\\\*\\IPC$");
    }
}
