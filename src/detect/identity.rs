//! Whether a name is the requester's own: accounts, user principal names and host names are compared as identities.
//!
//! The domain of a requester comes from its account, the policy and the CA, never from another name of the same request.

use crate::detect::domain::DomainPolicy;
use crate::event::account::{Account, same_text};
use crate::event::fold::{ANY_AT, without_root};
use crate::event::host::Host;
use crate::event::punycode::readable;
use crate::event::san::San;

/// What comparing one name with the requester shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The name is one of the requester's own.
    Own {
        /// The suffix was not checked: neither policy, account nor CA show which domain the requester's is.
        suffix_assumed: bool,
    },
    /// The name of another identity.
    Other,
    /// A kind of name that belongs to no account that is known here: a GUID, an address, a SID, the name of the domain.
    Unknown,
}

/// Whether two accounts are one: equal names, and domains that are or may be the same. The domain of a requester is a
/// NetBIOS name, that of a logon a realm: they can be compared only where `domains:` has an entry for one of them.
pub(crate) fn same_account(policy: &DomainPolicy, requester: &Account, other: &Account) -> bool {
    if !requester.has_name(&other.name) {
        return false;
    }
    let is_one = |a: &str, b: &str| a.is_empty() || b.is_empty() || same_text(a, b);
    if is_one(&requester.domain, &other.domain) {
        return true;
    }
    let [requester, other] = [requester, other].map(|account| policy.in_one_spelling(account));
    let (a, b) = (&requester.domain, &other.domain);
    if is_one(a, b) {
        return true;
    }
    let known = |domain: &str, suffix: &str| {
        policy.suffixes(domain).map(|list| list.iter().any(|s| same_text(s, suffix)))
    };
    known(a, b).or_else(|| known(b, a)).unwrap_or(true)
}

/// Compares one name with the account that asked the CA `ca` for it.
pub(crate) fn compare(policy: &DomainPolicy, requester: &Account, name: &San, ca: &Host) -> Verdict {
    match name {
        San::Upn(upn) => compare_upn(policy, requester, upn, ca),
        San::Email(address) => match compare_upn(policy, requester, address, ca) {
            Verdict::Own { .. } => Verdict::Own { suffix_assumed: false },
            Verdict::Other | Verdict::Unknown => Verdict::Other,
        },
        San::Dns(dns) => compare_dns(policy, requester, &Host::new(dns), ca),
        San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => Verdict::Unknown,
    }
}

fn compare_upn(policy: &DomainPolicy, requester: &Account, upn: &str, ca: &Host) -> Verdict {
    if upn.contains('\\') {
        let is_own = same_account(policy, requester, &Account::parse(upn));
        return if is_own { Verdict::Own { suffix_assumed: false } } else { Verdict::Other };
    }
    let (local, suffix) = upn.rsplit_once(ANY_AT).unwrap_or((upn, ""));
    let suffix = &*readable(without_root(suffix));
    // The principal of a service, as certmonger asks for it on Linux: `host/db01.corp.example@CORP.EXAMPLE`.
    if let Some((_, host)) = local.split_once('/').filter(|_| requester.is_machine()) {
        let is_own_realm = suffix.is_empty() || is_own_domain(policy, requester, suffix, ca);
        return if is_own_realm {
            compare_dns(policy, requester, &Host::new(host), ca)
        } else {
            Verdict::Other
        };
    }
    if !is_name_of(requester, local.trim()) {
        return Verdict::Other;
    }
    match policy.suffixes(&requester.domain) {
        _ if suffix.is_empty() || same_text(suffix, &requester.domain) => {
            Verdict::Own { suffix_assumed: false }
        }
        Some(suffixes) if suffixes.iter().any(|s| same_text(s, suffix)) => {
            Verdict::Own { suffix_assumed: false }
        }
        Some(_) => Verdict::Other,
        None => Verdict::Own { suffix_assumed: true },
    }
}

/// sAMAccountName holds 20 characters: a longer user name is cut there.
const LONGEST_ACCOUNT: usize = 20;

/// A NetBIOS name holds 15 characters: the account of a machine with a longer name is cut there.
const LONGEST_MACHINE: usize = 15;

fn is_name_of(account: &Account, name: &str) -> bool {
    account.has_name(name)
        || (!account.is_machine() && is_cut_from(&account.name, name, LONGEST_ACCOUNT))
        || (account.is_machine()
            && name.ends_with('$')
            && is_name_of_machine(account, name.trim_end_matches('$')))
}

/// Whether the account is that of a machine with this host label.
pub(crate) fn is_name_of_machine(account: &Account, label: &str) -> bool {
    account.is_machine()
        && (same_text(account.bare_name(), label) || is_cut_from(account.bare_name(), label, LONGEST_MACHINE))
}

/// Whether `allow.pairs` gives the requester this account as a second one. The domain of a logon is a realm, so accounts
/// are compared as [`same_account`] compares them.
pub(crate) fn is_pair(policy: &DomainPolicy, requester: &Account, other: &Account) -> bool {
    policy.allow.pairs.iter().any(|(owner, pairs)| {
        same_account(policy, &Account::parse(owner), requester)
            && pairs.iter().any(|pair| same_account(policy, pair, other))
    })
}

/// Whether `short` is `long` cut at this many characters.
fn is_cut_from(short: &str, long: &str, length: usize) -> bool {
    short.chars().count() == length
        && long.chars().count() > length
        && same_text(short, &long.chars().take(length).collect::<String>())
}

/// A machine owns the host name that its account has, under its own domain. The name of the domain itself, which domain
/// controllers carry too, belongs to no account.
fn compare_dns(policy: &DomainPolicy, requester: &Account, dns: &Host, ca: &Host) -> Verdict {
    if policy.has_host(requester, dns) {
        Verdict::Own { suffix_assumed: false }
    } else if !requester.is_machine() {
        Verdict::Other
    } else if is_name_of_machine(requester, dns.label()) {
        dns.domain().map_or(Verdict::Own { suffix_assumed: false }, |suffix| {
            compare_suffix(policy, requester, suffix, ca)
        })
    } else if is_own_domain(policy, requester, dns.as_str(), ca) {
        Verdict::Unknown
    } else {
        Verdict::Other
    }
}

fn compare_suffix(policy: &DomainPolicy, requester: &Account, suffix: &str, ca: &Host) -> Verdict {
    if is_own_domain(policy, requester, suffix, ca) {
        Verdict::Own { suffix_assumed: false }
    } else if requester.domain.contains('.')
        || policy.suffixes(&requester.domain).is_some()
        || domain_of_suffix(policy, suffix).is_some()
    {
        Verdict::Other
    } else {
        Verdict::Own { suffix_assumed: true }
    }
}

/// Whether a DNS name is that of the requester's domain: by its account, by `domains:`, and where that has no entry by the
/// CA, which is in the requester's forest: in a domain that begins with the NetBIOS name, or above one.
fn is_own_domain(policy: &DomainPolicy, requester: &Account, dns: &str, ca: &Host) -> bool {
    let own = &requester.domain;
    if same_text(dns, own) {
        return true;
    }
    if let Some(suffixes) = policy.suffixes(own) {
        return suffixes.iter().any(|suffix| same_text(suffix, dns));
    }
    let Some((first, parent)) = dns.split_once('.') else { return false };
    let forest = ca.domain().unwrap_or_default();
    !forest.is_empty() && same_text(first, own) && (same_text(dns, forest) || same_text(parent, forest))
}

/// The suffix of a machine's own host name, if it is the domain of the CA or one above it while nothing shows that it is the
/// machine's: its domain has another NetBIOS name, and `domains:` has no entry. The CA's domain has such a machine already,
/// or its NetBIOS name is not the first label of its DNS name.
pub(crate) fn suffix_of_the_ca<'n>(
    policy: &DomainPolicy,
    requester: &Account,
    dns: &'n str,
    ca: &Host,
) -> Option<&'n str> {
    let assumed = Verdict::Own { suffix_assumed: true };
    let (_, suffix) = dns.split_once('.')?;
    let of_ca = Host::new(&format!("ca.{suffix}"));
    let (forest, suffix_of_name) = (ca.domain()?, of_ca.domain()?);
    let is_above = |above: &str| {
        same_text(forest, above) || forest.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
    };
    let is_assumed = compare_dns(policy, requester, &Host::new(dns), ca) == assumed;
    (!requester.domain.is_empty() && is_assumed && suffix_of_name.contains('.') && is_above(suffix_of_name))
        .then_some(suffix)
}

/// The domain to which `domains:` gives this suffix.
pub(crate) fn domain_of_suffix<'p>(policy: &'p DomainPolicy, suffix: &str) -> Option<&'p str> {
    let has = |list: &Vec<String>| list.iter().any(|s| same_text(s, suffix));
    policy.domains.iter().find(|(_, list)| has(list)).map(|(domain, _)| domain.as_str())
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::identity::{Verdict, compare, same_account};
    use crate::event::account::Account;
    use crate::event::host::Host;
    use crate::event::san::San;

    fn verdict(policy: &DomainPolicy, requester: &str, name: San) -> Verdict {
        compare(policy, &Account::parse(requester), &name, &Host::new("ca01.corp.example"))
    }

    fn corp() -> DomainPolicy {
        let mut policy = DomainPolicy::default();
        policy.domains.insert("CORP".to_owned(), vec!["corp.example".to_owned()]);
        policy
    }

    const OWN: Verdict = Verdict::Own { suffix_assumed: false };
    const ASSUMED: Verdict = Verdict::Own { suffix_assumed: true };

    fn upn(text: &str) -> San {
        San::Upn(text.to_owned())
    }

    fn dns(text: &str) -> San {
        San::Dns(text.to_owned())
    }

    #[test]
    fn own_names_are_compared_folded_and_cut() {
        for (requester, name) in [
            ("CORP\\Émile", upn("emile@corp.example")),
            ("CORP\\strasse", upn("straße@corp.example")),
            ("CORP\\E\u{301}mile", upn("ÉMILE@CORP.EXAMPLE")),
            ("CORP\\alice", upn("ALICE\0@corp.example\0")),
            ("CORP\\alice", upn("CORP\\alice")),
            ("CORP\\alice", upn("alice@corp.example.")),
            ("CORP\\alice", upn(" ALICE @ Corp.Example. ")),
            ("CORP\\alice", San::Email("alice@corp.example.".to_owned())),
            ("corp.example.\\alice", upn("alice@corp.example")),
            ("CORP.EXAMPLE.\\WKS-114$", dns("wks-114.corp.example.")),
            ("CORP\\WKS-114$", upn("wks-114$@corp.example.")),
            (
                "CORP\\maximilian.mustermann-meier"[..25].trim(),
                upn("maximilian.mustermann-meier@corp.example"),
            ),
            ("CORP\\BÜRO-PC$", dns("xn--bro-pc-3ya.corp.example")),
            ("CORP\\BÜRO-PC$", upn("host/XN--BRO-PC-3YA.corp.example@CORP.EXAMPLE")),
            ("CORP\\verylongservern$", dns("verylongservername01.corp.example")),
            ("CORP\\verylongservern$", upn("verylongservername01$@corp.example")),
        ] {
            assert_eq!(verdict(&corp(), requester, name.clone()), OWN, "{requester} {name:?}");
        }
        for (requester, name) in [
            ("CORP\\maximilian", upn("maximilian.mustermann@corp.example")),
            ("CORP\\longserver$", dns("longservername.corp.example")),
            ("CORP\\verylongservern", upn("verylongservername01@corp.example")),
            ("CORP\\аlice", upn("alice@corp.example")),
            ("CORP\\alice", upn("bob@corp.example.")),
            ("CORP\\alice", upn("alice@other.example.")),
            ("CORP\\alice", upn("alice.@corp.example")),
            ("CORP\\WKS-114$", dns("wks-115.corp.example.")),
            ("CORP\\BÜRO-PC$", dns("xn--bro-pc01-65a.corp.example")),
        ] {
            assert_eq!(verdict(&corp(), requester, name.clone()), Verdict::Other, "{requester} {name:?}");
        }
    }

    #[test]
    fn machine_owns_its_name_under_its_own_domain_only() {
        let (none, corp) = (DomainPolicy::default(), corp());
        let dc07 = || dns("dc07.corp.example");
        assert_eq!(verdict(&corp, "CHILD\\DC07$", dc07()), Verdict::Other, "the suffix is CORP's");
        assert_eq!(verdict(&none, "CHILD\\DC07$", dc07()), ASSUMED);
        assert_eq!(verdict(&none, "CHILD.corp.example\\DC07$", dc07()), Verdict::Other);
        assert_eq!(verdict(&none, "CHILD\\DC07$", dns("dc07.child.corp.example")), OWN);
        assert_eq!(verdict(&none, "CORP\\DC07$", dc07()), OWN);
        assert_eq!(verdict(&corp, "CORP\\DC07$", dns("dc07.dmz.example")), Verdict::Other);
        assert_eq!(verdict(&none, "CORP\\DC07$", dns("DC07")), OWN);
        assert_eq!(verdict(&none, "CORP\\alice", dns("alice.corp.example")), Verdict::Other, "no machine");
    }

    #[test]
    fn spellings_of_one_account_are_equal() {
        let (a, b) = (Account::parse("CORP\\ann"), Account::parse("ann@CORP.EXAMPLE"));
        assert!(same_account(&DomainPolicy::default(), &a, &b));
        let policy = corp();
        assert!(same_account(&policy, &a, &b) && same_account(&policy, &b, &a));
        assert!(!same_account(&policy, &a, &Account::parse("ann@other.example")));
        assert!(!same_account(&policy, &a, &Account::parse("CORP\\bob")));
        // `domains:` gives the realm to CORP, so DEV is another domain.
        let namesake = Account::parse("DEV\\ann");
        assert!(same_account(&DomainPolicy::default(), &namesake, &b));
        assert!(!same_account(&policy, &namesake, &b) && !same_account(&policy, &b, &namesake));
        assert!(same_account(&policy, &namesake, &Account::parse("ann@dev.example")), "neither is known");
    }

    #[test]
    fn machine_owns_the_principals_of_its_services() {
        let corp = corp();
        for (requester, name) in [
            ("CORP\\DB01$", "host/db01.corp.example@CORP.EXAMPLE"),
            ("CORP\\DB01$", "HTTP/db01.corp.example@corp.example"),
            ("CORP\\DB01$", "host/db01@CORP.EXAMPLE"),
            ("CORP\\DB01$", "host/db01.corp.example"),
        ] {
            assert_eq!(verdict(&corp, requester, upn(name)), OWN, "{requester} {name}");
        }
        for (requester, name) in [
            ("CORP\\DB01$", "host/db02.corp.example@CORP.EXAMPLE"),
            ("CORP\\DB01$", "host/db01.corp.example@OTHER.EXAMPLE"),
            ("CORP\\DB01$", "host/db01.other.example@CORP.EXAMPLE"),
            ("CORP\\db01", "host/db01.corp.example@CORP.EXAMPLE"),
        ] {
            assert_eq!(verdict(&corp, requester, upn(name)), Verdict::Other, "{requester} {name}");
        }
    }
}
