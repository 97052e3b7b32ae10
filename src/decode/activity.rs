//! Envelope → event: what each wanted Windows event means.

use crate::decode::damaged;
use crate::decode::decoder::Decoded;
use crate::decode::envelope::{Envelope, Fields};
use crate::decode::instant;
use crate::decode::limits::MAX_FIELD_BYTES;
use crate::decode::meaning;
use crate::decode::place::Place;
use crate::decode::provider;
use crate::decode::rejection::{Reason, Rejection};
use crate::decode::wanted::{self, Source};
use crate::event::fold::trimmed;
use crate::event::host::Host;
use crate::event::{Event, Origin};
use jiff::tz::TimeZone;

/// The field of the KDC's event about a certificate with another SID than that of its account.
const CERTIFICATE_SID: &str = "CertificateSid";

/// Interprets an envelope: the event it describes, not of interest, or a rejection.
pub(crate) fn interpret(
    envelope: Envelope<'_>,
    place: &Place,
    zone: &TimeZone,
) -> Result<Decoded, Rejection> {
    let ignored = Ok(Decoded::Ignored(Some(envelope.id)));
    if !provider::is_from(envelope.id, envelope.provider.as_deref(), envelope.channel.as_deref()) {
        return unknown_provider(&envelope).map_or(ignored, Err);
    }
    let (activity, damage) = match meaning::activity(envelope.id, &envelope.fields) {
        Ok(activity) => (activity, None),
        Err(rejection) => match damaged::remaining(envelope.id, &envelope.fields, &rejection) {
            None => return Err(rejection),
            remaining => (remaining, Some(rejection)),
        },
    };
    let Some(activity) = activity else { return ignored };
    let time = limited("the time", envelope.time)?.ok_or_else(|| Rejection::missing("the time"))?;
    let (time, damage) = match instant::parse(&time, zone) {
        Some(read) => (read, damage),
        None => {
            let rejection = Rejection::bad_field("the time", &time, "date and time");
            let Some(read) = instant::parse_damaged(&time) else { return Err(rejection) };
            (read, Some(rejection))
        }
    };
    let computer =
        limited("the computer", envelope.computer)?.ok_or_else(|| Rejection::missing("the computer"))?;
    let channel = limited("the channel", envelope.channel)?.unwrap_or_default().into_owned();
    let origin =
        Origin { channel, event_id: Some(envelope.id), record_id: envelope.record_id, ..place.origin() };
    let computer = Host::new(trimmed(&computer));
    let event = Box::new(Event { time, computer, origin, activity });
    match damage {
        Some(rejection) => Err(Rejection { remaining: Some(event), ..rejection }),
        None => Ok(Decoded::Event(event)),
    }
}

/// The rejection of an envelope with a field that only the KDC writes, where no provider is known. Without that
/// field, an event looks like those of other providers with the same small ids.
fn unknown_provider(envelope: &Envelope<'_>) -> Option<Rejection> {
    // Positions give names to the values of any provider.
    let is_named = !matches!(envelope.fields, Fields::Positional(..));
    let of_kdc = wanted::source(envelope.id) == Some(Source::Kdc) && is_named;
    let name = envelope.provider.as_deref();
    let is_unknown = of_kdc && !name.is_some_and(provider::is_provider);
    let has_sid = is_unknown && matches!(envelope.fields.text(CERTIFICATE_SID), Ok(Some(_)));
    has_sid.then(|| match name {
        Some(name) => Rejection::bad_field("the provider", name, "the Key Distribution Center"),
        None => Rejection::missing("the provider"),
    })
}

fn limited<T: AsRef<str>>(name: &str, value: Option<T>) -> Result<Option<T>, Rejection> {
    match value.as_ref().map(|v| v.as_ref().len()) {
        Some(length) if length > MAX_FIELD_BYTES => Err(Rejection::new(
            Reason::FieldTooLong,
            format!("{name} has {length} bytes, more than {MAX_FIELD_BYTES}"),
        )),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::activity::interpret;
    use crate::decode::decoder::Decoded;
    use crate::decode::envelope::{Envelope, Fields};
    use crate::decode::limits::MAX_FIELD_BYTES;
    use crate::decode::place::Place;
    use crate::decode::provider::{KDC, SECURITY};
    use crate::decode::rejection::Rejection;
    use jiff::tz::TimeZone;

    fn envelope(id: u32) -> Envelope<'static> {
        let list = [
            ("RequestId", "7"),
            ("Requester", r"CORP\a"),
            ("Disposition", "2"),
            ("TargetUserName", "a"),
            ("CertSerialNumber", "07"),
            ("Status", "0x0"),
            ("SubjectUserName", "a"),
            ("ShareName", "s"),
            ("AccessMask", "0x1"),
        ];
        Envelope {
            id,
            provider: Some(SECURITY.into()),
            channel: Some("Security".into()),
            computer: Some("CA01.".into()),
            time: Some("2026-03-02T09:00:00Z".into()),
            record_id: Some(5),
            fields: Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect()),
        }
    }

    fn read(envelope: Envelope<'_>) -> Result<Decoded, Rejection> {
        interpret(envelope, &Place { source: "t".into(), offset: 9, ..Place::default() }, &TimeZone::UTC)
    }

    #[test]
    fn every_wanted_id_has_its_activity() {
        for id in [4886, 4887, 4888, 4768, 5145] {
            let Ok(Decoded::Event(event)) = read(envelope(id)) else { panic!("{id}") };
            let fits = match id {
                4886 => "certificate_requested",
                4887 => "certificate_issued",
                4888 => "certificate_denied",
                4768 => "certificate_logon",
                _ => "share_accessed",
            };
            assert_eq!(event.activity.name(), fits, "{id}");
            assert_eq!(
                (event.computer.as_str(), event.origin.offset, event.origin.record_id),
                ("ca01", 9, Some(5))
            );
        }
        assert_eq!(read(envelope(4688)), Ok(Decoded::Ignored(Some(4688))));
    }

    #[test]
    fn another_provider_is_not_meant() {
        let with = |id, provider: Option<&'static str>| {
            read(Envelope { provider: provider.map(Into::into), ..envelope(id) })
        };
        assert_eq!(with(4887, Some("Acme")), Ok(Decoded::Ignored(Some(4887))));
        assert!(matches!(with(4887, None), Ok(Decoded::Event(_))));
        assert!(matches!(with(4887, Some("microsoft-windows-security-auditing")), Ok(Decoded::Event(_))));
    }

    #[test]
    fn small_ids_are_those_of_the_kdc_only() {
        let list = [("AccountName", "bob"), ("SerialNumber", "5C0000AB")];
        let with = |provider: Option<&'static str>| {
            let fields =
                Fields::List(list.iter().map(|&(name, value)| (name.into(), value.into())).collect());
            read(Envelope { provider: provider.map(Into::into), fields, ..envelope(39) })
        };
        for provider in KDC {
            assert!(matches!(with(Some(provider)), Ok(Decoded::Event(_))), "{provider}");
        }
        for provider in [None, Some(SECURITY), Some("Microsoft-Windows-Kernel-Power")] {
            assert_eq!(with(provider), Ok(Decoded::Ignored(Some(39))), "{provider:?}");
        }
    }

    #[test]
    fn without_a_provider_a_field_of_the_kdc_alone_is_rejected() {
        let with = |id, provider: Option<&'static str>| {
            let fields = Fields::List(vec![("CertificateSid".into(), "S-1-5-21-1-2-3-1733".into())]);
            read(Envelope { provider: provider.map(Into::into), fields, ..envelope(id) })
        };
        for id in [39, 41, 49] {
            let fault = with(id, None).unwrap_err().to_string();
            assert_eq!(fault, "missing_field: the provider is missing", "{id}");
        }
        let fault = with(41, Some("KDC")).unwrap_err().to_string();
        assert_eq!(fault, "bad_field: the provider is \"KDC\", not the Key Distribution Center");
        assert_eq!(with(41, Some("Microsoft-Windows-Kernel-Power")), Ok(Decoded::Ignored(Some(41))));
        assert_eq!(with(53, None), Ok(Decoded::Ignored(Some(53))));
    }

    #[test]
    fn time_and_computer_are_required() {
        let fault = |envelope| read(envelope).unwrap_err().to_string();
        assert_eq!(fault(Envelope { time: None, ..envelope(4887) }), "missing_field: the time is missing");
        assert_eq!(
            fault(Envelope { computer: None, ..envelope(4887) }),
            "missing_field: the computer is missing"
        );
        assert_eq!(
            fault(Envelope { time: Some("noon".into()), ..envelope(4887) }),
            "bad_field: the time is \"noon\", not date and time"
        );
        assert!(
            fault(Envelope { computer: Some("x".repeat(MAX_FIELD_BYTES + 1).into()), ..envelope(4887) })
                .starts_with("field_too_long")
        );
    }
}
