//! Events as text below a heading: Splunk's WinEventLog, `wevtutil`, Event Viewer's copy, `Format-List`.

use crate::replay::framing::carry::Carry;
use crate::replay::framing::{Sink, Stop};
use std::io::BufRead;

/// How the line begins that every heading has once.
const FIRST: [&[u8]; 3] = [b"Log Name:", b"LogName=", b"TimeCreated "];
/// How an event begins in `Format-List *`, where all other names stand behind the text.
const TEXT_FIRST: &[u8] = b"Message  ";
/// How a numbered event begins, one line before its heading.
const NUMBERED: &[u8] = b"Event[";

/// Hands on every event, numbered from 1.
pub(crate) fn frame(reader: &mut dyn BufRead, sink: &mut Sink) -> Result<(), Stop> {
    let (mut record, mut line, mut before) = (Carry::default(), Vec::new(), Vec::new());
    let (mut number, mut has_heading, mut text_first) = (1, false, false);
    loop {
        line.clear();
        let ended = reader.read_until(b'\n', &mut line)? == 0;
        let text = line.trim_ascii_start();
        text_first |= number == 1 && !has_heading && line.starts_with(TEXT_FIRST);
        let is_first = match text_first {
            true => line.starts_with(TEXT_FIRST),
            false => FIRST.iter().any(|first| text.starts_with(first)),
        };
        if has_heading && (is_first || text.starts_with(NUMBERED)) {
            // In Splunk's format the line before the heading is the time of the event.
            let belongs_to_next = text.starts_with(b"LogName=");
            let end = if belongs_to_next { Vec::new() } else { std::mem::take(&mut before) };
            record.emit(&end, number, sink)?;
            (number, has_heading) = (number + 1, false);
        }
        has_heading |= is_first;
        record.push(&before);
        std::mem::swap(&mut before, &mut line);
        if ended {
            return record.emit(&before, number, sink);
        }
    }
}

/// Whether a text has such a heading: its first line, and the line of the id.
pub(crate) fn is_heading(text: &[u8]) -> bool {
    let has = |parts: &[&[u8]]| parts.iter().any(|part| memchr::memmem::find(text, part).is_some());
    let begins = text.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii_start();
        FIRST.iter().chain([&TEXT_FIRST]).any(|first| line.starts_with(first))
    });
    begins && has(&[b"Event ID:", b"EventCode=", b"Id "])
}

#[cfg(test)]
mod tests {
    use crate::replay::framing::Content;
    use crate::replay::framing::headings::frame;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut records = Vec::new();
        let framed = frame(&mut text.as_bytes(), &mut |frame| {
            if let Content::Record(record) = frame.content {
                records.push(String::from_utf8_lossy(record).into_owned());
            }
            Ok(())
        });
        assert!(framed.is_ok());
        assert_eq!(records, expect);
    }

    #[test]
    fn an_event_ends_where_the_next_heading_begins() {
        let splunk = "03/02/2026 09:10:00 AM\nLogName=Security\nEventCode=1\nMessage=a\n\nb";
        check(&format!("{splunk}\n\n{splunk}\n"), &[splunk, splunk]);
        let numbered = "Event[0]:\n  Log Name: Security\n  Event ID: 1\n  Description:\na";
        check(&format!("{numbered}\n\n{numbered}"), &[numbered, numbered]);
        let copied = "Log Name:      Security\nEvent ID:      1\nDescription:\na";
        check(&format!("{copied}\n{copied}\n"), &[copied, copied]);
        let list = "Message      : a\n               LogName=b\nId           : 1\nTimeCreated  : c";
        check(&format!("\n\n{list}\n\n\n{list}\n\n"), &[list, list]);
    }
}
