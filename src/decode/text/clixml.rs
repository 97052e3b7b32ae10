//! CLIXML: what PowerShell's `Export-Clixml` writes of the events of `Get-WinEvent`.
//!
//! Each `<Obj>` directly below `<Objs>` is an event: its properties are elements with the name in `N`, and the values of
//! the event stand, without names, in the list `Properties`.

use crate::decode::format::Format;
use crate::decode::layout::found::Found;
use crate::decode::limits::{MAX_EVENTS, MAX_XML_DEPTH};
use crate::decode::values::looks_like_id;
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

/// The events in a text, up to where it is broken; none where it is no CLIXML.
pub(crate) fn read(text: &str) -> Option<Vec<Found>> {
    let is_clixml = text.starts_with("<Obj ") || text.contains("<Objs ");
    is_clixml.then(|| Walk::default().events(&mut Reader::from_str(text)))
}

#[derive(Default)]
struct Walk {
    /// The elements that are open, by name and by their attribute `N`.
    path: Vec<(String, String)>,
    text: String,
    event: Option<Found>,
    found: Vec<Found>,
}

impl Walk {
    fn events(mut self, reader: &mut Reader<&[u8]>) -> Vec<Found> {
        while self.found.len() <= MAX_EVENTS && self.path.len() < MAX_XML_DEPTH {
            match reader.read_event() {
                Ok(Event::Start(tag)) => self.open(&tag),
                Ok(Event::Empty(tag)) => {
                    self.open(&tag);
                    self.close();
                }
                Ok(Event::End(_)) => self.close(),
                Ok(Event::Text(text)) => self.text.push_str(&text),
                Ok(Event::GeneralRef(reference)) => match reference.resolve_char_ref() {
                    Ok(Some(c)) => self.text.push(c),
                    Ok(None) | Err(_) => {
                        self.text.push_str(resolve_xml_entity(&reference).unwrap_or_default());
                    }
                },
                Ok(Event::Eof) | Err(_) => break,
                // What stands on both sides of it must not grow together: the prefilter does not look for it.
                Ok(Event::PI(_)) => self.text.push(' '),
                Ok(Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::DocType(_)) => {}
            }
        }
        self.found
    }

    fn open(&mut self, tag: &BytesStart<'_>) {
        let local = tag.local_name();
        let name: &str = local.as_ref();
        let attribute = tag.attributes().flatten().find(|attribute| {
            let key: &str = attribute.key.as_ref();
            key == "N"
        });
        let label: String = attribute.map(|attribute| attribute.value.to_string()).unwrap_or_default();
        if name == "Obj" && self.event.is_none() {
            self.event = Some(Found::new(Format::DotNet, ""));
        }
        self.path.push((name.to_owned(), label));
        self.text.clear();
    }

    fn close(&mut self) {
        let Some((name, label)) = self.path.pop() else { return };
        let text = unescaped(&std::mem::take(&mut self.text));
        let objects = self.path.iter().filter(|(name, _)| name == "Obj").count();
        let Some(event) = &mut self.event else { return };
        if name == "Obj" {
            if objects == 0 {
                let event = self.event.take().filter(|event| looks_like_id(&event.id));
                self.found.extend(event);
            }
        } else if objects == 1 {
            property(event, &label, text);
        } else if label == "Value" && self.path.iter().any(|(_, label)| label == "Properties") {
            event.named.push_nameless(text);
        }
    }
}

fn property(event: &mut Found, label: &str, text: String) {
    match label {
        "Id" => event.id = text,
        "RecordId" => event.record_id = Some(text),
        "ProviderName" => event.provider = Some(text),
        "LogName" => event.channel = Some(text),
        "MachineName" => event.computer = Some(text),
        "TimeCreated" => event.time = Some(text),
        "Message" => event.texts.push(text),
        _ => {}
    }
}

/// Resolves `_x000A_`, as which control characters are written.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest[at..].get(6..7) == Some("_"));
        let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        // Others are not written so, and could hide an id from the prefilter.
        let c = c.filter(|c| c.is_control() || *c == '_');
        let end = if c.is_some() { at + 7 } else { at + 2 };
        out.push_str(&rest[..if c.is_some() { at } else { end }]);
        out.extend(c);
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use crate::decode::text::clixml::{read, unescaped};

    #[test]
    fn an_object_is_an_event() {
        let object = "<Obj RefId=\"0\"><Props><I32 N=\"Id\">4887</I32><S N=\"MachineName\">ca01</S>\
            <Obj N=\"Properties\" RefId=\"1\"><LST><Obj RefId=\"2\"><Props><S N=\"Value\">a_x000A_&lt;</S></Props></Obj>\
            <Obj RefId=\"3\"><Props><Nil N=\"Value\" /></Props></Obj></LST></Obj></Props></Obj>";
        let text = format!("<Objs Version=\"1.1.0.1\">{object}{object}<Obj><Props/></Obj></Objs>");
        let events = read(&text).unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!((events[1].id.as_str(), events[1].computer.as_deref()), ("4887", Some("ca01")));
        assert_eq!(events[1].named.nameless(), ["a\n<", ""]);
        assert!(read("<Event/>").is_none());
        assert!(read("<Objs ><Obj ").unwrap().is_empty());
    }

    #[test]
    fn control_characters_are_escaped() {
        for (text, expect) in [
            ("a_x000D__x000A_b", "a\r\nb"),
            ("_x", "_x"),
            ("_xé_", "_xé_"),
            ("_x005F_x", "_x"),
            ("4_x0038_", "4_x0038_"),
        ] {
            assert_eq!(unescaped(text), expect);
        }
    }
}
