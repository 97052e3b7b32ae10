//! Whether a name is that of a protected identity, or only looks like one.

use crate::detect::domain::DomainPolicy;
use crate::detect::identity::{Verdict, same_account};
use crate::event::CertificateRequest;
use crate::event::account::{Account, same_text};
use crate::event::fold::{fold, skeleton};
use crate::event::host::Host;
use crate::event::san::San;

/// Whether the name is that of a protected identity.
///
/// A term counts as a word anywhere in another's name, as in the scheduled rule; in a DNS name only as the whole first
/// label, because a zone may be called `dc01`; in the requester's own name only as the whole account name, because
/// `sharepoint-administrator` is no administrator. A machine's own names are never sensitive: domain controllers renew
/// their certificates.
pub(crate) fn is_sensitive(policy: &DomainPolicy, requester: &Account, name: &San, verdict: Verdict) -> bool {
    let protected = &policy.protected;
    if let Verdict::Own { suffix_assumed } = verdict {
        let has_term = || protected.terms.iter().any(|term| requester.has_name(term));
        return !requester.is_machine()
            && (has_term() || (suffix_assumed && is_namesake(policy, requester, name)));
    }
    match name {
        San::Upn(text) | San::Email(text) => {
            has_term(&protected.terms, text) || is_listed_account(policy, &Account::parse(text))
        }
        San::Dns(text) => {
            let host = Host::new(text);
            verdict == Verdict::Other
                && (protected.terms.iter().any(|term| same_text(term, host.label()))
                    || is_domain_controller(policy, &host))
        }
        San::Sid(sid) => {
            sid.rid().is_some_and(|rid| protected.rids.contains(&rid))
                || protected.imported.has_sid(sid.as_str())
                || has_term(&protected.terms, sid.as_str())
        }
        San::Guid(text) | San::Url(text) | San::Ip(text) | San::Other(text) => {
            has_term(&protected.terms, text)
        }
    }
}

/// Whether a name is that of a protected account of another domain, which the requester is not but has the name of.
fn is_namesake(policy: &DomainPolicy, requester: &Account, name: &San) -> bool {
    let (San::Upn(text) | San::Email(text)) = name else { return false };
    let named = Account::parse(text);
    let is_named = |listed: &Account| !listed.domain.is_empty() && same_account(policy, listed, &named);
    let mut listed = listed_accounts(policy, &named).filter(|listed| is_named(listed)).peekable();
    listed.peek().is_some() && listed.all(|listed| !same_account(policy, listed, requester))
}

/// The protected accounts of the policy, and those of an import with this account's name.
fn listed_accounts<'p>(policy: &'p DomainPolicy, account: &Account) -> impl Iterator<Item = &'p Account> {
    policy.protected.accounts.iter().chain(policy.protected.imported.named(&account.name))
}

/// Whether the name is none of a protected identity but looks like one: `аdministrator` with a Cyrillic `а`.
///
/// Plain ASCII in the requester's own name does not count: `dco1` is a name as others are.
pub(crate) fn is_lookalike(policy: &DomainPolicy, requester: &Account, name: &San, verdict: Verdict) -> bool {
    let text = match name {
        San::Upn(text) | San::Email(text) => Account::parse(text).bare_name().to_owned(),
        San::Dns(text) => Host::new(text).label().to_owned(),
        San::Sid(_) | San::Guid(_) | San::Url(_) | San::Ip(_) | San::Other(_) => return false,
    };
    if matches!(verdict, Verdict::Own { .. }) && (requester.is_machine() || text.is_ascii()) {
        return false;
    }
    let looks = skeleton(&text);
    let protected = &policy.protected;
    let terms = protected.terms.iter().map(String::as_str);
    let accounts = protected.accounts.iter().map(Account::bare_name);
    let hosts = protected.domain_controllers.iter().map(Host::label);
    terms.chain(accounts).chain(hosts).any(|known| skeleton(known) == looks && !same_text(known, &text))
}

/// Whether a text is the name of a protected identity as a whole: a term, an account of the policy, or the host name of a
/// domain controller.
pub(crate) fn is_protected_name(policy: &DomainPolicy, name: &str) -> bool {
    let host = Host::new(name);
    let is_term =
        |term: &String| same_text(term, name) || (name.contains('.') && same_text(term, host.label()));
    policy.protected.terms.iter().any(is_term)
        || is_listed_account(policy, &Account::parse(name))
        || is_domain_controller(policy, &host)
}

/// Whether an account is protected: by a term, or by the policy's list of accounts and domain controllers.
pub(crate) fn is_protected_account(policy: &DomainPolicy, account: &Account) -> bool {
    has_term(&policy.protected.terms, &account.name) || is_listed_account(policy, account)
}

fn is_listed_account(policy: &DomainPolicy, account: &Account) -> bool {
    listed_accounts(policy, account).any(|listed| same_account(policy, listed, account))
        || (account.is_machine() && is_domain_controller(policy, &Host::new(account.bare_name())))
}

/// Whether the policy lists the host as a domain controller, by its whole name or its first label, or an import states that its
/// machine account is protected.
pub(crate) fn is_domain_controller(policy: &DomainPolicy, host: &Host) -> bool {
    policy
        .protected
        .domain_controllers
        .iter()
        .any(|dc| dc.is_same(host) || same_text(dc.label(), host.label()))
        || policy.protected.imported.has_machine(host)
}

/// Windows' own templates that are for domain controllers alone.
const TEMPLATES_OF_CONTROLLERS: [&str; 4] = [
    "DomainController",
    "DomainControllerAuthentication",
    "KerberosAuthentication",
    "DirectoryEmailReplication",
];

/// Whether a template is one of Windows for domain controllers. An export may have the display name, with spaces.
pub(crate) fn is_of_controllers(template: &str) -> bool {
    TEMPLATES_OF_CONTROLLERS
        .iter()
        .any(|known| known.len() <= template.len() && same_text(known, &template.replace(' ', "")))
}

/// What a host name is to the requester, where the name of its domain is nobody's: that of the domain controllers, if the policy or
/// an import names them and the requester is none. A new one, which no list has yet, has certificates of the templates for them.
pub(crate) fn of_controllers(
    policy: &DomainPolicy,
    request: &CertificateRequest,
    name: &San,
    verdict: Verdict,
) -> Verdict {
    let protected = &policy.protected;
    let is_other = verdict == Verdict::Unknown
        && matches!(name, San::Dns(_))
        && (!protected.domain_controllers.is_empty() || protected.imported.has_machines())
        && !is_domain_controller(policy, &Host::new(request.requester.bare_name()))
        && !request.sole_template().is_some_and(is_of_controllers);
    if is_other { Verdict::Other } else { verdict }
}

/// Whether one of the terms stands in the text as a whole word, folded: where a term begins or ends with a letter or
/// digit, the text must not go on with one there.
fn has_term(terms: &[String], text: &str) -> bool {
    let text = fold(text);
    terms.iter().any(|term| has_word(&text, &fold(term)))
}

/// Names and words are short: comparing at each place costs less than preparing a search for each word.
fn has_word(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let joins = |a: Option<char>, b: Option<char>| {
        a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric)
    };
    text.as_bytes().windows(word.len()).enumerate().any(|(at, found)| {
        if found != word.as_bytes() {
            return false;
        }
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !joins(before, word.chars().next()) && !joins(word.chars().next_back(), after)
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::protected::has_term;

    #[test]
    fn terms_are_words_in_the_names_of_others() {
        let terms = &DomainPolicy::default().protected.terms;
        for text in [
            "administrator",
            "Administrator@corp.example",
            "x-dc@corp",
            "corp-dc$",
            "dc01.corp.example",
            "CN=Domain Admins",
            "ａｄｍｉｎｉｓｔｒａｔｏｒ",
            "admin\u{200b}istrátor",
        ] {
            assert!(has_term(terms, text), "{text}");
        }
        for text in ["administrators", "nodc01", "dc012", "xdc$", "sysadministrator"] {
            assert!(!has_term(terms, text), "{text}");
        }
    }
}
