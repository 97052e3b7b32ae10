//! `unknown-certificate`: a certificate was used that no CA of ours issued.
//!
//! **What.** A use (4768, 4771, or 21, 39, 40, 41, 45 of the KDC) of a certificate whose issuer has the name of one of our
//! CAs, while neither 4887 nor an import has its serial number, although all certificates of that CA are known. Or a
//! protected account uses a certificate of an issuer that is neither ours nor known to be foreign.
//! **Why.** With the private key of a CA certificates are forged that the CA never sees (golden certificate), and a CA that
//! was added to NTAuth issues them for anybody. Source: the techniques DPERSIST1 and DPERSIST2 of "Certified Pre-Owned".
//! **What looks alike and is harmless.** Certificates from before the events were read: import them, or wait for their
//! end. Templates whose certificates the CA does not record: leave out that CA. Cards of another vendor: `foreign_issuers:`.

mod settings;
mod finding;

use crate::alert::Severity;
use crate::detect::certificate_use::{account_of, serial_of, use_of};
use crate::detect::domain::DomainPolicy;
use crate::detect::exception::Key;
use crate::detect::issuer::{configured_hosts, configured_name, is_foreign};
use crate::detect::protected::is_protected_account;
use crate::detect::unknown_certificate::finding::{CaSlot, Unknown, raise};
pub(crate) use crate::detect::unknown_certificate::settings::Settings;
use crate::detect::{About, Context, Detection, Entity, memory_after};
use crate::event::account::same_text;
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::event::time::Time;
use crate::event::{Activity, Event};
use crate::wire::record::{CertificateState, PendingLogon, UnknownCertificateState};

/// The most uses of one CA that wait for their issuance. Beyond it the oldest waits no longer.
const MAX_PENDING: usize = 64;

/// The detection with its settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnknownCertificate {
    settings: Settings,
}

impl UnknownCertificate {
    /// The detection as the operator configured it.
    pub(crate) fn new(settings: Settings) -> UnknownCertificate {
        UnknownCertificate { settings }
    }
}

impl Detection for UnknownCertificate {
    type State = UnknownCertificateState;
    type Part = CertificateState;

    const ABOUT: About = About {
        id: "unknown-certificate",
        title: "Certificate used that no CA of ours issued",
        mitre: &[
            ("TA0006", "Credential Access", "T1649", "Steal or Forge Authentication Certificates"),
            ("TA0003", "Persistence", "T1078", "Valid Accounts"),
        ],
        investigative_actions: &[
            "Look for the serial number in the CA's database (certutil -view): if it is there, its event was lost",
            "If it is not there, treat the CA's private key as stolen: plan a new CA, and take this one out of NTAuth",
            "Treat the account that was logged on as compromised: reset its secrets, end its sessions",
            "Read the certificates in NTAuthCertificates, and who changed them last",
        ],
        benign_if: &[
            "The certificate is of a CA that you know: name the CA under `cas` or `foreign_issuers`, or import the certificates that were issued before the stream began",
        ],
        excepted_by: &[Key::UsedBy, Key::Address],
        severities: &[Severity::Medium, Severity::High, Severity::Critical],
    };

    fn entities(&self, event: &Event, policy: &DomainPolicy, found: &mut dyn FnMut(Entity)) {
        if let Some((ca, _)) = issued(event) {
            let (ca, since) = self.in_place_of(ca, policy);
            if since.is_some() {
                found(Entity::ca_in_any_spelling(&ca));
            }
        } else if serial_of(event).is_some()
            && let Some(logon) = use_of(event)
            && let Some((entity, _)) = self.unknown(&logon, policy)
        {
            found(entity);
        }
    }

    fn on_event(&self, event: &Event, entity: &Entity, slot: &mut CaSlot<'_>, cx: &mut Context<'_>) {
        let at = event.effective_time();
        if let Some((_, number)) = issued(event) {
            remember(&self.settings, event, &number, slot);
        } else if let Some(logon) = use_of(event) {
            match self.unknown(&logon, cx.policy) {
                Some((_, Unknown::Certificate)) => wait(logon, slot),
                Some((_, unknown)) => raise(&self.settings, event, entity, &logon, unknown, slot, cx),
                None => {}
            }
        }
        self.raise_due(event, entity, at, slot, cx);
        // What is known of the form of serial numbers is kept, so that a quiet CA has no forged ones when it wakes.
        let horizon = if slot.state.other_forms { self.settings.remember } else { self.settings.wait };
        slot.keep_until(memory_after(at, horizon));
    }
}

impl UnknownCertificate {
    /// Where the certificates of all hosts with this CA's name meet, and from when on they are complete.
    fn in_place_of(&self, ca: &Host, policy: &DomainPolicy) -> (Host, Option<Time>) {
        let of_name = configured_name(policy, ca).and_then(|name| self.of_name(name, policy));
        of_name.unwrap_or_else(|| (ca.clone(), self.settings.complete_since(ca)))
    }

    /// The same for a CA's name: the first of its hosts that is complete, else the first. None: `cas:` has no such name.
    fn of_name(&self, name: &str, policy: &DomainPolicy) -> Option<(Host, Option<Time>)> {
        let since =
            configured_hosts(policy, name).filter_map(|host| self.settings.complete_since(&host)).max();
        let is_complete = |host: &Host| self.settings.complete_since(host).is_some();
        let complete = configured_hosts(policy, name).find(is_complete);
        Some((complete.or_else(|| configured_hosts(policy, name).next())?, since))
    }

    /// What may be unknown of the certificate, and where it is judged; none: nothing that matters.
    fn unknown(&self, logon: &PendingLogon, policy: &DomainPolicy) -> Option<(Entity, Unknown)> {
        let account = account_of(logon);
        if let Some((ca, since)) = self.of_name(&logon.issuer, policy) {
            let since = since?;
            let is_complete = Time::from_millis(logon.time_ms) >= since;
            return is_complete.then(|| (Entity::ca_in_any_spelling(&ca), Unknown::Certificate));
        }
        let is_unknown = !policy.cas.is_empty()
            && !logon.issuer.is_empty()
            && !is_foreign(policy, &logon.issuer, &account)
            && is_protected_account(policy, &account);
        is_unknown.then(|| (Entity::named(&format!("issuer {}", logon.issuer)), Unknown::Issuer))
    }

    /// Raises what has waited long enough, by the clock of the events of this CA, and at once what this CA cannot have issued.
    fn raise_due(
        &self,
        event: &Event,
        entity: &Entity,
        at: Time,
        slot: &mut CaSlot<'_>,
        cx: &mut Context<'_>,
    ) {
        let too_many = slot.state.pending.len().saturating_sub(MAX_PENDING);
        let pending = std::mem::take(&mut slot.state.pending);
        for (index, logon) in pending.into_iter().enumerate() {
            let is_due = Time::from_millis(logon.time_ms).plus(self.settings.wait) <= at;
            let is_forged = !slot.state.other_forms && has_other_form(&logon.serial);
            if is_due || is_forged || index < too_many {
                raise(&self.settings, event, entity, &logon, Unknown::Certificate, slot, cx);
            } else {
                slot.state.pending.push(logon);
            }
        }
    }
}

/// What names a certificate among those of its CA.
#[derive(Clone, Debug)]
enum Number {
    Serial(Serial),
    /// The event has no serial number.
    Request(u32),
}

impl Number {
    fn part(&self) -> String {
        match self {
            Number::Serial(serial) => format!("serial {serial}"),
            Number::Request(id) => format!("request {id}"),
        }
    }

    fn is_of(&self, serial: &Serial) -> bool {
        match self {
            Number::Serial(own) => own == serial,
            Number::Request(id) => serial.names_request(*id),
        }
    }
}

/// The CA and the number of an issued certificate; none: the event is no issuance.
fn issued(event: &Event) -> Option<(&Host, Number)> {
    if let Activity::CertificateKnown(known) = &event.activity {
        return Some((&known.ca, Number::Serial(known.serial.clone())));
    }
    let issued = event.activity.issued()?;
    let number = issued.serial.clone().map_or(Number::Request(issued.request.request_id), Number::Serial);
    Some((&event.computer, number))
}

/// Whether a serial number does not have the request id where AD CS puts it.
fn has_other_form(serial: &str) -> bool {
    !Serial::parse(serial).is_some_and(|serial| serial.is_of_ad_cs())
}

fn remember(settings: &Settings, event: &Event, number: &Number, slot: &mut CaSlot<'_>) {
    let at = event.effective_time();
    let issued_ms = at.as_millis().max(1);
    let part = CertificateState { issued_ms, open: None };
    slot.state.other_forms |= matches!(number, Number::Serial(serial) if !serial.is_of_ad_cs());
    slot.put_part(&number.part(), &part, memory_after(at, settings.remember));
    slot.state
        .pending
        .retain(|logon| !Serial::parse(&logon.serial).is_some_and(|serial| number.is_of(&serial)));
}

/// A use whose certificate is not known waits for it; the same one twice waits once, with the client's address if one has
/// it.
fn wait(logon: PendingLogon, slot: &mut CaSlot<'_>) {
    let Some(serial) = Serial::parse(&logon.serial) else { return };
    let numbers = [Number::Request(serial.request_id()), Number::Serial(serial.clone())];
    let is_issued =
        numbers.iter().any(|number| number.is_of(&serial) && slot.part(&number.part()).issued_ms != 0);
    if is_issued {
        return;
    }
    // The events of the KDC have no domain.
    let same =
        |known: &&mut PendingLogon| known.serial == logon.serial && same_text(&known.account, &logon.account);
    match slot.state.pending.iter_mut().find(same) {
        Some(known) if known.remote_ip.is_none() => *known = logon,
        Some(_) => {}
        None => slot.state.pending.push(logon),
    }
}
