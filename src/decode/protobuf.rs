//! Our own event in protobuf, as `proto/adcs_watch/v1/event.proto` describes it.

use crate::decode::normalised;
use crate::decode::place::Place;
use crate::decode::rejection::{Reason, Rejection, shortened};
use crate::event::Event;
use crate::wire;

/// The event in a record.
pub(crate) fn event(record: &[u8], place: &Place) -> Result<Event, Rejection> {
    let event = wire::event::decode(record);
    let event = event.map_err(|fault| Rejection::new(Reason::BadProtobuf, shortened(&fault)))?;
    normalised::checked(event, place)
}

#[cfg(test)]
mod tests {
    use crate::decode::place::Place;
    use crate::decode::protobuf::event;
    use crate::event::host::Host;
    use crate::event::time::Time;
    use crate::event::{Activity, Event, Origin, RemoteFileWrite};
    use crate::wire;

    fn written(computer: &str, path: &str) -> Vec<u8> {
        let write = RemoteFileWrite { path: path.into(), ..RemoteFileWrite::default() };
        wire::event::encode(&Event {
            time: Time::from_millis(5),
            computer: Host::new(computer),
            origin: Origin { source: "elsewhere".into(), record_id: Some(7), ..Origin::default() },
            activity: Activity::RemoteFileWrite(write),
        })
    }

    #[test]
    fn the_origin_is_where_it_was_read() {
        let place = Place { source: "here".into(), partition: Some(2), offset: 9, ..Place::default() };
        let read = event(&written("ca01", r"C:\CertLog\a"), &place).unwrap();
        let origin = read.origin;
        assert_eq!((origin.source.as_str(), origin.partition, origin.offset), ("here", Some(2), 9));
        assert_eq!((origin.record_id, read.computer.as_str()), (Some(7), "ca01"));
    }

    #[test]
    fn faults_say_what() {
        let fault = |bytes: &[u8]| event(bytes, &Place::default()).unwrap_err().to_string();
        assert_eq!(fault(&written("", "x")), "missing_field: the computer is missing");
        assert_eq!(fault(&written("ca01", "")), "missing_field: path is missing");
        assert_eq!(fault(b""), "bad_protobuf: event without an activity");
        assert!(fault(b"<Event>").starts_with("bad_protobuf: "));
    }
}
