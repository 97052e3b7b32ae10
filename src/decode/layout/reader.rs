//! One object by one row of the table.

use crate::decode::fields::fold::fold;
use crate::decode::fields::named::Named;
use crate::decode::fields::view::{Members, text};
use crate::decode::format::Format;
use crate::decode::json::Value;
use crate::decode::layout::found::Found;
use crate::decode::layout::table::{
    CHANNEL_ENDS, CHANNELS, COMPUTER_ENDS, COMPUTERS, DATA, ID_ENDS, IDS, OWN_DATA, PROVIDER_ENDS, PROVIDERS,
    RECORD_ID_ENDS, RECORD_IDS, ROWS, Row, TEXTS, TIME_ENDS, TIMES,
};
use crate::decode::provider::{has_small_ids, is_provider};
use crate::decode::values::{event_id, looks_like_id, signed_id};
use crate::decode::wanted::is_small;
use std::borrow::Cow;

/// The event in an object, by the first row that has an id in it. `outer` are the objects around it, the nearest
/// first: time and computer may stand there.
pub(crate) fn read(object: Value<'_>, outer: &[Value<'_>]) -> Option<Found> {
    let members = Members::of(object)?;
    let (row, id) = ROWS.iter().find_map(|row| Some((row, id(row, &members)?)))?;
    let outer: Vec<_> = outer.iter().filter_map(|value| Members::of(*value)).collect();
    let mut found = with_row(row, id, &members, &outer);
    found.time = found.time.map(|time| with_zone_of_column(time, object));
    Some(found)
}

/// A time with the zone that the name of its column has: `TimeGenerated [Berlin]` in exports of Azure's portal.
fn with_zone_of_column(time: String, object: Value<'_>) -> String {
    let zone = object.members().find_map(|(key, value)| {
        let key = key.string()?;
        let (_, zone) = key.strip_suffix(']')?.rsplit_once(" [")?;
        (text(value).as_deref() == Some(time.as_str())).then(|| zone.to_owned())
    });
    match zone {
        Some(zone) => format!("{time} [{zone}]"),
        None => time,
    }
}

/// The Windows event in an object of OCSF.
pub(crate) fn ocsf(members: &Members<'_>) -> Option<Found> {
    let row = ROWS.iter().find(|row| row.format == Format::Ocsf)?;
    Some(with_row(row, id(row, members)?, members, &[]))
}

fn id(row: &Row, members: &Members<'_>) -> Option<String> {
    let marked = row.marks.is_empty() || row.marks.iter().any(|mark| members.at(mark).is_some());
    let paths = if row.id.is_empty() { IDS } else { row.id };
    let ids = paths.iter().filter(|_| marked).filter_map(|path| members.text(&[path]));
    let found = ids.into_iter().find(|id| looks_like_id(provider_and_id(id).1));
    // Only where no mark shows the layout: an `…event_id` of a product's own is none of Windows.
    let other = || members.ending_in(ID_ENDS).filter(|id| row.marks.is_empty() && looks_like_id(id));
    found.or_else(other).map(|id| id.into_owned())
}

/// The id, and the provider before it where ArcSight writes both: `Microsoft-Windows-Security-Auditing:4887`.
fn provider_and_id(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once(':') {
        Some((provider, own)) if is_provider(provider) => (Some(provider), own),
        Some(_) | None => (None, text),
    }
}

/// The provider, by its usual names. For an id that needs one, also under a path of the product, and in the objects around.
fn provider(id: &str, members: &Members<'_>, outer: &[Members<'_>]) -> Option<String> {
    let of_windows = |name: &Cow<'_, str>| is_provider(name);
    let needs_one = event_id(id).or_else(|| signed_id(id)).is_some_and(is_small);
    let elsewhere = || {
        let around = || outer.iter().flat_map(Members::iter).filter_map(|(_, value)| text(value));
        let found = members.ending_in(PROVIDER_ENDS).filter(of_windows);
        found.or_else(|| around().find(|text| has_small_ids(text)))
    };
    let named = members.text(PROVIDERS).or_else(|| members.text(&["source"]).filter(of_windows));
    named.or_else(|| if needs_one { elsewhere() } else { None }).map(Cow::into_owned)
}

/// The computer that logged the event, by the names that Windows gives it before those of hosts in general.
fn computer(row: &Row, members: &Members<'_>) -> Option<String> {
    let (windows, hosts) = COMPUTERS.split_at(3);
    let found = members.text(row.computer).or_else(|| members.text(windows));
    let found = found.or_else(|| members.ending_in(COMPUTER_ENDS)).or_else(|| members.text(hosts));
    found.map(|name| name.into_owned())
}

/// An event in a text, with the time and the computer of the objects around it where it has none.
pub(crate) fn with_outer(mut found: Found, outer: &[Value<'_>]) -> Found {
    let outer: Vec<_> = outer.iter().filter_map(|value| Members::of(*value)).collect();
    let around = |paths: &[&str]| outer.iter().find_map(|m| m.text(paths)).map(|text| text.into_owned());
    found.time = found.time.or_else(|| around(TIMES));
    found.computer = found.computer.or_else(|| around(COMPUTERS));
    found
}

/// Whether a text can be the name of a host: `source` is that of a host in Graylog, and something else elsewhere.
fn is_host(text: &str) -> bool {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    // In exports of Event Viewer it is the provider.
    text.len() <= 255 && is_name && !text.starts_with("Microsoft-Windows-")
}

/// The values of the event's own data, then those of what else the record holds.
fn values(row: &Row, members: &Members<'_>) -> Named {
    let mut named = Named::default();
    // Two spellings of one path find one value, whose parts without names would count twice.
    let mut found: Vec<String> = Vec::new();
    let mut data = |path: &str, named: &mut Named| {
        if let Some(value) = members.at(path).filter(|_| !found.contains(&fold(path))) {
            found.push(fold(path));
            named.data(value);
        }
    };
    row.data.iter().chain(OWN_DATA).for_each(|path| data(path, &mut named));
    for path in row.data.iter().chain(&["EventData"]) {
        let below = members.under(path);
        pairs(&below).into_iter().for_each(|(name, value)| named.push(&name, value));
        below.into_iter().for_each(|(name, value)| named.member_of_record(&name, value));
    }
    named.end_own_data();
    DATA.iter().for_each(|path| data(path, &mut named));
    named.record(members);
    named
}

/// The names and values of a list whose items became members of their own: `Data[0].Name`, `Data[0].#text`.
fn pairs<'t>(members: &[(String, Value<'t>)]) -> Vec<(Cow<'t, str>, Cow<'t, str>)> {
    let of_item = |stem: &str| {
        let rest = |key: &str| members.iter().find(|(name, _)| name.strip_prefix(stem) == Some(key));
        let (_, value) = ["text", "content", "value", "_", ""].iter().find_map(|key| rest(key))?;
        text(*value)
    };
    let is_item = |stem: &str| stem.ends_with(|c: char| c.is_ascii_digit());
    let names = members.iter().filter_map(|(name, value)| Some((name.strip_suffix("name")?, *value)));
    let items = names.filter(|(stem, _)| is_item(stem));
    items.filter_map(|(stem, name)| Some((text(name)?, of_item(stem)?))).collect()
}

fn with_row(row: &Row, id: String, members: &Members<'_>, outer: &[Members<'_>]) -> Found {
    let (before_id, id) = provider_and_id(&id);
    let own = |paths: &[&str]| members.text(paths).map(|text| text.into_owned());
    let ends = |ends: &[&str]| members.ending_in(ends).map(|text| text.into_owned());
    let around =
        |paths: &[&str]| outer.iter().find_map(|members| members.text(paths)).map(|text| text.into_owned());
    let named = values(row, members);
    // The text may stand beside what holds the id, as in syslog-ng.
    let texts = TEXTS.iter().filter_map(|path| members.at(path)).filter_map(text);
    let around_texts = outer.iter().filter_map(|members| members.text(&["Message"]));
    Found {
        format: row.format,
        id: id.to_owned(),
        provider: before_id.map(ToOwned::to_owned).or_else(|| provider(id, members, outer)),
        channel: own(CHANNELS).or_else(|| ends(CHANNEL_ENDS)),
        computer: computer(row, members)
            .or_else(|| around(COMPUTERS))
            .or_else(|| own(&["source"]).filter(|name| is_host(name))),
        time: own(row.time).or_else(|| ends(TIME_ENDS)).or_else(|| own(TIMES)).or_else(|| around(TIMES)),
        record_id: own(RECORD_IDS).or_else(|| ends(RECORD_ID_ENDS)),
        named,
        texts: texts.chain(around_texts).map(|text| text.into_owned()).collect(),
        is_cut_off: false,
    }
}
