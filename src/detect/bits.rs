//! Settings that are bits of a number, as events write them.

/// A number of 32 bits: decimal, also negative as Windows writes some, or hex after `0x`.
pub(crate) fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    text.parse::<u32>().ok().or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

/// The names of those bits of a table that are set, joined by commas.
pub(crate) fn names(table: &[(u32, &str)], bits: u32) -> String {
    let set: Vec<&str> = table.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name).collect();
    set.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::detect::bits::{names, number};

    #[test]
    fn numbers_are_read_as_windows_writes_them() {
        let cases =
            [("0x40", Some(64)), (" 64 ", Some(64)), ("-1", Some(u32::MAX)), ("", None), ("on", None)];
        for (text, expect) in cases {
            assert_eq!(number(text), expect, "{text}");
        }
    }

    #[test]
    fn bits_have_their_names() {
        let table = [(1, "one"), (2, "two"), (4, "four")];
        assert_eq!(names(&table, 5), "one, four");
        assert_eq!(names(&table, 8), "");
    }
}
