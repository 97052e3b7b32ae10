//! CrowdStrike Falcon Data Replicator: events with a file and the address of a remote host.
//!
//! `computer` is `ComputerName`, `path` is `TargetFileName` (its volume is taken as `C:`), `remote_ip` is
//! `RemoteAddressIP4` or `RemoteAddressIP6`, `account` is `UserName`, `process` is `ContextBaseFileName` or
//! `ImageFileName`. The time is `ContextTimeStamp`, else `timestamp`. An event without a remote address is of the computer
//! itself and not of interest.

use crate::decode::decoder::Decoded;
use crate::decode::fields::view::Members;
use crate::decode::mapped::write::event;
use crate::decode::place::Place;
use crate::decode::rejection::Rejection;
use crate::event::RemoteFileWrite;
use crate::event::account::Account;
use crate::event::host::remote_ip;
use jiff::tz::TimeZone;

const ADDRESSES: [&str; 5] =
    ["RemoteAddressIP4", "RemoteAddressIP6", "ClientIP", "SourceEndpointAddressIP4", "RemoteIP"];

/// The outcome of an event.
pub(crate) fn outcome(event_: &Members<'_>, place: &Place, zone: &TimeZone) -> Result<Decoded, Rejection> {
    let text = |paths: &[&str]| event_.text(paths).map(|text| text.into_owned());
    let path = text(&["TargetFileName", "FilePath", "TargetFilePath"]);
    let address = text(&ADDRESSES).and_then(|text| remote_ip(&text));
    let (Some(path), Some(address)) = (path, address) else { return Ok(Decoded::Ignored(None)) };
    let write = RemoteFileWrite {
        path: drive_path(&path),
        remote_host: None,
        remote_ip: Some(address),
        account: text(&["UserName", "UserPrincipal"]).map(|name| Account::parse(&name)),
        interface: None,
        process: text(&["ContextBaseFileName", "ImageFileName"]),
    };
    let time = text(&["ContextTimeStamp", "ContextTimeStamp_decimal", "timestamp", "_time"]);
    let computer = text(&["ComputerName", "event_platform_host", "hostname"]);
    event(time.as_deref(), computer.as_deref(), write, place, zone)
}

/// A path of the kernel with a drive: the volume of Windows is taken as `C:`.
fn drive_path(path: &str) -> String {
    let volume = path.get(..22).filter(|head| head.eq_ignore_ascii_case(r"\Device\HarddiskVolume"));
    let rest = volume.and_then(|head| {
        path[head.len()..].trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('\\')
    });
    rest.map_or_else(|| path.to_owned(), |rest| format!(r"C:\{rest}"))
}

#[cfg(test)]
mod tests {
    use crate::decode::mapped::falcon::drive_path;

    #[test]
    fn a_path_of_the_kernel_gets_a_drive() {
        let path = r"\Device\HarddiskVolume12\Windows\System32\CertLog\edb.log";
        assert_eq!(drive_path(path), r"C:\Windows\System32\CertLog\edb.log");
        assert_eq!(drive_path(r"D:\x"), r"D:\x");
    }
}
