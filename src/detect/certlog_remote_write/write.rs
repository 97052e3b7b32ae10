//! What a remote write to the CA's log is, whichever event reports it.

use crate::alert::Evidence;
use crate::detect::report;
use crate::event::account::{Account, Sid};
use crate::event::file;
use crate::event::host::Host;
use crate::event::{Activity, Event, RemoteFileWrite, ShareAccess};

/// How a remote write came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// The file was opened for writing over a share.
    DirectWrite,
    /// The CA service wrote on behalf of an RPC caller.
    Rpc,
    /// The pipe was opened through which the CA is asked for certificates.
    RequestPipe,
}

impl WriteKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            WriteKind::DirectWrite => "direct-write",
            WriteKind::Rpc => "rpc",
            WriteKind::RequestPipe => "request-pipe",
        }
    }
}

/// A remote write, whichever event reported it.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) kind: WriteKind,
    pub(crate) path: String,
    pub(crate) host: Option<&'a Host>,
    pub(crate) ip: Option<&'a str>,
    pub(crate) account: Option<&'a Account>,
    pub(crate) sid: Option<&'a Sid>,
    pub(crate) interface: Option<&'a str>,
    pub(crate) process: Option<&'a str>,
}

impl Write<'_> {
    /// The host by name, else by address.
    pub(crate) fn remote(&self) -> String {
        self.host.map_or_else(|| self.ip.unwrap_or("unknown").to_owned(), Host::to_string)
    }
}

pub(crate) fn write_of(event: &Event) -> Option<Write<'_>> {
    let write = if let Activity::ShareAccessed(access) = &event.activity {
        write_over_share(access)?
    } else if let Activity::RemoteFileWrite(write) = &event.activity {
        write_that_an_edr_saw(write)?
    } else {
        return None;
    };
    let own = write.host.is_some_and(|host| host.is_same(&event.computer));
    let loopback = write.ip.is_some_and(|ip| ip == "::1" || ip.starts_with("127."));
    // A share is always accessed from somewhere; some layouts leave out from where.
    let is_remote =
        write.host.is_some() || write.ip.is_some() || matches!(event.activity, Activity::ShareAccessed(_));
    (!own && !loopback && is_remote).then_some(write)
}

fn write_over_share(access: &ShareAccess) -> Option<Write<'_>> {
    let (kind, path) = share_write(access)?;
    Some(Write {
        kind,
        path,
        host: None,
        ip: access.remote_ip.as_deref(),
        account: Some(&access.account),
        sid: access.sid.as_ref(),
        interface: None,
        process: None,
    })
}

fn write_that_an_edr_saw(write: &RemoteFileWrite) -> Option<Write<'_>> {
    file::is_certlog_path(&write.path).then(|| Write {
        kind: if write.interface.is_some() { WriteKind::Rpc } else { WriteKind::DirectWrite },
        path: write.path.clone(),
        host: write.remote_host.as_ref(),
        ip: write.remote_ip.as_deref(),
        account: write.account.as_ref(),
        sid: None,
        interface: write.interface.as_deref(),
        process: write.process.as_deref(),
    })
}

/// What a 5145 means for the CA's log: the request pipe was opened, or a file under it for writing.
pub(crate) fn share_write(access: &ShareAccess) -> Option<(WriteKind, String)> {
    if file::is_request_pipe(&access.share, &access.target) {
        return Some((WriteKind::RequestPipe, "\\pipe\\cert".to_owned()));
    }
    let path = file::share_path(&access.share, &access.local_path, &access.target)?;
    let written = file::is_certlog_path(&path) && file::has_write_access(access.access_mask);
    written.then_some((WriteKind::DirectWrite, path))
}

pub(crate) fn write_evidence(event: &Event, write: &Write<'_>) -> Evidence {
    let mut evidence = report::evidence(event);
    let fields = [
        ("kind", Some(write.kind.as_str())),
        ("path", Some(write.path.as_str())),
        ("remote_ip", write.ip),
        ("interface", write.interface),
        ("process", write.process),
    ];
    for (name, value) in fields {
        evidence.fields.extend(value.map(|value| (name.to_owned(), report::cut(value))));
    }
    evidence.fields.insert("remote".to_owned(), write.remote());
    evidence.fields.extend(write.account.map(|account| ("account".to_owned(), account.to_string())));
    evidence
}

pub(crate) fn title(write: &Write<'_>, ca: &Host, seen_before: bool) -> String {
    let what = match write.kind {
        WriteKind::DirectWrite => "wrote to the certificate log of",
        WriteKind::Rpc => "wrote through RPC to the certificate log of",
        WriteKind::RequestPipe => "opened the request pipe of",
    };
    let who = write.account.map_or_else(String::new, |account| format!(" as {account}"));
    let again = if seen_before { "again, which is not usual yet" } else { "for the first time" };
    let from = if write.host.is_none() && write.ip.is_none() {
        "An unknown host".to_owned()
    } else {
        write.remote()
    };
    format!("{from}{who} {what} {ca} {again}")
}
