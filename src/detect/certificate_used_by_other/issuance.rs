//! What is remembered of an issuance: of 4887, of 4886 until 4887 comes, and of an import.

use crate::detect::Entity;
use crate::detect::certificate_use::serial_hash;
use crate::detect::report;
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::event::{Activity, Event};
use crate::wire::record::IssuedRecord;

const REQUESTED: u32 = 4886;
const ISSUED: u32 = 4887;
const IMPORTED: u32 = 0;

/// Certificates with serial numbers as AD CS makes them live with the request id in it, all others with the whole serial
/// number. So an issuance without a serial number and the use of its certificate meet, and so do equal serial numbers
/// that name no request.
pub(crate) fn entity_of_serial(serial: &Serial) -> Entity {
    if serial.is_of_ad_cs() {
        Entity::certificate_request(serial.request_id())
    } else {
        Entity::named(&format!("serial {serial}"))
    }
}

/// Where an issuance, or the end of a request, is remembered.
pub(crate) fn entity_of_issuance(event: &Event) -> Option<Entity> {
    if let Activity::CertificateKnown(known) = &event.activity {
        return Some(entity_of_serial(&known.serial));
    }
    let serial = event.activity.issued().and_then(|issued| issued.serial.as_ref());
    let request = event.activity.request()?;
    Some(serial.map_or_else(|| Entity::certificate_request(request.request_id), entity_of_serial))
}

/// The record of an issuance and the host of its CA; none: the event is none.
pub(crate) fn issuance_of(event: &Event) -> Option<(IssuedRecord, Host)> {
    if let Activity::CertificateKnown(known) = &event.activity {
        let time = known.issued.min(event.effective_time());
        let template = known.template.as_deref();
        let record = record(IMPORTED, Some(&known.serial), &known.requester, template, time, None);
        return Some((record, known.ca.clone()));
    }
    let (event_id, request, serial) = match &event.activity.issued() {
        Some(issued) => (ISSUED, &issued.request, issued.serial.as_ref()),
        None => (REQUESTED, requested(event)?, None),
    };
    let (time, number) = (event.effective_time(), event.origin.record_id);
    let template = request.templates_in_one();
    let record = record(event_id, serial, &request.requester, Some(&template), time, number);
    Some((record, event.computer.clone()))
}

/// The serial number of an issuance, where the event has it.
pub(crate) fn serial_of_issuance(event: &Event) -> Option<&Serial> {
    if let Activity::CertificateKnown(known) = &event.activity {
        return Some(&known.serial);
    }
    event.activity.issued()?.serial.as_ref()
}

fn requested(event: &Event) -> Option<&crate::event::CertificateRequest> {
    if let Activity::CertificateRequested(request) = &event.activity { Some(request) } else { None }
}

fn record(
    event_id: u32,
    serial: Option<&Serial>,
    requester: &Account,
    template: Option<&str>,
    time: Time,
    record_id: Option<u64>,
) -> IssuedRecord {
    IssuedRecord {
        ca: 0,
        serial_hash: serial.map(serial_hash),
        domain: requester.domain.clone(),
        account: requester.name.clone(),
        issued_ms: time.as_millis(),
        record_id,
        event_id,
        template: template.map(report::cut).unwrap_or_default(),
    }
}

/// Whether the record is of a request alone: 4887 of it has not come.
pub(crate) fn is_request(record: &IssuedRecord) -> bool {
    record.event_id == REQUESTED
}

/// Whether an import stated the record.
pub(crate) fn is_import(record: &IssuedRecord) -> bool {
    record.event_id == IMPORTED
}

/// The Windows event of the record; none of an import.
pub(crate) fn event_id(record: &IssuedRecord) -> Option<u32> {
    Some(record.event_id).filter(|id| *id != IMPORTED)
}

pub(crate) fn requester_of(record: &IssuedRecord) -> Account {
    Account { domain: record.domain.clone(), name: record.account.clone() }
}

/// Remembers the record unless a better one of the same certificate is there, and drops a worse one. Whether it is new.
pub(crate) fn remember(issued: &mut Vec<IssuedRecord>, record: IssuedRecord, most: usize) -> bool {
    if is_request(&record) && issued.iter().any(|known| is_same_request(known, &record)) {
        return false;
    }
    let is_superseded = |known: &IssuedRecord| is_request(known) && is_same_request(known, &record);
    issued.retain(|known| !(is_copy(known, &record) || is_superseded(known)));
    issued.push(record);
    if issued.len() > most {
        issued.remove(0);
    }
    true
}

/// Forgets the request that the CA denied.
pub(crate) fn deny(issued: &mut Vec<IssuedRecord>, ca: u32, requester: &Account) {
    issued.retain(|known| {
        !(is_request(known) && known.ca == ca && requester_of(known).canonical() == requester.canonical())
    });
}

fn is_same_request(known: &IssuedRecord, other: &IssuedRecord) -> bool {
    known.ca == other.ca
        && same_text(&known.account, &other.account)
        && same_text(&known.domain, &other.domain)
}

/// Whether two records are of one certificate: by the serial number, else by CA, record id, time and requester. A rebuilt CA
/// issues the same request id again, and two CAs may share a name.
fn is_copy(known: &IssuedRecord, other: &IssuedRecord) -> bool {
    if let (Some(known), Some(other)) = (known.serial_hash, other.serial_hash) {
        return known == other;
    }
    let same_record = match (known.record_id, other.record_id) {
        (Some(known), Some(other)) => known == other,
        (None, _) | (_, None) => true,
    };
    let same_time =
        Time::from_millis(known.issued_ms).distance(Time::from_millis(other.issued_ms)) < Span::seconds(1);
    same_record && same_time && is_same_request(known, other)
}
