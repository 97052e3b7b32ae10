//! Events and records that the tests of this room share.

use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::time::Time;
use crate::event::{Activity, CertificateRequest, Event, IssuedCertificate, Origin};
use crate::stage::port::RoutedRecord;
use crate::wire;

/// A certificate that `CORP\mallory` requested with another account's UPN. Each further name revises the alert.
pub(crate) fn mismatch(request_id: u32) -> Event {
    let request = CertificateRequest {
        request_id,
        requester: Account::parse("CORP\\mallory"),
        names: vec![San::Upn(format!("victim{request_id}@corp.example"))],
        ..CertificateRequest::default()
    };
    let origin = Origin { record_id: Some(u64::from(request_id)), ..Origin::default() };
    let time = Time::from_millis(1_772_442_000_000 + i64::from(request_id));
    let activity = Activity::CertificateIssued(IssuedCertificate { request, ..IssuedCertificate::default() });
    Event { time, computer: Host::new("ca01.corp.example"), origin, activity }
}

/// A routed record with one such event, at this offset of partition 0.
pub(crate) fn record(offset: u64) -> RoutedRecord {
    let value = wire::routed::encode([&mismatch(offset as u32 + 1)]);
    RoutedRecord { partition: 0, offset, append_time: None, value }
}
