//! Events of other schemas that say what one of ours says, field by field; `docs/wiring/formats.md` has the tables.

mod write;
mod ocsf;
mod defender;
mod falcon;

use crate::decode::json::Value;
use crate::decode::layout::view::Members;
use crate::decode::rejection::Rejection;
use crate::decode::{Decoded, Format, Place};
use jiff::tz::TimeZone;

/// What an object of such a schema says; none when it is of none of them.
pub(crate) fn outcome(
    object: Value<'_>,
    outer: &[Value<'_>],
    place: &Place,
    zone: &TimeZone,
) -> Option<(Format, Result<Decoded, Rejection>)> {
    let members = Members::of(object)?;
    if members.at("class_uid").is_some() {
        return Some((Format::Ocsf, ocsf::outcome(&members, place, zone)));
    }
    if members.at("ActionType").is_some() && members.at("DeviceName").is_some() {
        return Some((Format::DefenderXdr, defender::outcome(&members, outer, place, zone)));
    }
    if members.at("event_simpleName").is_some() {
        return Some((Format::CrowdstrikeFdr, falcon::outcome(&members, place, zone)));
    }
    None
}
