//! The finding for a protected account that was logged on with a certificate nobody is known to have issued: forged with
//! the key of a CA (golden certificate), or issued before the events of the CA were read.
//!
//! The same for every account, and for a refused logon, where the serial number shows that the service of the CA did not make
//! the certificate.
//!
//! `unknown-certificate` decides it for every certificate, where the policy states that the issuance of a CA is complete.

use crate::alert::Alert;
use crate::detect::certificate_use::{Outcome, account_of, outcome};
use crate::detect::certificate_used_by_other::finding::{add_use_evidence, codes, is_about};
use crate::detect::certificate_used_by_other::join::RequestSlot;
use crate::detect::certificate_used_by_other::other::is_protected;
use crate::detect::certificate_used_by_other::settings::Settings;
use crate::detect::issuer::is_foreign;
use crate::detect::lifecycle::{Lifetime, Trigger};
use crate::detect::report::{self, reason};
use crate::detect::{Context, Entity, memory_after};
use crate::event::Event;
use crate::event::time::Time;
use crate::wire::record::{OpenAlert, PendingLogon};

const CODE: &str = "issuance_unknown";
const FORGED: &str = "serial_of_another_form";

/// Opens an alert about the use of a protected account, or of a `forged` certificate, once for each certificate and account. If the issuance arrives and is another account's, the
/// alert is revised.
pub(crate) fn judge(
    settings: &Settings,
    event: &Event,
    (logon, forged): (&PendingLogon, bool),
    slot: &mut RequestSlot<'_>,
    cx: &mut Context<'_>,
) {
    let used_by = account_of(logon);
    let known = slot.state.open.iter().position(|open| is_about(open, &logon.serial, &used_by));
    let is_written = known.is_some_and(|known| !slot.state.open[known].withheld);
    let is_ours = !logon.issuer.is_empty() && !is_foreign(cx.policy, &logon.issuer, &used_by);
    if is_written || !is_ours || !(forged || is_protected(cx.policy, logon, &used_by)) {
        return;
    }
    let at = Time::from_millis(logon.time_ms);
    let entity = Entity::account(&used_by);
    let mut open = known.map(|known| slot.state.open.remove(known));
    Trigger { at, lifetime: lifetime(settings) }.raise(
        &mut open,
        cx,
        |cx| report::new_alert(&entity, event, cx),
        |alert, _| {
            if forged {
                describe_forged(alert, logon, settings);
            } else {
                describe(alert, logon, settings);
            }
            describe_use(alert, logon)
        },
    );
    slot.state.open.extend(open);
    slot.keep_until(memory_after(at, settings.remember));
}

pub(crate) fn lifetime(settings: &Settings) -> Lifetime {
    Lifetime::SinceOpened(settings.remember)
}

/// Whether the alert is about a certificate whose issuance is still unknown.
pub(crate) fn is_about_unseen(open: &OpenAlert) -> bool {
    open.alert.as_ref().is_some_and(|alert| alert.requester_account.is_none())
}

/// The issuance has arrived: the alert is about another account from now on. Whether it was about an unknown issuance.
pub(crate) fn settle(alert: &mut Alert) -> bool {
    let reasons = alert.reasons.len();
    alert.reasons.retain(|reason| reason.code != CODE && reason.code != FORGED);
    alert.reasons.len() < reasons
}

/// The alert about a certificate that the service of its CA did not make. That there is one is as grave when it is refused.
fn describe_forged(alert: &mut Alert, logon: &PendingLogon, settings: &Settings) {
    let (used_by, issuer) = (account_of(logon), &logon.issuer);
    let tried = if outcome(logon) == Outcome::Refused { "Tried to log on as" } else { "Logged on as" };
    alert.severity = settings.severity.issuance_unknown;
    alert.title = format!("{tried} {used_by} with a certificate that the service of {issuer} did not make");
    let text = format!(
        "{issuer} puts the request id into every serial number, and this one has none: the certificate was made with the key of \
         the CA (golden certificate), or by another CA of this name. If one of your CAs makes such serial numbers, \
         `adcs-watch inventory import --issued` of its certificates settles it"
    );
    report::add_reason(alert, reason(FORGED, text));
}

fn describe(alert: &mut Alert, logon: &PendingLogon, settings: &Settings) {
    let (used_by, issuer) = (account_of(logon), &logon.issuer);
    let refused = outcome(logon) == Outcome::Refused;
    let severity = settings.severity.issuance_unknown;
    alert.severity = if refused { severity.milder() } else { severity };
    let tried = if refused { "Tried to log on as" } else { "Logged on as" };
    alert.title = format!("{tried} the protected {used_by} with a certificate whose issuance was not seen");
    let text = format!(
        "no event and no import has the issuance of this certificate: it was issued before the events were read, its event was \
         lost, or it was forged with the key of a CA. `adcs-watch inventory import --issued` settles it; if {issuer} is none of \
         your CAs: `foreign_issuers: ['{issuer}']`"
    );
    report::add_reason(alert, reason(CODE, text));
}

fn describe_use(alert: &mut Alert, logon: &PendingLogon) -> bool {
    let used_by = account_of(logon);
    alert.why_suspicious = codes(alert);
    alert.used_by_account = Some(used_by.name.clone());
    alert.used_by_domain = Some(used_by.domain.clone()).filter(|domain| !domain.is_empty());
    alert.certificate_serial = Some(logon.serial.clone());
    alert.remote_ip.clone_from(&logon.remote_ip);
    add_use_evidence(alert, &used_by, logon);
    true
}
