//! An event as a line of columns, the rendered text among them: Snare, the text of Amazon's CloudWatch agent, OSSEC and
//! NetWitness.

use crate::decode::format::Format;
use crate::decode::layout::found::Found;
use crate::decode::values::looks_like_id;

/// How the columns of Snare begin, behind the syslog header.
const MARK: &str = "MSWinEventLog";

/// Its columns up to the text.
const COLUMNS: usize = 13;

/// The event in a line of Snare. What stands between the columns is a setting of the agent: a tab if nobody changed it.
pub(crate) fn snare(text: &str) -> Option<Found> {
    let line = text.get(text.find(MARK)?..)?;
    // A relay may write the tabs as escapes, and then a text behind them may hold the same characters.
    let mut delimiters = ["\t", "|", ",", ";", "\\t", "#011"].into_iter();
    let delimiter = delimiters.find(|delimiter| line[MARK.len()..].starts_with(delimiter))?;
    let columns: Vec<&str> = line.split(delimiter).map(str::trim).collect();
    let column = |at: usize| columns.get(at).map(|text| (*text).to_owned());
    let record_id = columns.get(14..).and_then(|rest| rest.iter().rev().find(|c| c.parse::<u64>().is_ok()));
    // The number of the record stands behind the text.
    let text = columns.get(12..).unwrap_or_default();
    let text =
        text.split_last().filter(|(last, _)| last.parse::<u64>().is_ok()).map_or(text, |(_, text)| text);
    Some(Found {
        channel: column(2),
        time: column(4),
        provider: column(6),
        computer: column(10),
        record_id: record_id.map(|text| (*text).to_owned()),
        texts: vec![text.join(delimiter)],
        is_cut_off: columns.len() < COLUMNS,
        ..Found::new(Format::Snare, column(5)?)
    })
}

/// The event in a line of OSSEC's agent:
/// `2026 Apr 07 13:20:30 WinEvtLog: Security: AUDIT_SUCCESS(4887): provider: user: domain: computer: text`.
pub(crate) fn ossec(text: &str) -> Option<Found> {
    let (before, line) = text.split_once("WinEvtLog: ")?;
    let columns: Vec<&str> = line.splitn(7, ": ").collect();
    let [channel, kind, provider, _, _, computer, text] = columns.as_slice() else { return None };
    let id = kind.strip_suffix(')')?.rsplit_once('(')?.1;
    let time = before.trim_ascii_end().len().checked_sub("2026 Apr 07 13:20:30".len());
    let found = Found {
        channel: Some((*channel).to_owned()),
        provider: Some((*provider).to_owned()),
        computer: Some((*computer).to_owned()),
        time: time.and_then(|at| before.trim_ascii_end().get(at..)).map(ToOwned::to_owned),
        texts: vec![(*text).to_owned()],
        ..Found::new(Format::EventText, id)
    };
    looks_like_id(id).then_some(found)
}

/// The event in a line of NetWitness' collector:
/// `%NICWIN-4-Security_4887_provider: Security,rn=91007 cid=812 eid=700,time,4887,provider,user,kind,computer,category,,text`.
pub(crate) fn netwitness(text: &str) -> Option<Found> {
    let (_, line) = text.split_once("%NICWIN-")?.1.split_once(": ")?;
    let columns: Vec<&str> = line.splitn(11, ',').collect();
    let [channel, numbers, time, id, provider, _, _, computer, _, _, text] = columns.as_slice() else {
        return None;
    };
    let record_id = numbers.strip_prefix("rn=").and_then(|numbers| numbers.split(' ').next());
    let found = Found {
        channel: Some((*channel).to_owned()),
        provider: Some((*provider).to_owned()),
        computer: Some((*computer).to_owned()),
        time: Some((*time).to_owned()),
        record_id: record_id.map(ToOwned::to_owned),
        texts: vec![(*text).to_owned()],
        ..Found::new(Format::EventText, *id)
    };
    looks_like_id(id).then_some(found)
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
