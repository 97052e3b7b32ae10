//! Which machines events show to be domain controllers, where no list of the policy has them.
//!
//! An attacker can make a machine look like one, and gets more alerts by it, never fewer.

use crate::detect::protected::is_of_controllers;
use crate::event::account::Account;
use crate::event::{Activity, Event};

/// How service principal names begin that domain controllers alone have: the global catalog, and replication (MS-DRSR).
const SERVICES: [&str; 2] = ["GC/", "E3514235-4B06-11D1-AB04-00C04FC2DCD2/"];

/// The id of a change of a user account, which every computer logs of its own users.
const USER_CHANGED: u32 = 4738;

/// Gives `found` each machine that the event shows to be a domain controller: the one that logs a change of a machine account,
/// and one that has the service principal names or a certificate of one.
pub(super) fn shown_by(event: &Event, found: &mut dyn FnMut(Account)) {
    if let Activity::AccountChanged(change) = &event.activity {
        if change.account.is_machine() && event.origin.event_id != Some(USER_CHANGED) {
            found(Account::of_machine(&event.computer));
        }
        if has_services(change.service_principal_names.as_deref().unwrap_or_default()) {
            found(change.account.clone());
        }
    } else if let Activity::AccountKnown(known) = &event.activity {
        if (known.protected && known.account.is_machine()) || has_services(&known.service_principal_names) {
            found(known.account.clone());
        }
    } else if let Some((requester, template)) = certificate(event)
        && requester.is_machine()
        && is_of_controllers(template)
    {
        found(requester.clone());
    }
}

fn certificate(event: &Event) -> Option<(&Account, &str)> {
    if let Activity::CertificateKnown(known) = &event.activity {
        return Some((&known.requester, known.template.as_deref()?));
    }
    let request = &event.activity.issued()?.request;
    Some((&request.requester, request.sole_template()?))
}

fn has_services(names: &[String]) -> bool {
    let has = |name: &String| {
        SERVICES
            .iter()
            .any(|service| name.get(..service.len()).is_some_and(|start| start.eq_ignore_ascii_case(service)))
    };
    names.iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::directory::{AccountChange, AccountChangeKind};
    use crate::event::host::Host;
    use crate::event::time::Time;
    use crate::event::{CertificateRequest, IssuedCertificate, Origin};

    fn shown(activity: Activity, event_id: u32) -> Vec<String> {
        let origin = Origin { event_id: Some(event_id), ..Origin::default() };
        let computer = Host::new("hq-ads-1.corp.example");
        let event = Event { time: Time::from_millis(0), computer, origin, activity };
        let mut machines = Vec::new();
        shown_by(&event, &mut |machine| machines.push(machine.to_string()));
        machines
    }

    fn changed(account: &str, services: &[&str]) -> Activity {
        Activity::AccountChanged(AccountChange {
            account: Account::parse(account),
            sid: None,
            actor: Account::parse("CORP\\adm"),
            actor_sid: None,
            kind: AccountChangeKind::Changed,
            sam_account_name: None,
            upn: None,
            dns_host_name: None,
            service_principal_names: Some(services.iter().map(|&name| name.to_owned()).collect()),
            by_quota: false,
        })
    }

    fn issued(requester: &str, template: &str) -> Activity {
        let request = CertificateRequest {
            requester: Account::parse(requester),
            template: Some(template.to_owned()),
            ..CertificateRequest::default()
        };
        Activity::CertificateIssued(IssuedCertificate { request, ..IssuedCertificate::default() })
    }

    #[test]
    fn changes_of_machine_accounts_show_who_logs_them() {
        let own = ["corp.example\\hq-ads-1$"];
        assert_eq!(shown(changed("CORP\\WKS-114$", &["HOST/wks-114"]), 4742), own);
        assert_eq!(
            shown(changed("CORP\\bob.jones", &[]), 4738),
            [""; 0],
            "every computer logs its own users"
        );
        assert_eq!(shown(changed("WKS-114\\evil$", &[]), 4738), [""; 0], "a user with the name of a machine");
    }

    #[test]
    fn service_names_and_certificates_show_whose_they_are() {
        let services = ["HOST/dc7", "gc/dc7.corp.example/corp.example"];
        assert_eq!(shown(changed("CORP\\DC7$", &services), 4742)[1..], ["CORP\\DC7$"]);
        for template in ["DomainController", "kerberosauthentication", "Domain Controller Authentication"] {
            assert_eq!(shown(issued("CORP\\DC7$", template), 4887), ["CORP\\DC7$"], "{template}");
        }
        assert_eq!(shown(issued("CORP\\WKS-114$", "Machine"), 4887), [""; 0]);
        assert_eq!(shown(issued("CORP\\bob.jones", "DomainController"), 4887), [""; 0]);
    }
}
