//! The ids of wanted events in raw bytes: in decimal, with a mark before the thousands, in hex.

use crate::decode::wanted::SECURITY_IDS;

/// Digits with which the wanted ids begin: as many as all ids with the same beginning share, but three at least.
pub(crate) const DECIMAL: [&str; 15] = [
    "4624", "4657", "4738", "474", "476", "4771", "4781", "486", "487", "488", "489", "4900", "505", "513",
    "514",
];
/// The same with a mark before the thousands.
pub(crate) const GROUPED: [&str; 6] = ["4,6", "4,7", "4,8", "4,9", "5,0", "5,1"];
/// How the wanted ids begin in hex. Zeros may stand before the digits.
pub(crate) const HEX: [&str; 2] = ["0x0", "0x1"];

/// How many digits a wanted id of the Security log has.
const DIGITS: usize = 4;

/// The wanted id of which the digits begin here, if they are a number by themselves.
pub(crate) fn decimal(record: &[u8], at: usize) -> Option<u32> {
    let id = number(record.get(at..at + DIGITS)?)?;
    wanted(id).filter(|_| stands_alone(record, at, at + DIGITS))
}

/// The same with a mark behind the first digit.
pub(crate) fn grouped(record: &[u8], at: usize) -> Option<u32> {
    let [thousands, b',', rest @ ..] = record.get(at..=at + DIGITS)? else { return None };
    let id = number(&[*thousands])? * 1000 + number(rest)?;
    wanted(id).filter(|_| stands_alone(record, at, at + DIGITS + 1))
}

/// The same in hex, behind `0x`.
pub(crate) fn hex(record: &[u8], at: usize) -> Option<u32> {
    let digits = &record[at + 2..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let zeros = digits[..length].iter().take_while(|byte| **byte == b'0').count();
    let text = std::str::from_utf8(&digits[zeros..length]).ok().filter(|text| text.len() <= DIGITS)?;
    wanted(u32::from_str_radix(text, 16).ok()?)
}

fn wanted(id: u32) -> Option<u32> {
    SECURITY_IDS.binary_search(&id).is_ok().then_some(id)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// Whether digits are a number by themselves: no digit stands beside them, except zeros before them.
/// A tab or a line end in the spelling of syslog servers (`#011`) is no digit.
fn stands_alone(record: &[u8], start: usize, end: usize) -> bool {
    let before = without_zeros(record, start);
    let is_control =
        || [&b"#011"[..], b"#012", b"#015"].iter().any(|control| record[..start].ends_with(control));
    (!before.last().is_some_and(u8::is_ascii_digit) || is_control())
        && !record.get(end).is_some_and(u8::is_ascii_digit)
}

/// What stands before a number and the zeros at its beginning.
fn without_zeros(record: &[u8], start: usize) -> &[u8] {
    let before = &record[..start];
    let zeros = before.iter().rev().take_while(|byte| **byte == b'0').count();
    &before[..start - zeros]
}

#[cfg(test)]
mod tests {
    use crate::decode::prefilter::ids::{DECIMAL, GROUPED, HEX, decimal, grouped, hex};
    use crate::decode::wanted::SECURITY_IDS;

    /// Ids of the Security log are searched by themselves; those of the KDC, of two digits, by its names.
    #[test]
    fn every_wanted_id_is_looked_for() {
        for id in 0..=u32::from(u16::MAX) {
            let expect = SECURITY_IDS.contains(&id).then_some(id);
            let (thousands, rest) = (id / 1000, id % 1000);
            for (text, starts, found) in [
                (id.to_string(), &DECIMAL[..], decimal as fn(&[u8], usize) -> Option<u32>),
                (format!("{thousands},{rest:03}"), &GROUPED, grouped),
                (format!("0x{id:x}"), &HEX, hex),
                (format!("0x{id:08X}"), &HEX, hex),
            ] {
                let starts = starts.iter().any(|start| text.starts_with(start));
                assert_eq!(found(text.as_bytes(), 0).filter(|_| starts), expect, "{text}");
            }
        }
    }
}
