//! What the attributes `rmd` and `cdc` of one request show.

use crate::alert::Reason;
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::{self, Verdict};
use crate::detect::protected;
use crate::detect::report::{self, reason};
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::san::San;
use crate::event::{Activity, CertificateRequest, Event};
use std::net::IpAddr;

/// How grave a request is; the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gravity {
    /// What may be ordinary.
    Ordinary,
    /// Another machine, or a controller in another domain.
    Other,
    /// A protected machine, a controller that is an address, or a new account.
    Critical,
}

/// A request that makes the CA look something up that it should not.
#[derive(Clone, Debug)]
pub(super) struct Chase {
    /// How grave it is.
    pub gravity: Gravity,
    /// Why, the machine first.
    pub reasons: Vec<Reason>,
    /// What the CA was made to look up, in words.
    pub target: String,
}

type Found = (Gravity, Reason);

/// The hosts of one attribute.
pub(super) fn in_words<'h>(hosts: impl Iterator<Item = &'h Host>) -> String {
    report::cut(&hosts.map(Host::as_str).collect::<Vec<_>>().join(", "))
}

/// Judges the attributes; none: nothing is unusual.
pub(super) fn judge(request: &CertificateRequest, event: &Event, policy: &DomainPolicy) -> Option<Chase> {
    let gravity = |(gravity, _): &Found| *gravity;
    let machines = request.rmds().filter_map(|rmd| judge_machine(request, rmd, event, policy));
    let controllers = request.cdcs().filter_map(|cdc| judge_controller(request, cdc, event, policy));
    let (machine, controller) = (machines.max_by_key(gravity), controllers.max_by_key(gravity));
    let findings: Vec<Found> = [machine, controller].into_iter().flatten().collect();
    let gravity = findings.iter().map(gravity).max()?;
    let (rmds, cdcs) = (in_words(request.rmds()), in_words(request.cdcs()));
    let target = match (rmds.is_empty(), cdcs.is_empty()) {
        (false, false) => format!("{rmds} at {cdcs}"),
        _ => rmds + &cdcs,
    };
    Some(Chase { gravity, reasons: findings.into_iter().map(|(_, reason)| reason).collect(), target })
}

impl Chase {
    /// The requester was created lately, which the attack needs where the attacker has no machine yet.
    pub(super) fn add_new_account(&mut self, creator: &str, requester: &Account) {
        if self.gravity > Gravity::Ordinary {
            self.gravity = Gravity::Critical;
            self.reasons.push(new_account(creator, requester));
        }
    }
}

/// The reason that the account is new.
pub(super) fn new_account(creator: &str, account: &Account) -> Reason {
    reason("new_account", format!("{creator} created {account} within a day of the request"))
}

/// `rmd` must be the requester's own name ([MS-WCCE]).
fn judge_machine(
    request: &CertificateRequest,
    rmd: &Host,
    event: &Event,
    policy: &DomainPolicy,
) -> Option<Found> {
    let requester = &request.requester;
    let name = San::Dns(rmd.to_string());
    let verdict = identity::compare(policy, requester, &name, &event.computer);
    if matches!(verdict, Verdict::Own { .. }) {
        return None;
    }
    let is_protected = |name: &&San| {
        let verdict = identity::compare(policy, requester, name, &event.computer);
        !matches!(verdict, Verdict::Own { .. }) && protected::is_sensitive(policy, requester, name, verdict)
    };
    if let Some(named) = [&name].into_iter().chain(&request.names).find(is_protected) {
        let named = report::cut(named.value());
        let text = format!(
            "{requester} asked for a certificate of {named}, which is protected, and the CA to look up {rmd} (rmd)"
        );
        return Some((Gravity::Critical, reason("protected_machine", text)));
    }
    let text = format!("{requester} asked for a certificate of {rmd}, another machine, by the attribute rmd");
    // The request of a user or of a service account may name the machine that it comes from.
    let is_own_client = request.is_from(rmd);
    let without_effect = is_own_client && is_without_effect(request, rmd, event);
    let is_machine = requester.is_machine();
    if without_effect && !is_machine {
        return None;
    }
    let is_unknown = is_own_client && !is_machine && request.names.is_empty();
    let gravity = if without_effect || is_unknown { Gravity::Ordinary } else { Gravity::Other };
    Some((gravity, reason("other_machine", text)))
}

/// Whether the certificate names others than the machine that was looked up, or the CA has yet to decide: group managed service
/// accounts look like machines, and run on several.
fn is_without_effect(request: &CertificateRequest, rmd: &Host, event: &Event) -> bool {
    if let Activity::CertificateRequested(_) = event.activity {
        return true;
    }
    let names = &request.names;
    let is_it = |name: &San| matches!(name, San::Dns(name) if Host::new(name).is_same(rmd));
    event.activity.issued().is_some()
        && !names.is_empty()
        && request.names_cut == 0
        && !names.iter().any(is_it)
}

/// `cdc` is a domain controller of the requester's domain, by its name.
fn judge_controller(
    request: &CertificateRequest,
    cdc: &Host,
    event: &Event,
    policy: &DomainPolicy,
) -> Option<Found> {
    let requester = &request.requester;
    let found = |gravity, code, text| Some((gravity, reason(code, text)));
    if is_address(cdc) {
        let text = format!(
            "The CA was asked to look {requester} up at the address {cdc}; clients name a domain controller"
        );
        return found(Gravity::Critical, "controller_is_an_address", text);
    }
    if protected::is_domain_controller(policy, cdc) {
        return None;
    }
    if cdc.domain().is_some_and(|domain| !is_in_forest(policy, requester, domain, &event.computer)) {
        let text = format!(
            "The CA was asked to look {requester} up at {cdc}, which is in none of the known domains"
        );
        // Without an entry in `domains:` another tree of the forest looks the same.
        let is_known = policy.suffixes(&requester.domain).is_some();
        let gravity = if is_known { Gravity::Other } else { Gravity::Ordinary };
        return found(gravity, "controller_of_another_domain", text);
    }
    if policy.protected.domain_controllers.is_empty() {
        return None;
    }
    let text = format!(
        "The CA was asked to look {requester} up at {cdc}, which `protected.domain_controllers` does not list. If it is a \
         domain controller, add it there"
    );
    found(Gravity::Ordinary, "unlisted_controller", text)
}

/// Whether a host is stated by its address. Windows also reads an IPv4 address in fewer numbers, and in octal or hexadecimal
/// ones (`10.4342338`, `0x0a424242`), and digits and dots of any width; no name of a host ends in a number.
fn is_address(host: &Host) -> bool {
    let text = fold(host.as_str());
    let text = text.trim_matches(['[', ']']);
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => !last.is_empty() && last.chars().all(|c| c.is_ascii_digit()),
    };
    is_number || text.split('%').next().is_some_and(|address| address.parse::<IpAddr>().is_ok())
}

/// Whether a domain is the requester's, one that `domains:` lists, or in the tree of the CA's.
fn is_in_forest(policy: &DomainPolicy, requester: &Account, domain: &str, ca: &Host) -> bool {
    let is_below = |domain: &str, top: &str| {
        domain.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let of_ca = ca.domain();
    of_ca.is_none_or(|ca| is_below(domain, ca) || is_below(ca, domain))
        || same_text(domain, &requester.domain)
        || identity::domain_of_suffix(policy, domain).is_some()
        || first_label(domain).is_some_and(|label| same_text(label, &requester.domain))
}

fn first_label(domain: &str) -> Option<&str> {
    domain.split('.').next()
}

#[cfg(test)]
mod tests {
    use crate::detect::chase_enrollment::judge::is_address;
    use crate::event::host::Host;

    #[test]
    fn address_is_known_in_every_form_that_windows_reads() {
        for text in [
            "10.66.66.66",
            "171066946",
            "0x0a424242",
            "10.4342338",
            "012.66.66.66",
            "[fe80::1]",
            "fe80::1%3",
            "１0．66．66．66",
        ] {
            assert!(is_address(&Host::new(text)), "{text}");
        }
        for text in ["dc01.corp.example", "DC01", "site12-dc3", "0xdc.corp.example", "3com", ""] {
            assert!(!is_address(&Host::new(text)), "{text}");
        }
    }
}
