//! Joining issuance to use, and the directory of CAs that joining by request id needs.

use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::slot::Slot;
use crate::event::MAX_CLOCK_LEAD;
use crate::event::account::same_text;
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::state::key;
use crate::wire::record::{CaDirectory, IssuedRecord, KnownCa, PendingLogon, RequestIdState};

pub(crate) type RequestSlot<'a> = Slot<'a, RequestIdState, ()>;

/// The most CAs, and the most issuers, that a partition keeps apart.
pub(crate) const MAX_CAS: usize = 64;

pub(crate) const DIRECTORY: &str = "certificate-used-by-other directory";

/// How issuance was joined to use, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Join {
    /// The serial numbers are equal.
    Serial,
    /// The request ids are equal, and the CA has the issuer's name.
    RequestId,
    /// The request ids are equal, and there is but one CA and one issuer: its name is assumed.
    RequestIdOnlyCa,
}

impl Join {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Join::Serial => "serial",
            Join::RequestId => "request_id",
            Join::RequestIdOnlyCa => "request_id_only_ca",
        }
    }

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Join::Serial => "issuance and logon have the same serial number",
            Join::RequestId => {
                "the CA does not log serial numbers: joined by the request id in the serial number and the CA's name"
            }
            Join::RequestIdOnlyCa => {
                "the CA does not log serial numbers, and its name is not known: joined by the request id, because one CA \
                 and one issuer are all that was seen; configure `cas:` to be sure"
            }
        }
    }
}

/// What joining needs of a logon.
pub(crate) struct Logon<'a> {
    pub(crate) at: Time,
    pub(crate) serial_hash: u64,
    pub(crate) issuer: &'a str,
}

pub(crate) fn logon_of(pending: &PendingLogon) -> Logon<'_> {
    Logon {
        at: Time::from_millis(pending.time_ms),
        serial_hash: pending.serial_hash,
        issuer: &pending.issuer,
    }
}

/// The farthest that time zones and summer time put the clocks of two computers apart, when a collector writes local time
/// for UTC.
const MAX_CLOCK_OFFSET: Span = Span::hours(15);

/// How far a logon is dated before the issuance of its certificate, beyond what clocks differ by ordinarily.
pub(crate) fn clock_offset(record: &IssuedRecord, logon: Time) -> Option<Span> {
    let issued = Time::from_millis(record.issued_ms);
    (logon.plus(MAX_CLOCK_LEAD) < issued).then(|| logon.distance(issued))
}

pub(crate) fn join(
    record: &IssuedRecord,
    logon: &Logon<'_>,
    settings: &Settings,
    policy: &DomainPolicy,
    directory: &CaDirectory,
) -> Option<Join> {
    let issued = Time::from_millis(record.issued_ms);
    if logon.at > issued.plus(settings.remember) {
        return None;
    }
    if let Some(hash) = record.serial_hash {
        return (hash == logon.serial_hash).then_some(Join::Serial);
    }
    if logon.at.plus(MAX_CLOCK_OFFSET) < issued {
        return None;
    }
    match ca_name(policy, directory, record.ca) {
        Some(name) => same_text(name, logon.issuer).then_some(Join::RequestId),
        None => (directory.cas.len() == 1 && directory.issuers.len() == 1).then_some(Join::RequestIdOnlyCa),
    }
}

/// The name of a CA as logons write it: configured, else learned.
pub(crate) fn ca_name<'a>(policy: &'a DomainPolicy, directory: &'a CaDirectory, ca: u32) -> Option<&'a str> {
    let known = directory.cas.get(ca.checked_sub(1)? as usize)?;
    let configured = policy
        .cas
        .iter()
        .find(|(host, _)| Host::new(host).is_same(&Host::new(&known.host)))
        .map(|(_, name)| name.as_str());
    configured.or_else(|| Some(known.name.as_str()).filter(|name| !name.is_empty()))
}

pub(crate) fn ca_index(directory: &mut CaDirectory, host: &str) -> Option<u32> {
    let known = directory.cas.iter().position(|ca| Host::new(&ca.host).is_same(&Host::new(host)));
    let index = known.or_else(|| {
        (directory.cas.len() < MAX_CAS).then(|| {
            directory.cas.push(KnownCa { host: host.to_owned(), name: String::new() });
            directory.cas.len() - 1
        })
    })?;
    u32::try_from(index + 1).ok()
}

/// Learns from an exact join under which name logons know the CA.
pub(crate) fn learn(
    directory: &mut CaDirectory,
    record: &IssuedRecord,
    how: Join,
    issuer: &str,
    slot: &mut RequestSlot<'_>,
) {
    let known = (record.ca as usize).checked_sub(1).and_then(|index| directory.cas.get_mut(index));
    if let (Join::Serial, Some(known)) = (how, known)
        && known.name != issuer
    {
        issuer.clone_into(&mut known.name);
        slot.put_shared(DIRECTORY, directory);
    }
}

/// 64 bits of a keyed hash: enough among the few certificates that share a request id.
pub(crate) fn serial_hash(serial: &Serial) -> u64 {
    key::hash(&[serial.as_str().as_bytes()]) as u64
}

pub(crate) fn ca_host(directory: &CaDirectory, ca: u32) -> Option<Host> {
    directory.cas.get((ca as usize).checked_sub(1)?).map(|known| Host::new(&known.host))
}
