//! Snare: an event as a line of columns between tabs, the rendered text among them.

use crate::decode::format::Format;
use crate::decode::layout::found::Found;

/// How the columns begin, behind the syslog header.
const MARK: &str = "MSWinEventLog";

/// The event in a line of Snare.
pub(crate) fn snare(text: &str) -> Option<Found> {
    let line = text.get(text.find(MARK)?..)?.replace("#011", "\t").replace("\\t", "\t");
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    let column = |at: usize| columns.get(at).map(|text| (*text).to_owned());
    let record_id = columns.get(14..).and_then(|rest| rest.iter().rev().find(|c| c.parse::<u64>().is_ok()));
    Some(Found {
        channel: column(2),
        time: column(4),
        provider: column(6),
        computer: column(10),
        record_id: record_id.map(|text| (*text).to_owned()),
        texts: columns.get(12..).unwrap_or_default().iter().map(|text| (*text).to_owned()).collect(),
        ..Found::new(Format::Snare, column(5)?)
    })
}
