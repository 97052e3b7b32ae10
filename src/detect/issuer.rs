//! Whose name an issuer is: that of one of our CAs, of a known foreign one, or of nobody known.

use crate::detect::domain::DomainPolicy;
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::subject::common_names;
use crate::event::{CertificateLogon, CertificateMapping, MappingVerdict};

/// Issuers of certificates that Windows itself makes: Microsoft Entra ID for devices of one tenant
/// (`MS-Organization-P2P-Access [2026]`), and the self-signed certificates of Windows Hello keys.
const WINDOWS_OWN: [&str; 2] = ["ms-organization-p2p-access", "login.windows.net"];

/// The name of an issuer as 4768 writes it: the common name, where the KDC wrote a distinguished one.
pub(crate) fn issuer_name(issuer: &str) -> String {
    common_names(issuer).into_iter().next().unwrap_or_else(|| issuer.to_owned())
}

const EXCLAMATION_MARK: u16 = b'!' as u16;

/// The common name of a CA, where the directory or a key has it in its sanitized form: `M!00fcller CA` ([MS-WCCE] 3.1.1.4.1.1).
/// A name that has no such characters is itself.
pub(crate) fn unsanitized(name: &str) -> String {
    let mut units = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('!') {
        units.extend(before.encode_utf16());
        let replaced =
            after.split_at_checked(4).filter(|(code, _)| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = replaced.and_then(|(code, then)| Some((u16::from_str_radix(code, 16).ok()?, then)));
        let (unit, then) = unit.unwrap_or((EXCLAMATION_MARK, after));
        units.push(unit);
        rest = then;
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// Whether the issuer is known to be none of our CAs: by `foreign_issuers:` of the policy, as one that Windows makes, or
/// because it is the account itself, whose certificate signs itself.
pub(crate) fn is_foreign(policy: &DomainPolicy, issuer: &str, account: &Account) -> bool {
    policy.foreign_issuers.iter().any(|known| same_text(known, issuer))
        || is_of_windows(issuer)
        || is_self(issuer, account)
}

/// Whether Windows itself makes certificates under this issuer's name.
pub(crate) fn is_of_windows(issuer: &str) -> bool {
    let folded = fold(issuer);
    WINDOWS_OWN.iter().any(|known| folded.contains(known))
}

/// Whether the certificate is that of a key which no CA has certified: it signs itself, or Windows and Microsoft Entra ID made
/// it for a device (Windows Hello, hybrid join).
pub(crate) fn is_own_key(mapping: &CertificateMapping) -> bool {
    if !matches!(mapping.verdict, MappingVerdict::IssuerNotTrusted | MappingVerdict::Refused) {
        return false;
    }
    // A subject is written as an issuer is.
    let [issuer, subject] = [&mapping.issuer, &mapping.subject].map(|name| issuer_name(name));
    let signs_itself = !issuer.is_empty() && same_text(&issuer, &subject);
    mapping.serial.is_none() || is_of_windows(&mapping.issuer) || signs_itself
}

/// Whether no CA has certified the key of the logon: the certificate signs itself.
pub(crate) fn signs_itself(logon: &CertificateLogon) -> bool {
    logon.serial.is_zero() || is_self(&issuer_name(&logon.issuer), &logon.account)
}

fn is_self(issuer: &str, account: &Account) -> bool {
    !account.name.is_empty()
        && (account.has_name(&Account::parse(issuer).name)
            || (account.is_machine() && same_text(Host::new(issuer).label(), account.bare_name())))
}

/// The common name that `cas:` gives this CA.
pub(crate) fn configured_name<'p>(policy: &'p DomainPolicy, ca: &Host) -> Option<&'p str> {
    policy.cas.iter().find(|(host, _)| Host::new(host).is_same(ca)).map(|(_, name)| name.as_str())
}

/// The host of the CA to which `cas:` gives this common name.
pub(crate) fn configured_host(policy: &DomainPolicy, issuer: &str) -> Option<Host> {
    configured_hosts(policy, issuer).next()
}

/// All hosts to which `cas:` gives this common name: a CA that moves to another host keeps its name.
pub(crate) fn configured_hosts(policy: &DomainPolicy, issuer: &str) -> impl Iterator<Item = Host> {
    policy.cas.iter().filter(move |(_, name)| same_text(name, issuer)).map(|(host, _)| Host::new(host))
}

#[cfg(test)]
mod tests {
    use crate::detect::domain::DomainPolicy;
    use crate::detect::issuer::{is_foreign, issuer_name, unsanitized};
    use crate::event::account::Account;

    #[test]
    fn issuers_of_windows_and_of_the_policy_are_foreign() {
        let policy =
            DomainPolicy { foreign_issuers: vec!["ACME Issuing CA 3".to_owned()], ..DomainPolicy::default() };
        let foreign = |issuer: &str, account: &str| is_foreign(&policy, issuer, &Account::parse(account));
        assert!(foreign("acme issuing ca 3", "CORP\\bob.jones"));
        assert!(foreign("MS-Organization-P2P-Access [2026]", "CORP\\bob.jones"));
        assert!(foreign("S-1-12-1-1-2-3-4/4c3f/login.windows.net/7c1b/bob@corp.example", "CORP\\bob.jones"));
        assert!(foreign("bob.jones", "CORP\\bob.jones"), "a certificate that signs itself");
        assert!(foreign("WKS-114", "CORP\\WKS-114$") && foreign("wks-114.corp.example", "CORP\\WKS-114$"));
        assert!(!foreign("CORP-CA01", "CORP\\bob.jones"));
        assert!(!foreign("ACME Issuing CA 31", "CORP\\bob.jones"));
        assert!(!foreign("", "CORP\\bob.jones") && !foreign("", ""));
    }

    #[test]
    fn sanitized_names_are_read() {
        for (sanitized, name) in [
            ("M!00fcller CA !00282026!0029", "Müller CA (2026)"),
            ("CORP-CA01", "CORP-CA01"),
            ("!d83d!dd11 CA", "🔑 CA"),
            ("CA!", "CA!"),
            ("CA!00", "CA!00"),
            ("CA!00é!0026Co", "CA!00é&Co"),
            ("", ""),
        ] {
            assert_eq!(unsanitized(sanitized), name);
        }
    }

    #[test]
    fn name_of_an_issuer_is_its_common_name() {
        assert_eq!(issuer_name("CORP-CA01"), "CORP-CA01");
        assert_eq!(issuer_name("CN=CORP-CA01, DC=corp, DC=example"), "CORP-CA01");
        assert_eq!(issuer_name(""), "");
    }
}
