//! One record per line: NDJSON.

use crate::replay::framing::carry::Carry;
use crate::replay::framing::{Sink, Stop};
use memchr::memchr;
use std::io::BufRead;

/// Hands on every line that is not blank, numbered from 1.
pub fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let mut carry = Carry::default();
    let mut number = 1;
    loop {
        let buffer = reader.fill_buf()?;
        let length = buffer.len();
        if length == 0 {
            return carry.emit(b"", number, sink);
        }
        let mut rest = buffer;
        while let Some(end) = memchr(b'\n', rest) {
            carry.emit(&rest[..end], number, sink)?;
            number += 1;
            rest = &rest[end + 1..];
        }
        carry.push(rest);
        reader.consume(length);
    }
}
