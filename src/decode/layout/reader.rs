//! One object by one row of the table.

use crate::decode::fields::fold::fold;
use crate::decode::fields::named::Named;
use crate::decode::fields::view::{Members, text};
use crate::decode::format::Format;
use crate::decode::json::Value;
use crate::decode::layout::found::Found;
use crate::decode::layout::table::{
    CHANNELS, COMPUTERS, DATA, IDS, PROVIDERS, RECORD_IDS, ROWS, Row, TEXTS, TIMES,
};
use crate::decode::values::looks_like_id;

/// The event in an object, by the first row that has an id in it. `outer` are the objects around it, the nearest
/// first: time and computer may stand there.
pub(crate) fn read(object: Value<'_>, outer: &[Value<'_>]) -> Option<Found> {
    let members = Members::of(object)?;
    let (row, id) = ROWS.iter().find_map(|row| Some((row, id(row, &members)?)))?;
    let outer: Vec<_> = outer.iter().filter_map(|value| Members::of(*value)).collect();
    Some(with_row(row, id, &members, &outer))
}

/// The Windows event in an object of OCSF.
pub(crate) fn ocsf(members: &Members<'_>) -> Option<Found> {
    let row = ROWS.iter().find(|row| row.format == Format::Ocsf)?;
    Some(with_row(row, id(row, members)?, members, &[]))
}

fn id(row: &Row, members: &Members<'_>) -> Option<String> {
    let marked = row.marks.is_empty() || row.marks.iter().any(|mark| members.at(mark).is_some());
    let paths = if row.id.is_empty() { IDS } else { row.id };
    let mut ids = paths.iter().filter(|_| marked).filter_map(|path| members.text(&[path]));
    ids.find(|id| looks_like_id(id)).map(|id| id.into_owned())
}

/// Whether a text can be the name of a host: `source` is that of a host in Graylog, and something else elsewhere.
fn is_host(text: &str) -> bool {
    text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

fn with_row(row: &Row, id: String, members: &Members<'_>, outer: &[Members<'_>]) -> Found {
    let own = |paths: &[&str]| members.text(paths).map(|text| text.into_owned());
    let around =
        |paths: &[&str]| outer.iter().find_map(|members| members.text(paths)).map(|text| text.into_owned());
    let mut named = Named::default();
    // Two spellings of one path find one value, whose parts without names would count twice.
    let mut found: Vec<String> = Vec::new();
    for path in row.data.iter().chain(DATA) {
        if let Some(value) = members.at(path).filter(|_| !found.contains(&fold(path))) {
            found.push(fold(path));
            named.data(value);
        }
    }
    for path in row.data.iter().chain(&["EventData"]) {
        members.under(path).into_iter().for_each(|(name, value)| named.member_of_record(&name, value));
    }
    named.record(members);
    let texts = TEXTS.iter().filter_map(|path| members.at(path)).filter_map(text);
    Found {
        format: row.format,
        id,
        provider: own(PROVIDERS),
        channel: own(CHANNELS),
        computer: own(row.computer)
            .or_else(|| own(COMPUTERS))
            .or_else(|| around(COMPUTERS))
            .or_else(|| own(&["source"]).filter(|name| is_host(name))),
        time: own(row.time).or_else(|| own(TIMES)).or_else(|| around(TIMES)),
        record_id: own(RECORD_IDS),
        named,
        texts: texts.map(|text| text.into_owned()).collect(),
    }
}
