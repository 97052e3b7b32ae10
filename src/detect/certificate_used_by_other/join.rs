//! Joining issuance to use, and the directory of CAs that joining by request id needs.

use crate::detect::certificate_use::account_of;
use crate::detect::certificate_used_by_other::issuance::is_import;
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::domain::DomainPolicy;
use crate::detect::facts::Facts;
use crate::detect::issuer::{configured_host, configured_name, is_foreign};
use crate::detect::slot::Slot;
use crate::event::MAX_CLOCK_LEAD;
use crate::event::account::same_text;
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::wire::record::{CaDirectory, IssuedRecord, KnownCa, OpenAlert, PendingLogon, RequestIdState};

pub(crate) type RequestSlot<'a> = Slot<'a, RequestIdState, ()>;

/// One request id is remembered of at most this many CAs, and for so many logons and alerts.
pub(crate) const MAX_PER_REQUEST_ID: usize = 8;

/// The most CAs that a partition keeps apart.
pub(crate) const MAX_CAS: usize = 64;

pub(crate) const DIRECTORY: &str = "certificate-used-by-other directory";

/// How issuance was joined to use, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Join {
    /// The serial numbers are equal.
    Serial,
    /// The serial number names the request, and the CA has the issuer's name.
    RequestId,
    /// The serial number names the request as AD CS does, but the CA's name is not known.
    RequestIdUnnamedCa,
}

impl Join {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Join::Serial => "serial",
            Join::RequestId => "request_id",
            Join::RequestIdUnnamedCa => "request_id_unnamed_ca",
        }
    }

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Join::Serial => "issuance and logon have the same serial number",
            Join::RequestId => {
                "the event of the CA has no serial number: joined by the request id in the serial number and the CA's name"
            }
            Join::RequestIdUnnamedCa => {
                "the event of the CA has no serial number, and the CA's name is not configured: joined because the serial \
                 number has the request id in both places where AD CS puts it; name the CA in `cas:`, or the issuer in \
                 `foreign_issuers:` if it is none of yours"
            }
        }
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

/// What joining needs to know beside the two events.
pub(crate) struct Known<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) policy: &'a DomainPolicy,
    pub(crate) facts: &'a Facts,
    pub(crate) directory: &'a CaDirectory,
}

pub(crate) fn join(record: &IssuedRecord, logon: &PendingLogon, known: &Known<'_>) -> Option<Join> {
    let (issued, at) = (Time::from_millis(record.issued_ms), Time::from_millis(logon.time_ms));
    if !is_import(record) && at > issued.plus(known.settings.remember) {
        return None;
    }
    if let Some(hash) = record.serial_hash {
        return (hash == logon.serial_hash).then_some(Join::Serial);
    }
    if !Serial::parse(&logon.serial).is_some_and(|serial| serial.is_of_ad_cs()) {
        return None;
    }
    match ca_name(known.policy, known.directory, record.ca) {
        Some(name) if !logon.issuer.is_empty() => {
            let is_ours = same_text(name, &logon.issuer) && at.plus(MAX_CLOCK_OFFSET) >= issued;
            is_ours.then_some(Join::RequestId)
        }
        Some(_) | None => {
            let possible = at.plus(MAX_CLOCK_LEAD) >= issued && !is_of_another(logon, known);
            possible.then_some(Join::RequestIdUnnamedCa)
        }
    }
}

/// Whether the issuer is known to be another CA than the unnamed one: a foreign one, or one of ours that has a name.
fn is_of_another(logon: &PendingLogon, known: &Known<'_>) -> bool {
    is_foreign(known.policy, &logon.issuer, &account_of(logon))
        || configured_host(known.policy, &logon.issuer).is_some()
        || known.directory.cas.iter().any(|ca| !ca.name.is_empty() && same_text(&ca.name, &logon.issuer))
}

/// The name of a CA as logons write it: configured, else learned.
fn ca_name<'a>(policy: &'a DomainPolicy, directory: &'a CaDirectory, ca: u32) -> Option<&'a str> {
    let known = directory.cas.get(ca.checked_sub(1)? as usize)?;
    let configured = configured_name(policy, &Host::new(&known.host));
    configured.or_else(|| Some(known.name.as_str()).filter(|name| !name.is_empty()))
}

/// The index of a CA in the directory, from 1, where it gets a place if there is one.
pub(crate) fn ca_index(directory: &mut CaDirectory, host: &str) -> Option<u32> {
    let known = directory.cas.iter().position(|ca| Host::new(&ca.host).is_same(&Host::new(host)));
    let index = known.or_else(|| {
        (directory.cas.len() < MAX_CAS).then(|| {
            directory.cas.push(KnownCa { host: host.to_owned(), ..KnownCa::default() });
            directory.cas.len() - 1
        })
    })?;
    u32::try_from(index + 1).ok()
}

/// Learns which form the serial numbers of a CA have. Whether it was not known.
pub(crate) fn learn_form(directory: &mut CaDirectory, ca: u32, serial: Option<&Serial>) -> bool {
    let index = (ca as usize).checked_sub(1);
    let (Some(known), Some(serial)) = (index.and_then(|index| directory.cas.get_mut(index)), serial) else {
        return false;
    };
    let form = if serial.is_of_ad_cs() { &mut known.of_ad_cs } else { &mut known.of_another_form };
    !std::mem::replace(form, true)
}

/// AD CS of Windows Server 2008 R2 and before made serial numbers of ten octets, with the request id at the end only.
const OLD_FORM_DIGITS: usize = 20;

/// Whether the issuer is a CA of ours that puts the request id into its serial numbers, and this one has none: the service of
/// the CA did not make it.
pub(crate) fn is_forged(policy: &DomainPolicy, directory: &CaDirectory, logon: &PendingLogon) -> bool {
    let Some(serial) = Serial::parse(&logon.serial) else { return false };
    let has_other_form = serial.as_str().len() > OLD_FORM_DIGITS && !serial.is_of_ad_cs();
    let is_issuer = |(index, known): (u32, &KnownCa)| {
        known.of_ad_cs
            && !known.of_another_form
            && ca_name(policy, directory, index).is_some_and(|name| same_text(name, &logon.issuer))
    };
    has_other_form && (1..).zip(&directory.cas).any(is_issuer)
}

/// Learns from an exact join under which name logons know the CA, and from one by request id which form its serial numbers have,
/// where its own events have none.
pub(crate) fn learn(
    directory: &mut CaDirectory,
    record: &IssuedRecord,
    how: Join,
    issuer: &str,
    slot: &mut RequestSlot<'_>,
) {
    let known = (record.ca as usize).checked_sub(1).and_then(|index| directory.cas.get_mut(index));
    let Some(known) = known else { return };
    if how == Join::Serial && !issuer.is_empty() && known.name != issuer {
        issuer.clone_into(&mut known.name);
    } else if how == Join::RequestId && !known.of_ad_cs {
        // Only a serial number of that form names a request.
        known.of_ad_cs = true;
    } else {
        return;
    }
    slot.put_shared(DIRECTORY, directory);
}

pub(crate) fn ca_host(directory: &CaDirectory, ca: u32) -> Option<Host> {
    directory.cas.get((ca as usize).checked_sub(1)?).map(|known| Host::new(&known.host))
}

/// Keeps the alert, if it is open.
pub(crate) fn keep_open(open: Option<OpenAlert>, slot: &mut RequestSlot<'_>) {
    slot.state.open.extend(open);
    if slot.state.open.len() > MAX_PER_REQUEST_ID {
        slot.state.open.remove(0);
    }
}
