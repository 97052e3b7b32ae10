//! Names that an account should not get: those of others, and those that certificates of others are mapped by.

use crate::detect::changes::{Attribute, Change};
use crate::detect::domain::DomainPolicy;
use crate::detect::identity::{is_name_of_machine, same_account};
use crate::detect::protected;
use crate::event::account::{Account, same_text};
use crate::event::fold::{ANY_AT, fold};
use crate::event::host::Host;

/// Why a new name of an account is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddness {
    /// The name of a protected identity.
    Protected,
    /// The name of another account that is known.
    OfAnother,
    /// A userPrincipalName without its suffix, which matches account names.
    NoSuffix,
    /// A user with the name of a machine, or a machine with that of a user.
    Machine,
    /// The host name of another machine.
    ForeignHost,
    /// A mapping that certificates of others can fulfil.
    WeakMapping,
    /// A certificate or a foreign identity was mapped to a protected account, however strongly.
    MappedToProtected,
}

impl Oddness {
    /// The code of the reason.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Oddness::Protected => "protected_name",
            Oddness::OfAnother => "name_of_another_account",
            Oddness::NoSuffix => "name_without_suffix",
            Oddness::Machine => "machine_name",
            Oddness::ForeignHost => "foreign_host_name",
            Oddness::WeakMapping => "weak_mapping",
            Oddness::MappedToProtected => "mapped_to_protected",
        }
    }

    /// The reason in words.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Oddness::Protected => "the name of a protected identity",
            Oddness::OfAnother => "the name of another account",
            Oddness::NoSuffix => "a name without a suffix, which matches account names",
            Oddness::Machine => "a user with the name of a machine, or a machine without its $",
            Oddness::ForeignHost => "the host name of another machine",
            Oddness::WeakMapping => "a mapping that certificates of others can fulfil",
            Oddness::MappedToProtected => "whatever fulfils this mapping logs on as a protected account",
        }
    }

    /// Whether it is the name of a protected identity, or of another account that is known.
    pub(crate) const fn is_of_another(self) -> bool {
        matches!(self, Oddness::Protected | Oddness::OfAnother)
    }

    /// Whether it is the name of a protected identity.
    pub(crate) const fn is_protected(self) -> bool {
        matches!(self, Oddness::Protected)
    }
}

/// Whether the new value of a change is odd; none: it is a name like others, or the account's own.
pub(crate) fn oddness(policy: &DomainPolicy, change: &Change) -> Option<Oddness> {
    let (account, new) = (&change.account, change.new.as_deref()?);
    match change.attribute {
        Attribute::Upn => of_upn(policy, account, new),
        Attribute::Mail => {
            is_of_protected(policy, account, &Account::parse(new)).then_some(Oddness::Protected)
        }
        Attribute::DnsHostName => of_host(policy, account, &Host::new(new)),
        Attribute::AccountName => of_account_name(policy, account, new),
        Attribute::Mapping if is_weak(new) => Some(Oddness::WeakMapping),
        Attribute::Mapping => {
            protected::is_protected_account(policy, account).then_some(Oddness::MappedToProtected)
        }
    }
}

fn of_upn(policy: &DomainPolicy, account: &Account, upn: &str) -> Option<Oddness> {
    let named = Account::parse(upn);
    if is_of_protected(policy, account, &named) {
        return Some(Oddness::Protected);
    }
    if named.is_machine() && !account.is_machine() {
        return Some(Oddness::Machine);
    }
    (!upn.contains(ANY_AT)).then_some(Oddness::NoSuffix)
}

fn of_host(policy: &DomainPolicy, account: &Account, host: &Host) -> Option<Oddness> {
    if is_name_of_machine(account, host.label()) || policy.has_host(account, host) {
        return None;
    }
    let machine = Account::new(host.domain().unwrap_or_default(), &format!("{}$", host.label()));
    let protected = is_of_protected(policy, account, &machine)
        || policy.protected.terms.iter().any(|term| same_text(term, host.label()));
    Some(if protected { Oddness::Protected } else { Oddness::ForeignHost })
}

fn of_account_name(policy: &DomainPolicy, account: &Account, new: &str) -> Option<Oddness> {
    let named = Account::new(&account.domain, new);
    let as_machine = Account::new(&account.domain, &format!("{}$", named.bare_name()));
    if is_of_protected(policy, account, &named) || is_of_protected(policy, account, &as_machine) {
        return Some(Oddness::Protected);
    }
    (named.is_machine() != account.is_machine()).then_some(Oddness::Machine)
}

/// Whether a name is that of a protected identity, and not the account's own.
fn is_of_protected(policy: &DomainPolicy, account: &Account, named: &Account) -> bool {
    protected::is_protected_account(policy, named) && !same_account(policy, account, named)
}

/// Whether a value of altSecurityIdentities is a mapping by names: neither issuer and serial number or SID, nor a key (KB5014754).
fn is_weak(mapping: &str) -> bool {
    fold(mapping).contains("x509:") && !is_strong(mapping)
}

/// Whether a value of altSecurityIdentities is a mapping by issuer and serial number or SID, or by a key (KB5014754, [MS-PKCA]
/// 3.1.5.2.1.3). What follows a subject or an address is part of it: its owner may have written `<SR>` there.
pub(crate) fn is_strong(mapping: &str) -> bool {
    let mapping = fold(mapping);
    let Some((_, parts)) = mapping.split_once("x509:") else { return false };
    let first = |tags: &[&str]| tags.iter().filter_map(|tag| parts.find(tag)).min();
    let (strong, weak) = (first(&["<sr>", "<sid>", "<ski>", "<sha1-pukey>"]), first(&["<s>", "<rfc822>"]));
    strong.is_some_and(|strong| weak.is_none_or(|weak| strong < weak))
}

#[cfg(test)]
mod tests {
    use crate::detect::changes::{Attribute, Change};
    use crate::detect::domain::DomainPolicy;
    use crate::detect::odd_name::{Oddness, oddness};
    use crate::event::account::Account;

    #[track_caller]
    fn check(account: &str, attribute: Attribute, new: &str, expect: Option<Oddness>) {
        let (account, actor) = (Account::parse(account), Account::parse("CORP\\mallory"));
        let change = Change { account, attribute, old: None, new: Some(new.to_owned()), actor };
        assert_eq!(oddness(&DomainPolicy::default(), &change), expect, "{new}");
    }

    #[test]
    fn only_names_of_others_are_odd() {
        let bob = "CORP\\bob.jones";
        check(bob, Attribute::Upn, "bob.miller@corp.example", None);
        check(bob, Attribute::Upn, "carol.white", Some(Oddness::NoSuffix));
        check(bob, Attribute::Upn, "administrator", Some(Oddness::Protected));
        check(bob, Attribute::Upn, "wks-114$@corp.example", Some(Oddness::Machine));
        check("CORP\\administrator", Attribute::Upn, "administrator@corp.example", None);
        check(bob, Attribute::Mail, "bob.miller@corp.example", None);
        check(bob, Attribute::AccountName, "bob.miller", None);
        check("CORP\\WKS-114$", Attribute::AccountName, "WKS-200$", None);
        check("CORP\\WKS-114$", Attribute::AccountName, "DC01", Some(Oddness::Protected));
        check("CORP\\WKS-114$", Attribute::AccountName, "WKS-200", Some(Oddness::Machine));
        check("CORP\\WKS-114$", Attribute::DnsHostName, "wks-114.corp.example", None);
        check("CORP\\WKS-114$", Attribute::DnsHostName, "srv-7.corp.example", Some(Oddness::ForeignHost));
        check("CORP\\WKS-114$", Attribute::DnsHostName, "dc01.corp.example", Some(Oddness::Protected));
    }

    #[test]
    fn mappings_by_names_are_weak() {
        let weak =
            |mapping: &str, expect: Option<Oddness>| check("CORP\\bob", Attribute::Mapping, mapping, expect);
        weak("X509:<I>DC=example,DC=corp,CN=CORP-CA01<SR>1200000000ac11", None);
        weak("X509:<I>DC=example,DC=corp,CN=CORP-CA01<SID>S-1-5-21-1-2-3-1111", None);
        weak("X509:<SKI>a1b2c3d4", None);
        weak("X509:<SHA1-PUKEY>a1b2c3d4", None);
        weak("X509:<I>DC=example,DC=corp,CN=CORP-CA01<S>CN=bob", Some(Oddness::WeakMapping));
        weak("X509:<S>CN=bob", Some(Oddness::WeakMapping));
        // The mark of a strong mapping inside a subject or an address.
        weak("X509:<I>DC=example,DC=corp,CN=CORP-CA01<S>CN=bob<SR>", Some(Oddness::WeakMapping));
        weak("X509:<S>CN=<SKI>0a1b", Some(Oddness::WeakMapping));
        weak("X509:<I>CN=CORP-CA01<S>CN=<SID>S-1-5-21-1-2-3-1111", Some(Oddness::WeakMapping));
        weak("X509:<RFC822>bob<SHA1-PUKEY>@corp.example", Some(Oddness::WeakMapping));
        weak("X509:<RFC822>bob@corp.example", Some(Oddness::WeakMapping));
        weak("Kerberos:bob@corp.example", None);
        let admin = |mapping: &str| {
            check("CORP\\administrator", Attribute::Mapping, mapping, Some(Oddness::MappedToProtected));
        };
        admin("X509:<SKI>a1b2c3d4");
        admin("X509:<I>CN=CORP-CA01<SID>S-1-5-21-1-2-3-1111");
        admin("Kerberos:mallory@evil.example");
    }
}
