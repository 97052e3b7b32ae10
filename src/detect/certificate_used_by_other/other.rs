//! Whether a certificate was used by another account than the one it was issued to.

use crate::detect::certificate_use::{Outcome, differing_sids, outcome};
use crate::detect::certificate_used_by_other::issuance::requester_of;
use crate::detect::domain::DomainPolicy;
use crate::detect::facts::Facts;
use crate::detect::identity::{self, Verdict, compare, same_account};
use crate::detect::protected;
use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use crate::event::kerberos::OPTIONS_OF_TOOLS;
use crate::event::san::San;
use crate::event::time::Time;
use crate::wire::record::{IssuedRecord, PendingLogon};

/// Whether another account than the requester used the certificate, and the policy does not allow it.
pub(crate) fn is_other(
    policy: &DomainPolicy,
    facts: &Facts,
    record: &IssuedRecord,
    logon: &PendingLogon,
    used_by: &Account,
) -> bool {
    let requester = requester_of(record);
    let until = Time::from_millis(logon.time_ms);
    let is_same = is_same(policy, &requester, used_by, outcome(logon))
        || facts.same_account(policy, &requester, used_by, until);
    (!is_same || differing_sids(logon).is_some())
        && !identity::is_pair(policy, &requester, used_by)
        && (!requests_for(policy, &requester, record, logon, used_by) || is_protected(policy, logon, used_by))
}

/// Whether the account that used the certificate is protected: by its name, or by the last number of its SID.
pub(crate) fn is_protected(policy: &DomainPolicy, logon: &PendingLogon, used_by: &Account) -> bool {
    let rid = logon.account_sid.as_deref().and_then(Sid::parse).and_then(|sid| sid.rid());
    protected::is_protected_account(policy, used_by)
        || rid.is_some_and(|rid| policy.protected.rids.contains(&rid))
}

/// Whether the policy lets the requester ask for certificates that this account uses. The client that an agent asked from is
/// not remembered: `hosts` of its profile is judged when the certificate is issued.
fn requests_for(
    policy: &DomainPolicy,
    requester: &Account,
    record: &IssuedRecord,
    logon: &PendingLogon,
    used_by: &Account,
) -> bool {
    let template = Some(record.template.as_str()).filter(|template| !template.is_empty());
    policy.allows_requester(requester)
        || policy.agent(requester).is_some_and(|agent| {
            agent.has_template(template)
                && agent.has_subject(used_by)
                && agent.is_used_from(logon.remote_ip.as_deref())
                && agent.is_used_by(logon.of_tool)
        })
}

/// Why a certificate that an agent requested is used as none of Windows would, if its profile has Windows only; none: it is not.
pub(crate) fn used_by_tool(
    policy: &DomainPolicy,
    requester: &Account,
    logon: &PendingLogon,
) -> Option<String> {
    policy.agent(requester).filter(|agent| !agent.is_used_by(logon.of_tool))?;
    Some(format!(
        "{requester} requests for others, and this certificate was used with the options {OPTIONS_OF_TOOLS:#x} of attack \
         tools, which Windows has not. If Macs, Linux hosts or appliances use its certificates, add `other_systems: true` \
         to its profile"
    ))
}

/// Why a certificate that an agent requested is used outside of its profile, if only the address is; none: it is not.
pub(crate) fn used_elsewhere(
    policy: &DomainPolicy,
    requester: &Account,
    logon: &PendingLogon,
) -> Option<String> {
    let address = logon.remote_ip.as_deref()?;
    let agent = policy.agent(requester).filter(|agent| !agent.is_used_from(Some(address)))?;
    let networks: Vec<String> = agent.used_from.iter().map(|network| String::from(*network)).collect();
    Some(format!(
        "`agents:` lets {requester} request for others, whose certificates are used from {}, and this one was used from \
         {address}. If its users are there too, add the network to `used_from`",
        networks.join(", ")
    ))
}

/// Whether both are one account. A refused logon has the name as the client wrote it: a UPN with a longer name than the
/// account has, a host name without `$`. An accepted one without `$` would be another account of nearly the same name.
pub(crate) fn is_same(
    policy: &DomainPolicy,
    requester: &Account,
    used_by: &Account,
    outcome: Outcome,
) -> bool {
    if same_account(policy, requester, used_by) {
        return true;
    }
    let in_its_domain = Account { domain: used_by.domain.clone(), name: requester.name.clone() };
    same_account(policy, requester, &in_its_domain)
        && (is_own(policy, requester, San::Upn(used_by.name.clone()))
            || (outcome == Outcome::Refused && is_own(policy, requester, San::Dns(used_by.name.clone()))))
}

fn is_own(policy: &DomainPolicy, requester: &Account, name: San) -> bool {
    matches!(compare(policy, requester, &name, &Host::default()), Verdict::Own { .. })
}

#[cfg(test)]
mod tests {
    use crate::detect::certificate_use::Outcome;
    use crate::detect::certificate_used_by_other::other::is_same;
    use crate::detect::domain::DomainPolicy;
    use crate::event::account::Account;

    #[test]
    fn refused_logon_under_another_spelling_is_the_same_account() {
        let same = |requester: &str, name: &str, outcome| {
            let mut policy = DomainPolicy::default();
            policy.domains.insert("CORP".to_owned(), vec!["corp.example".to_owned()]);
            let used_by = Account::of_logon("CORP.EXAMPLE", name);
            is_same(&policy, &Account::parse(requester), &used_by, outcome)
        };
        for name in ["WKS-114$", "host/wks-114.corp.example", "wks-114.corp.example", "wks-114"] {
            assert!(same("CORP\\WKS-114$", name, Outcome::Refused), "{name}");
        }
        assert!(same("CORP\\alice.smith", "Alice.Smith@corp.example", Outcome::Refused));
        assert!(same("CORP\\maximilian.musterman", "maximilian.mustermann@corp.example", Outcome::Refused));
        assert!(!same("CORP\\WKS-114$", "wks-114", Outcome::Accepted), "a user account of this name");
        assert!(!same("CORP\\alice.smith", "bob.jones", Outcome::Refused));
        assert!(!same("CORP\\WKS-114$", "wks-115.corp.example", Outcome::Refused));
    }
}
