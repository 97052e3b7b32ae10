//! Account names as Windows events write them, and security identifiers.

use crate::event::fold::{self, fold};
use crate::event::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An account: `DOMAIN\name`, `name@suffix` or a bare `name`. Machines end in `$`.
///
/// Spelled as the event spelled it, and compared by [`fold()`], as Active Directory compares names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(title = "account")]
pub struct Account {
    /// NetBIOS name, Kerberos realm or UPN suffix; empty when unknown.
    pub domain: String,
    /// sAMAccountName, or the local part of a UPN.
    pub name: String,
}

impl Account {
    /// Reads `DOMAIN\name`, `name@suffix`, the service form `host/machine.suffix` (which is the machine's own account)
    /// or a bare name.
    pub fn parse(text: &str) -> Account {
        let text = fold::trimmed(text);
        if let Some((domain, name)) = text.split_once('\\') {
            // A backslash that was escaped once too often is still one.
            return Account::new(domain, name.trim_start_matches('\\'));
        }
        if let Some(host) = text.strip_prefix("host/").or_else(|| text.strip_prefix("HOST/")) {
            let host = Host::new(host.split(fold::ANY_AT).next().unwrap_or(host));
            let domain = host.as_str().split_once('.').map_or("", |(_, suffix)| suffix);
            return Account::new(domain, &format!("{}$", host.label()));
        }
        match text.rsplit_once(fold::ANY_AT) {
            Some((name, suffix)) => Account::new(suffix, name),
            None => Account::new("", text),
        }
    }

    /// An account of a domain.
    pub fn new(domain: &str, name: &str) -> Account {
        Account { domain: fold::without_root(domain).to_owned(), name: fold::trimmed(name).to_owned() }
    }

    /// The account of a logon: the event has a field for the domain, and the name may still be a UPN or the service form
    /// `host/machine.suffix`.
    pub fn of_logon(domain: &str, name: &str) -> Account {
        let account = Account::parse(name);
        if fold::trimmed(domain).is_empty() { account } else { Account::new(domain, &account.name) }
    }

    /// The account of a computer: its NetBIOS name has at most 15 characters.
    pub fn of_machine(computer: &Host) -> Account {
        let name: String = computer.label().chars().take(15).collect();
        Account::new(computer.domain().unwrap_or_default(), &format!("{name}$"))
    }

    /// Whether this is a machine account.
    pub fn is_machine(&self) -> bool {
        self.name.ends_with('$')
    }

    /// The name without the `$` of a machine.
    pub fn bare_name(&self) -> &str {
        self.name.strip_suffix('$').unwrap_or(&self.name)
    }

    /// Whether the account has this name; the domains are not compared.
    pub fn has_name(&self, name: &str) -> bool {
        same_text(&self.name, name)
    }

    /// The folded `domain\name`, which is the key of state.
    pub fn canonical(&self) -> String {
        let (domain, name) = (fold(&self.domain), fold(&self.name));
        [&*domain, "\\", &*name].concat()
    }
}

/// Whether Active Directory takes both for one name: see [`fold()`].
pub fn same_text(a: &str, b: &str) -> bool {
    fold::is_same(a, b)
}

impl From<String> for Account {
    fn from(text: String) -> Account {
        Account::parse(&text)
    }
}

impl From<Account> for String {
    fn from(account: Account) -> String {
        account.to_string()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.domain.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{}\\{}", self.domain, self.name)
    }
}

/// A security identifier, `S-1-5-21-…-500`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sid(String);

impl Sid {
    /// Reads a SID: `S-1-` and numbers joined by `-`. The null SID `S-1-0-0` is none.
    pub fn parse(text: &str) -> Option<Sid> {
        let text = text.trim().to_ascii_uppercase();
        let numbers = text.strip_prefix("S-1-")?;
        let well_formed = numbers.len() < 180
            && numbers.split('-').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        (well_formed && numbers != "0-0").then_some(Sid(text))
    }

    /// The SID at the beginning of a text, and its length there.
    pub(crate) fn at_start(text: &str) -> Option<(Sid, usize)> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, 'S' | 's' | '-');
        let sid = text[..text.find(|c| !is_part(c)).unwrap_or(text.len())].trim_end_matches('-');
        Some((Sid::parse(sid)?, sid.len()))
    }

    /// The relative identifier, its last number, which differs between the accounts of one domain.
    pub fn rid(&self) -> Option<u32> {
        self.0.rsplit('-').next()?.parse().ok()
    }

    /// The SID as text, `S-1-…`, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sid {
    type Error = String;
    fn try_from(text: String) -> Result<Sid, String> {
        Sid::parse(&text).ok_or_else(|| format!("`{text}` is no SID such as S-1-5-21-1-2-3-500"))
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> String {
        sid.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::event::account::{Account, Sid, same_text};
    use crate::event::host::Host;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, domain: &str, name: &str) {
        assert_eq!(Account::parse(text), Account { domain: domain.into(), name: name.into() }, "{text}");
    }

    #[test]
    fn machine_account_is_cut_as_windows_cuts_it() {
        let of = |host: &str| Account::of_machine(&Host::new(host));
        assert_eq!(of("DC01.corp.example").to_string(), "corp.example\\dc01$");
        assert_eq!(of("verylongservername01").name, "verylongservern$");
    }

    #[test]
    fn accounts_are_read_in_every_spelling() {
        check(r"CORP\alice.smith", "CORP", "alice.smith");
        check(r" CORP\WKS-114$ ", "CORP", "WKS-114$");
        check("alice@corp.example", "corp.example", "alice");
        check("a@b@corp.example", "corp.example", "a@b");
        check("alice", "", "alice");
        check(r"NT AUTHORITY\SYSTEM", "NT AUTHORITY", "SYSTEM");
        check("host/WKS.corp.example@CORP.EXAMPLE", "corp.example", "wks$");
        check("HOST/wks", "", "wks$");
        check(r"CORP\a\b", "CORP", r"a\b");
        check(r"CORP\\mallory", "CORP", "mallory");
        check("", "", "");
        check("alice@corp.example.", "corp.example", "alice");
        check(r"corp.example. \ alice ", "corp.example", "alice");
        check("CORP\\administrator\0\0", "CORP", "administrator");
        check("alice\0@corp.example\0", "corp.example", "alice");
        check("S-1-5-21-1-2-3-500", "", "S-1-5-21-1-2-3-500");
    }

    #[test]
    fn field_of_the_domain_wins_over_the_suffix_of_a_logon_name() {
        for name in ["WKS-114$", "host/wks-114.corp.example", "wks-114$@corp.example"] {
            let account = Account::of_logon("CORP.EXAMPLE", name);
            assert!(account.has_name("WKS-114$") && account.domain == "CORP.EXAMPLE", "{account}");
        }
        assert_eq!(Account::of_logon("", "alice@corp.example").domain, "corp.example");
    }

    #[test]
    fn accounts_that_end_in_a_dollar_are_machines() {
        assert!(Account::parse(r"CORP\DC02$").is_machine());
        assert_eq!(Account::parse(r"CORP\DC02$").bare_name(), "DC02");
        assert!(!Account::parse(r"CORP\alice").is_machine());
        assert_eq!(Account::parse("alice").bare_name(), "alice");
    }

    #[test]
    fn names_are_compared_folded() {
        assert!(same_text("ÉMILE", "émile"));
        assert!(Account::parse(r"CORP\Alice").has_name("ALICE"));
        assert!(!Account::parse(r"CORP\Alice").has_name("a"));
        assert_eq!(Account::parse(r"CORP\Alice").canonical(), r"corp\alice");
        assert_eq!(
            Account::parse(r"CORP\ÉMILE").canonical(),
            Account::parse("CORP\\e\u{301}mile").canonical()
        );
    }

    #[test]
    fn only_well_formed_sids_are_read() {
        assert_eq!(Sid::parse(" s-1-5-21-1-2-3-500 ").unwrap().rid(), Some(500));
        assert_eq!(Sid::parse("S-1-5-18").unwrap().as_str(), "S-1-5-18");
        for text in ["", "-", "S-1-0-0", "S-1-", "S-1-5-", "S-1-5--1", "S-2-5-1", "S-1-5-x"] {
            assert_eq!(Sid::parse(text), None, "{text}");
        }
        assert!(serde_json::from_str::<Sid>("\"S-1\"").unwrap_err().to_string().contains("is no SID"));
    }

    proptest! {
        #[test]
        fn displayed_account_is_read_back(domain in "[A-Za-z.]{0,8}", name in "[A-Za-z0-9._-]{1,12}\\$?") {
            let account = Account::new(&domain, &name);
            prop_assert_eq!(Account::parse(&account.to_string()), account);
        }

        #[test]
        fn any_text_is_accepted(text in ".{0,40}") {
            Account::parse(&text).canonical();
            Sid::parse(&text);
        }
    }
}
