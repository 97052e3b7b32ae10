//! Names of activities.

use crate::event::Activity;

/// The name of an activity in JSON, `certificate_issued`.
pub(crate) const fn activity_name(activity: &Activity) -> &'static str {
    match activity {
        Activity::CertificateRequested(_) => "certificate_requested",
        Activity::CertificateIssued(_) => "certificate_issued",
        Activity::CertificateDenied(_) => "certificate_denied",
        Activity::CertificateLogon(_) => "certificate_logon",
        Activity::ShareAccessed(_) => "share_accessed",
        Activity::RemoteFileWrite(_) => "remote_file_write",
    }
}

/// The name of an activity for a person, `certificate issued`.
pub(crate) fn in_words(activity_name: &str) -> String {
    activity_name.replace('_', " ")
}
