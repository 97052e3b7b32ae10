//! Patterns of topic names. Two programs read them: this one, and librdkafka with the regular expressions of the C library
//! (POSIX extended). What these two read differently is refused, because such a source would silently read nothing.

use regex_lite::Regex;

/// A pattern that matches whole names.
pub(crate) fn whole(pattern: &str) -> Result<Regex, String> {
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    if inner.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let wrapped = if inner.contains('|') { format!("^({inner})$") } else { format!("^{inner}$") };
    let regex =
        Regex::new(&wrapped).map_err(|error| format!("`{pattern}` is not a regular expression: {error}"))?;
    match wildcard(inner).or_else(|| read_differently(inner)) {
        Some(why) => Err(format!("`{pattern}`: {why}")),
        None => Ok(regex),
    }
}

/// The regular expression that is meant by a name with wildcards, as file names have them: in `win-*` the `*` repeats the `-` only.
fn wildcard(pattern: &str) -> Option<String> {
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
    if !pattern.chars().all(|c| is_of_names(c) || ['.', '*'].contains(&c)) {
        return None;
    }
    let (mut meant, mut before) = (String::new(), None);
    for (place, c) in pattern.char_indices() {
        match c {
            '*' if before != Some('.') => meant.push_str(".*"),
            '.' if !pattern[place..].starts_with(".*") => meant.push_str(r"\."),
            _ => meant.push(c),
        }
        before = Some(c);
    }
    let is_wildcard = pattern.starts_with('*')
        || pattern.match_indices('*').any(|(at, _)| pattern[..at].ends_with(is_of_names));
    is_wildcard.then(|| format!("`*` repeats what stands before it: write `{meant}` for any text there"))
}

/// What librdkafka would read differently in a pattern that can be read here.
fn read_differently(pattern: &str) -> Option<String> {
    let mut rest = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match (c, rest.peek().copied()) {
            ('\\', Some(escaped)) => {
                if let Some(why) = escape(escaped, in_class) {
                    return Some(why);
                }
                rest.next();
            }
            ('(', Some('?')) if !in_class => {
                return Some(
                    "Kafka clients know no `(?`: a group is `(…)`, upper and lower case differ".to_owned(),
                );
            }
            ('[', _) => in_class = true,
            (']', _) => in_class = false,
            _ => {}
        }
    }
    None
}

/// Why a character behind a backslash is read differently.
fn escape(escaped: char, in_class: bool) -> Option<String> {
    let meant = match (escaped, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', false) => "[^0-9]",
        ('w', true) => "A-Za-z0-9_",
        ('-', true) => "`-` as the last character",
        // A backslash is a character of its own there, which no name of a topic has.
        ('.' | '_', true) | ('w' | 'W' | 's' | 'S' | 'b' | 'B', false) => return None,
        (_, true) => "the characters alone",
        (other, false) if other.is_ascii_alphanumeric() => "the characters themselves",
        _ => return None,
    };
    let quoted = if meant.contains(' ') { meant.to_owned() } else { format!("`{meant}`") };
    let place = if in_class { " in `[…]`" } else { "" };
    Some(format!("Kafka clients do not know `\\{escaped}`{place}: write {quoted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_that_kafka_clients_read_differently_is_refused() {
        for (pattern, why) in [
            (r"win\d+", "write `[0-9]`"),
            (r"win\D", "write `[^0-9]`"),
            (r"win[\d_]+", "do not know `\\d` in `[…]`: write `0-9`"),
            (r"win[\w.-]+", "write `A-Za-z0-9_`"),
            (r"win[\-_]x", "`-` as the last character"),
            (r"(?i)win.*", "know no `(?`"),
            (r"(?:win|lin)\..*", "know no `(?`"),
            (r"win\x31", "write the characters themselves"),
            (r"\Awin\z", "write the characters themselves"),
            (r"a|win\d", "write `[0-9]`"),
        ] {
            let said = whole(pattern).unwrap_err();
            assert!(said.contains(pattern) && said.contains(why), "{pattern}: {said}");
        }
        assert!(whole("(").unwrap_err().contains("is not a regular expression"));
    }

    #[test]
    fn wildcard_of_file_names_is_refused_with_the_expression_that_is_meant() {
        for (pattern, meant) in [
            ("winlogbeat-*", "winlogbeat-.*"),
            ("win*", "win.*"),
            ("*-security", ".*-security"),
            ("*", ".*"),
            ("siem.win_*", r"siem\.win_.*"),
            ("^logs-*-dc.*$", "logs-.*-dc.*"),
        ] {
            let said = whole(pattern).unwrap_err();
            assert!(said.contains(&format!("write `{meant}`")), "{pattern}: {said}");
            assert!(whole(meant).is_ok(), "{meant}");
        }
    }

    #[test]
    fn ordinary_pattern_is_read() {
        for (pattern, topic) in [
            (r"siem\..*", "siem.win"),
            ("^win.*$", "winlog"),
            ("win(log|beat)-[0-9]{2}", "winlog-07"),
            (r"win[\._-]x", "win.x"),
            (r"win\-\w+\_x", "win-log_x"),
            ("win[^.]*?", "winlog"),
            ("a|b", "b"),
            ("logs-.*.dc.*", "logs-eu-dc01"),
            ("win[0-9]*", "win07"),
            ("win(-log)*", "win-log-log"),
            (r"[a-z]+\(x\)|c", "c"),
        ] {
            assert!(whole(pattern).is_ok_and(|regex| regex.is_match(topic)), "{pattern}");
        }
    }
}
