//! The grammar of JSON: text → nodes.

use crate::decode::json::nodes::{Kind, Node};
use crate::decode::limits::MAX_JSON_DEPTH;
use crate::decode::rejection::{Reason, Rejection};

/// The mark U+FEFF as UTF-8 writes it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The nodes of a text that is one value.
pub(crate) fn nodes(text: &str) -> Result<Vec<Node>, Rejection> {
    // Few records have more than one node for 14 bytes, and a longer list grows by itself.
    let nodes = Vec::with_capacity(text.len() / 14 + 4);
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, nodes };
    match parser.document() {
        Ok(()) => Ok(parser.nodes),
        Err(fault) => Err(parser.rejection(fault)),
    }
}

/// What went wrong while parsing; small, because every step returns it.
#[derive(Clone, Copy)]
enum Fault {
    Expected(&'static str),
    TooDeep,
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        self.value(0)?;
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Fault::Expected("the end of the record")) }
    }

    fn rejection(&self, fault: Fault) -> Rejection {
        match fault {
            Fault::TooDeep => {
                Rejection::new(Reason::TooDeep, format!("json nested deeper than {MAX_JSON_DEPTH} levels"))
            }
            Fault::Expected(what) => {
                let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
                let found = found.map_or_else(|| "the end".to_owned(), |c| format!("{c:?}"));
                Rejection::new(Reason::BadJson, format!("expected {what} at byte {}, found {found}", self.at))
            }
        }
    }

    #[inline]
    fn peek(&self) -> u8 {
        // NUL stands for the end: no rule of the grammar accepts it.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Passes white space, and with it what else stands between two values and shows nothing: NULs that a crash or a
    /// buffer left, control characters of a terminal, the byte order mark of a text that was put in.
    #[inline]
    fn skip_space(&mut self) {
        loop {
            while self.bytes.get(self.at).is_some_and(|&byte| byte <= b' ') {
                self.at += 1;
            }
            if self.bytes.get(self.at) != Some(&BYTE_ORDER_MARK[0])
                || !self.bytes[self.at..].starts_with(BYTE_ORDER_MARK)
            {
                return;
            }
            self.at += BYTE_ORDER_MARK.len();
        }
    }

    /// Notes a node without children.
    fn leaf(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: end as u32, next });
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        self.skip_space();
        match self.peek() {
            b'"' => self.string(),
            b'{' => self.container(depth, Kind::Object, b'}', "`,` or `}`"),
            b'[' => self.container(depth, Kind::Array, b']', "`,` or `]`"),
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => self.word("-Infinity", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Kind::Bool),
            b'f' => self.word("false", Kind::Bool),
            b'n' => self.word("null", Kind::Null),
            // Python writes these for what is no number, and for an empty cell of a table.
            b'N' => self.word("NaN", Kind::Null),
            b'I' => self.word("Infinity", Kind::Null),
            _ => Err(Fault::Expected("a value")),
        }
    }

    fn container(
        &mut self,
        depth: usize,
        kind: Kind,
        close: u8,
        separator: &'static str,
    ) -> Result<(), Fault> {
        if depth == MAX_JSON_DEPTH {
            return Err(Fault::TooDeep);
        }
        let (index, start) = (self.nodes.len(), self.at);
        self.leaf(kind, start, start);
        self.at += 1;
        self.skip_space();
        if self.peek() != close {
            loop {
                if kind == Kind::Object {
                    self.key()?;
                }
                self.value(depth + 1)?;
                self.skip_space();
                match self.peek() {
                    b',' => self.at += 1,
                    found if found == close => break,
                    _ => return Err(Fault::Expected(separator)),
                }
            }
        }
        self.at += 1;
        let next = self.nodes.len() as u32;
        self.nodes[index] = Node { kind, start: start as u32, end: self.at as u32, next };
        Ok(())
    }

    fn key(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.peek() != b'"' {
            return Err(Fault::Expected("a key in quotes"));
        }
        self.string()?;
        self.skip_space();
        if self.peek() != b':' {
            return Err(Fault::Expected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at + 1;
        self.at = start;
        let mut kind = Kind::Plain;
        loop {
            self.at = skip_plain(self.bytes, self.at);
            match self.peek() {
                b'"' => break,
                b'\\' => {
                    kind = Kind::Escaped;
                    self.escape()?;
                }
                // A raw control character: the field keeps it, the record is read.
                _ if self.at < self.bytes.len() => self.at += 1,
                _ => return Err(Fault::Expected("the end of the string")),
            }
        }
        self.leaf(kind, start, self.at);
        self.at += 1;
        Ok(())
    }

    /// Passes an escape. A backslash before anything else stands for itself: programs that put paths into JSON without
    /// escaping write such.
    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\') => self.at += 2,
            Some(_) => self.at += 1,
            None => return Err(Fault::Expected("the end of the string")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        self.leaf(Kind::Number, start, self.at);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(Fault::Expected("a digit")) } else { Ok(()) }
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<(), Fault> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word.as_bytes()) {
            return Err(Fault::Expected("a value"));
        }
        self.at += word.len();
        self.leaf(kind, start, self.at);
        Ok(())
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The first byte from `at` on that is a quote, a backslash or a control character, or the end. Eight bytes at a time:
/// the tricks are those of "Bit Twiddling Hacks", *determine if a word has a zero byte* and *a byte less than n*, whose
/// lowest hit is exact.
#[inline]
fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| <[u8; 8]>::try_from(chunk).ok()) {
        let word = u64::from_le_bytes(chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let hits = (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        let hits = hits & HIGH_BITS;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|&b| b != b'"' && b != b'\\' && b >= 0x20) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use crate::decode::json::parser::skip_plain;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn skipping_eight_at_a_time_is_skipping_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..40), at in 0_usize..40) {
            let at = at.min(bytes.len());
            let slow = (at..bytes.len()).find(|&i| matches!(bytes[i], b'"' | b'\\' | 0..=0x1f)).unwrap_or(bytes.len());
            prop_assert_eq!(skip_plain(&bytes, at), slow);
        }
    }
}
