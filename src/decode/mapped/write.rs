//! What the schemas of EDRs have in common.

use crate::decode::decoder::Decoded;
use crate::decode::instant;
use crate::decode::place::Place;
use crate::decode::rejection::Rejection;
use crate::event::file::is_certlog_path;
use crate::event::host::Host;
use crate::event::{Activity, Event, RemoteFileWrite};
use jiff::tz::TimeZone;

/// A write that an EDR reports. Only the CA's database folder is of interest, and the prefilter looks for its name.
pub(crate) fn event(
    time: Option<&str>,
    computer: Option<&str>,
    write: RemoteFileWrite,
    place: &Place,
    zone: &TimeZone,
) -> Result<Decoded, Rejection> {
    if !is_certlog_path(&write.path) {
        return Ok(Decoded::Ignored(None));
    }
    let time = time.ok_or_else(|| Rejection::missing("the time"))?;
    let computer = computer.ok_or_else(|| Rejection::missing("the computer"))?;
    let parsed =
        instant::parse(time, zone).ok_or_else(|| Rejection::bad_field("the time", time, "date and time"))?;
    let (origin, activity) = (place.origin(), Activity::RemoteFileWrite(write));
    Ok(Decoded::Event(Box::new(Event { time: parsed, computer: Host::new(computer), origin, activity })))
}
