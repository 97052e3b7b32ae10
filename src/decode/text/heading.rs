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
    /// The line before, which in Splunk's format is the time.
    before: String,
}

impl Heading {
    /// Whether a line begins the next event: `Event[1]:`, or the first name of a heading after a text.
    fn begins_another(&self, line: &str) -> bool {
        let line = line.trim_start();
        let first = ["Log Name:", "LogName=", "TimeCreated "].iter().any(|name| line.starts_with(name));
        self.id.is_some() && ((first && self.text.is_some()) || is_number_of_event(line))
    }

    fn line(&mut self, line: &str) {
        if let Some(text) = &mut self.text {
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
            "message" | "description" if self.id.is_some() => self.text = Some(value.to_owned()),
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

/// A name and a value with `=` or `:` between them.
fn split(line: &str) -> Option<(&str, &str)> {
    let at = line.find(['=', ':'])?;
    Some((line[..at].trim(), &line[at + 1..]))
}
