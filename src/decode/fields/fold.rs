//! One spelling for the names of fields: products write `EventID`, `event_id`, `Event ID`, `_EventID` and `EventID_d`.

/// Suffixes that Azure adds to the columns of custom tables, one for each type.
const TYPE_SUFFIXES: [&str; 5] = ["_s", "_d", "_b", "_t", "_g"];

/// The letters and digits of a name in lower case, without a zone (`TimeGenerated [UTC]`) and without Azure's suffix of
/// the type. A name without letters and digits, such as `$`, stays as it is.
pub(crate) fn fold(name: &str) -> String {
    let name = name.split_once(" [").map_or(name, |(head, _)| head);
    let name = TYPE_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
    let mut folded = String::with_capacity(name.len());
    for letter in name.chars().filter(|c| c.is_alphanumeric()) {
        // Nearly all names are ASCII.
        if letter.is_ascii() {
            folded.push(letter.to_ascii_lowercase());
        } else {
            folded.extend(letter.to_lowercase());
        }
    }
    if folded.is_empty() { name.to_owned() } else { folded }
}

#[cfg(test)]
mod tests {
    use crate::decode::fields::fold::fold;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for name in ["EventID", "event_id", "Event ID", "_EventID", "eventID", "EventID_d", "event.id"] {
            assert_eq!(fold(name), "eventid", "{name}");
        }
        assert_eq!(fold("TimeGenerated [UTC]"), "timegenerated");
        assert_eq!(fold("@timestamp"), "timestamp");
        assert_eq!(fold("$"), "$");
    }
}
