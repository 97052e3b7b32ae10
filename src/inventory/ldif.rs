//! LDIF, as `ldifde` and `ldapsearch` write it: RFC 2849, content records only.

use crate::inventory::row::Row;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Whether the text is LDIF: after comments and the version it names an object.
pub(crate) fn is_ldif(text: &str) -> bool {
    let first = text.lines().find(|line| !line.is_empty() && !line.starts_with(['#', ' ']));
    first.is_some_and(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("dn:") || line.starts_with("version:")
    })
}

/// The objects of the text. Values in base64 are decoded; a SID in binary becomes text.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let (mut rows, mut row) = (Vec::new(), Row::default());
    for (line, text) in unfolded(text) {
        if text.trim().is_empty() {
            rows.push(std::mem::take(&mut row));
        } else if let Some((name, value)) = text.split_once(':').filter(|_| !text.starts_with('#')) {
            if row.is_empty() {
                row = Row::at(line);
            }
            row.add(name, &value_of(name, value));
        }
    }
    rows.push(row);
    rows.retain(|row| row.first(&["dn"]).is_some());
    rows
}

/// Each logical line with the number of its first line: a line that begins with a blank continues the one before.
fn unfolded(text: &str) -> Vec<(u64, String)> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

fn value_of(name: &str, value: &str) -> String {
    let Some(encoded) = value.strip_prefix(':') else { return value.trim().to_owned() };
    let bytes = STANDARD.decode(encoded.trim()).unwrap_or_default();
    let is_sid = name.eq_ignore_ascii_case("objectSid");
    match is_sid.then(|| sid(&bytes)).flatten() {
        Some(sid) => sid,
        // A value that is no text, such as objectGUID, names nothing here.
        None => String::from_utf8(bytes).unwrap_or_default(),
    }
}

/// A SID in its binary form, MS-DTYP 2.4.2: revision, count, authority, sub-authorities.
pub(crate) fn sid(bytes: &[u8]) -> Option<String> {
    let [1, count, authority @ ..] = bytes.get(..8)? else { return None };
    let authority = authority.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let parts = bytes.get(8..)?.chunks_exact(4);
    if parts.len() != usize::from(*count) || !parts.remainder().is_empty() {
        return None;
    }
    let numbers =
        parts.map(|part| part.iter().rev().fold(0u32, |number, byte| number << 8 | u32::from(*byte)));
    Some(numbers.fold(format!("S-1-{authority}"), |text, number| format!("{text}-{number}")))
}

#[cfg(test)]
mod tests {
    use crate::inventory::ldif::rows;

    #[test]
    fn objects_are_unfolded_and_decoded() {
        let text = "# export\nversion: 1\n\ndn: CN=ann,\n DC=corp,DC=example\nsAMAccountName:: YW5u\nservicePrincipalName: a\nservicePrincipalName: b\n\
                    objectSid:: AQUAAAAAAAUVAAAAAQAAAAIAAAADAAAA9AEAAA==\nobjectGUID:: ikhYmjAWAE6Ox3SYq7dWPw==\n";
        let rows = rows(text);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].line, rows[0].first(&["dn"])), (4, Some("CN=ann,DC=corp,DC=example")));
        assert_eq!(rows[0].first(&["samaccountname"]), Some("ann"));
        assert_eq!(rows[0].first(&["objectSid"]), Some("S-1-5-21-1-2-3-500"));
        assert_eq!(rows[0].all(&["servicePrincipalName"]), ["a", "b"]);
        assert_eq!(rows[0].first(&["objectGUID"]), None, "no text");
    }
}
