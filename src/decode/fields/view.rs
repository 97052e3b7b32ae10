//! JSON values without the wrappings that encoders put around them: OTLP's and Avro's typed values, lists of keys and
//! values, elements of XML with attributes.

use crate::decode::fields::fold::fold;
use crate::decode::json::Value;
use std::borrow::Cow;

/// Keys of an object whose only member is a value with its type: OTLP JSON (also with the names of its protobuf), Avro
/// JSON, DynamoDB, MongoDB.
const TYPES: [&str; 32] = [
    "numberValue",
    "number_value",
    "integerValue",
    "structValue",
    "stringValue",
    "string_value",
    "int_value",
    "double_value",
    "bool_value",
    "bytes_value",
    "array_value",
    "kvlist_value",
    "intValue",
    "doubleValue",
    "boolValue",
    "bytesValue",
    "arrayValue",
    "kvlistValue",
    "string",
    "long",
    "int",
    "double",
    "float",
    "boolean",
    "bytes",
    "map",
    "S",
    "N",
    "$date",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
];
/// Keys of the text of an element or of a typed value, folded.
const TEXTS: [&str; 9] = ["text", "value", "_", "#", "content", "id", "datetime", "cdata", "string"];

/// The value inside typed wrappings, and the object that is alone in a list: converters of XML make such lists.
pub(crate) fn untyped(value: Value<'_>) -> Value<'_> {
    let mut value = value;
    loop {
        let mut items = value.items();
        if let (Some(item), None) = (items.next(), items.next())
            && item.is_object()
            && pair(item).is_none()
        {
            value = item;
            continue;
        }
        let mut members = value.members();
        let inner = match (members.next(), members.next()) {
            (Some((key, inner)), None) if TYPES.iter().any(|name| key.is(name)) => inner,
            (Some((key, inner)), None) if key.is("values") && inner.is_array() => inner,
            _ => return value,
        };
        value = inner;
    }
}

/// The members of an object, or of a list of keys and values; none when the value is neither.
pub(crate) fn members(value: Value<'_>) -> Option<Vec<(Cow<'_, str>, Value<'_>)>> {
    let value = untyped(value);
    if value.is_object() {
        return Some(value.members().map(|(key, value)| (key.string().unwrap_or_default(), value)).collect());
    }
    let pairs = value.items().map(pair).collect::<Option<Vec<_>>>().or_else(|| named_members(value))?;
    let (first, others) = pairs.split_first()?;
    // One name for all makes a list of objects: `[{"message": "…"}, {"message": "…"}]`.
    let is_batch =
        !first.0.is_empty() && !others.is_empty() && others.iter().all(|(name, _)| *name == first.0);
    (!is_batch).then_some(pairs)
}

/// An item of a list of names and values: `{"key": …, "value": …}`, `{"@Name": …, "#text": …}`,
/// `{"#attributes": {"Name": …}, "#text": …}`, `{"RequestId": "201"}`, `["RequestId", "201"]`.
pub(crate) fn pair(item: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    if item.is_array() {
        return pair_of_texts(item);
    }
    let all: Vec<_> = item.members().map(|(key, value)| (key.string().unwrap_or_default(), value)).collect();
    if let [(key, value)] = all.as_slice() {
        let is_name = !TEXTS.contains(&fold(key).as_str()) && !TYPES.contains(&key.as_ref());
        return (is_name && !value.is_object()).then(|| (key.clone(), *value));
    }
    let named = |name: &str| all.iter().find(|(key, _)| fold(key) == name).map(|(_, value)| *value);
    let name = ["name", "key"].iter().find_map(|key| named(key)).or_else(|| {
        let attributes = named("attributes").or_else(|| named("$"))?;
        attributes
            .members()
            .find(|(key, _)| key.string().is_some_and(|key| fold(&key) == "name"))
            .map(|(_, v)| v)
    })?;
    let value = all.iter().find(|(key, value)| is_text(key, *value));
    Some((name.string()?, value?.1))
}

/// The names and values of a list of objects with one member each, some of which are surely names: `{"Value": "…"}` is a field
/// of 4891 beside them, and a value without a name in a list of its own.
fn named_members(list: Value<'_>) -> Option<Vec<(Cow<'_, str>, Value<'_>)>> {
    let has_name = list.items().any(|item| only_member(item).is_some() && pair(item).is_some());
    list.items().map(only_member).collect::<Option<_>>().filter(|_| has_name)
}

/// The name and the value of an object with one member.
fn only_member(item: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let mut members = item.members();
    let (key, value) = members.next().filter(|(_, value)| !value.is_object())?;
    members.next().is_none().then_some((key.string()?, value))
}

/// Whether a member is the text of an element. `$` is that in BadgerFish, and the attributes in xml2js.
fn is_text(key: &str, value: Value<'_>) -> bool {
    match key {
        "" | "$t" => true,
        "$" => !value.is_object(),
        _ => TEXTS.contains(&fold(key).as_str()),
    }
}

/// A name and a value in a list of two, as maps of Parquet are written; a number is no name, but a time or an id.
fn pair_of_texts(list: Value<'_>) -> Option<(Cow<'_, str>, Value<'_>)> {
    let mut items = list.items();
    let (name, value) = (items.next()?.string()?, items.next()?);
    let is_pair = items.next().is_none() && value.scalar().is_some();
    (is_pair && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())).then_some((name, value))
}

/// A value as text: a scalar, the texts of a list in lines, or the text of an element.
pub(crate) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    let value = untyped(value);
    if value.is_array() {
        let texts: Vec<_> = value.items().map(|item| untyped(item).scalar()).collect::<Option<_>>()?;
        return match texts.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(Cow::Owned(many.join("\n"))),
        };
    }
    if value.is_object() {
        if let Some(seconds) = seconds(value) {
            return Some(Cow::Owned(seconds));
        }
        let found =
            value.members().find(|(key, inner)| key.string().is_some_and(|key| is_text(&key, *inner)));
        return found.and_then(|(_, inner)| untyped(inner).scalar());
    }
    value.scalar()
}

/// A timestamp of protobuf as JSON, `{"seconds": …, "nanos": …}`, as a number of seconds.
fn seconds(value: Value<'_>) -> Option<String> {
    let seconds = value.get("seconds").and_then(Value::scalar)?;
    let nanos: u32 = value.get("nanos").and_then(Value::scalar).map_or(Ok(0), |nanos| nanos.parse()).ok()?;
    let is_one = value.members().all(|(key, _)| key.is("seconds") || key.is("nanos"));
    is_one.then(|| format!("{seconds}.{nanos:09}"))
}

/// The members of an object by their folded names, to be looked up by paths.
pub(crate) struct Members<'t>(Vec<(String, Value<'t>)>);

impl<'t> Members<'t> {
    /// The members of a value; none when it has none.
    pub(crate) fn of(value: Value<'t>) -> Option<Members<'t>> {
        Some(Members(members(value)?.into_iter().map(|(key, value)| (fold(&key), value)).collect()))
    }

    /// The value at a path of names with dots. A name of the object may itself hold dots or what became of them:
    /// `winlog.event_id` and `winlog_event_id` are found like the member `event_id` of `winlog`.
    pub(crate) fn at(&self, path: &str) -> Option<Value<'t>> {
        let mut end = path.len();
        loop {
            let head = fold(&path[..end]);
            let mut named = self.0.iter().filter(|(name, _)| *name == head);
            let found = named.find_map(|(_, value)| match path.get(end + 1..) {
                None => Some(*value),
                Some(rest) => Members::of(*value)?.at(rest),
            });
            if found.is_some() {
                return found;
            }
            end = path[..end].rfind('.')?;
        }
    }

    /// The text at the first of several paths that has one.
    pub(crate) fn text(&self, paths: &[&str]) -> Option<Cow<'t, str>> {
        let texts = paths.iter().filter_map(|path| self.at(path)).filter_map(text);
        texts.into_iter().find(|text| !crate::decode::values::is_absent(text))
    }

    /// Members whose names begin with that of the path, by the rest of their names: `winlog.event_data.RequestId`.
    pub(crate) fn under(&self, path: &str) -> Vec<(String, Value<'t>)> {
        let stem = fold(path);
        let rest =
            |name: &str| name.strip_prefix(stem.as_str()).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let found: Vec<_> = self.0.iter().filter_map(|(name, value)| Some((rest(name)?, *value))).collect();
        match path.split_once('.').filter(|_| found.is_empty()) {
            Some((first, below)) => {
                self.at(first).and_then(Members::of).map_or(found, |inner| inner.under(below))
            }
            None => found,
        }
    }

    /// The text of a member whose name ends in one of these, folded: products put a path of their own before them.
    pub(crate) fn ending_in(&self, ends: &[&str]) -> Option<Cow<'t, str>> {
        let texts = self.0.iter().filter(|(name, _)| ends.iter().any(|end| name.ends_with(end)));
        let mut texts = texts.filter_map(|(_, value)| text(*value));
        texts.find(|text| !crate::decode::values::is_absent(text))
    }

    /// Folded names and values, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Value<'t>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::fields::view::Members;
    use crate::decode::json::Document;

    #[track_caller]
    fn check(json: &str, path: &str, expect: Option<&str>) {
        let document = Document::parse(json).unwrap();
        let found = Members::of(document.root()).and_then(|members| members.text(&[path]));
        assert_eq!(found.as_deref(), expect, "{json}");
    }

    #[test]
    fn a_path_is_found_in_every_writing() {
        for json in [
            r#"{"winlog": {"event_id": 4887}}"#,
            r#"{"winlog.event_id": "4887"}"#,
            r#"{"winlog_event_id": "4887"}"#,
            r#"{"winlog": [{"key": "event_id", "value": {"intValue": "4887"}}]}"#,
            r#"{"winlog": {"kvlistValue": {"values": [{"key": "event_id", "value": {"stringValue": "4887"}}]}}}"#,
            r##"{"winlog": {"event_id": {"#attributes": {"Qualifiers": "0"}, "#text": 4887}}}"##,
            r#"{"winlog": {"EventID": {"Value": 4887}}}"#,
            r#"{"winlog": {"event_id": {"id": 4887, "qualifiers": 0}}}"#,
            r#"{"winlog": {"event_id": {"long": 4887}}}"#,
            r#"{"winlog": {"event_id": ["4887"]}}"#,
            r#"{"winlog": {"event_id": {"$": "4887"}}}"#,
            r#"{"winlog": {"event_id": {"$t": "4887"}}}"#,
            r#"{"winlog": {"event_id": {"$": {"Qualifiers": "0"}, "_": "4887"}}}"#,
            r#"{"winlog": {"event_id": {"_attributes": {"Qualifiers": "0"}, "_text": "4887"}}}"#,
            r#"{"winlog": {"event_id": {"_Qualifiers": "0", "__text": "4887"}}}"#,
        ] {
            check(json, "winlog.event_id", Some("4887"));
        }
        check(r#"{"t": {"seconds": 1772442600, "nanos": 120000000}}"#, "t", Some("1772442600.120000000"));
        check(r#"{"t": {"seconds": "1772442600"}}"#, "t", Some("1772442600.000000000"));
        check(r#"{"t": {"seconds": 5, "text": "x"}}"#, "t", Some("x"));
        check(r#"{"winlog": 5}"#, "winlog.event_id", None);
        check(r#"{"a": {"b": {"c": [1, 2]}}}"#, "a.b.c", Some("1\n2"));
    }
}
