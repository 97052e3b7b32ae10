//! What happens to the names of accounts: 4738, 4741, 4742 and 4781 of the account, 5136 of its object in the directory.

use crate::detect::entity::Entity;
use crate::detect::identity::is_name_of_machine;
use crate::detect::report::cut;
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::subject::{common_names, domain_name};
use crate::event::{Activity, DirectoryChange, DirectoryOperation, Event};

/// A name of an account that a certificate may be mapped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// userPrincipalName, which weak mappings compare first.
    Upn,
    /// dNSHostName, which only a computer has.
    DnsHostName,
    /// sAMAccountName, which logons use.
    AccountName,
    /// mail, the address of the account.
    Mail,
    /// altSecurityIdentities, the explicit mappings.
    Mapping,
}

impl Attribute {
    /// The attribute with this name in LDAP.
    fn of_ldap(name: &str) -> Option<Attribute> {
        let is = |attribute: &Attribute| same_text(attribute.as_str(), name);
        [Attribute::Upn, Attribute::DnsHostName, Attribute::AccountName, Attribute::Mail, Attribute::Mapping]
            .into_iter()
            .find(is)
    }

    /// Its name in LDAP.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Attribute::Upn => "userPrincipalName",
            Attribute::DnsHostName => "dNSHostName",
            Attribute::AccountName => "sAMAccountName",
            Attribute::Mail => "mail",
            Attribute::Mapping => "altSecurityIdentities",
        }
    }
}

/// One name of an account that came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The account, by the name it had.
    pub account: Account,
    /// Which of its names.
    pub attribute: Attribute,
    /// The value that went, where the event has it.
    pub old: Option<String>,
    /// The value that came.
    pub new: Option<String>,
    /// The account that made the change.
    pub actor: Account,
}

/// The names that an event changes, each once.
pub(crate) fn changes(event: &Event) -> Vec<Change> {
    if let Activity::AccountChanged(change) = &event.activity {
        // A machine that is renamed gets the host name of its new account in the same operation.
        let renamed = change.sam_account_name.as_ref().map(|name| Account::new(&change.account.domain, name));
        let is_renamed_to =
            |host: &Host| renamed.as_ref().is_some_and(|account| is_name_of_machine(account, host.label()));
        let dns = change.dns_host_name.as_ref().filter(|host| !is_renamed_to(host));
        let dns = dns.map(|host| host.as_str().to_owned());
        let values = [
            (Attribute::Upn, change.upn.clone()),
            (Attribute::DnsHostName, dns),
            (
                Attribute::AccountName,
                change.sam_account_name.clone().filter(|name| !change.account.has_name(name)),
            ),
        ];
        let of = |(attribute, new): (Attribute, Option<String>)| {
            let (account, actor) = (change.account.clone(), change.actor.clone());
            new.map(|new| Change { account, attribute, old: None, new: Some(new), actor })
        };
        return values.into_iter().filter_map(of).collect();
    }
    if let Activity::AccountRenamed(rename) = &event.activity {
        return vec![Change {
            account: Account::new(&rename.domain, &rename.old_name),
            attribute: Attribute::AccountName,
            old: Some(rename.old_name.clone()),
            new: Some(rename.new_name.clone()),
            actor: rename.actor.clone(),
        }];
    }
    let Activity::DirectoryChanged(change) = &event.activity else { return Vec::new() };
    of_object(change).into_iter().collect()
}

/// The name that a change of an object concerns.
pub(crate) fn of_object(change: &DirectoryChange) -> Option<Change> {
    let attribute = Attribute::of_ldap(change.attribute.as_deref()?)?;
    let (old, new) = match change.operation {
        DirectoryOperation::ValueAdded => (None, change.value.clone()),
        DirectoryOperation::ValueDeleted => (change.value.clone(), None),
        DirectoryOperation::Created | DirectoryOperation::Deleted => return None,
    };
    Some(Change { account: account_of(change)?, attribute, old, new, actor: change.actor.clone() })
}

/// Classes of objects with a password of their own that the computers of a service share. Their names end in `$` too.
const MACHINES: [&str; 4] = [
    "computer",
    "msds-managedserviceaccount",
    "msds-groupmanagedserviceaccount",
    "msds-delegatedmanagedserviceaccount",
];

/// Classes of objects that have addresses or keys, and cannot log on: no certificate is mapped to them. Windows registers each
/// device that joins through AD FS or Entra Connect as a msDS-Device with its key.
const NO_ACCOUNTS: [&str; 5] =
    ["contact", "group", "msds-device", "msexchdynamicdistributionlist", "publicfolder"];

/// The account of an object, as far as its distinguished name shows it: the common name, of a computer with a `$`, and the
/// domain of its `DC=` parts. The common name of a user may be another than the account's. None for what is no account.
pub(crate) fn account_of(change: &DirectoryChange) -> Option<Account> {
    let class = fold(&change.object_class);
    if NO_ACCOUNTS.contains(&&*class) {
        return None;
    }
    let name = common_names(&change.object_dn).into_iter().next()?;
    let is_machine = MACHINES.contains(&&*class);
    let domain = domain_name(&change.object_dn);
    Some(Account::new(&domain, &if is_machine { format!("{name}$") } else { name }))
}

/// An account by its name alone: events of the directory, of the domain controllers and of the CA name the domain in
/// different ways. A detection compares the domains itself.
pub(crate) fn by_name(account: &Account) -> Entity {
    Entity::account(&Account::new("", &account.name))
}

/// The class of templates, folded.
const TEMPLATE_CLASS: &str = "pkicertificatetemplate";

/// The template that an event concerns.
pub(crate) fn template_of(event: &Event) -> Option<String> {
    if let Activity::TemplateSeen(seen) = &event.activity {
        return Some(cut(&seen.internal_name)).filter(|name| !name.is_empty());
    }
    let Activity::DirectoryChanged(change) = &event.activity else { return None };
    let is_template = fold(&change.object_class) == TEMPLATE_CLASS
        && (change.attribute.is_some() || change.operation == DirectoryOperation::Created);
    common_names(&change.object_dn).into_iter().next().filter(|_| is_template).map(|name| cut(&name))
}

#[cfg(test)]
mod tests {
    use crate::detect::changes::account_of;
    use crate::event::account::Account;
    use crate::event::{DirectoryChange, DirectoryOperation};

    #[track_caller]
    fn check(dn: &str, class: &str, expect: Option<(&str, &str)>) {
        let change = DirectoryChange {
            actor: Account::default(),
            actor_sid: None,
            operation_id: None,
            object_dn: dn.to_owned(),
            object_guid: None,
            object_class: class.to_owned(),
            attribute: None,
            value: None,
            operation: DirectoryOperation::ValueAdded,
        };
        let expect = expect.map(|(domain, name)| Account::new(domain, name));
        assert_eq!(account_of(&change), expect, "{dn}");
    }

    #[test]
    fn account_is_read_from_the_name_of_its_object() {
        check("CN=bob.jones,CN=Users,DC=corp,DC=example", "user", Some(("corp.example", "bob.jones")));
        check("CN=WKS-114,OU=Laptops,DC=corp,DC=example", "computer", Some(("corp.example", "WKS-114$")));
        let service = "CN=svc-sql,CN=Managed Service Accounts,DC=corp,DC=example";
        for class in ["ManagedServiceAccount", "GroupManagedServiceAccount", "DelegatedManagedServiceAccount"]
        {
            check(service, &format!("msDS-{class}"), Some(("corp.example", "svc-sql$")));
        }
        check(
            "CN=bob.jones,OU=Staff,DC=corp,DC=example",
            "inetOrgPerson",
            Some(("corp.example", "bob.jones")),
        );
        check("OU=Laptops,DC=corp,DC=example", "organizationalUnit", None);
    }

    #[test]
    fn objects_that_cannot_log_on_are_no_accounts() {
        for class in ["contact", "group", "msDS-Device", "msExchDynamicDistributionList", "publicFolder"] {
            check("CN=Help,OU=Staff,DC=corp,DC=example", class, None);
        }
        check("", "", None);
    }
}
