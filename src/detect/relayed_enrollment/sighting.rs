//! What one event shows of an account: its request to a CA, its logon at a CA, or that somebody coerced its machine.

use crate::alert::{Evidence, Reason};
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::is_name_of_machine;
use crate::detect::protected::is_protected_account;
use crate::detect::report::{self, reason};
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::{Activity, CertificateRequest, Event, NetworkLogon, ShareAccess};
use crate::wire::alert::evidence_to_record;
use crate::wire::record::{self, RelaySighting};
use std::net::IpAddr;

/// What an event shows of an account.
#[derive(Clone, Debug)]
pub(super) enum Seen<'e> {
    /// A request to a CA and its answer, 4886 to 4889.
    Request(&'e CertificateRequest),
    /// 4624 at a CA.
    Logon(&'e NetworkLogon),
    /// 5145 of a pipe by which its machine can be made to log on elsewhere.
    Coercion(&'e ShareAccess),
    /// The addresses of its machine, from an import.
    Addresses(&'e [String]),
}

/// What the event shows, and of which account; none: nothing of interest.
pub(super) fn seen<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<(Seen<'e>, Account)> {
    if let Some(request) = report::request_of(event) {
        let matters = is_candidate(policy, &request.requester)
            || is_unprotected_rpc(request)
            || is_of_no_browser(event, request);
        return matters.then(|| (Seen::Request(request), request.requester.clone()));
    }
    if let Activity::NetworkLogon(logon) = &event.activity {
        let matters = is_at_ca(policy, &event.computer)
            && logon.logon_type == NETWORK
            && !same_text(&logon.logon_process, "Schannel")
            && logon.remote_ip.is_some()
            && (is_candidate(policy, &logon.account) || is_by_ntlm(logon));
        return matters.then(|| (Seen::Logon(logon), logon.account.clone()));
    }
    if let Activity::ShareAccessed(access) = &event.activity {
        let matters =
            pipe(access).is_some() && access.remote_ip.as_deref().is_some_and(|ip| !is_own_address(ip));
        return matters.then(|| (Seen::Coercion(access), Account::of_machine(&event.computer)));
    }
    if let Activity::HostKnown(known) = &event.activity {
        return Some((Seen::Addresses(&known.addresses), Account::of_machine(&known.host)));
    }
    None
}

/// By NTLM any account can be relayed.
fn is_by_ntlm(logon: &NetworkLogon) -> bool {
    same_text(&logon.package, "NTLM")
}

/// The logon type of a logon over the network.
const NETWORK: u32 = 3;

/// Machine accounts, which can be coerced, and accounts that are worth a relay.
fn is_candidate(policy: &DomainPolicy, account: &Account) -> bool {
    account.is_machine() || is_protected_account(policy, account)
}

/// Without `cas:` any computer may be a CA.
fn is_at_ca(policy: &DomainPolicy, computer: &Host) -> bool {
    policy.cas.is_empty() || policy.cas.keys().any(|ca| Host::new(ca).is_same(computer))
}

/// A connection of a computer to itself.
pub(super) fn is_own_address(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Pipes of the interfaces by which a remote host makes a machine log on elsewhere (MS-RPRN, MS-EFSR, MS-DFSNM, MS-FSRVP,
/// MS-EVEN), and whether ordinary clients open them too.
const PIPES: [(&str, bool); 6] = [
    ("spoolss", true),
    ("lsarpc", true),
    ("netdfs", true),
    ("eventlog", true),
    ("efsrpc", false),
    ("fssagentrpc", false),
];

/// The pipe that was opened, if a machine can be coerced by it, and whether ordinary clients open it too.
fn pipe(access: &ShareAccess) -> Option<(&'static str, bool)> {
    let name = access.target.trim_start_matches('\\');
    PIPES.iter().find(|(pipe, _)| pipe.eq_ignore_ascii_case(name)).copied()
}

/// The request that is remembered, with the reasons that it gives alone.
pub(super) fn of_request(
    event: &Event,
    request: &CertificateRequest,
    policy: &DomainPolicy,
) -> RelaySighting {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let host = |host: &Option<Host>| host.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = [
        ("client", host(&request.client)),
        ("client_info", text(&request.client_info)),
        ("user_agent", text(&request.user_agent)),
        ("authentication_service", text(&request.authentication_service)),
        ("authentication_level", text(&request.authentication_level)),
        ("transport", text(&request.transport)),
    ];
    RelaySighting {
        reasons: own_reasons(event, request, policy)
            .into_iter()
            .map(|Reason { code, text }| record::Reason { code, text })
            .collect(),
        template: report::cut(&request.templates_in_one()),
        ntlm: request.is_by_ntlm(),
        no_client: is_other_machine(&request.requester, &event.computer) && !request.states_its_client(),
        no_browser: is_of_no_browser(event, request),
        ..sighting(event, &request.requester, &fields)
    }
}

/// The logon that is remembered.
pub(super) fn of_logon(event: &Event, logon: &NetworkLogon) -> RelaySighting {
    let address = logon.remote_ip.clone().unwrap_or_default();
    let fields = [
        ("account", logon.account.to_string()),
        ("address", address.clone()),
        ("package", logon.package.clone()),
    ];
    RelaySighting {
        address: report::cut(&address),
        ntlm: is_by_ntlm(logon),
        ..sighting(event, &logon.account, &fields)
    }
}

/// The access to a pipe that is remembered.
pub(super) fn of_coercion(event: &Event, access: &ShareAccess) -> RelaySighting {
    let (pipe, ordinary) = pipe(access).unwrap_or_default();
    let address = access.remote_ip.clone().unwrap_or_default();
    let fields =
        [("account", access.account.to_string()), ("address", address.clone()), ("pipe", pipe.to_owned())];
    RelaySighting {
        address: report::cut(&address),
        pipe: pipe.to_owned(),
        ordinary_pipe: ordinary,
        ..sighting(event, &Account::of_machine(&event.computer), &fields)
    }
}

fn sighting(event: &Event, account: &Account, fields: &[(&str, String)]) -> RelaySighting {
    let mut evidence: Evidence = report::evidence(event);
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    evidence.fields.extend(filled.map(|(name, value)| ((*name).to_owned(), report::cut(value))));
    RelaySighting {
        domain: account.domain.clone(),
        account: account.name.clone(),
        computer: event.computer.to_string(),
        time_ms: event.effective_time().as_millis(),
        evidence: Some(evidence_to_record(evidence)),
        ..RelaySighting::default()
    }
}

/// What is unusual about the request itself.
fn own_reasons(event: &Event, request: &CertificateRequest, policy: &DomainPolicy) -> Vec<Reason> {
    let (requester, ca) = (&request.requester, &event.computer);
    let mut reasons = Vec::new();
    if requester.is_machine() && !is_name_of_machine(requester, ca.label()) {
        if let Some(agent) = request.user_agent.as_deref().map(report::cut) {
            let agent = if agent.is_empty() { "no browser".to_owned() } else { agent };
            let text = format!(
                "The machine {requester} asked through the pages of web enrollment ({agent}), which machines do not use"
            );
            reasons.push(reason("web_enrollment_by_machine", text));
        }
        if request.is_from(ca) && !is_of_proxy(request, policy) {
            let text = format!(
                "The request of {requester} was made on the CA {ca} itself, as web enrollment does (ccm)"
            );
            reasons.push(reason("client_is_the_ca", text));
        }
    }
    let is_known =
        |host: &Host| host.is_same(ca) || policy.has_host(requester, host) || is_of_proxy(request, policy);
    let client =
        client_host(request).or_else(|| clients_over_ntlm(request).find(|host| !is_known(host)).cloned());
    if let Some(host) = client.filter(|host| is_other_machine(requester, host)) {
        let text = format!("The client of the request was {host}, and the requester is {requester}");
        reasons.push(reason("client_is_another_host", text));
    }
    if is_unprotected_rpc(request) {
        let text = format!(
            "The request of {requester} came over RPC without protection of the data (level Connect), as relayed requests do"
        );
        reasons.push(reason("unprotected_rpc", text));
    }
    reasons
}

/// RPC with the level Connect. Windows' clients use DCOM, or encrypt.
fn is_unprotected_rpc(request: &CertificateRequest) -> bool {
    let is =
        |field: &Option<String>, value| field.as_deref().is_some_and(|text| same_text(text.trim(), value));
    is(&request.transport, "RPC") && is(&request.authentication_level, "Connect")
}

/// A user's request that was made on the CA, as web enrollment does, and names no browser, which its pages always do. The
/// client of Windows on the CA itself would state more.
fn is_of_no_browser(event: &Event, request: &CertificateRequest) -> bool {
    let has_browser = request.user_agent.as_deref().is_some_and(|agent| !agent.is_empty());
    let is_of_windows = request.cdc.is_some() || request.rmd.is_some() || request.client_info.is_some();
    !request.requester.is_machine()
        && request.is_from(&event.computer)
        && !has_browser
        && !is_of_windows
        && request.proxy_uri.is_none()
}

/// A request of the enrollment web service on a host that the operator has listed, and on no other.
fn is_of_proxy(request: &CertificateRequest, policy: &DomainPolicy) -> bool {
    let listed = request.is_only_from(|client| policy.allow.source_host(client.as_str()));
    listed && request.proxy_uri.is_some() && request.user_agent.is_none()
}

fn is_other_machine(requester: &Account, host: &Host) -> bool {
    requester.is_machine() && !is_name_of_machine(requester, host.label())
}

/// The hosts of `ccm`, where the requester came over NTLM: web enrollment on a host of its own, which the machine was relayed
/// to. A service account of several machines, which looks like a machine, comes over Kerberos.
fn clients_over_ntlm(request: &CertificateRequest) -> impl Iterator<Item = &Host> {
    request.clients().filter(|_| request.is_by_ntlm())
}

/// The host of RequestClientInfo, which stands before the account: `wks-114.corp.example CORP\alice certreq.exe`.
fn client_host(request: &CertificateRequest) -> Option<Host> {
    let info = request.client_info.as_deref()?;
    let mut words = info.split_whitespace();
    let first = words.next()?;
    let is_host = !first.contains(['\\', '=', ':']) && words.next()?.contains('\\');
    is_host.then(|| Host::new(first))
}

#[cfg(test)]
mod tests {
    use crate::detect::relayed_enrollment::sighting::{client_host, is_own_address, pipe};
    use crate::event::host::Host;
    use crate::event::{CertificateRequest, ShareAccess};

    #[test]
    fn host_of_the_client_stands_before_its_account() {
        let host = |info: &str| {
            let request =
                CertificateRequest { client_info: Some(info.to_owned()), ..CertificateRequest::default() };
            client_host(&request)
        };
        let wks = Some(Host::new("wks-114.corp.example"));
        assert_eq!(host("wks-114.corp.example CORP\\alice.smith"), wks);
        assert_eq!(host("  wks-114.corp.example  CORP\\WKS-114$ taskhostw.exe"), wks);
        for unclear in ["", "CORP\\alice", "certreq.exe", "Machine: wks-114 CORP\\alice"] {
            assert_eq!(host(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn pipes_and_addresses() {
        let access = |target: &str| ShareAccess { target: target.to_owned(), ..ShareAccess::default() };
        assert_eq!(pipe(&access("EFSRPC")), Some(("efsrpc", false)));
        assert_eq!(pipe(&access("\\spoolss")), Some(("spoolss", true)));
        assert_eq!(pipe(&access("cert")), None);
        assert!(is_own_address("::1") && is_own_address("127.0.0.1") && !is_own_address("10.0.0.1"));
    }
}
