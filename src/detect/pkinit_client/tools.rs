//! A certificate that a tool asked for and a tool used, for the account's own name: 4887 joined with 4768, in either order.
//!
//! Each alone has harmless look-alikes: devices that are not Windows ask for certificates, and log on with them. But they
//! authenticate to the CA by Kerberos or through web enrollment; a tool with a stolen hash, by NTLM and without a client.
//! However it was asked for, if not by Windows: a tool that relays a user, or has a stolen ticket, uses the certificate at once.

use crate::detect::ALLOWED_LATENESS;
use crate::detect::chain;
use crate::detect::domain::DomainPolicy;
use crate::event::serial::Serial;
use crate::event::time::{Span, Time};
use crate::event::{CertificateLogon, Event};
use crate::wire::record::ChainEvent;

/// As long as the certificate may live.
pub(super) const REMEMBERED: Span = Span::days(400);

/// A tool uses what it got within this time.
const AT_ONCE: Span = ALLOWED_LATENESS;

const ISSUED: &str = "certificate_for_a_tool";
/// Of a certificate that Windows did not ask for; a tool need not have.
const ISSUED_TO_OTHERS: &str = "certificate_for_another_client";
const USED: &str = "logon_of_a_tool";

/// 4887 of a certificate that was asked for with a request that states no client, or for a user on the CA itself, as web
/// enrollment does. Its serial number is in `new`, its request id in `attribute`.
pub(super) fn issued(event: &Event) -> Option<ChainEvent> {
    let issued = event.activity.issued()?;
    let request = &issued.request;
    let on_the_ca = request.is_from(&event.computer);
    let is_of_web = on_the_ca && request.is_of_no_windows() && !request.requester.is_machine();
    if request.states_its_client() && !is_of_web {
        return None;
    }
    let by_tool = request.is_by_ntlm() && !request.states_its_client();
    let kind = if by_tool { ISSUED } else { ISSUED_TO_OTHERS };
    let (account, id) = (request.requester.to_string(), request.request_id.to_string());
    let template = request.template.as_deref().unwrap_or_default();
    let service = request.authentication_service.as_deref().unwrap_or_default();
    let fields =
        [("requester", account.as_str()), ("template", template), ("authentication_service", service)];
    Some(ChainEvent {
        new: issued.serial.as_ref().map(ToString::to_string).unwrap_or_default(),
        attribute: id,
        ..chain::link(event, kind, &request.requester, &fields)
    })
}

/// The logon of a tool, as it is remembered. Its serial number is in `new`.
pub(super) fn used(event: &Event, logon: &CertificateLogon, fields: &[(&'static str, String)]) -> ChainEvent {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ChainEvent { new: logon.serial.to_string(), ..chain::link(event, USED, &logon.account, &fields) }
}

/// Remembers the event, and returns the issuance and the use that it completes. A use waits for its issuance as long as events
/// may be late.
pub(super) fn complete(
    policy: &DomainPolicy,
    events: &mut Vec<ChainEvent>,
    new: &ChainEvent,
) -> Option<(ChainEvent, ChainEvent)> {
    let at = Time::from_millis(new.time_ms);
    events.retain(|known| known.kind == ISSUED || chain::time(known).distance(at) <= ALLOWED_LATENESS);
    chain::remember(events, new.clone(), REMEMBERED);
    let pair = |known: &ChainEvent| {
        let (issued, used) = if new.kind == USED { (known, new) } else { (new, known) };
        let is_fresh = chain::time(issued).distance(chain::time(used)) <= AT_ONCE;
        let is_pair = (issued.kind == ISSUED || (issued.kind == ISSUED_TO_OTHERS && is_fresh))
            && used.kind == USED
            && is_of(issued, used)
            && chain::is_one_account(policy, issued, used);
        is_pair.then(|| (issued.clone(), used.clone()))
    };
    events.iter().find_map(pair)
}

/// Whether the certificate that was used is the one that was issued.
fn is_of(issued: &ChainEvent, used: &ChainEvent) -> bool {
    let Some(serial) = Serial::parse(&used.new) else { return false };
    match Serial::parse(&issued.new) {
        Some(known) => known == serial,
        None => issued.attribute.parse().is_ok_and(|id| serial.names_request(id)),
    }
}

/// Whether the request came by NTLM and stated no client, as of a tool with a stolen hash.
pub(super) fn is_by_tool(issued: &ChainEvent) -> bool {
    issued.kind == ISSUED
}
