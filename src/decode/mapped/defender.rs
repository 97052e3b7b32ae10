//! Microsoft Defender XDR, table `DeviceFileEvents`, from the streaming API, the Sentinel table or a hunting query.
//!
//! A row with a protocol or an address of the request is a remote write: `computer` is `DeviceName`, `path` is
//! `FolderPath` (with `FileName` where it is the folder only), `remote_ip` is `RequestSourceIP`, `account` is
//! `RequestAccountDomain` and `RequestAccountName`, `process` is `InitiatingProcessFileName`, `interface` is
//! `RequestProtocol`.

use crate::decode::decoder::Decoded;
use crate::decode::fields::view::Members;
use crate::decode::json::Value;
use crate::decode::mapped::write::event;
use crate::decode::place::Place;
use crate::decode::rejection::Rejection;
use crate::event::RemoteFileWrite;
use crate::event::account::Account;
use crate::event::host::remote_ip;
use jiff::tz::TimeZone;

/// Actions that leave a file written.
const WRITES: [&str; 4] = ["filecreated", "filemodified", "filerenamed", "filedeleted"];

/// The outcome of a row.
pub(crate) fn outcome(
    row: &Members<'_>,
    outer: &[Value<'_>],
    place: &Place,
    zone: &TimeZone,
) -> Result<Decoded, Rejection> {
    let text = |path: &str| row.text(&[path]);
    let is_write = text("ActionType").is_some_and(|name| WRITES.contains(&name.to_lowercase().as_str()));
    let protocol =
        text("RequestProtocol").filter(|name| !name.eq_ignore_ascii_case("local") && *name != "Unknown");
    let address = text("RequestSourceIP").and_then(|text| remote_ip(&text));
    if !is_write || (protocol.is_none() && address.is_none()) {
        return Ok(Decoded::Ignored(None));
    }
    let Some(folder) = text("FolderPath") else { return Ok(Decoded::Ignored(None)) };
    let path = match text("FileName") {
        Some(file) if !folder.to_lowercase().ends_with(&file.to_lowercase()) => {
            format!("{}\\{file}", folder.trim_end_matches('\\'))
        }
        Some(_) | None => folder.into_owned(),
    };
    let account = text("RequestAccountName")
        .map(|name| Account::new(&text("RequestAccountDomain").unwrap_or_default(), &name));
    let write = RemoteFileWrite {
        path,
        remote_host: None,
        remote_ip: address,
        account,
        interface: protocol.map(|name| name.into_owned()),
        process: text("InitiatingProcessFileName").map(|name| name.into_owned()),
    };
    let around = || {
        outer
            .iter()
            .filter_map(|value| Members::of(*value))
            .find_map(|members| members.text(&["time"]).map(|t| t.into_owned()))
    };
    let time = row.text(&["Timestamp", "TimeGenerated"]).map(|text| text.into_owned()).or_else(around);
    event(time.as_deref(), text("DeviceName").as_deref(), write, place, zone)
}
