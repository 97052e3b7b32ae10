//! The finding for two certificates with one serial number. A CA gives each number once, so one of them was made with its key
//! (golden certificate), as a copy of the other: tools take the serial number over from the certificate that they copy.
//!
//! Seen by the thumbprints, which are hashes of the whole certificates. Which of the two is forged does not show.

use crate::alert::{Alert, Evidence};
use crate::detect::certificate_use::thumbprint_of;
use crate::detect::certificate_used_by_other::finding::{codes, filled, is_about, request_id};
use crate::detect::certificate_used_by_other::join::{RequestSlot, keep_open};
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::certificate_used_by_other::{requester, unseen};
use crate::detect::finding::set_used_by;
use crate::detect::issuer::is_foreign;
use crate::detect::lifecycle::Trigger;
use crate::detect::report::{self, reason};
use crate::detect::{Context, Entity, memory_after};
use crate::event::Event;
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::time::Time;
use crate::wire::record::{PendingLogon, SeenCertificate};

/// The most certificates with one request id, or one serial number, that are kept apart.
const MAX_SEEN: usize = 8;

/// Keys that no CA has certified have short serial numbers, which many of them share.
const SHORT_DIGITS: usize = 16;

/// Remembers which certificate was used, and raises an alert if there is another one with its serial number.
pub(crate) fn judge(
    settings: &Settings,
    event: &Event,
    logon: &PendingLogon,
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let Some(thumbprint) = thumbprint_of(event).filter(|_| is_of_a_ca(logon, cx)) else { return };
    let new = seen(event, logon, thumbprint);
    let of_serial = |known: &&SeenCertificate| known.serial_hash == new.serial_hash;
    if slot.state.seen.iter().filter(of_serial).any(|known| known.thumbprint == new.thumbprint) {
        return;
    }
    let earlier =
        slot.state.seen.iter().rfind(|known| of_serial(known) && is_of_another(known, &new)).cloned();
    slot.keep_until(memory_after(Time::from_millis(new.time_ms), settings.remember));
    slot.state.seen.push(new.clone());
    if slot.state.seen.len() > MAX_SEEN {
        slot.state.seen.remove(0);
    }
    if let Some(known) = earlier {
        raise(settings, event, logon, [known, new], slot, cx);
    }
}

/// Whether two certificates with one serial number are of two holders, as far as the same kind of event shows: who copies a
/// certificate uses the copy for another account, or from elsewhere.
fn is_of_another(known: &SeenCertificate, new: &SeenCertificate) -> bool {
    let is_elsewhere =
        known.remote_ip.is_some() && new.remote_ip.is_some() && known.remote_ip != new.remote_ip;
    known.event_id == new.event_id && (is_elsewhere || !same_text(&known.account, &new.account))
}

fn is_of_a_ca(logon: &PendingLogon, cx: &Context<'_>) -> bool {
    let account = account_of(&logon.domain, &logon.account);
    logon.serial.len() > SHORT_DIGITS
        && !logon.issuer.is_empty()
        && !is_foreign(cx.policy, &logon.issuer, &account)
}

fn seen(event: &Event, logon: &PendingLogon, thumbprint: Vec<u8>) -> SeenCertificate {
    SeenCertificate {
        serial_hash: logon.serial_hash,
        thumbprint,
        time_ms: logon.time_ms,
        domain: logon.domain.clone(),
        account: logon.account.clone(),
        remote_ip: logon.remote_ip.clone(),
        event_id: event.origin.event_id,
        record_id: event.origin.record_id,
        computer: event.computer.to_string(),
    }
}

/// The alert is about the later use, whichever of the two is read last.
fn raise(
    settings: &Settings,
    event: &Event,
    logon: &PendingLogon,
    mut uses: [SeenCertificate; 2],
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    uses.sort_by_key(|used| (used.time_ms, used.record_id));
    let used_by = account_of(&uses[1].domain, &uses[1].account);
    let at = Time::from_millis(uses[1].time_ms);
    let entity = Entity::account(&used_by);
    let known = slot.state.open.iter().position(|open| is_about(open, &logon.serial, &used_by));
    let mut open = known.map(|index| slot.state.open.remove(index));
    let (is_finding, raised) = (open.as_ref().is_some_and(requester::is_finding), cx.alerts.len());
    let trigger = Trigger { at, lifetime: unseen::lifetime(settings) };
    trigger.raise(
        &mut open,
        cx,
        |cx| Alert {
            alert_id: report::alert_id(cx.about, &entity, &evidence(&uses[1], logon)),
            time: at,
            ..report::new_alert(&entity, event, cx)
        },
        |alert, _| describe(settings, alert, logon, &used_by, &uses),
    );
    keep_open(open, slot);
    requester::pass_on(is_finding, raised, cx);
}

fn describe(
    settings: &Settings,
    alert: &mut Alert,
    logon: &PendingLogon,
    used_by: &Account,
    uses: &[SeenCertificate; 2],
) -> bool {
    let severity = settings.severity.issuance_unknown;
    if alert.severity < severity {
        alert.severity = severity;
        alert.title = format!("Logged on as {used_by} with a certificate of which there are two");
    }
    let [first, second] = uses;
    let text = format!(
        "two certificates of {} have this serial number, which a CA gives once: {}, and {}. One of them was made with the key of the \
         CA (golden certificate)",
        logon.issuer,
        in_words(first),
        in_words(second)
    );
    let is_new = report::add_reason(alert, reason("two_certificates_with_one_serial", text));
    alert.why_suspicious = codes(alert);
    let times = [first, second].map(|used| Time::from_millis(used.time_ms));
    alert.first_seen = alert.first_seen.min(times[0]);
    alert.last_seen = alert.last_seen.max(times[1]);
    set_used_by(alert, used_by);
    alert.certificate_serial = Some(logon.serial.clone());
    if second.remote_ip.is_some() {
        alert.remote_ip.clone_from(&second.remote_ip);
    }
    for used in uses {
        report::add_evidence(alert, evidence(used, logon));
    }
    is_new
}

fn in_words(used: &SeenCertificate) -> String {
    let account = account_of(&used.domain, &used.account);
    let from = used.remote_ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{} in use as {account}{from} at {}", hex(&used.thumbprint), Time::from_millis(used.time_ms))
}

fn evidence(used: &SeenCertificate, logon: &PendingLogon) -> Evidence {
    Evidence {
        event_id: used.event_id,
        record_id: used.record_id,
        computer: Host::new(&used.computer),
        time: Time::from_millis(used.time_ms),
        request_id: request_id(logon),
        fields: filled([
            ("account", account_of(&used.domain, &used.account).to_string()),
            ("issuer", logon.issuer.clone()),
            ("serial", logon.serial.clone()),
            ("thumbprint", hex(&used.thumbprint)),
        ]),
        ..Evidence::default()
    }
}

fn account_of(domain: &str, name: &str) -> Account {
    Account { domain: domain.to_owned(), name: name.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
