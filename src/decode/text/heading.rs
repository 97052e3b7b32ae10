//! An event as a heading of names and values, with the rendered text below: Splunk's WinEventLog, `wevtutil /f:text`,
//! Event Viewer's copy, PowerShell's `Format-List`.

use crate::decode::fields::fold::fold;
use crate::decode::format::Format;
use crate::decode::layout::found::Found;
use crate::decode::values::looks_like_id;

/// The events in a text, one for each heading.
pub(crate) fn read(text: &str) -> Vec<Found> {
    let mut events: Vec<Found> = Vec::new();
    let mut heading = Heading::default();
    for line in text.lines() {
        if heading.begins_another(line) {
            events.extend(std::mem::take(&mut heading).found());
        }
        heading.line(line);
    }
    events.extend(heading.found());
    events
}

#[derive(Default)]
struct Heading {
    format: Option<Format>,
    id: Option<String>,
    provider: Option<String>,
    channel: Option<String>,
    computer: Option<String>,
    time: Option<String>,
    record_id: Option<String>,
    /// The rendered text, from the line that names it.
    text: Option<String>,
    /// The text comes first and is indented: `Format-List *`.
    is_list: bool,
    /// The line before, which in Splunk's format is the time.
    before: String,
}

impl Heading {
    /// Whether a line begins the next event: `Event[1]:`, or the first name of a heading after a text.
    fn begins_another(&self, line: &str) -> bool {
        let line = if self.is_list { line } else { line.trim_start() };
        let first = ["Log Name:", "LogName=", "TimeCreated "].iter().any(|name| line.starts_with(name));
        let first = if self.is_list { is_text_of_list(line) } else { first };
        self.id.is_some() && ((first && self.text.is_some()) || is_number_of_event(line))
    }

    fn line(&mut self, line: &str) {
        if self.id.is_none() && self.text.is_none() && is_text_of_list(line) {
            self.is_list = true;
            self.text = split(line).map(|(_, text)| text.to_owned());
            return;
        }
        if let Some(text) = self.text.as_mut().filter(|_| !(self.is_list && is_member_of_list(line))) {
            text.push('\n');
            text.push_str(line);
            return;
        }
        if let Some((name, value)) = split(line) {
            self.member(&fold(name), value, line);
        }
        self.before = line.trim().to_owned();
    }

    fn member(&mut self, name: &str, value: &str, line: &str) {
        let value_of = || Some(value.trim().to_owned());
        match name {
            "logname" => {
                let splunk = line.contains('=');
                self.format = Some(if splunk { Format::SplunkText } else { Format::EventText });
                if splunk {
                    self.time = Some(std::mem::take(&mut self.before));
                }
                self.channel = value_of();
            }
            "eventid" | "eventcode" => self.id = value_of().filter(|id| looks_like_id(id)),
            "id" if line.contains(" : ") => self.id = value_of().filter(|id| looks_like_id(id)),
            "source" | "sourcename" | "providername" => self.provider = value_of(),
            "computer" | "computername" | "machinename" => self.computer = value_of(),
            "date" | "timecreated" => self.time = value_of(),
            "recordnumber" | "recordid" | "eventrecordid" => self.record_id = value_of(),
            "message" | "description" if self.id.is_some() && !self.is_list => {
                self.text = Some(value.to_owned())
            }
            _ => {}
        }
    }

    fn found(self) -> Option<Found> {
        Some(Found {
            provider: self.provider,
            channel: self.channel,
            computer: self.computer,
            time: self.time,
            record_id: self.record_id,
            texts: vec![self.text?],
            ..Found::new(self.format.unwrap_or(Format::EventText), self.id?)
        })
    }
}

fn is_number_of_event(line: &str) -> bool {
    line.strip_prefix("Event[")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(']'))
}

/// Whether a line is the first of an event of `Format-List *`, which begins with the rendered text.
fn is_text_of_list(line: &str) -> bool {
    line.starts_with("Message ") && is_member_of_list(line)
}

/// Whether a line has a name of `Format-List`: the lines of a value are indented.
fn is_member_of_list(line: &str) -> bool {
    let name = line.split(' ').next().unwrap_or_default();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name && line[name.len()..].trim_start().starts_with(": ")
}

/// A name and a value with `=` or `:` between them.
fn split(line: &str) -> Option<(&str, &str)> {
    let at = line.find(['=', ':'])?;
    Some((line[..at].trim(), &line[at + 1..]))
}
