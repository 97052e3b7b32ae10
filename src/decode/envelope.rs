//! The common path: every format turns a record into envelopes, and what an envelope means no longer depends on the
//! format.

use crate::decode::fields::named::Named;
use crate::decode::json::Value;
use crate::decode::limits::MAX_FIELD_BYTES;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::values::is_absent;
use crate::event::fold::is_blank;
use std::borrow::Cow;

/// A Windows event as its format gives it, not yet interpreted. What a format does not carry is none.
pub(crate) struct Envelope<'t> {
    /// The Windows event id, `System/EventID`.
    pub(crate) id: u32,
    /// Name of the provider.
    pub(crate) provider: Option<Cow<'t, str>>,
    /// The log that the event was written to, `System/Channel`.
    pub(crate) channel: Option<Cow<'t, str>>,
    /// The computer that wrote the event, `System/Computer`.
    pub(crate) computer: Option<Cow<'t, str>>,
    /// Event time, in one of the forms that [`crate::decode::instant`] reads.
    pub(crate) time: Option<Cow<'t, str>>,
    /// The event's number in its log, `System/EventRecordID`.
    pub(crate) record_id: Option<u64>,
    /// The event's own data.
    pub(crate) fields: Fields<'t>,
}

/// The named data of an event, wherever the format keeps it.
pub(crate) enum Fields<'t> {
    /// Members of a JSON object.
    Object(Value<'t>),
    /// Names and texts of `<Data Name="…">` elements.
    List(Vec<(Cow<'t, str>, Cow<'t, str>)>),
    /// `<Data Name="…">` elements and, for what they lack, columns of a JSON object.
    ListOr(Vec<(Cow<'t, str>, Cow<'t, str>)>, Value<'t>),
    /// Values of a JSON array, named by their position.
    Positional(&'static [&'static str], Value<'t>),
    /// Members of a JSON object and, for what they lack, the fields of the Elastic Common Schema in the whole record.
    Ecs(Value<'t>, Value<'t>),
    /// Values gathered from any layout.
    Named(&'t Named),
    /// Other fields, with one of them left out, or with a value in its place.
    Instead(&'t Fields<'t>, &'static str, Option<&'static str>),
}

/// Where Elastic's pipelines move fields to.
const ECS: [(&str, [&str; 2]); 8] = [
    ("IpAddress", ["source", "ip"]),
    ("IpPort", ["source", "port"]),
    ("TargetUserName", ["user", "name"]),
    ("TargetDomainName", ["user", "domain"]),
    ("TargetSid", ["user", "id"]),
    ("SubjectUserName", ["user", "name"]),
    ("SubjectDomainName", ["user", "domain"]),
    ("SubjectUserSid", ["user", "id"]),
];

impl<'t> Fields<'t> {
    /// A field as text. Missing, null, empty and `-` mean that it is absent, which Windows and the formats mix freely.
    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'t, str>>, Rejection> {
        match self.find(name)? {
            Some(text) if text.len() > MAX_FIELD_BYTES => Err(Rejection::new(
                Reason::FieldTooLong,
                format!("{name} has {} bytes, more than {MAX_FIELD_BYTES}", text.len()),
            )),
            found => Ok(found),
        }
    }

    /// A field that the event must have.
    pub(crate) fn required(&self, name: &str) -> Result<Cow<'t, str>, Rejection> {
        self.text(name)?.ok_or_else(|| Rejection::missing(name))
    }

    /// A field as an owned text.
    pub(crate) fn owned(&self, name: &str) -> Result<Option<String>, Rejection> {
        Ok(self.text(name)?.map(|text| text.trim().to_owned()))
    }

    fn find(&self, name: &str) -> Result<Option<Cow<'t, str>>, Rejection> {
        let found = match self {
            Fields::Object(object) => scalar(name, object.get(name))?,
            Fields::List(list) => in_list(list, name),
            Fields::ListOr(list, object) => match in_list(list, name) {
                None => scalar(name, object.get(name))?,
                found => found,
            },
            Fields::Positional(names, values) => {
                let position = names.iter().position(|n| *n == name);
                scalar(name, position.and_then(|at| values.items().nth(at)))?
            }
            Fields::Ecs(object, record) => match object.get(name) {
                None => scalar(name, in_ecs(*record, name))?,
                own => scalar(name, own)?,
            },
            Fields::Named(named) => named.find(name).map(|text| Cow::Owned(text.to_owned())),
            Fields::Instead(_, other, value) if *other == name => value.map(Cow::Borrowed),
            Fields::Instead(fields, ..) => fields.find(name)?,
        };
        Ok(found.map(without_blank_end).filter(|text| !is_absent(text)))
    }
}

/// A text without spaces and NULs behind it, with which a fixed-length buffer ends.
fn without_blank_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches(is_blank)),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches(is_blank).len());
            Cow::Owned(text)
        }
    }
}

fn in_ecs<'t>(record: Value<'t>, name: &str) -> Option<Value<'t>> {
    let (_, [outer, inner]) = ECS.iter().find(|(field, _)| *field == name)?;
    record.get(outer)?.get(inner)
}

fn in_list<'t>(list: &[(Cow<'t, str>, Cow<'t, str>)], name: &str) -> Option<Cow<'t, str>> {
    list.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

fn scalar<'t>(name: &str, value: Option<Value<'t>>) -> Result<Option<Cow<'t, str>>, Rejection> {
    match value {
        // Pipelines make lists of texts that were one, and of numbers they explain.
        Some(list) if list.is_array() => match list.items().map(Value::scalar).collect::<Option<Vec<_>>>() {
            Some(texts) => Ok((!texts.is_empty()).then(|| texts.join("\n").into())),
            None => Err(Rejection::bad_field(name, list.source(), "a text")),
        },
        Some(object) if object.is_object() => Err(Rejection::bad_field(name, object.source(), "a text")),
        found => Ok(found.and_then(Value::scalar)),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::json::Document;
    use crate::decode::limits::MAX_FIELD_BYTES;
    use crate::decode::rejection::Reason;

    #[test]
    fn dash_empty_and_null_are_absent() {
        let document = Document::parse(
            r#"{"a": "-", "b": "", "c": null, "d": " \n", "e": 7, "f": "x", "g": [{}], "h": true, "i": [], "j": ["x", 2]}"#,
        )
        .unwrap();
        let fields = Fields::Object(document.root());
        for name in ["a", "b", "c", "d", "i", "z"] {
            assert_eq!(fields.text(name), Ok(None), "{name}");
        }
        assert_eq!(fields.required("e").unwrap(), "7");
        assert_eq!(fields.owned("f").unwrap().unwrap(), "x");
        assert_eq!(fields.required("h").unwrap(), "true");
        assert_eq!(fields.required("j").unwrap(), "x\n2");
        assert_eq!(fields.required("a").unwrap_err().to_string(), "missing_field: a is missing");
        assert_eq!(fields.text("g").unwrap_err().to_string(), "bad_field: g is \"[{}]\", not a text");
    }

    #[test]
    fn fields_are_found_wherever_they_are() {
        let document = Document::parse(r#"{"a": "column", "b": "column", "list": ["x", 2]}"#).unwrap();
        let list = || vec![("a".into(), "data".into())];
        let both = Fields::ListOr(list(), document.root());
        assert_eq!(
            (both.text("a").unwrap().unwrap(), both.text("b").unwrap().unwrap()),
            ("data".into(), "column".into())
        );
        assert_eq!(Fields::List(list()).text("b"), Ok(None));
        let positional = Fields::Positional(&["p", "q", "r"], document.root().get("list").unwrap());
        assert_eq!(positional.required("q").unwrap(), "2");
        assert_eq!(positional.text("r"), Ok(None));
    }

    #[test]
    fn blanks_behind_a_value_are_no_part_of_it() {
        let document =
            Document::parse(r#"{"a": "x\u0000\u0000", "b": "\u0000", "c": "-\u0000", "d": "x\u0000y \n"}"#)
                .unwrap();
        let fields = Fields::Object(document.root());
        assert_eq!(fields.required("a").unwrap(), "x");
        assert_eq!((fields.text("b"), fields.text("c")), (Ok(None), Ok(None)));
        assert_eq!(fields.required("d").unwrap(), "x\0y");
    }

    #[test]
    fn one_field_is_left_out_or_replaced() {
        let list = vec![("a".into(), "1".into()), ("b".into(), "2".into())];
        let all = Fields::List(list);
        assert_eq!(Fields::Instead(&all, "a", None).text("a"), Ok(None));
        assert_eq!(Fields::Instead(&all, "a", Some("7")).required("a").unwrap(), "7");
        assert_eq!(Fields::Instead(&all, "a", None).required("b").unwrap(), "2");
    }

    #[test]
    fn a_long_field_is_refused() {
        let fields = Fields::List(vec![("a".into(), "x".repeat(MAX_FIELD_BYTES + 1).into())]);
        assert_eq!(fields.text("a").unwrap_err().reason, Reason::FieldTooLong);
    }
}
