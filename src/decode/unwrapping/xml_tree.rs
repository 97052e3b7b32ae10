//! XML as a tree of objects, one for each element: `{"tag": "Event", "attributes": {…}, "children": […], "content": "…"}` of
//! OpenTelemetry's `ParseXML`, `{"name": "Event", "elements": […]}` of xml-js.

use crate::decode::json::Value;
use crate::decode::limits::MAX_XML_DEPTH;
use quick_xml::escape::escape;
use std::borrow::Cow;

/// The event in a tree as XML again; none where the object is no element called Event.
pub(crate) fn event_xml(value: Value<'_>) -> Option<String> {
    let name = name(value).filter(|name| name.rsplit(':').next() == Some("Event"))?;
    children(value)?;
    let mut xml = String::new();
    write(value, &name, MAX_XML_DEPTH, &mut xml)?;
    Some(xml)
}

fn name(value: Value<'_>) -> Option<Cow<'_, str>> {
    ["tag", "name"].iter().find_map(|key| value.get(key)).and_then(Value::string)
}

fn children(value: Value<'_>) -> Option<Value<'_>> {
    ["children", "elements"].iter().find_map(|key| value.get(key)).filter(|list| list.is_array())
}

/// Adds an element with all that is in it; none where something is no part of XML.
fn write(value: Value<'_>, name: &str, depth: usize, xml: &mut String) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || ":_-.".contains(c));
    is_name(name).then_some(())?;
    xml.push_str(&format!("<{name}"));
    for (key, value) in value.get("attributes").into_iter().flat_map(Value::members) {
        let key = key.string().filter(|key| is_name(key))?;
        xml.push_str(&format!(" {key}=\"{}\"", escape(value.scalar()?)));
    }
    xml.push('>');
    if let Some(text) = value.get("content").and_then(Value::scalar) {
        xml.push_str(&escape(text));
    }
    for child in children(value).into_iter().flat_map(Value::items) {
        match (child.get("text").and_then(Value::scalar), self::name(child)) {
            (Some(text), None) => xml.push_str(&escape(text)),
            (_, Some(name)) => write(child, &name, depth, xml)?,
            (None, None) => {}
        }
    }
    xml.push_str(&format!("</{name}>"));
    Some(())
}
