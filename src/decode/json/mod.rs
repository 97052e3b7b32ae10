//! JSON as a flat list of nodes over the text. Strings stay where they are until somebody asks for them, so that
//! reading the dozen fields of interest does not pay for the hundred others. A borrowing tree of values
//! (`serde_json_borrow`) takes 2.1 µs for a Winlogbeat record of 1.4 kB; this list, the format and the id together 1.1 µs.
//!
//! Accepts what RFC 8259 accepts and three things more, because bad bytes must lose a field and not a record: a lone
//! surrogate escape, which Windows names can hold, reads as U+FFFD; a raw control character in a string stays; a backslash
//! that begins no escape stands for itself. Of a repeated key the first counts.

mod escape;
mod nodes;
mod parser;

use crate::decode::json::escape::unescape;
use crate::decode::json::nodes::{Kind, Node};
use crate::decode::limits::MAX_RECORD_BYTES;
use crate::decode::rejection::{Reason, Rejection};
use std::borrow::Cow;

/// A parsed JSON text: its values in the order in which they are written.
pub(crate) struct Document<'t> {
    text: &'t str,
    nodes: Vec<Node>,
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
        Ok(Document { text, nodes: parser::nodes(text)? })
    }

    /// How deep it nests: 0 for a scalar.
    pub(crate) fn depth(&self) -> usize {
        let (mut open, mut deepest) = (Vec::new(), 0);
        for (at, node) in self.nodes.iter().enumerate() {
            open.retain(|end| *end as usize > at);
            if matches!(node.kind, Kind::Array | Kind::Object) {
                open.push(node.next);
                deepest = deepest.max(open.len());
            }
        }
        deepest
    }

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

    /// The text of a string without its escapes; none for other values.
    pub(crate) fn string(self) -> Option<Cow<'t, str>> {
        let node = self.node();
        match node.kind {
            Kind::Plain => Some(Cow::Borrowed(self.inner(node))),
            Kind::Escaped => Some(Cow::Owned(unescape(self.inner(node)))),
            Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => None,
        }
    }

    /// A string's text, or a number or boolean as it is written: the formats do not agree which of them a field is.
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

#[cfg(test)]
mod tests {
    use crate::decode::json::{Document, Value};
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
                // What is accepted besides, or a number too large for their kind of number.
                (Ok(_), Err(e)) => {
                    let more = text.contains(['\\', '\u{1}']) || e.to_string().contains("number out of range");
                    prop_assert!(more, "{text}: {e}");
                }
                (Err(e), Ok(_)) => prop_assert!(false, "{text}: {e}"),
            }
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
    fn bad_bytes_lose_no_record() {
        let document = Document::parse("{\"a\": \"C:\\Windows\\q\u{0}\u{1f}\\u12\"}").unwrap();
        let text = document.root().get("a").unwrap().string().unwrap();
        assert_eq!(text, "C:\\Windows\\q\u{0}\u{1f}\\u12");
        assert!(Document::parse("{\"a\": \"\\").is_err());
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
    fn parse_error_names_position_and_expectation() {
        let fault = |text| Document::parse(text).err().unwrap().to_string();
        assert_eq!(fault(r#"{"a": }"#), "bad_json: expected a value at byte 6, found '}'");
        assert_eq!(fault(r#"{"a": 1"#), "bad_json: expected `,` or `}` at byte 7, found the end");
        assert_eq!(fault("1 é"), "bad_json: expected the end of the record at byte 2, found 'é'");
    }
}
