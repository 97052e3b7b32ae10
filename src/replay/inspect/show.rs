//! Findings as text for a person, and as one JSON document.

use crate::detect::needs;
use crate::replay::inspect::findings::{Findings, Kind, Missing};
use crate::replay::names::in_words;
use crate::replay::show::style::{BOLD, DIM, WARN, paint};
use crate::replay::show::text::{count, counted, plain, wrap};
use anstyle::Style;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Display;

/// The most entries of a list that are shown.
const MAX_SHOWN: usize = 8;
/// The column at which texts begin.
const INDENT: usize = 14;

/// One document: `{"inputs": […]}`.
pub(crate) fn json(all: &[Findings]) -> Value {
    json!({ "inputs": all })
}

/// All findings as text of this width.
pub(crate) fn text(all: &[Findings], width: usize) -> String {
    all.iter().map(|findings| Page { width, text: String::new() }.of(findings)).collect::<Vec<_>>().join("\n")
}

struct Page {
    width: usize,
    text: String,
}

impl Page {
    fn of(mut self, findings: &Findings) -> String {
        let more = if findings.more { ", and more follow" } else { "" };
        let records = counted(findings.records, "record");
        self.line(&format!("{}: {records}{more}", paint(BOLD, &plain(&findings.source))));
        if let Some(why) = &findings.unread {
            self.entry("not read", WARN, why);
        }
        if !findings.formats.is_empty() {
            self.entry("format", Style::new(), &most(&findings.formats));
        }
        if let (Some(first), Some(last)) = (findings.first, findings.last) {
            self.entry("time", Style::new(), &format!("{first} to {last}"));
            self.entry("computers", Style::new(), &most(&findings.computers));
        }
        findings.events.iter().for_each(|kind| self.kind(kind));
        self.others(findings);
        if findings.bad_text > 0 {
            let what = "with bytes that are no text, or a field that cannot be read and is left out";
            self.entry("bad text", WARN, &format!("{} {what}", counted(findings.bad_text, "record")));
        }
        for (reason, rejections) in &findings.rejections {
            let (place, detail) = (&rejections.first_place, &rejections.first_detail);
            let text = format!("{} {reason}; first {place}: {detail}", count(rejections.count));
            self.entry("rejected", WARN, &text);
        }
        self.text
    }

    fn kind(&mut self, kind: &Kind) {
        let id = kind.event_id.map_or_else(|| "EDR".to_owned(), |id| id.to_string());
        self.entry(&id, BOLD, &format!("{} {}", count(kind.count), in_words(kind.activity)));
        let in_part =
            |found: u64| if found < kind.count { format!(" ({})", count(found)) } else { String::new() };
        let found = kind.found.iter().filter(|(_, found)| **found > 0);
        let found: Vec<_> = found.map(|(field, found)| format!("{field}{}", in_part(*found))).collect();
        match (found.is_empty(), kind.missing.is_empty()) {
            (true, true) => self.entry("", DIM, "no detection reads this event"),
            (true, false) => {}
            (false, _) => self.entry("  found", DIM, &found.join(", ")),
        }
        kind.missing.iter().for_each(|missing| self.missing(missing));
    }

    fn missing(&mut self, missing: &Missing) {
        let uses: Vec<_> = missing.used_by.iter().map(|(id, gives)| format!("{id}: {gives}")).collect();
        let (label, style, why) = match missing.absent {
            None => ("  missing", WARN, "Windows writes it in every event".to_owned()),
            Some(when) => ("  in none", DIM, format!("absent in {when}")),
        };
        self.entry(label, style, &format!("{} ({}); {why}", missing.field, uses.join("; ")));
    }

    /// What no detection wants, and a hint where nothing else was found.
    fn others(&mut self, findings: &Findings) {
        if !findings.other_ids.is_empty() {
            self.entry("other ids", DIM, &most(&findings.other_ids));
            let wanted = findings.other_ids.keys().filter(|id| needs::reads(**id)).map(u32::to_string);
            let wanted: Vec<_> = wanted.collect();
            if !wanted.is_empty() {
                let why = "of no interest: without a certificate, or of another provider";
                self.entry("", DIM, &format!("{} {why}", wanted.join(", ")));
            }
        }
        if findings.without_id > 0 {
            self.entry("no id", DIM, &format!("{} of no interest", count(findings.without_id)));
        }
        if findings.events.is_empty() && findings.records > 0 {
            let hint = "no event that a detection wants; look at more with --records";
            self.entry("", WARN, hint);
        }
    }

    /// A label and its text, wrapped behind it.
    fn entry(&mut self, label: &str, style: Style, text: &str) {
        let padding = " ".repeat(INDENT.saturating_sub(2 + label.chars().count()));
        let room = self.width.saturating_sub(INDENT);
        for (n, line) in wrap(&plain(text), room).iter().enumerate() {
            match n {
                0 => self.line(&format!("  {}{padding}{line}", paint(style, label))),
                _ => self.line(&format!("{}{line}", " ".repeat(INDENT))),
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// The most frequent first, `4624 (40), 4634 (3)`.
fn most<K: Display>(counts: &BTreeMap<K, u64>) -> String {
    let mut list: Vec<(&K, u64)> = counts.iter().map(|(key, n)| (key, *n)).collect();
    list.sort_by_key(|(_, n)| Reverse(*n));
    let shown = list.iter().take(MAX_SHOWN).map(|(key, n)| format!("{key} ({})", count(*n)));
    let text = shown.collect::<Vec<_>>().join(", ");
    match list.len().saturating_sub(MAX_SHOWN) {
        0 => text,
        more => format!("{text} and {} more", count(more as u64)),
    }
}
