//! Events ⇄ the records of the routed topic: what a batch of a router sends to a partition, together, because a record costs
//! Kafka and its clients more than an event does.
//!
//! The bytes are those of the message `RoutedRecord` of `proto/adcs_watch/v1/event.proto`. They are read event by event, so
//! that one that is damaged loses nothing else.

use crate::event::Event;
use crate::wire::event;

/// The field `events`, with its length before it.
const EVENTS: u8 = 1 << 3 | 2;

/// The most bytes that [`push`] adds to those of the event.
pub const FRAME_BYTES: usize = 6;

/// Adds an event, as [`event::encode`] writes it, to a record.
pub fn push(record: &mut Vec<u8>, event: &[u8]) {
    record.push(EVENTS);
    // A vector takes whatever is written.
    let _ = prost::encode_length_delimiter(event.len(), record);
    record.extend_from_slice(event);
}

/// A record with these events.
pub fn encode<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut record = Vec::new();
    events.into_iter().for_each(|event| push(&mut record, &event::encode(event)));
    record
}

/// The events of a record, in order. One that cannot be read is an error with the reason; what is no record of events, or holds
/// none, is one error.
pub fn decode(record: &[u8]) -> impl Iterator<Item = Result<Event, String>> {
    let mut rest = Some(record);
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        let Some((event, behind)) = split(bytes) else {
            let (at, all) = (record.len() - bytes.len(), record.len());
            return Some(Err(format!("no event at byte {at} of a routed record of {all}")));
        };
        rest = (!behind.is_empty()).then_some(behind);
        Some(event::decode(event))
    })
}

/// The first event, and what stands behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes.strip_prefix(&[EVENTS])?;
    let length = prost::decode_length_delimiter(&mut rest).ok()?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::host::Host;
    use crate::event::time::Time;
    use crate::event::{Activity, Origin, RemoteFileWrite};
    use crate::wire::{self, record};

    fn an_event(offset: u64) -> Event {
        Event {
            time: Time::from_millis(1_772_442_000_000),
            computer: Host::new("ca01.corp.example"),
            origin: Origin { offset, ..Origin::default() },
            activity: Activity::RemoteFileWrite(RemoteFileWrite::default()),
        }
    }

    fn all(bytes: &[u8]) -> Vec<Result<Event, String>> {
        decode(bytes).collect()
    }

    #[test]
    fn a_record_is_the_message_of_the_proto() {
        let events = [an_event(1), an_event(2), an_event(300)];
        let bytes = encode(&events);
        assert_eq!(all(&bytes), events.clone().map(Ok));
        let message: record::RoutedRecord = wire::decode(&bytes).unwrap_or_default();
        assert_eq!(message.events.len(), 3);
        assert_eq!(wire::encode(&message), bytes);
    }

    #[test]
    fn a_damaged_event_loses_nothing_else() {
        let mut bytes = encode([&an_event(1)]);
        push(&mut bytes, &[0xff]);
        push(&mut bytes, &event::encode(&an_event(2)));
        let read = all(&bytes);
        assert_eq!((read.len(), read[0].is_ok(), read[1].is_err(), read[2].is_ok()), (3, true, true, true));
    }

    #[test]
    fn what_is_no_record_of_events_is_one_error() {
        let whole = encode([&an_event(1), &an_event(2)]);
        let one = encode([&an_event(1)]).len();
        assert_eq!(
            all(&whole[..whole.len() - 1])[1],
            Err(format!("no event at byte {one} of a routed record of {}", whole.len() - 1))
        );
        for wrong in [&b""[..], b"x", &[EVENTS], &[EVENTS, 0xff], &event::encode(&an_event(1))] {
            let read = all(wrong);
            assert!(read.len() == 1 && read[0].is_err(), "{wrong:?}: {read:?}");
        }
    }
}
