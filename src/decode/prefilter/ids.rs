//! The ids of wanted events in raw bytes: in decimal, with a mark before the thousands, in hex.

use crate::decode::wanted::SECURITY_IDS;

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
    let is_control = || [&b"#011"[..], b"#012", b"#015"].iter().any(|control| before.ends_with(control));
    (!before.last().is_some_and(u8::is_ascii_digit) || is_control())
        && !record.get(end).is_some_and(u8::is_ascii_digit)
}

/// What stands before a number and the zeros at its beginning.
fn without_zeros(record: &[u8], start: usize) -> &[u8] {
    let before = &record[..start];
    let zeros = before.iter().rev().take_while(|byte| **byte == b'0').count();
    &before[..start - zeros]
}
