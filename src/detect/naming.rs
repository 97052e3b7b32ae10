//! Whose name is it? Compares the names of a certificate with the account that asked for it.
//!
//! Comparison is equality of identities, never of substrings: the scheduled rule's `contains` lets a requester `a` match
//! every name with an `a` in it. Unknown is unknown: what cannot be compared is neither a match nor a mismatch.

use crate::detect::domain::DomainPolicy;
use crate::event::CertificateRequest;
use crate::event::account::{Account, same_text};
use crate::event::host::Host;
use crate::event::san::San;

/// What comparing one name with the requester says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The requester's own. `suffix_assumed`: the policy does not say which UPN suffixes are its domain's.
    Own {
        /// The suffix was not checked.
        suffix_assumed: bool,
    },
    /// Somebody else's.
    Other,
    /// A kind of name that no account can be told from: a GUID, an address, a SID whose account is not known.
    Unknown,
}

/// What comparing all names of a request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Names of another identity.
    pub mismatched: Vec<String>,
    /// Names of a protected identity.
    pub sensitive: Vec<String>,
    /// All the others.
    pub harmless: Vec<String>,
    /// A UPN suffix was not checked.
    pub suffix_assumed: bool,
    /// Names beyond the limit were not read: nobody has that many of his own.
    pub names_cut: u32,
}

impl Judgement {
    /// Whether another identity is named.
    pub fn is_mismatch(&self) -> bool {
        !self.mismatched.is_empty() || self.names_cut > 0
    }

    /// Whether a protected identity is named.
    pub fn is_sensitive(&self) -> bool {
        !self.sensitive.is_empty()
    }
}

/// Judges every name of a request, with the allow-lists applied: they silence a mismatch, never a protected identity.
pub fn judge(policy: &DomainPolicy, request: &CertificateRequest) -> Judgement {
    let allowed = is_allowed(policy, request);
    let verdicts: Vec<Verdict> =
        request.names.iter().map(|name| compare(policy, &request.requester, name, &request.names)).collect();
    let has_own = verdicts.iter().any(|v| matches!(v, Verdict::Own { .. }));
    let mut judgement =
        Judgement { names_cut: if allowed { 0 } else { request.names_cut }, ..Judgement::default() };
    for (name, verdict) in request.names.iter().zip(verdicts) {
        let value = name.value().to_owned();
        judgement.suffix_assumed |= verdict == Verdict::Own { suffix_assumed: true };
        if is_sensitive(policy, &request.requester, name, verdict) {
            judgement.sensitive.push(value.clone());
        }
        let mismatch = match verdict {
            // People's mail addresses often differ from their account names, and no logon goes by them: one counts
            // only where no other name is the requester's own.
            Verdict::Other => {
                let excused =
                    allowed || policy.allow.name(&value) || (has_own && matches!(name, San::Email(_)));
                !excused
            }
            Verdict::Own { .. } | Verdict::Unknown => false,
        };
        if mismatch {
            judgement.mismatched.push(value);
        } else if judgement.sensitive.last() != Some(&value) {
            judgement.harmless.push(value);
        }
    }
    judgement
}

/// Whether requester, template or client machine are allowed to look odd.
pub fn is_allowed(policy: &DomainPolicy, request: &CertificateRequest) -> bool {
    policy.allow.requester(&request.requester)
        || request.template.as_ref().is_some_and(|template| policy.allow.template(template))
        || request.client.as_ref().is_some_and(|client| policy.allow.source_host(client.as_str()))
}

/// Whether two accounts are one: equal names, and domains that are or may be the same. The domain of a requester is a
/// NetBIOS name, that of a logon a realm: without a `domains:` entry they cannot be told apart.
pub fn same_account(policy: &DomainPolicy, requester: &Account, other: &Account) -> bool {
    if !requester.has_name(&other.name) {
        return false;
    }
    let (a, b) = (&requester.domain, &other.domain);
    if a.is_empty() || b.is_empty() || same_text(a, b) {
        return true;
    }
    let known = |domain: &str, suffix: &str| {
        policy.suffixes(domain).map(|list| list.iter().any(|s| same_text(s, suffix)))
    };
    known(a, b).or_else(|| known(b, a)).unwrap_or(true)
}

/// Whether an account is protected: by a term, or by the policy's list of accounts and domain controllers.
pub fn is_protected_account(policy: &DomainPolicy, account: &Account) -> bool {
    has_term(&policy.protected.terms, &account.name) || is_listed_account(policy, account)
}

fn is_listed_account(policy: &DomainPolicy, account: &Account) -> bool {
    policy.protected.accounts.iter().any(|listed| same_account(policy, listed, account))
        || (account.is_machine() && is_domain_controller(policy, &Host::new(account.bare_name())))
}

fn is_domain_controller(policy: &DomainPolicy, host: &Host) -> bool {
    policy.protected.domain_controllers.iter().any(|dc| dc.is_same(host) || dc.label() == host.label())
}

fn compare(policy: &DomainPolicy, requester: &Account, name: &San, all: &[San]) -> Verdict {
    match name {
        San::Upn(upn) => compare_upn(policy, requester, upn),
        San::Email(address) => match compare_upn(policy, requester, address) {
            Verdict::Own { .. } => Verdict::Own { suffix_assumed: false },
            Verdict::Other | Verdict::Unknown => Verdict::Other,
        },
        San::Dns(dns) => compare_dns(policy, requester, &Host::new(dns), all),
        San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => Verdict::Unknown,
    }
}

fn compare_upn(policy: &DomainPolicy, requester: &Account, upn: &str) -> Verdict {
    let (local, suffix) = upn.rsplit_once('@').unwrap_or((upn, ""));
    if !requester.has_name(local.trim()) {
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

/// A machine owns the names whose first label is its own. The name of its domain, which domain controllers carry too,
/// is no account's.
fn compare_dns(policy: &DomainPolicy, requester: &Account, dns: &Host, all: &[San]) -> Verdict {
    if !requester.is_machine() {
        return Verdict::Other;
    }
    if same_text(dns.label(), requester.bare_name()) {
        return Verdict::Own { suffix_assumed: false };
    }
    let is_domain = same_text(dns.as_str(), &requester.domain)
        || policy
            .suffixes(&requester.domain)
            .is_some_and(|list| list.iter().any(|s| same_text(s, dns.as_str())))
        || all.iter().any(|other| match other {
            San::Dns(other) => Host::new(other).as_str().split_once('.').is_some_and(|(label, domain)| {
                same_text(label, requester.bare_name()) && domain == dns.as_str()
            }),
            San::Upn(_)
            | San::Email(_)
            | San::Sid(_)
            | San::Guid(_)
            | San::Url(_)
            | San::Ip(_)
            | San::Other(_) => false,
        });
    if is_domain { Verdict::Unknown } else { Verdict::Other }
}

/// A machine's own names are never sensitive: domain controllers renew their certificates. A person's own name is, when a
/// term of the rule matches it (the rule reports it too), but not when only the policy's lists do.
fn is_sensitive(policy: &DomainPolicy, requester: &Account, name: &San, verdict: Verdict) -> bool {
    let own = matches!(verdict, Verdict::Own { .. });
    if own && requester.is_machine() {
        return false;
    }
    let listed = !own
        && match name {
            San::Upn(text) | San::Email(text) => is_listed_account(policy, &Account::parse(text)),
            San::Dns(text) => verdict == Verdict::Other && is_domain_controller(policy, &Host::new(text)),
            San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => false,
        };
    let by_rid = match name {
        San::Sid(sid) => sid.rid().is_some_and(|rid| policy.protected.rids.contains(&rid)),
        San::Upn(_)
        | San::Dns(_)
        | San::Email(_)
        | San::Guid(_)
        | San::Url(_)
        | San::Ip(_)
        | San::Other(_) => false,
    };
    listed || by_rid || has_term(&policy.protected.terms, name.value())
}

/// Whether one of the terms stands in the text as a whole word, without regard to case: where a term begins or ends with a
/// letter or digit, the text must not go on with one there.
fn has_term(terms: &[String], text: &str) -> bool {
    let text = text.to_lowercase();
    terms.iter().any(|term| !term.is_empty() && has_word(&text, &term.to_lowercase()))
}

fn has_word(text: &str, word: &str) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !joins(before, word.chars().next()) && !joins(word.chars().next_back(), after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(policy: &DomainPolicy, requester: &str, names: &[San]) -> Judgement {
        let request = CertificateRequest {
            requester: Account::parse(requester),
            names: names.to_vec(),
            ..CertificateRequest::default()
        };
        judge(policy, &request)
    }

    fn upn(text: &str) -> San {
        San::Upn(text.to_owned())
    }

    fn dns(text: &str) -> San {
        San::Dns(text.to_owned())
    }

    #[test]
    fn a_substring_is_no_match() {
        let policy = DomainPolicy::default();
        assert!(judged(&policy, "CORP\\ann", &[upn("joanna@corp.example")]).is_mismatch());
        assert!(!judged(&policy, "CORP\\ANN", &[upn("ann@corp.example")]).is_mismatch());
    }

    #[test]
    fn suffixes_are_checked_where_the_policy_knows_them() {
        let mut policy = DomainPolicy::default();
        assert!(judged(&policy, "CORP\\ann", &[upn("ann@evil.example")]).suffix_assumed);
        policy.domains.insert("corp".to_owned(), vec!["corp.example".to_owned()]);
        assert!(judged(&policy, "CORP\\ann", &[upn("ann@evil.example")]).is_mismatch());
        let own = judged(&policy, "CORP\\ann", &[upn("ann@CORP.example")]);
        assert!(!own.is_mismatch() && !own.suffix_assumed);
    }

    #[test]
    fn a_domain_controller_may_name_itself_and_its_domain_but_nobody_else_may() {
        let policy = DomainPolicy::default();
        let names = [dns("dc01.corp.example"), dns("corp.example"), dns("CORP")];
        assert_eq!(judged(&policy, "CORP\\DC01$", &names).harmless.len(), 3);
        let other = judged(&policy, "CORP\\WKS-114$", &names);
        assert!(other.is_mismatch() && other.is_sensitive());
    }

    #[test]
    fn terms_are_words() {
        let terms = &DomainPolicy::default().protected.terms;
        for text in [
            "administrator",
            "Administrator@corp.example",
            "x-dc@corp",
            "corp-dc$",
            "dc01.corp.example",
            "CN=Domain Admins",
        ] {
            assert!(has_term(terms, text), "{text}");
        }
        for text in ["administrators", "nodc01", "dc012", "xdc$", "sysadministrator"] {
            assert!(!has_term(terms, text), "{text}");
        }
    }

    #[test]
    fn a_mail_address_counts_only_without_an_own_name() {
        let policy = DomainPolicy::default();
        let mail = San::Email("ann.smith@corp.example".to_owned());
        assert!(!judged(&policy, "CORP\\asmith", &[upn("asmith@corp.example"), mail.clone()]).is_mismatch());
        assert!(judged(&policy, "CORP\\asmith", &[mail]).is_mismatch());
    }

    #[test]
    fn what_cannot_be_compared_is_no_mismatch_but_a_protected_sid_is_sensitive() {
        let policy = DomainPolicy::default();
        let sid = |text| San::Sid(crate::event::account::Sid::parse(text).unwrap());
        assert!(
            !judged(&policy, "CORP\\ann", &[sid("S-1-5-21-1-2-3-1105"), San::Ip("10.0.0.1".to_owned())])
                .is_mismatch()
        );
        assert!(judged(&policy, "CORP\\ann", &[sid("S-1-5-21-1-2-3-500")]).is_sensitive());
    }

    #[test]
    fn one_account_in_several_spellings() {
        let mut policy = DomainPolicy::default();
        let (a, b) = (Account::parse("CORP\\ann"), Account::parse("ann@CORP.EXAMPLE"));
        assert!(same_account(&policy, &a, &b));
        policy.domains.insert("CORP".to_owned(), vec!["corp.example".to_owned()]);
        assert!(same_account(&policy, &a, &b) && same_account(&policy, &b, &a));
        assert!(!same_account(&policy, &a, &Account::parse("ann@other.example")));
        assert!(!same_account(&policy, &a, &Account::parse("CORP\\bob")));
    }
}
