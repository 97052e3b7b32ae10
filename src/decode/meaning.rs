//! What each wanted Windows event means: which function reads it.

use crate::decode::envelope::Fields;
use crate::decode::rejection::Rejection;
use crate::decode::wanted::{CERTIFICATE_EXPORTED, REQUEST_REFUSED};
use crate::decode::{ca, certification, directory, files, kerberos, logon, template};
use crate::event::Activity;

/// Reads an event that is always of interest.
type Always = fn(&Fields<'_>) -> Result<Activity, Rejection>;
/// Reads an event of which only some are of interest.
type Sometimes = fn(&Fields<'_>) -> Result<Option<Activity>, Rejection>;
/// Reads an event whose number does not decide what it means.
type ByFields = fn(&Fields<'_>, u32) -> Result<Activity, Rejection>;

/// How a wanted event is read.
#[derive(Clone, Copy)]
enum Reader {
    Always(Always),
    Sometimes(Sometimes),
    ByFields(ByFields),
}

/// The activity that the fields of an event report; none where it is not of interest.
pub(crate) fn activity(id: u32, fields: &Fields<'_>) -> Result<Option<Activity>, Rejection> {
    let found = EVENTS.binary_search_by_key(&id, |(known, _)| *known).ok().and_then(|at| EVENTS.get(at));
    match found.map(|(_, reader)| *reader) {
        Some(Reader::Always(read)) => read(fields).map(Some),
        Some(Reader::Sometimes(read)) => read(fields),
        Some(Reader::ByFields(read)) => read(fields, id).map(Some),
        None => Ok(None),
    }
}

const fn always(id: u32, read: Always) -> (u32, Reader) {
    (id, Reader::Always(read))
}

const fn sometimes(id: u32, read: Sometimes) -> (u32, Reader) {
    (id, Reader::Sometimes(read))
}

const fn mapping(id: u32) -> (u32, Reader) {
    (id, Reader::ByFields(kerberos::mapped))
}

/// Every wanted event, by its id.
const EVENTS: [(u32, Reader); 46] = [
    sometimes(21, kerberos::certificate_refused),
    mapping(39),
    mapping(40),
    mapping(41),
    mapping(45),
    mapping(48),
    mapping(49),
    sometimes(REQUEST_REFUSED, certification::refused),
    always(CERTIFICATE_EXPORTED, ca::certificate_exported),
    sometimes(4624, logon::logged_on),
    sometimes(4657, directory::registry_changed),
    always(4738, directory::account_changed),
    always(4741, directory::account_created),
    always(4742, directory::account_changed),
    sometimes(4768, kerberos::ticket),
    sometimes(4769, kerberos::service_ticket),
    sometimes(4771, kerberos::refused),
    always(4781, directory::account_renamed),
    always(4868, ca::request_denied),
    always(4869, ca::request_resubmitted),
    always(4873, ca::extension_set),
    always(4874, ca::attributes_set),
    always(4876, ca::backup_started),
    always(4880, ca::started),
    always(4881, ca::stopped),
    always(4882, ca::security_settings),
    always(4884, ca::certificate_imported),
    always(4885, ca::audit_filter),
    always(4886, certification::requested),
    always(4887, certification::issued),
    always(4888, certification::denied),
    always(4889, certification::pending),
    always(4890, ca::restrictions),
    always(4891, ca::setting),
    always(4892, ca::property),
    always(4895, ca::certificate_published),
    always(4896, ca::rows_deleted),
    always(4898, template::loaded),
    always(4899, template::updated),
    always(4900, template::security_updated),
    always(5058, ca::key_used),
    always(5059, ca::key_used),
    sometimes(5136, directory::value_changed),
    sometimes(5137, directory::object_created),
    sometimes(5141, directory::object_deleted),
    always(5145, files::share_accessed),
];

#[cfg(test)]
mod tests {
    use crate::decode::meaning::EVENTS;
    use crate::decode::wanted::{CERTIFICATE_EXPORTED, KDC_IDS, REQUEST_REFUSED, SECURITY_IDS};

    #[test]
    fn every_wanted_event_is_read() {
        let ids: Vec<u32> = EVENTS.iter().map(|(id, _)| *id).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids, [&KDC_IDS[..], &[REQUEST_REFUSED, CERTIFICATE_EXPORTED], &SECURITY_IDS].concat());
    }
}
