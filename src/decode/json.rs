//! JSON as a flat list of nodes over the text. Strings stay where they are until somebody asks for them, so that
//! reading the dozen fields of interest does not pay for the hundred others.
//!
//! Accepts what RFC 8259 accepts and one thing more: a lone surrogate escape, which Windows names can hold, reads as
//! U+FFFD. Of a repeated key the first counts.

use crate::decode::limits::{MAX_JSON_DEPTH, MAX_RECORD_BYTES};
use crate::decode::rejection::{Reason, Rejection};
use std::borrow::Cow;

/// A parsed text.
pub(crate) struct Document<'t> {
    text: &'t str,
    nodes: Vec<Node>,
}

/// One value. The values in an array, and in turn the keys and values in an object, follow it directly.
#[derive(Clone, Copy)]
struct Node {
    kind: Kind,
    /// Where its text begins: of strings, behind the quote.
    start: u32,
    /// Where its text ends: of strings, before the quote.
    end: u32,
    /// The node after this one and all that is in it.
    next: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Number,
    /// A string that is its own text.
    Plain,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}

/// A value in a document.
#[derive(Clone, Copy)]
pub(crate) struct Value<'t> {
    document: &'t Document<'t>,
    at: u32,
}

impl<'t> Document<'t> {
    /// Reads one value that fills the text.
    pub(crate) fn parse(text: &'t str) -> Result<Document<'t>, Rejection> {
        if text.len() > MAX_RECORD_BYTES {
            return Err(Rejection::new(Reason::TooLarge, format!("{} bytes of json", text.len())));
        }
        let mut parser =
            Parser { text, bytes: text.as_bytes(), at: 0, nodes: Vec::with_capacity(text.len() / 14 + 4) };
        match parser.document() {
            Ok(()) => Ok(Document { text, nodes: parser.nodes }),
            Err(fault) => Err(parser.rejection(fault)),
        }
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Value<'_> {
        Value { document: self, at: 0 }
    }
}

impl<'t> Value<'t> {
    fn node(self) -> Node {
        self.document.nodes[self.at as usize]
    }

    fn inner(self, node: Node) -> &'t str {
        self.document.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// The text of the value as it stands in the record.
    pub(crate) fn source(self) -> &'t str {
        self.inner(self.node())
    }

    /// The member of this name; none when this is no object.
    pub(crate) fn get(self, name: &str) -> Option<Value<'t>> {
        self.members().find(|&(key, _)| key.is(name)).map(|(_, value)| value)
    }

    /// Keys and values of an object, in order; nothing when this is none.
    pub(crate) fn members(self) -> impl Iterator<Item = (Value<'t>, Value<'t>)> {
        let node = self.node();
        let (mut at, end) = (self.at + 1, if node.kind == Kind::Object { node.next } else { 0 });
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let key = Value { document: self.document, at };
                let value = Value { document: self.document, at: at + 1 };
                at = value.node().next;
                (key, value)
            })
        })
    }

    /// The values of an array, in order; nothing when this is none.
    pub(crate) fn items(self) -> impl Iterator<Item = Value<'t>> {
        let node = self.node();
        let (mut at, end) = (self.at + 1, if node.kind == Kind::Array { node.next } else { 0 });
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Value { document: self.document, at };
                at = value.node().next;
                value
            })
        })
    }

    /// Whether this is a string equal to `text`.
    pub(crate) fn is(self, text: &str) -> bool {
        let node = self.node();
        match node.kind {
            Kind::Plain => {
                (node.end - node.start) as usize == text.len()
                    && self.inner(node).as_bytes() == text.as_bytes()
            }
            Kind::Escaped => unescape(self.inner(node)) == text,
            Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => false,
        }
    }

    /// Whether this is an object.
    pub(crate) fn is_object(self) -> bool {
        self.node().kind == Kind::Object
    }

    /// Whether this is an array.
    pub(crate) fn is_array(self) -> bool {
        self.node().kind == Kind::Array
    }

    /// A string's text.
    pub(crate) fn string(self) -> Option<Cow<'t, str>> {
        let node = self.node();
        match node.kind {
            Kind::Plain => Some(Cow::Borrowed(self.inner(node))),
            Kind::Escaped => Some(Cow::Owned(unescape(self.inner(node)))),
            Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => None,
        }
    }

    /// A string's text, or a number or boolean as it is written: the shapes do not agree which of them a field is.
    pub(crate) fn scalar(self) -> Option<Cow<'t, str>> {
        match self.node().kind {
            Kind::Number | Kind::Bool => Some(Cow::Borrowed(self.source())),
            Kind::Plain | Kind::Escaped => self.string(),
            Kind::Null | Kind::Array | Kind::Object => None,
        }
    }

    /// The longest string in this value, keys included, in bytes of the record.
    pub(crate) fn longest_string_bytes(self) -> usize {
        let nodes = &self.document.nodes[self.at as usize..self.node().next as usize];
        let strings = nodes.iter().filter(|n| matches!(n.kind, Kind::Plain | Kind::Escaped));
        strings.map(|n| (n.end - n.start) as usize).max().unwrap_or(0)
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

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
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
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Kind::Bool),
            b'f' => self.word("false", Kind::Bool),
            b'n' => self.word("null", Kind::Null),
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
                _ => return Err(Fault::Expected("the end of the string")),
            }
        }
        self.leaf(kind, start, self.at);
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Fault::Expected("an escape with four hex digits"));
                }
                self.at += 6;
            }
            _ => return Err(Fault::Expected("an escape of json")),
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

/// Resolves the escapes of a string whose escapes are known to be well formed.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        let (c, length) = escaped_char(&rest[at..]);
        plain.push(c);
        rest = rest.get(at + length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// The character that the escape at the beginning of `text` stands for, and the length of the escape.
fn escaped_char(text: &str) -> (char, usize) {
    match text.as_bytes().get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => unicode_escape(text),
        Some(&other) => (other as char, 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or(0xFFFD);
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(6)) {
        let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

#[cfg(test)]
mod tests {
    use crate::decode::json::{Document, Value, skip_plain};
    use crate::decode::rejection::Reason;
    use proptest::prelude::*;

    fn same(ours: Value<'_>, theirs: &serde_json::Value) -> bool {
        match theirs {
            serde_json::Value::Null => ours.source() == "null",
            serde_json::Value::Bool(b) => ours.source() == b.to_string(),
            serde_json::Value::Number(_) => {
                !ours.is_object() && ours.string().is_none() && ours.scalar().is_some()
            }
            serde_json::Value::String(s) => ours.string().as_deref() == Some(s) && ours.is(s),
            serde_json::Value::Array(items) => {
                ours.is_array()
                    && ours.items().count() == items.len()
                    && ours.items().zip(items).all(|(a, b)| same(a, b))
            }
            serde_json::Value::Object(map) => {
                ours.is_object()
                    && ours.members().count() >= map.len()
                    && map.iter().all(|(key, value)| ours.get(key).is_some_and(|v| same(v, value)))
            }
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,20}".prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::btree_map(".{0,10}", inner, 0..8)
                    .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_writes(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert!(same(Document::parse(&text).unwrap().root(), &value), "{text}");
        }

        #[test]
        fn accepts_what_serde_json_accepts(text in "[\\[\\]{}:,\"\\\\/u0-9dDcCeE.+ a-z\\x01-]{0,24}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match (Document::parse(&text), theirs) {
                (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
                // A lone surrogate, or a number too large for their kind of number.
                (Ok(_), Err(e)) => prop_assert!(
                    text.contains("\\ud") || text.contains("\\uD") || e.to_string().contains("number out of range"), "{text}: {e}"),
                (Err(e), Ok(_)) => prop_assert!(false, "{text}: {e}"),
            }
        }

        #[test]
        fn skipping_eight_at_a_time_is_skipping_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..40), at in 0_usize..40) {
            let at = at.min(bytes.len());
            let slow = (at..bytes.len()).find(|&i| matches!(bytes[i], b'"' | b'\\' | 0..=0x1f)).unwrap_or(bytes.len());
            prop_assert_eq!(skip_plain(&bytes, at), slow);
        }
    }

    #[test]
    fn escapes_resolve() {
        let document =
            Document::parse(r#"{"\u0041": "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800x"}"#).unwrap();
        let text = document.root().get("A").unwrap().string().unwrap();
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\té😀\u{fffd}x");
    }

    #[test]
    fn of_a_repeated_key_the_first_counts() {
        let document = Document::parse(r#"{"a": 1, "a": 2}"#).unwrap();
        assert_eq!(document.root().get("a").unwrap().source(), "1");
    }

    #[test]
    fn depth_is_limited() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Document::parse(&nested(64)).is_ok());
        assert_eq!(Document::parse(&nested(65)).err().unwrap().reason, Reason::TooDeep);
        assert_eq!(Document::parse(&"[".repeat(100_000)).err().unwrap().reason, Reason::TooDeep);
    }

    #[test]
    fn a_fault_says_where_and_what() {
        let fault = |text| Document::parse(text).err().unwrap().to_string();
        assert_eq!(fault(r#"{"a": }"#), "bad_json: expected a value at byte 6, found '}'");
        assert_eq!(fault(r#"{"a": 1"#), "bad_json: expected `,` or `}` at byte 7, found the end");
        assert_eq!(fault("1 é"), "bad_json: expected the end of the record at byte 2, found 'é'");
    }
}
