//! What a change of a CA means: which bits came and went, by name.

use crate::alert::Reason;
use crate::detect::bits::{names, number};
use crate::detect::last_value;
use crate::detect::report::{cut, reason};
use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::time::Time;
use crate::event::{Activity, CaSetting, Event, RegistryChange};
use crate::wire::record::KnownValue;

/// A change that opens a CA, or lets it log less.
#[derive(Debug)]
pub(crate) struct Tampering {
    /// The consequence, as the alert states it.
    pub reason: Reason,
    /// The name of the setting.
    pub setting: String,
    /// The value that it has now, cut.
    pub value: String,
}

/// What administrators do by trade: it opens nothing by itself.
const ADMINISTRATION: [&str; 3] = [SECURITY_CHANGED, RESTRICTIONS_CHANGED, TEMPLATE_PUBLISHED];
const SECURITY_CHANGED: &str = "security_changed";
const RESTRICTIONS_CHANGED: &str = "restrictions_changed";
const TEMPLATE_PUBLISHED: &str = "template_published";

impl Tampering {
    /// Whether it is what the administrators of a CA do by trade.
    pub(crate) fn is_administration(&self) -> bool {
        ADMINISTRATION.contains(&self.reason.code.as_str())
    }
}

const SUBJECT_ALT_NAME_2: u32 = 0x4_0000;
const AUDIT_TEMPLATE_LOAD: u32 = 0x20_0000;
const ENFORCE_ENCRYPTION: u32 = 0x200;
/// szOID_NTDS_CA_SECURITY_EXT, the extension with the SID of the account.
const SID_EXTENSION: &str = "1.3.6.1.4.1.311.25.2";
/// The groups of events of a CA's audit filter, as certutil names them.
const AUDIT_GROUPS: [(u32, &str); 7] = [
    (1, "start and stop"),
    (2, "backup and restore"),
    (4, "certificate requests"),
    (8, "revocation and CRLs"),
    (16, "security settings"),
    (32, "archived keys"),
    (64, "configuration"),
];
/// The groups that count as logged while nothing is known: requests, security settings, configuration.
const AUDIT_EXPECTED: u32 = 4 | 16 | 64;
/// CR_PROP_TEMPLATES of [MS-WCCE] 3.2.1.4.3.2: the list of templates of a CA.
const CR_PROP_TEMPLATES: u32 = 29;
/// The entries of the registry that are judged.
const ENTRIES: [&str; 5] =
    ["editflags", "interfaceflags", "disableextensionlist", AUDIT_FILTER, REQUEST_DISPOSITION];
const AUDIT_FILTER: &str = "auditfilter";
const REQUEST_DISPOSITION: &str = "requestdisposition";
/// REQDISP_ISSUE, as Windows sets up a CA of the directory: it issues what a template permits.
const ISSUE: u32 = 1;
/// REQDISP_USEREQUESTATTRIBUTE: the request itself decides.
const AS_REQUESTED: u32 = 3;
/// REQDISP_MASK: the part of the value that decides, and REQDISP_PENDINGFIRST: a manager decides first.
const DISPOSITION: u32 = 0xff;
const PENDING_FIRST: u32 = 0x100;

/// Whether the event is about a setting that is judged here.
pub(crate) fn is_about_a_ca(event: &Event) -> bool {
    if let Activity::RegistryChanged(change) = &event.activity {
        return ENTRIES.contains(&&*fold(&change.value_name));
    }
    let Activity::CaChanged(change) = &event.activity else { return false };
    match &change.change {
        CaSetting::Setting { entry, .. } => ENTRIES.contains(&&*fold(entry)),
        CaSetting::SecuritySettings { .. }
        | CaSetting::AuditFilter { .. }
        | CaSetting::Restrictions { .. }
        | CaSetting::Property { .. }
        | CaSetting::RowsDeleted { .. } => true,
        CaSetting::CertificateImported { .. }
        | CaSetting::PublishedCaCertificate { .. }
        | CaSetting::BackupStarted { .. }
        | CaSetting::Started { .. }
        | CaSetting::Stopped { .. } => false,
    }
}

/// Who made the change.
pub(crate) fn actor(event: &Event) -> Option<&Account> {
    if let Activity::RegistryChanged(change) = &event.activity {
        return Some(&change.actor);
    }
    if let Activity::CaChanged(change) = &event.activity { change.actor.as_ref() } else { None }
}

/// What the change means; none: it opens nothing. Remembers the new values of settings.
pub(crate) fn judge(event: &Event, known: &mut Vec<KnownValue>) -> Option<Tampering> {
    let at = event.effective_time();
    if let Activity::RegistryChanged(RegistryChange { value_name, old, new, .. }) = &event.activity {
        return setting(known, at, value_name, old.as_deref(), new.as_deref().unwrap_or_default());
    }
    let Activity::CaChanged(change) = &event.activity else { return None };
    let found = |code, text: String, setting: &str, value: &str| {
        Some(Tampering { reason: reason(code, text), setting: setting.to_owned(), value: cut(value) })
    };
    match &change.change {
        CaSetting::Setting { entry, value, .. } => setting(known, at, entry, None, value),
        CaSetting::AuditFilter { filter } => setting(known, at, "AuditFilter", None, filter),
        CaSetting::SecuritySettings { settings } => {
            let text = "the permissions of the CA were changed".to_owned();
            found(SECURITY_CHANGED, text, "SecuritySettings", settings)
        }
        CaSetting::Restrictions { enabled, restrictions } => {
            let text =
                format!("the restrictions of certificate managers were changed (enabled: {})", cut(enabled));
            found(RESTRICTIONS_CHANGED, text, "RestrictedPermissions", restrictions)
        }
        CaSetting::Property { name, value, .. } if is_template_list(name) => {
            let text = "the list of templates of the CA was changed".to_owned();
            found(TEMPLATE_PUBLISHED, text, name, value)
        }
        CaSetting::RowsDeleted { table, rows, filter } => {
            let rows_were = if *rows == 1 { "row of the database was" } else { "rows of the database were" };
            let text = format!("{rows} {rows_were} deleted");
            found("rows_deleted", text, table, filter)
        }
        CaSetting::Property { .. }
        | CaSetting::CertificateImported { .. }
        | CaSetting::PublishedCaCertificate { .. }
        | CaSetting::BackupStarted { .. }
        | CaSetting::Started { .. }
        | CaSetting::Stopped { .. } => None,
    }
}

fn is_template_list(property: &str) -> bool {
    number(property) == Some(CR_PROP_TEMPLATES) || fold(property).contains("template")
}

/// An entry of the registry. Its old value is that of the event, else the last one that was seen.
fn setting(
    known: &mut Vec<KnownValue>,
    at: Time,
    entry: &str,
    old: Option<&str>,
    new: &str,
) -> Option<Tampering> {
    let name = fold(entry).into_owned();
    let old = old.or_else(|| last_value::before(known, &name, at));
    let verdict = verdict(&name, old, new);
    last_value::remember(known, name, cut(new), at);
    let (code, text) = verdict?;
    Some(Tampering { reason: reason(code, text), setting: entry.to_owned(), value: cut(new) })
}

/// What a new value of an entry means. An empty one was deleted: the entry is as Windows sets it up, and the audit filter, which
/// it does not set up, logs nothing.
fn verdict(entry: &str, old: Option<&str>, new: &str) -> Option<(&'static str, String)> {
    if entry == "disableextensionlist" {
        return sid_extension_off(old.unwrap_or_default(), new);
    }
    if new.is_empty() && entry != AUDIT_FILTER {
        return None;
    }
    let bits_of = |text: &str| if text.is_empty() && entry == AUDIT_FILTER { Some(0) } else { number(text) };
    let Some(bits) = bits_of(new) else {
        return Some(("setting_unreadable", format!("{entry} is {}, which is no number", cut(new))));
    };
    let old = old.and_then(bits_of);
    match entry {
        "editflags" => edit_flags(old.unwrap_or(0), bits),
        "interfaceflags" => encryption_off(old.unwrap_or(ENFORCE_ENCRYPTION), bits),
        REQUEST_DISPOSITION => approval_off(old.unwrap_or(ISSUE), bits),
        _ => audit_reduced(old.unwrap_or(AUDIT_EXPECTED), bits),
    }
}

fn edit_flags(old: u32, new: u32) -> Option<(&'static str, String)> {
    if new & !old & SUBJECT_ALT_NAME_2 != 0 {
        let text = "EditFlags gained EDITF_ATTRIBUTESUBJECTALTNAME2: every request may name other accounts";
        return Some(("request_names_allowed", text.to_owned()));
    }
    let lost = old & !new & AUDIT_TEMPLATE_LOAD != 0;
    let text = "EditFlags lost EDITF_AUDITCERTTEMPLATELOAD: changes of templates are logged no more";
    lost.then(|| ("template_audit_off", text.to_owned()))
}

fn encryption_off(old: u32, new: u32) -> Option<(&'static str, String)> {
    let lost = old & !new & ENFORCE_ENCRYPTION != 0;
    let text = "InterfaceFlags lost IF_ENFORCEENCRYPTICERTREQUEST: requests over RPC can be relayed";
    lost.then(|| ("encryption_not_enforced", text.to_owned()))
}

fn approval_off(old: u32, new: u32) -> Option<(&'static str, String)> {
    let issues =
        |bits: u32| bits & PENDING_FIRST == 0 && [ISSUE, AS_REQUESTED].contains(&(bits & DISPOSITION));
    let text = "RequestDisposition lets the CA issue at once: requests wait for no manager any more";
    (issues(new) && !issues(old)).then(|| ("approval_off", text.to_owned()))
}

fn audit_reduced(old: u32, new: u32) -> Option<(&'static str, String)> {
    let lost = old & !new;
    let text = format!("the audit filter lost: {}", names(&AUDIT_GROUPS, lost));
    (lost != 0).then_some(("audit_reduced", text))
}

fn sid_extension_off(old: &str, new: &str) -> Option<(&'static str, String)> {
    let lists = |text: &str| {
        text.split(|c: char| !c.is_ascii_digit() && c != '.').any(|identifier| identifier == SID_EXTENSION)
    };
    let text = format!("DisableExtensionList gained {SID_EXTENSION}: certificates name no SID any more");
    (lists(new) && !lists(old)).then_some(("sid_extension_off", text))
}

#[cfg(test)]
mod tests {
    use crate::detect::ca_tampered::change::{setting, verdict};
    use crate::event::time::Time;

    #[track_caller]
    fn check(entry: &str, old: Option<&str>, new: &str, expect: Option<&str>) {
        assert_eq!(verdict(entry, old, new).map(|(code, _)| code), expect, "{entry} {old:?} → {new}");
    }

    #[test]
    fn bits_that_come_and_go_are_judged_by_name() {
        check("editflags", Some("1114446"), "1376590", Some("request_names_allowed"));
        check("editflags", Some("0x15014e"), "0x11014e", None);
        check("editflags", Some("0x31014e"), "0x11014e", Some("template_audit_off"));
        check("editflags", None, "0x11014e", None);
        check("interfaceflags", Some("0x641"), "0x441", Some("encryption_not_enforced"));
        check("interfaceflags", None, "0x441", Some("encryption_not_enforced"));
        check("interfaceflags", Some("0x441"), "0x641", None);
        check("disableextensionlist", None, "1.3.6.1.4.1.311.25.2", Some("sid_extension_off"));
        check("disableextensionlist", None, "1.3.6.1.4.1.311.25.22", None);
        check("disableextensionlist", Some("1.3.6.1.4.1.311.25.2"), "1.3.6.1.4.1.311.25.2", None);
        check("auditfilter", Some("127"), "0", Some("audit_reduced"));
        check("auditfilter", None, "126", None);
        check("auditfilter", Some("126"), "127", None);
        check("auditfilter", None, "all", Some("setting_unreadable"));
        check("auditfilter", Some("127"), "", Some("audit_reduced"));
        check("auditfilter", None, "", Some("audit_reduced"));
        check("auditfilter", Some("0"), "", None);
        check("auditfilter", Some(""), "", None);
        for entry in ["editflags", "interfaceflags", "disableextensionlist", "requestdisposition"] {
            check(entry, None, "", None);
        }
    }

    #[test]
    fn requests_that_wait_for_no_manager_any_more_are_found() {
        let opened = Some("approval_off");
        for (old, new, expect) in [
            (Some("257"), "1", opened),
            (Some("0x101"), "0x1", opened),
            (Some("0"), "1", opened),
            (Some("2"), "3", opened),
            (Some("1"), "257", None),
            (Some("1"), "1", None),
            (Some("257"), "0", None),
            (None, "1", None),
        ] {
            check("requestdisposition", old, new, expect);
        }
    }

    #[test]
    fn last_value_that_was_seen_stands_in_for_the_old_one() {
        let mut known = Vec::new();
        let mut code = |value: &str| {
            setting(&mut known, Time::default(), "AuditFilter", None, value).map(|t| t.reason.code)
        };
        assert_eq!(code("126"), None);
        assert_eq!(code("84").as_deref(), Some("audit_reduced"), "the bits 2, 8 and 32 went");
        assert_eq!(code("84"), None);
        assert_eq!(code("126"), None);
    }

    #[test]
    fn earlier_value_that_arrives_later_changes_nothing() {
        let mut known = Vec::new();
        let mut code = |minute: i64, value: &str| {
            let at = Time::from_millis(minute * 60_000);
            setting(&mut known, at, "RequestDisposition", None, value).map(|t| t.reason.code)
        };
        for (minute, value) in [(0, "1"), (9, "257"), (0, "1"), (9, "257")] {
            assert_eq!(code(minute, value), None, "{minute}: {value}");
        }
        assert_eq!(code(10, "1").as_deref(), Some("approval_off"), "257 is still known");
    }
}
