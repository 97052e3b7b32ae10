//! Names of computers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A DNS or NetBIOS host name, lower case, without a final dot.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Host(String);

impl Host {
    /// Normalises a name as it stands in an event.
    pub fn new(name: &str) -> Host {
        Host(name.trim().trim_end_matches('.').to_lowercase())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first label, `ca01` of `ca01.corp.example`: what the account of the machine is called, without its `$`.
    pub fn label(&self) -> &str {
        self.0.split('.').next().unwrap_or("")
    }

    /// Whether two names can mean one computer: equal, or one is the bare first label of the other.
    pub fn is_same(&self, other: &Host) -> bool {
        self.0 == other.0
            || (self.label() == other.label()
                && (self.0.len() == self.label().len() || other.0.len() == other.label().len()))
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
