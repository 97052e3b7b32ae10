//! Access to files and pipes: 5145, and what an EDR reports.

use crate::event::account::{Account, Sid};
use crate::event::host::Host;
use serde::{Deserialize, Serialize};

/// The fields of 5145: an access to a share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareAccess {
    /// SubjectDomainName and SubjectUserName: the account that opened the file.
    pub account: Account,
    /// SubjectUserSid, the SID of that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    /// IpAddress of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// ShareName with its `\\*\`, as in `\\*\ADMIN$`.
    pub share: String,
    /// ShareLocalPath, `\??\C:\Windows`; empty for pipes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub local_path: String,
    /// RelativeTargetName: the path below the share, as in `System32\CertLog\edb.log`.
    pub target: String,
    /// AccessMask: the rights that were asked for, as in `winnt.h`.
    pub access_mask: u32,
}

/// What an EDR reports of a remote write, normalised: `computer` is the CA host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteFileWrite {
    /// Full path of the file on the CA.
    pub path: String,
    /// Name of the host that wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<Host>,
    /// Address of the host that wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// The account it wrote as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// RPC interface, when the write came through one: its UUID or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Process on the CA that did the write, `certsrv.exe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
}
