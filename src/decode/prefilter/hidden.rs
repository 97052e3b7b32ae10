//! What could hide a marker from a search of bytes: escapes, references, comments, an end that is none.

use crate::decode::encoded;

/// Whether a record that begins as JSON or XML does not end so: what is missing may be an id.
pub(crate) fn is_cut_off(record: &[u8]) -> bool {
    let text = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != 0;
    let ends = |last: &[u8]| record.iter().rev().find(text).is_some_and(|byte| !last.contains(byte));
    match record.iter().find(text) {
        Some(b'{' | b'[') => ends(b"}],"),
        Some(b'<') => {
            ends(b">")
                && !record.iter().skip_while(|byte| **byte != b'<').nth(1).is_some_and(u8::is_ascii_digit)
        }
        Some(_) | None => false,
    }
}

/// Whether XML holds a comment, CDATA or a document type, or a reference to a character.
pub(crate) fn has_hidden_xml(record: &[u8]) -> bool {
    // Few records have one of these bytes often, so one pass shows for most that there is nothing.
    memchr::memchr2_iter(b'!', b'&', record).any(|at| match record[at] {
        b'!' => at.checked_sub(1).is_some_and(|before| record[before] == b'<'),
        _ => record[at + 1..].strip_prefix(b"#").is_some_and(is_visible_reference),
    })
}

/// Whether a string, or the record as a whole, begins as text of interest in base64 does ([`encoded`]).
///
/// An event takes more than 288 characters of base64, and few other texts are as long without another character. So looking
/// at a few places shows for most records that there is none.
pub(crate) fn has_base64(record: &[u8]) -> bool {
    const STRIDE: usize = 256;
    const PROBE: usize = 32;
    // From its end: most values end before a probe does.
    let is_base64 = |probe: &[u8]| probe.iter().rev().all(|byte| BASE64[usize::from(*byte)]);
    record.chunks(STRIDE).any(|chunk| chunk.get(..PROBE).is_some_and(is_base64))
        && (encoded::begins(record.trim_ascii_start())
            || memchr::memchr_iter(b'"', record).any(|quote| encoded::begins(&record[quote + 1..])))
}

/// The characters of base64 inside a JSON string, by their bytes. Some encoders write `\/`.
const BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'\\');
        byte += 1;
    }
    table
};

/// Whether an escape, of which this is what follows `\u00`, could hide something.
///
/// It could when it stands for an ASCII character that a marker has or that makes XML, and when its own digits stand
/// before an id as if they belonged to it, which only those of a space can do: `\u00204887`.
pub(crate) fn may_hide(rest: &[u8]) -> bool {
    let Some((code, after)) = rest.split_first_chunk::<2>() else { return true };
    match code.to_ascii_lowercase().as_slice() {
        // Go writes these, and `<!` and `&#` may begin with them.
        b"3c" => after.first() == Some(&b'!'),
        b"26" => after.first() == Some(&b'#') && is_visible_reference(&after[1..]),
        // Go and .NET write these: > " ' + ` and line ends.
        b"3e" | b"22" | b"27" | b"2b" | b"60" | b"0a" | b"0d" => false,
        // Beyond ASCII.
        [first, _] => !matches!(first, b'8' | b'9' | b'a'..=b'f'),
        _ => true,
    }
}

/// Whether a character reference, of which this is what follows `&#`, stands for more than white space.
fn is_visible_reference(rest: &[u8]) -> bool {
    const WHITE: [&[u8]; 8] = [b"xA;", b"xD;", b"x9;", b"x20;", b"10;", b"13;", b"9;", b"32;"];
    !WHITE.iter().any(|white| rest.get(..white.len()).is_some_and(|head| head.eq_ignore_ascii_case(white)))
}
