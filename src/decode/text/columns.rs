//! An event as a line of columns, the rendered text among them: Snare, and the text of Amazon's CloudWatch agent.

use crate::decode::format::Format;
use crate::decode::layout::found::Found;
use crate::decode::values::looks_like_id;

/// How the columns of Snare begin, behind the syslog header.
const MARK: &str = "MSWinEventLog";

/// The event in a line of Snare. What stands between the columns is a setting of the agent: a tab if nobody changed it.
pub(crate) fn snare(text: &str) -> Option<Found> {
    let line = text.get(text.find(MARK)?..)?.replace("#011", "\t").replace("\\t", "\t");
    let delimiter = line[MARK.len()..].chars().next().filter(|c| "\t|,;".contains(*c))?;
    let columns: Vec<&str> = line.split(delimiter).map(str::trim).collect();
    let column = |at: usize| columns.get(at).map(|text| (*text).to_owned());
    let record_id = columns.get(14..).and_then(|rest| rest.iter().rev().find(|c| c.parse::<u64>().is_ok()));
    let text = columns.get(12..).unwrap_or_default().join(&delimiter.to_string());
    Some(Found {
        channel: column(2),
        time: column(4),
        provider: column(6),
        computer: column(10),
        record_id: record_id.map(|text| (*text).to_owned()),
        // The number of the record stands behind the text.
        texts: vec![
            text.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(delimiter).to_owned(),
        ],
        ..Found::new(Format::Snare, column(5)?)
    })
}

/// The event in a line of CloudWatch: `[Security] [INFORMATION] [4887] [provider] [computer] [text]`.
pub(crate) fn bracketed(text: &str) -> Option<Found> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    let columns: Vec<&str> = inside.splitn(6, "] [").collect();
    let [channel, _, id, provider, computer, text] = columns.as_slice() else { return None };
    let owned = |text: &str| Some(text.to_owned());
    let found = Found {
        channel: owned(channel),
        provider: owned(provider),
        computer: owned(computer),
        texts: vec![(*text).to_owned()],
        ..Found::new(Format::EventText, *id)
    };
    looks_like_id(id).then_some(found)
}
