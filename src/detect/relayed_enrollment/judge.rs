//! What a request shows together with the logon of its account at the CA and with the coercion of its machine.

use crate::alert::{Evidence, Reason, Severity};
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::same_account;
use crate::detect::protected::is_protected_account;
use crate::detect::relayed_enrollment::settings::Severities;
use crate::detect::report::reason;
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::time::{Span, Time};
use crate::wire::alert::evidence_from_record;
use crate::wire::record::{RelaySighting, RelayState};

/// A logon belongs to a request of the same account at the same CA within this time.
const LOGON_WINDOW: Span = Span::seconds(30);

/// Coercion precedes the request by at most this time.
const COERCION_WINDOW: Span = Span::minutes(10);

/// A request that came through a relay.
#[derive(Clone, Debug)]
pub(super) struct Relayed {
    /// How grave it is.
    pub severity: Severity,
    /// Why, the gravest first.
    pub reasons: Vec<Reason>,
    /// The events behind it.
    pub evidence: Vec<Evidence>,
    /// The address of the logon that belongs to the request.
    pub address: Option<String>,
    /// Whether more than a new address speaks for a relay.
    pub is_certain: bool,
    /// Whether the address can be nothing but that of the relay. A script that speaks to web enrollment has one too, and is
    /// known after a day.
    pub blames_address: bool,
}

/// Judges a request of `account` with all that is remembered of it; none: nothing is unusual.
pub(super) fn judge(
    severities: &Severities,
    policy: &DomainPolicy,
    state: &RelayState,
    account: &Account,
    request: &RelaySighting,
) -> Option<Relayed> {
    let logon = logon_of(policy, state, account, request);
    let coercion = coercion_of(policy, state, account, request, logon);
    let is_new = logon.is_some_and(|logon| logon.new_address);
    let ntlm = request.ntlm || logon.is_some_and(|logon| logon.ntlm);
    let protected = is_protected_account(policy, account);
    let coerced_from_there = coercion.is_some_and(|c| logon.is_some_and(|logon| logon.address == c.address));
    let forced = coercion.is_some_and(|coercion| !coercion.ordinary_pipe);
    let by_address = is_new && (protected || ntlm || forced);
    let by_tool = by_tool(account, request, logon, ntlm);
    let blames_address =
        !request.reasons.is_empty() || (request.no_client && ntlm) || by_address || coerced_from_there;
    let is_certain = blames_address || by_tool.is_some();
    if !is_certain && !is_new {
        return None;
    }
    let severity = match (is_certain, protected || coercion.is_some()) {
        (true, true) => severities.protected,
        (true, false) => severities.relayed,
        (false, _) => severities.address,
    };
    let coercion = coercion.filter(|_| is_certain);
    let evidence = [Some(request), logon, coercion].into_iter().flatten();
    Some(Relayed {
        severity,
        reasons: reasons(account, request, by_tool, logon, coercion),
        evidence: evidence.filter_map(|s| s.evidence.clone()).map(evidence_from_record).collect(),
        address: logon.map(|logon| logon.address.clone()),
        is_certain,
        blames_address,
    })
}

fn reasons(
    account: &Account,
    request: &RelaySighting,
    by_tool: Option<Reason>,
    logon: Option<&RelaySighting>,
    coercion: Option<&RelaySighting>,
) -> Vec<Reason> {
    let own = request.reasons.iter().map(|r| Reason { code: r.code.clone(), text: r.text.clone() });
    let mut reasons: Vec<Reason> = own.chain(by_tool).collect();
    if let Some(logon) = logon.filter(|logon| logon.new_address) {
        let address = &logon.address;
        let text = format!(
            "{account} logged on to the CA from {address}, where it has not been before. If {address} is a proxy or an \
             enrollment web service: `allow: {{source_hosts: ['{address}']}}`; relays through it then stay unnoticed by address"
        );
        reasons.push(reason("new_address", text));
    }
    if let Some(coercion) = coercion {
        let text = format!(
            "{} opened the pipe {} of {}, by which a machine can be made to log on elsewhere",
            coercion.address, coercion.pipe, coercion.computer
        );
        reasons.push(reason("coerced", text));
    }
    reasons
}

/// What a request over NTLM shows that neither Windows nor a browser made.
fn by_tool(
    account: &Account,
    request: &RelaySighting,
    logon: Option<&RelaySighting>,
    ntlm: bool,
) -> Option<Reason> {
    if request.no_client && ntlm {
        let text = format!(
            "{account} asked by NTLM, and its request states no client: a machine asks by Kerberos, and Windows states the client"
        );
        return Some(reason("machine_without_client", text));
    }
    let logon = logon.filter(|logon| request.no_browser && logon.ntlm && !logon.usual_address)?;
    let text = format!(
        "The request of {account} was made on the CA, as web enrollment does, and names no browser; {account} logged on there by \
         NTLM from {}",
        logon.address
    );
    Some(reason("web_enrollment_without_browser", text))
}

/// The logon that belongs to the request: one from a new address before others, then the nearest in time.
fn logon_of<'s>(
    policy: &DomainPolicy,
    state: &'s RelayState,
    account: &Account,
    request: &RelaySighting,
) -> Option<&'s RelaySighting> {
    let distance = |logon: &RelaySighting| time(logon).distance(time(request));
    let belongs = |logon: &&RelaySighting| {
        is_of(policy, account, logon)
            && Host::new(&logon.computer).is_same(&Host::new(&request.computer))
            && distance(logon) <= LOGON_WINDOW
    };
    state.logons.iter().filter(belongs).min_by_key(|logon| (!logon.new_address, distance(logon)))
}

/// The coercion that precedes the request: from the address of the logon before others, then through a rare pipe, then the
/// latest. Clocks of two computers differ by seconds.
fn coercion_of<'s>(
    policy: &DomainPolicy,
    state: &'s RelayState,
    account: &Account,
    request: &RelaySighting,
    logon: Option<&RelaySighting>,
) -> Option<&'s RelaySighting> {
    let (earliest, latest) = (time(request).minus(COERCION_WINDOW), time(request).plus(LOGON_WINDOW));
    let precedes = |coercion: &&RelaySighting| {
        is_of(policy, account, coercion) && time(coercion) >= earliest && time(coercion) <= latest
    };
    let rank = |coercion: &&RelaySighting| {
        let from_there = logon.is_some_and(|logon| logon.address == coercion.address);
        (from_there, !coercion.ordinary_pipe, coercion.time_ms)
    };
    state.coercions.iter().filter(precedes).max_by_key(rank)
}

/// Whether the sighting is of this account and not of its namesake in another domain.
pub(super) fn is_of(policy: &DomainPolicy, account: &Account, sighting: &RelaySighting) -> bool {
    same_account(policy, account, &Account::new(&sighting.domain, &account.name))
}

fn time(sighting: &RelaySighting) -> Time {
    Time::from_millis(sighting.time_ms)
}
