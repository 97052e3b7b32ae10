//! The Open Cybersecurity Schema Framework.
//!
//! An event with an id of Windows (`metadata.event_code`) is read as that Windows event: its own data from
//! `unmapped.EventData`, what is missing there from the schema's attributes. A file event without an id (File System
//! Activity 1001, SMB Activity 4006, Network File Activity 4010) from another endpoint is a remote write.

use crate::decode::decoder::Decoded;
use crate::decode::fields::view::Members;
use crate::decode::layout::found::Found;
use crate::decode::layout::reader;
use crate::decode::mapped::write::event;
use crate::decode::place::Place;
use crate::decode::rejection::Rejection;
use crate::event::RemoteFileWrite;
use crate::event::account::Account;
use crate::event::host::{Host, remote_ip};
use jiff::tz::TimeZone;

/// Attributes of the schema and the fields that they stand for.
const FIELDS: [(&str, &[&str]); 15] = [
    ("TargetUserName", &["user.name"]),
    ("TargetDomainName", &["user.domain"]),
    ("TargetSid", &["user.uid"]),
    ("CertSerialNumber", &["certificate.serial_number", "certificate.serial"]),
    ("CertIssuerName", &["certificate.issuer"]),
    ("Status", &["status_code", "status_detail"]),
    ("SubjectUserName", &["actor.user.name", "user.name"]),
    ("SubjectDomainName", &["actor.user.domain", "user.domain"]),
    ("SubjectUserSid", &["actor.user.uid", "user.uid"]),
    ("IpAddress", &["src_endpoint.ip", "actor.session.ip", "session.ip"]),
    ("ShareName", &["share", "smb.share", "file.share"]),
    ("RelativeTargetName", &["file.relative_path"]),
    ("AccessMask", &["access_mask"]),
    ("Requester", &["actor.user.full_name"]),
    ("Attributes", &["request.attributes"]),
];
/// Classes of file events. SSH Activity (4007) is none: it can name a file, but states only how a connection began or ended.
const FILE_CLASSES: [&str; 3] = ["1001", SMB, "4010"];
/// SMB Activity, whose activities are the ways to open a file: these four create or empty it.
const SMB: &str = "4006";
const SMB_WRITES: [&str; 4] = ["1", "3", "5", "6"];
/// Activities of the other classes that write: create, update, delete, rename.
const WRITES: [&str; 4] = ["1", "3", "4", "5"];

/// The outcome of an event.
pub(crate) fn outcome(members: &Members<'_>, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
    match reader::ocsf(members) {
        Some(found) => with_schema(found, members).outcome(place, zone),
        None => file(members, place, zone),
    }
}

/// A Windows event with what the schema's attributes say of it.
fn with_schema(mut found: Found, members: &Members<'_>) -> Found {
    let path = members.text(&["file.path"]);
    if let Some((share, target)) = path.as_deref().and_then(split_share) {
        found.named.push("ShareName", share);
        found.named.push("RelativeTargetName", target);
    }
    for (field, paths) in FIELDS {
        if let Some(value) = members.text(paths) {
            found.named.push(field, value);
        }
    }
    if members.text(&["status_id"]).as_deref() == Some("1") {
        found.named.push("Status", "0x0");
    }
    let class = members.text(&["class_uid"]).unwrap_or_default();
    if let Some(mask) = members.text(&["activity_id"]).and_then(|id| mask(&class, &id)) {
        found.named.push("AccessMask", mask);
    }
    found
}

/// `\\*\IPC$\cert` → `\\*\IPC$` and `cert`.
fn split_share(path: &str) -> Option<(&str, &str)> {
    let behind = path.strip_prefix(r"\\")?;
    let mut parts = behind.match_indices('\\').map(|(at, _)| at + 2);
    parts.next()?;
    Some(match parts.next() {
        Some(end) => (&path[..end], &path[end + 1..]),
        None => (path, ""),
    })
}

/// The access that an activity of a file needs, where the mask itself is not there.
fn mask(class: &str, activity_id: &str) -> Option<&'static str> {
    match activity_id {
        id if class == SMB => Some(if SMB_WRITES.contains(&id) { "0x2" } else { "0x1" }),
        "1" | "3" | "5" => Some("0x2"),
        "4" => Some("0x10000"),
        "2" | "8" | "9" | "14" => Some("0x1"),
        "6" | "7" => Some("0x40000"),
        _ => None,
    }
}

/// A write that an EDR reports.
fn file(members: &Members<'_>, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
    let text = |paths: &[&str]| members.text(paths).map(|text| text.into_owned());
    let class = text(&["class_uid"]).unwrap_or_default();
    let is_file = FILE_CLASSES.contains(&class.as_str());
    let activities = if class == SMB { SMB_WRITES } else { WRITES };
    let writes = text(&["activity_id"]).is_some_and(|id| activities.contains(&id.as_str()));
    let address = text(&["src_endpoint.ip"]).and_then(|text| remote_ip(&text));
    let host = text(&["src_endpoint.hostname", "src_endpoint.name"]).map(|name| Host::new(&name));
    let path = text(&["file.path"]);
    let (true, true, Some(path)) = (is_file && writes, address.is_some() || host.is_some(), path) else {
        return Ok(Decoded::Ignored(None));
    };
    let name = text(&["actor.user.name"]);
    let write = RemoteFileWrite {
        path,
        remote_host: host,
        remote_ip: address,
        account: name.map(|name| Account::new(&text(&["actor.user.domain"]).unwrap_or_default(), &name)),
        interface: text(&["connection_info.protocol_name", "protocol_name"]),
        process: text(&["actor.process.name", "actor.process.file.name"]),
    };
    let computer = text(&["device.hostname", "device.name", "dst_endpoint.hostname"]);
    event(text(&["time", "time_dt"]).as_deref(), computer.as_deref(), write, place, zone)
}
