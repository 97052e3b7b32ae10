//! Enrollment agents: accounts whose job is to request certificates in the names of others, and the limits of that job.
//!
//! An agent is excused within its profile only: these templates, these subjects, from these hosts, used there. A protected identity is
//! in no profile.

use crate::event::CertificateRequest;
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;

/// What an enrollment agent may request: the profile of its job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Templates of which it requests certificates for others; `*` alone is any template.
    #[schemars(example = json!(["Citrix_SmartcardLogon"]))]
    pub templates: Vec<String>,
    /// The hosts it requests from, as the request attribute `ccm:` states them. The client writes that attribute, so a list
    /// only restricts: a request from another host, or without the attribute, is outside the profile. Default: any host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["fas01.corp.example"]))]
    pub hosts: Vec<Host>,
    /// Names it may request, with `*` for any text: `*@corp.example`, `phone-*.mobile.corp.example`. Default: any name.
    #[serde(default = "any_subject", skip_serializing_if = "is_any_subject")]
    #[schemars(example = json!(["*@corp.example"]))]
    pub subjects: Vec<String>,
    /// Networks and addresses from which its certificates are used: those of the users, of the virtual desktops. A logon
    /// with one from elsewhere is a finding. Default: any address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = json!(["10.20.0.0/16"]))]
    pub used_from: Vec<Network>,
    /// Its certificates are used by Macs, Linux hosts or appliances too, whose logons look like those of attack tools.
    /// Without it such a logon is a finding.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_systems: bool,
}

/// A network `10.20.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Network(pub(crate) IpNet);

impl TryFrom<String> for Network {
    type Error = String;
    fn try_from(text: String) -> Result<Network, String> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Network).map_err(|_| format!("`{text}` is no network and no address"))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.0.to_string()
    }
}

impl Agent {
    /// Whether it may request certificates of this template; a template that the event does not name is none.
    pub fn has_template(&self, template: Option<&str>) -> bool {
        self.templates.iter().any(|own| own == ANY || template.is_some_and(|other| same_text(own, other)))
    }

    /// Whether the request comes from one of its hosts, or it has a list of none; a host that the event does not name is none
    /// of a list.
    pub fn has_host_of(&self, request: &CertificateRequest) -> bool {
        let is_own = |host: &Host| self.hosts.iter().any(|own| own.is_same(host));
        self.hosts.is_empty() || request.is_only_from(is_own)
    }

    /// Whether it may make this request for others, by its template and its client; the names are not looked at.
    pub(crate) fn is_at_work(&self, request: &CertificateRequest) -> bool {
        self.has_template(request.sole_template()) && self.has_host_of(request)
    }

    /// Whether it may request a certificate with this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.subjects.iter().any(|pattern| matches(pattern, name))
    }

    /// Whether its certificates are used from this address; an address that the event does not have proves nothing.
    pub fn is_used_from(&self, address: Option<&str>) -> bool {
        let Some(address) = address.and_then(|text| text.parse::<IpAddr>().ok()) else { return true };
        self.used_from.is_empty() || self.used_from.iter().any(|Network(own)| own.contains(&address))
    }

    /// Whether its certificates are used by clients that log on as attack tools do.
    pub fn is_used_by(&self, of_tool: bool) -> bool {
        self.other_systems || !of_tool
    }

    /// Whether a certificate that it requested may be used by this account: one of its subjects, by name or in the form
    /// `DOMAIN\name` or `name@suffix`.
    pub fn has_subject(&self, account: &Account) -> bool {
        let upn = format!("{}@{}", account.name, account.domain);
        [&account.name, &account.to_string(), &upn].into_iter().any(|name| self.has_name(name))
    }
}

const ANY: &str = "*";

fn any_subject() -> Vec<String> {
    vec![ANY.to_owned()]
}

fn is_any_subject(subjects: &[String]) -> bool {
    subjects == [ANY]
}

/// Whether the name is the pattern, in which every `*` stands for any text. Folded as accounts are.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (fold(pattern), fold(name));
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use crate::detect::agent::{Agent, matches};
    use crate::event::CertificateRequest;
    use crate::event::account::Account;
    use crate::event::host::Host;

    fn agent(json: &str) -> Agent {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name) in [
            ("*", "anything"),
            ("*@corp.example", "Alice@CORP.example"),
            ("CORP\\*", "corp\\alice"),
            ("phone-*.mobile.*", "phone-7.mobile.corp.example"),
            ("alice", "ALICE"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("alice", "alice2"),
            ("*@corp.example", "alice@corp.example.evil"),
            ("a*a", "a"),
            ("ab*bc", "abc"),
            ("phone-*.mobile.*", "phone-7.corp.example"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn profile_limits_templates_hosts_and_subjects() {
        let fas = agent(
            r#"{"templates": ["Citrix_SmartcardLogon"], "hosts": ["fas01"], "subjects": ["*@corp.example"]}"#,
        );
        assert!(fas.has_template(Some("citrix_smartcardlogon")));
        assert!(!fas.has_template(Some("User")) && !fas.has_template(None));
        let from = |hosts: &[&str]| {
            let mut hosts = hosts.iter().map(|host| Host::new(host));
            CertificateRequest {
                client: hosts.next(),
                clients_beyond: hosts.collect(),
                ..CertificateRequest::default()
            }
        };
        assert!(fas.has_host_of(&from(&["fas01.corp.example"])));
        assert!(!fas.has_host_of(&from(&["wks-066.corp.example"])) && !fas.has_host_of(&from(&[])));
        assert!(!fas.has_host_of(&from(&["fas01.corp.example", "wks-066.corp.example"])));
        assert!(fas.has_subject(&Account::parse("alice@corp.example")));
        assert!(!fas.has_subject(&Account::parse("alice@other.example")));
        let any = agent(r#"{"templates": ["*"]}"#);
        assert!(any.has_template(None) && any.has_host_of(&from(&[])) && any.has_name("bob"));
    }

    #[test]
    fn certificates_are_used_from_the_networks_of_the_profile() {
        let fas = agent(r#"{"templates": ["*"], "used_from": ["10.20.0.0/16", "2001:db8::7"]}"#);
        for address in [Some("10.20.31.5"), Some("2001:db8::7"), None, Some("no address")] {
            assert!(fas.is_used_from(address), "{address:?}");
        }
        assert!(!fas.is_used_from(Some("10.66.66.66")));
        assert!(agent(r#"{"templates": ["*"]}"#).is_used_from(Some("10.66.66.66")));
        let wrong = serde_json::from_str::<Agent>(r#"{"templates": [], "used_from": ["10.20.0.0/33"]}"#);
        assert!(wrong.unwrap_err().to_string().contains("no network"));
    }

    #[test]
    fn templates_are_required() {
        assert!(serde_json::from_str::<Agent>("{}").is_err());
    }
}
