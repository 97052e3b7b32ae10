//! The records of the demo: the samples that ship with the project, and unrelated traffic around them.

use crate::decode::{Decoded, Decoder, Place};
use crate::event::time::Time;
use crate::host::exit::{Exit, Failure};

const CA_SECURITY: &str = include_str!("../../samples/corp-example/ca01-security.ndjson");
const CA_EDR: &str = include_str!("../../samples/corp-example/ca01-edr.ndjson");
const DC_SECURITY: &str = include_str!("../../samples/corp-example/dc01-security.xml");

/// The name of the source topic, behind the prefix of the demo.
pub(crate) const EVENTS: &str = "windows-events";

/// Unrelated logons for each record of the story: most of a SIEM's traffic is of that kind.
pub(crate) const NOISE: usize = 100;

/// A record of the source topic and the time of its event.
#[derive(Clone, Debug)]
pub(crate) struct StoryRecord {
    pub(crate) time: Time,
    /// The bytes of the record.
    pub(crate) record: Vec<u8>,
}

/// All records of the story in the order of event time.
///
/// # Errors
/// A sample cannot be read; a test rules that out.
pub(crate) fn story() -> Result<Vec<StoryRecord>, Failure> {
    let xml = DC_SECURITY.split_inclusive("</Event>").filter(|text| text.contains("<Event "));
    let xml = xml.filter_map(|text| text.find("<Event ").map(|start| &text[start..]));
    let lines = CA_SECURITY.lines().chain(CA_EDR.lines()).chain(xml);
    let mut records = lines.map(one).collect::<Result<Vec<_>, _>>()?;
    records.sort_by_key(|record| record.time);
    Ok(records)
}

fn one(record: &str) -> Result<StoryRecord, Failure> {
    let mut time = time_in(record);
    let mut fault = None;
    Decoder::default().decode(record.as_bytes(), &Place::default(), &mut |decoded| match decoded {
        Ok(Decoded::Event(event)) => time = Some(event.time),
        Ok(Decoded::Ignored(_)) => {}
        Err(rejection) => fault = Some(rejection.to_string()),
    });
    let unreadable =
        |why: &str| Failure::new(Exit::Input, format!("a sample of the demo cannot be read: {why}"));
    match (fault, time) {
        (Some(fault), _) => Err(unreadable(&fault)),
        (None, Some(time)) => Ok(StoryRecord { time, record: record.as_bytes().to_vec() }),
        (None, None) => Err(unreadable("it has no time")),
    }
}

/// The time of a record that is not of interest: the decoder returns none for it.
fn time_in(record: &str) -> Option<Time> {
    let key =
        ["\"@timestamp\":", "SystemTime="].into_iter().find_map(|key| Some(record.find(key)? + key.len()))?;
    let value = record[key..].trim_start();
    let quote = value.chars().next()?;
    Time::parse_rfc3339(value[1..].split(quote).next()?)
}

/// The `n`th record of the surrounding traffic: a logon, as Winlogbeat writes it.
pub(crate) fn noise(n: usize, time: Time) -> Vec<u8> {
    let (user, host) = (n * 7919 % 1000, n % 250);
    format!(
        "{{\"@timestamp\":\"{time}\",\"winlog\":{{\"record_id\":{},\"channel\":\"Security\",\"event_id\":\"4624\",\
         \"provider_name\":\"Microsoft-Windows-Security-Auditing\",\"computer_name\":\"dc01.corp.example\",\
         \"event_data\":{{\"TargetUserName\":\"user{user}\",\"TargetDomainName\":\"CORP\",\"LogonType\":\"3\",\
         \"IpAddress\":\"10.20.31.{host}\"}}}},\"event\":{{\"code\":\"4624\",\"action\":\"Logon\"}}}}",
        1_000_000 + n
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::prefilter::Prefilter;

    #[test]
    fn story_is_sorted_by_time_and_the_prefilter_drops_its_noise() {
        let story = story().unwrap();
        assert!(story.len() > 100 && story.is_sorted_by_key(|record| record.time));
        let prefilter = Prefilter::new();
        assert!((0..2000).all(|n| !prefilter.may_matter(&noise(n, story[0].time))));
    }
}
