//! What activities and event ids are called.

use crate::event::Activity;

/// The name of an activity, as in JSON.
pub const fn activity_name(activity: &Activity) -> &'static str {
    match activity {
        Activity::CertificateRequested(_) => "certificate_requested",
        Activity::CertificateIssued(_) => "certificate_issued",
        Activity::CertificateDenied(_) => "certificate_denied",
        Activity::CertificateLogon(_) => "certificate_logon",
        Activity::ShareAccessed(_) => "share_accessed",
        Activity::RemoteFileWrite(_) => "remote_file_write",
    }
}

/// The same for a person.
pub fn in_words(activity_name: &str) -> String {
    activity_name.replace('_', " ")
}
