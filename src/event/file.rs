//! Paths and access masks of files on a CA.

/// The folder in which a CA keeps its database, when it was not moved: `%SystemRoot%\System32\CertLog`.
const CERT_LOG: &str = "CertLog";

/// Whether a path lies in a CA's database folder.
///
/// The folder can be moved when the CA is installed, so any directory named `CertLog` counts, wherever it is, and
/// whatever is under it; the directory itself does not. The path is [normalised] first. A short (8.3) name
/// needs no rule: `CertLog` fits into 8.3, so Windows makes no other name for it, and `CERTLO~1` is another folder.
pub(crate) fn is_certlog_path(path: &str) -> bool {
    let mentioned =
        path.as_bytes().windows(CERT_LOG.len()).any(|w| w.eq_ignore_ascii_case(CERT_LOG.as_bytes()));
    if !mentioned {
        return false;
    }
    let path = normalised(path);
    let directories = path.rsplit_once('\\').map_or("", |(directories, _)| directories);
    directories.split('\\').any(|part| part.eq_ignore_ascii_case(CERT_LOG))
}

/// The path as Windows resolves it: `\` for `/`, without `\??\` and `\\?\`, without empty, `.` and `..` parts, without
/// the dots and spaces that end a part, and without the stream of a file or directory (`:$DATA`,
/// `::$INDEX_ALLOCATION`). Spelling stays.
pub(crate) fn normalised(path: &str) -> String {
    let path = path.replace('/', "\\");
    let (path, is_share) =
        match ["\\??\\", "\\\\?\\", "\\\\.\\"].iter().find_map(|prefix| path.strip_prefix(prefix)) {
            Some(rest) => match rest.get(..4).filter(|head| head.eq_ignore_ascii_case("UNC\\")) {
                Some(_) => (&rest[4..], true),
                None => (rest, false),
            },
            None => (path.as_str(), path.starts_with("\\\\")),
        };
    let rooted = !is_share && path.starts_with('\\');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('\\') {
        if part == ".." {
            // A drive has no parent.
            if parts.last().is_some_and(|last| !last.ends_with(':')) {
                parts.pop();
            }
            continue;
        }
        let part = part.trim_end_matches([' ', '.']);
        let part = match part.find(':') {
            // `C:`
            Some(1) if parts.is_empty() => part,
            Some(stream) => part[..stream].trim_end_matches([' ', '.']),
            None => part,
        };
        if !part.is_empty() {
            parts.push(part);
        }
    }
    let root = if is_share {
        "\\\\"
    } else if rooted {
        "\\"
    } else {
        ""
    };
    let end = if parts.len() == 1 && parts[0].ends_with(':') { "\\" } else { "" };
    format!("{root}{}{end}", parts.join("\\"))
}

/// The full path of the object of a 5145: ShareLocalPath and RelativeTargetName.
///
/// Where ShareLocalPath is empty, administrative shares say it themselves: `ADMIN$` is `C:\Windows` (the drive is a
/// guess, right nearly always), `C$` is `C:\`. None for pipes, and for other shares whose folder is unknown.
pub(crate) fn share_path(share: &str, local_path: &str, target: &str) -> Option<String> {
    let name = share_name(share);
    let folder = match local_path.trim() {
        "" | "-" => match name.as_bytes() {
            _ if name.eq_ignore_ascii_case("ADMIN$") => "C:\\Windows".to_owned(),
            [drive, b'$'] if drive.is_ascii_alphabetic() => {
                format!("{}:", drive.to_ascii_uppercase() as char)
            }
            _ => return None,
        },
        local => local.to_owned(),
    };
    (!name.eq_ignore_ascii_case("IPC$")).then(|| normalised(&format!("{folder}\\{}", target.trim())))
}

/// The last part of a ShareName such as `\\*\ADMIN$`.
fn share_name(share: &str) -> &str {
    share.trim().trim_end_matches('\\').rsplit('\\').next().unwrap_or_default()
}

/// Access rights that change a file: WriteData, AppendData, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, GENERIC_WRITE.
const WRITE_ACCESS: u32 = 0x2 | 0x4 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x4000_0000;

/// Whether an AccessMask asks for any right that changes a file.
pub(crate) fn has_write_access(mask: u32) -> bool {
    mask & WRITE_ACCESS != 0
}

/// Whether a 5145 is about the named pipe of the CA's request interface (ICertPassage): target `cert` of `IPC$`.
pub(crate) fn is_request_pipe(share: &str, target: &str) -> bool {
    let target = target.trim();
    share_name(share).eq_ignore_ascii_case("IPC$")
        && target.strip_prefix('\\').unwrap_or(target).eq_ignore_ascii_case("cert")
}

#[cfg(test)]
mod tests {
    use crate::event::file::{has_write_access, is_certlog_path, is_request_pipe, normalised, share_path};
    use proptest::prelude::*;

    #[test]
    fn paths_in_the_database_folder() {
        for path in [
            r"C:\Windows\System32\CertLog\edb.log",
            r"\??\C:\WINDOWS\system32\certlog\edb00012.log",
            r"\\?\C:\Windows\System32\CertLog\CORP-CA01.edb",
            "c:/windows/system32/certlog/edb.chk",
            r"C:\Windows\System32\drivers\..\CertLog\edb.log",
            r"C:\Windows\System32\CertLog.\edb.log",
            r"C:\Windows\System32\CertLog::$INDEX_ALLOCATION\edb.log",
            r"C:\Windows\System32\\CertLog\.\sub\edb.log",
            r"\\?\UNC\ca01\ADMIN$\System32\CertLog\edb.log",
            r"\Device\HarddiskVolume3\Windows\System32\CertLog\edb.log",
            r"D:\CertLog\edb.log",
        ] {
            assert!(is_certlog_path(path), "{path}");
        }
        for path in [
            "",
            "CertLog",
            r"C:\Windows\System32\CertLog",
            r"C:\Windows\System32\CertLog\",
            r"C:\Windows\System32\CertLog\..\cmd.exe",
            r"C:\Windows\System32\CertLogs\edb.log",
            r"C:\Windows\System32\CERTLO~1\edb.log",
            r"C:\Windows\System32\CertLog.txt",
            r"C:\Windows\System32\x:CertLog\a",
        ] {
            assert!(!is_certlog_path(path), "{path}");
        }
    }

    #[test]
    fn normalising() {
        assert_eq!(normalised(r"\??\C:\a\.\b\..\c. \d"), r"C:\a\c\d");
        assert_eq!(normalised(r"C:\..\..\a"), r"C:\a");
        assert_eq!(normalised(r"\\server\share\a\"), r"\\server\share\a");
        assert_eq!(normalised(r"\\?\UNC\server\share"), r"\\server\share");
        assert_eq!(normalised(r"\a\..\..\b"), r"\b");
        assert_eq!(normalised("C:"), r"C:\");
        assert_eq!(normalised("..."), "");
    }

    #[test]
    fn paths_of_shares() {
        let path = |share, local, target| share_path(share, local, target);
        let certlog = Some(r"C:\Windows\System32\CertLog\edb.log".to_owned());
        assert_eq!(path(r"\\*\ADMIN$", r"\??\C:\Windows", r"System32\CertLog\edb.log"), certlog);
        assert_eq!(path(r"\\*\admin$", "", r"\System32\CertLog\edb.log"), certlog);
        assert_eq!(path(r"\\*\C$", "-", r"Windows\System32\CertLog\edb.log"), certlog);
        assert_eq!(path(r"\\*\d$", "", "x"), Some(r"D:\x".into()));
        assert_eq!(path(r"\\*\C$", "", "\\"), Some(r"C:\".into()));
        assert_eq!(path(r"\\*\logs", r"\??\C:\Windows\System32\CertLog", "edb.log"), certlog);
        assert_eq!(path(r"\\*\logs", "", "edb.log"), None);
        assert_eq!(path(r"\\*\IPC$", "", "cert"), None);
        assert_eq!(path(r"\\*\IPC$", "x", "cert"), None);
    }

    #[test]
    fn masks_that_write() {
        for mask in [0x2, 0x4, 0x1_0000, 0x4_0000, 0x8_0000, 0x4000_0000, 0x1000_0000, 0x12_0196, 0x3] {
            assert!(has_write_access(mask), "{mask:#x}");
        }
        for mask in [0, 0x1, 0x12_0089, 0x8000_0000] {
            assert!(!has_write_access(mask), "{mask:#x}");
        }
    }

    #[test]
    fn the_request_pipe() {
        assert!(is_request_pipe(r"\\*\IPC$", "cert"));
        assert!(is_request_pipe(r"\\*\ipc$", r"\CERT"));
        assert!(!is_request_pipe(r"\\*\IPC$", "certsrv"));
        assert!(!is_request_pipe(r"\\*\ADMIN$", "cert"));
    }

    proptest! {
        #[test]
        fn normalising_again_changes_nothing(path in "(\\\\\\?\\?\\\\)?([A-Z]:)?[\\\\/]{0,2}([a-c. /\\\\]|\\.\\.|CertLog|:x){0,16}") {
            let once = normalised(&path);
            prop_assert_eq!(normalised(&once), once, "{}", path);
        }

        #[test]
        fn a_path_in_the_folder_names_it(path in "([a-c./\\\\]|CertLog|CERTLOG){0,12}") {
            if is_certlog_path(&path) {
                prop_assert!(path.to_ascii_lowercase().contains("certlog"));
            }
        }
    }
}
