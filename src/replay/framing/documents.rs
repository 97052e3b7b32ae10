//! JSON that is not one record per line: an array of records, pretty-printed records, records one after the other.

use crate::replay::framing::carry::Carry;
use crate::replay::framing::{Sink, Stop};
use memchr::memchr3;
use std::io::BufRead;

/// Hands on every element of a top-level array and every value outside of one, numbered from 1.
pub fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let mut scanner = Scanner::default();
    loop {
        let buffer = reader.fill_buf()?;
        let length = buffer.len();
        if length == 0 {
            return scanner.emit(b"", sink);
        }
        scanner.scan(buffer, sink)?;
        reader.consume(length);
    }
}

#[derive(Debug, Default)]
struct Scanner {
    state: State,
    /// Open braces and brackets of the value at hand.
    depth: u32,
    /// The byte before was a backslash.
    escaped: bool,
    /// The byte before the buffer at hand.
    before: u8,
    carry: Carry,
    number: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    Object,
    /// In a string, of an object or (depth 0) by itself.
    Text,
    /// In something that begins like no object and no string.
    Bare,
}

impl Scanner {
    fn scan(&mut self, buffer: &[u8], sink: &mut Sink) -> Result<(), Stop> {
        let (mut start, mut at) = (0, 0);
        while at < buffer.len() {
            let byte = buffer[at];
            if self.is_restart(buffer, at) {
                self.emit(&buffer[start..at], sink)?;
                start = at;
            }
            match self.state {
                State::Between => {
                    start = at;
                    self.begin(byte);
                    at += 1;
                }
                State::Text => at = self.text(buffer, at),
                State::Object => {
                    self.object(byte);
                    at += 1;
                }
                State::Bare if byte.is_ascii_whitespace() || b",[]{".contains(&byte) => {
                    self.emit(&buffer[start..at], sink)?;
                    start = at;
                    continue;
                }
                State::Bare => at += 1,
            }
            if self.depth == 0 && self.state == State::Object {
                self.emit(&buffer[start..at], sink)?;
                start = at;
            }
        }
        if self.state != State::Between {
            self.carry.push(&buffer[start..]);
        }
        self.before = buffer.last().copied().unwrap_or_default();
        Ok(())
    }

    fn begin(&mut self, byte: u8) {
        self.state = match byte {
            b'{' => State::Object,
            b'"' => State::Text,
            b',' | b'[' | b']' => State::Between,
            space if space.is_ascii_whitespace() => State::Between,
            _ => State::Bare,
        };
        self.depth = u32::from(byte == b'{');
    }

    fn object(&mut self, byte: u8) {
        match byte {
            b'"' => self.state = State::Text,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
    }

    /// Goes to the end of the string, or of the buffer.
    fn text(&mut self, buffer: &[u8], mut at: usize) -> usize {
        if std::mem::take(&mut self.escaped) {
            return at + 1;
        }
        match memchr3(b'"', b'\\', b'\n', &buffer[at..]) {
            None => at = buffer.len(),
            Some(found) => {
                at += found + 1;
                self.escaped = buffer[at - 1] == b'\\';
                if buffer[at - 1] == b'"' {
                    self.state = State::Object;
                }
            }
        }
        at
    }

    /// Whether the value at hand is broken and another one begins here: an object at the beginning of a line, where
    /// the value has outgrown the bound or a string has run over the end of its line.
    fn is_restart(&self, buffer: &[u8], at: usize) -> bool {
        let before = if at == 0 { self.before } else { buffer[at - 1] };
        let broken = self.state == State::Text || (self.state == State::Object && self.carry.is_too_large());
        broken && before == b'\n' && buffer[at] == b'{'
    }

    fn emit(&mut self, end: &[u8], sink: &mut Sink) -> Result<(), Stop> {
        if self.state != State::Between {
            self.number += 1;
        }
        (self.state, self.depth, self.escaped) = (State::Between, 0, false);
        self.carry.emit(end, self.number, sink)
    }
}

/// Whether a text is exactly one object, as far as its braces and quotes tell.
pub fn is_one_object(text: &[u8]) -> bool {
    let mut scanner = Scanner::default();
    let mut at = 0;
    while at < text.len() {
        match scanner.state {
            State::Between => scanner.begin(text[at]),
            State::Object => scanner.object(text[at]),
            State::Text => {
                at = scanner.text(text, at);
                continue;
            }
            State::Bare => return false,
        }
        at += 1;
        if scanner.state == State::Object && scanner.depth == 0 {
            break;
        }
    }
    at == text.len() && scanner.state == State::Object && scanner.depth == 0
}
