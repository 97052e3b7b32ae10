//! Names of computers.

use crate::event::fold;
use crate::event::punycode::decoded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// A DNS or NetBIOS host name, lower case, without a final dot, and not in the ASCII form of internationalized names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(title = "host")]
pub struct Host(String);

impl Host {
    /// Normalises a name as it stands in an event.
    pub fn new(name: &str) -> Host {
        Host(decoded(fold::without_root(name).to_lowercase()))
    }

    /// The name as it was normalised.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first label, `ca01` of `ca01.corp.example`, which is the name of the machine's account without its `$`.
    pub fn label(&self) -> &str {
        self.0.split('.').next().unwrap_or("")
    }

    /// What follows the first label, `corp.example` of `ca01.corp.example`; none for a bare label.
    pub fn domain(&self) -> Option<&str> {
        self.0.split_once('.').map(|(_, domain)| domain).filter(|domain| !domain.is_empty())
    }

    /// Whether two names can mean one computer: equal, as the directory compares names, or one is the bare first label of
    /// the other.
    pub fn is_same(&self, other: &Host) -> bool {
        fold::is_same(&self.0, &other.0)
            || ((self.0.len() == self.label().len() || other.0.len() == other.label().len())
                && fold::is_same(self.label(), other.label()))
    }
}

impl From<String> for Host {
    fn from(name: String) -> Host {
        Host::new(&name)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> String {
        host.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a client as events write it: IPv4 in its mapped form (`::ffff:10.0.0.1`) becomes plain IPv4, IPv6 its
/// shortest form; text that is no address stays as it is. None for `-` and for nothing.
pub fn remote_ip(text: &str) -> Option<String> {
    let text = text.trim();
    match text.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical().to_string()),
        Err(_) => (!text.is_empty() && text != "-").then(|| text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::host::{Host, remote_ip};
    use proptest::prelude::*;

    #[test]
    fn names_are_normalised() {
        let host = Host::new(" CA01.Corp.Example.\0");
        assert_eq!(host.domain(), Some("corp.example"));
        assert_eq!(Host::new("ca01").domain(), None);
        assert_eq!(Host::new("XN--BRO-PC-3YA.corp.example"), Host::new("BÜRO-PC.corp.example"));
        assert_eq!((host.as_str(), host.label()), ("ca01.corp.example", "ca01"));
    }

    #[test]
    fn bare_label_is_the_same_host() {
        let same = |a, b| Host::new(a).is_same(&Host::new(b));
        assert!(same("CA01", "ca01.corp.example"));
        assert!(same("ca01.corp.example", "CA01.corp.example"));
        assert!(!same("ca01.corp.example", "ca01.other.example"));
        assert!(!same("ca01", "ca02.corp.example"));
    }

    #[test]
    fn names_are_compared_as_the_directory_does() {
        let same = |a, b| Host::new(a).is_same(&Host::new(b));
        for other in
            ["cá01.corp.example", "ＣＡ01.corp.example", "c\u{200b}a01.corp.example", "ca01．corp.example"]
        {
            assert!(same("ca01.corp.example", other), "{other}");
        }
        assert!(same("cá01", "ca01.corp.example"));
        assert!(!same("са01.corp.example", "ca01.corp.example"), "Cyrillic");
    }

    #[test]
    fn client_addresses_take_their_shortest_form() {
        let check = |text, expect: Option<&str>| assert_eq!(remote_ip(text).as_deref(), expect, "{text}");
        check("::ffff:10.20.30.66", Some("10.20.30.66"));
        check("10.20.30.66", Some("10.20.30.66"));
        check("::1", Some("::1"));
        check("FE80:0::1", Some("fe80::1"));
        check("LOCAL", Some("LOCAL"));
        check("-", None);
        check(" ", None);
    }

    proptest! {
        #[test]
        fn normalised_name_stays_as_it_is(name in r"(xn--)?[\x00-~é．]{0,12}(\.(xn--)?[\x00-~-]{0,16}){0,3}") {
            let once = Host::new(&name);
            prop_assert_eq!(Host::new(once.as_str()), once);
        }
    }
}
