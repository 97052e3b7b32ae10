//! Subject alternative names: the types, and the display text in which 4887 writes them.

use crate::event::account::Sid;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One subject alternative name, as it was spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum San {
    /// Principal name; may lack its `@suffix` (ESC9).
    Upn(String),
    /// DNS name.
    Dns(String),
    /// RFC 822 name.
    Email(String),
    /// SID in a `tag:microsoft.com,2022-09-14:sid:` URL.
    Sid(Sid),
    /// DS Object Guid, as lower-case hex.
    Guid(String),
    /// Any other URL.
    Url(String),
    /// IP address.
    Ip(String),
    /// A kind or a label (of a localised CA, say) that is not known: the text as it stands.
    Other(String),
}

impl San {
    /// The name itself, without its kind.
    pub fn value(&self) -> &str {
        match self {
            San::Upn(s)
            | San::Dns(s)
            | San::Email(s)
            | San::Guid(s)
            | San::Url(s)
            | San::Ip(s)
            | San::Other(s) => s,
            San::Sid(sid) => sid.as_str(),
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.value())
    }
}
