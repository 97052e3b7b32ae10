//! Names of providers: an id has a meaning only together with the provider that writes it.
//!
//! Products write the names in any case, fixed-length columns leave blanks behind them, and Splunk keeps the quotes of
//! the attribute in the XML.

use crate::decode::fields::fold::fold;
use crate::decode::values::is_word_for_none;
use crate::decode::wanted::{self, Source};
use crate::event::fold::is_blank;

/// The provider of the audit events.
pub(crate) const SECURITY: &str = "Microsoft-Windows-Security-Auditing";
/// Its other names: without the beginning, and its GUID.
const OTHER_SECURITY: [&str; 3] =
    ["Security-Auditing", "{54849625-5478-4994-a5ba-3e3b0328c30d}", "54849625-5478-4994-a5ba-3e3b0328c30d"];

/// The names of the Key Distribution Center, the second one on domain controllers since Windows Server 2022. Some products leave
/// out what all names of Windows begin with.
pub(crate) const KDC: [&str; 3] =
    ["Microsoft-Windows-Kerberos-Key-Distribution-Center", "Kdcsvc", "Kerberos-Key-Distribution-Center"];

/// The service of a CA.
pub(crate) const SERVICE: &str = "Microsoft-Windows-CertificationAuthority";
/// Who writes of the life cycle of the machine's certificates.
pub(crate) const LIFECYCLE: &str = "Microsoft-Windows-CertificateServicesClient-Lifecycle-System";

/// What the names of nearly all providers of Windows begin with.
const WINDOWS: &str = "Microsoft-Windows-";

/// Events with a field ProviderName: that of the key.
const KEY_EVENTS: [u32; 2] = [5058, 5059];

/// Whether a provider writes the wanted event of this id; never where the id is not wanted.
///
/// A record without a provider is believed to be of the Security log, where the wanted ids are rare elsewhere; the small ids
/// of the KDC are not.
pub(crate) fn is_from(id: u32, provider: Option<&str>, channel: Option<&str>) -> bool {
    match wanted::source(id) {
        Some(Source::Security) => {
            provider.is_none_or(|name| is_of_security_log(id, name, channel) || is_word_for_none(name))
        }
        Some(Source::Kdc) => provider.is_some_and(is_kdc),
        Some(Source::CertificationAuthority) => provider.is_some_and(|name| is(name, SERVICE)),
        Some(Source::CertificateLifecycle) => provider.is_some_and(|name| is(name, LIFECYCLE)),
        None => false,
    }
}

/// Whether a name is one of the Security log's provider. Some products write its display name (`Microsoft Windows security
/// auditing.`), in the language of Windows, or its log (`Security`).
fn is_of_security_log(id: u32, name: &str, channel: Option<&str>) -> bool {
    // Nearly every record has this one.
    if is(name, SECURITY) {
        return true;
    }
    let folded = fold(name);
    let is_display_name = ["microsoftwindowssecurityauditing", "security"].contains(&folded.as_str());
    // Other languages keep the name of the product: `Microsoft Windows-Sicherheitsüberwachung.` On a collector the log may be
    // `ForwardedEvents`, and some products leave it out.
    let is_translated = || {
        folded.contains("microsoftwindows")
            && !begins_as_windows(name)
            && !channel.is_some_and(is_another_log)
    };
    // 5058 and 5059 have a field of this name, which stands in its place where a format keeps all fields at one level.
    let is_field = KEY_EVENTS.contains(&id) && name.ends_with(" Provider");
    let has_other_name = || OTHER_SECURITY.iter().any(|other| is(name, other));
    is_display_name || has_other_name() || is_field || is_translated()
}

/// Whether a log is surely none that holds events of the Security log.
fn is_another_log(channel: &str) -> bool {
    begins_as_windows(channel) || ["Application", "System", "Setup"].iter().any(|log| is(channel, log))
}

/// Whether a text in a field that may be many things, such as `Source`, is the name of a provider of Windows.
pub(crate) fn is_provider(name: &str) -> bool {
    begins_as_windows(name) || is_kdc(name)
}

/// Whether a name is that of a provider whose wanted ids are too small to be believed without it.
pub(crate) fn has_small_ids(name: &str) -> bool {
    is_kdc(name) || is(name, SERVICE) || is(name, LIFECYCLE)
}

fn is_kdc(name: &str) -> bool {
    KDC.iter().any(|known| is(name, known))
}

fn begins_as_windows(name: &str) -> bool {
    bare(name).get(..WINDOWS.len()).is_some_and(|head| head.eq_ignore_ascii_case(WINDOWS))
}

fn is(name: &str, known: &str) -> bool {
    bare(name).eq_ignore_ascii_case(known)
}

/// A name without blanks and quotes around it.
fn bare(name: &str) -> &str {
    name.trim_matches(|c: char| is_blank(c) || matches!(c, '\'' | '"'))
}

#[cfg(test)]
mod tests {
    use crate::decode::provider::{
        KDC, LIFECYCLE, OTHER_SECURITY, SECURITY, SERVICE, has_small_ids, is_from, is_provider,
    };

    #[test]
    fn case_blanks_and_quotes_do_not_matter() {
        let names = [(41, KDC[0]), (39, KDC[1]), (45, KDC[2]), (53, SERVICE), (1007, LIFECYCLE)];
        for (id, name) in names {
            let around =
                [format!("{name} "), format!("{name}\0\0"), format!("'{name}'"), format!("\"{name}\"")];
            for name in around.into_iter().chain([name.to_lowercase(), name.to_uppercase()]) {
                assert!(is_from(id, Some(&name), None) && has_small_ids(&name), "{name:?}");
            }
            assert!(!is_from(id, None, None) && !is_from(id, Some(SECURITY), None), "{id}");
        }
        assert!(is_from(4887, Some(&SECURITY.to_uppercase()), None) && is_from(4887, None, None));
        assert!(OTHER_SECURITY.iter().all(|name| is_from(4887, Some(&name.to_uppercase()), None)));
        assert!(!is_from(4688, None, None));
    }

    #[test]
    fn other_providers_write_the_same_small_ids() {
        for (id, name) in [
            (41, "Microsoft-Windows-Kernel-Power"),
            (39, "Microsoft-Windows-Kerberos-Key-Distribution-Center-Client"),
            (45, "Microsoft-Windows-Time-Service"),
            (53, "Microsoft-Windows-CertificationAuthorityClient-CertCli"),
            (1007, "Microsoft-Windows-CertificateServicesClient-Lifecycle-User"),
            (40, "disk"),
            (21, "Key"),
        ] {
            assert!(!is_from(id, Some(name), Some("System")) && !has_small_ids(name), "{name}");
        }
    }

    #[test]
    fn display_name_in_another_language_counts_wherever_the_security_log_may_be() {
        let names = [
            "Microsoft Windows-Sicherheitsüberwachung.",
            "Audit de sécurité Microsoft Windows.",
            "Microsoft Windows セキュリティ監査。",
        ];
        for name in names {
            for log in [Some("Security"), Some("ForwardedEvents"), Some("Sicherheit"), None] {
                assert!(is_from(4887, Some(name), log), "{name} {log:?}");
            }
            for log in ["Application", "System", "Microsoft-Windows-Sysmon/Operational"] {
                assert!(!is_from(4887, Some(name), Some(log)), "{name} {log}");
            }
            assert!(!is_from(39, Some(name), Some("System")) && !is_provider(name), "{name}");
        }
        for name in ["Microsoft-Windows-Eventlog", "AD FS Auditing", "Acme"] {
            for log in [Some("Security"), Some("ForwardedEvents"), None] {
                assert!(!is_from(4887, Some(name), log), "{name} {log:?}");
            }
        }
    }

    #[test]
    fn word_for_no_provider_is_none() {
        for name in ["N/A", "null", "(null)", "None", "unknown"] {
            assert!(is_from(4887, Some(name), Some("Security")) && !is_from(39, Some(name), None), "{name}");
        }
    }
}
