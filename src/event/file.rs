//! Paths and access masks of files on a CA.

/// Placeholder until the decode room lands.
pub fn is_certlog_path(path: &str) -> bool {
    path.to_lowercase().replace('/', "\\").contains("\\certlog\\")
}
/// Placeholder.
pub fn has_write_access(mask: u32) -> bool {
    mask & 0x500d_0006 != 0
}
/// Placeholder.
pub fn is_request_pipe(share: &str, target: &str) -> bool {
    share.to_lowercase().ends_with("\\ipc$") && target.trim_start_matches('\\').eq_ignore_ascii_case("cert")
}
/// Placeholder.
pub fn share_path(share: &str, local_path: &str, target: &str) -> String {
    let _ = share;
    format!("{}\\{target}", local_path.trim_start_matches("\\??\\"))
}
