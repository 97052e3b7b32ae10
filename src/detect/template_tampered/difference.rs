//! What the difference between two versions of a template opens.

use crate::alert::Reason;
use crate::detect::bits::number;
use crate::detect::last_value;
use crate::detect::report::{cut, reason};
use crate::detect::template_tampered::sddl::{Right, is_of_administrators, owner, rights_for, wide_rights};
use crate::event::fold::fold;
use crate::event::template::{
    ENROLLEE_SUPPLIES_SUBJECT, ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME, NO_SECURITY_EXTENSION, PEND_ALL_REQUESTS,
};
use crate::event::time::{Span, Time};
use crate::event::{Activity, DirectoryChange, DirectoryOperation, Event, TemplateFlags, TemplateSeen};
use crate::wire::record::{KnownValue, TemplateState};

/// The most deleted values that wait for the value that takes their place.
const MAX_DELETED: usize = 32;

const NAME_FLAG: &str = "mspki-certificate-name-flag";
const ENROLLMENT_FLAG: &str = "mspki-enrollment-flag";
const SIGNATURES: &str = "mspki-ra-signature";
const SCHEMA: &str = "mspki-template-schema-version";
/// The attributes that are numbers.
const NUMBERS: [&str; 4] = [NAME_FLAG, ENROLLMENT_FLAG, SIGNATURES, SCHEMA];
const PURPOSES: [&str; 2] = ["pkiextendedkeyusage", "mspki-certificate-application-policy"];
const PERMISSIONS: &str = "ntsecuritydescriptor";
const ISSUANCE_POLICY: &str = "mspki-certificate-policy";
/// The name under which the operation that created the template is known; its value is when and by whom.
const CREATED: &str = "created";
/// A console that duplicates a template writes its attributes one after the other.
const COMPLETED_WITHIN: Span = Span::minutes(10);

/// Purposes with which a certificate is a logon, or asks for others.
const DANGEROUS: [(&str, &str); 5] = [
    ("2.5.29.37.0", "any purpose"),
    ("1.3.6.1.5.5.7.3.2", "client authentication"),
    ("1.3.6.1.4.1.311.20.2.2", "smart card logon"),
    ("1.3.6.1.5.2.3.4", "PKINIT client authentication"),
    ("1.3.6.1.4.1.311.20.2.1", "enrollment agent"),
];

/// Those of them with which a certificate is a logon of its owner, and no more.
const LOGON: [&str; 3] = ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2", "1.3.6.1.5.2.3.4"];

/// What a change does to a template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Difference {
    /// What makes the template more open than before.
    pub opens: Vec<Reason>,
    /// What makes it less open: the reasons for which the opposite change would be reported.
    pub closes: Vec<Reason>,
}

impl Difference {
    fn opens(opens: Vec<Reason>) -> Difference {
        Difference { opens, closes: Vec::new() }
    }
}

/// What the event opens and closes. Remembers what it states.
pub(crate) fn judge(event: &Event, state: &mut TemplateState) -> Difference {
    let at = event.effective_time();
    let mut difference = if let Activity::TemplateSeen(seen) = &event.activity {
        of_versions(seen, at, state)
    } else if let Activity::DirectoryChanged(change) = &event.activity {
        of_value(change, at, state)
    } else {
        Difference::default()
    };
    // One wide group in place of another sets nothing back.
    let Difference { opens, closes } = &mut difference;
    closes.retain(|closed| opens.iter().all(|opened| opened.code != closed.code));
    difference
}

/// 5136: a value that came, against the one that went in the same operation, or the last one known.
fn of_value(change: &DirectoryChange, at: Time, state: &mut TemplateState) -> Difference {
    let operation = change.operation_id.clone().unwrap_or_default();
    if change.operation == DirectoryOperation::Created {
        state.values.retain(|known| known.name != CREATED);
        let value = format!("{} {}", at.as_millis(), change.actor.canonical());
        state.values.push(KnownValue { name: CREATED.to_owned(), value, operation, ..KnownValue::default() });
        return Difference::default();
    }
    let (Some(attribute), Some(value)) = (&change.attribute, &change.value) else {
        return Difference::default();
    };
    let name = fold(attribute).into_owned();
    let is_new = state.values.iter().any(|known| is_creation(known, change, &operation, at));
    if change.operation == DirectoryOperation::ValueDeleted {
        // The permissions are long, and only the last ones matter.
        let is_long = name == PERMISSIONS;
        state.deleted.retain(|known| !is_long || known.name != PERMISSIONS);
        let value = if is_long { value.clone() } else { cut(value) };
        state.deleted.push(KnownValue { name, value, operation, ..KnownValue::default() });
        let excess = state.deleted.len().saturating_sub(MAX_DELETED);
        state.deleted.drain(..excess);
        return Difference::default();
    }
    let gone: Vec<&str> = state
        .deleted
        .iter()
        .filter(|deleted| deleted.name == name && deleted.operation == operation)
        .map(|deleted| deleted.value.as_str())
        .collect();
    if name == PERMISSIONS {
        let gained = |old, new| [permissions(old, new), own_permissions(old, new, change)].concat();
        let old = gone.last().copied();
        let opens = gained(old.unwrap_or_default(), value);
        let closes = old.map_or_else(Vec::new, |old| gained(value, old));
        return if is_new { Difference::default() } else { Difference { opens, closes } };
    }
    let came = !gone.contains(&value.as_str());
    if PURPOSES.contains(&name.as_str()) {
        // That a new template is for logons is ordinary. The names and rights that it gives decide.
        let is_ordinary = is_new && LOGON.contains(&value.trim());
        return Difference::opens(purpose(value).filter(|_| came && !is_ordinary).into_iter().collect());
    }
    if name == ISSUANCE_POLICY {
        return Difference::opens(issuance_policy(value).filter(|_| came && !is_new).into_iter().collect());
    }
    let known = || last_value::before(&state.values, &name, at);
    let old = gone.last().copied().or_else(known).and_then(number);
    let Some(new) = number(value) else { return Difference::default() };
    // The templates of Windows 2000 come into being with their schema.
    let is_first = name == SCHEMA && is_new && old.is_none();
    let opens = if is_first { Vec::new() } else { flag(&name, old, new) };
    let closes = old.map_or_else(Vec::new, |old| flag(&name, Some(new), old));
    remember(&mut state.values, &name, Some(new), at);
    Difference { opens, closes }
}

/// Whether the value is one with which the template came into being: of the same operation, or by who created it, within minutes.
fn is_creation(known: &KnownValue, change: &DirectoryChange, operation: &str, at: Time) -> bool {
    let by_creator = || {
        let (created, creator) = known.value.split_once(' ')?;
        let created = Time::from_millis(created.parse().ok()?);
        Some(creator == change.actor.canonical() && created.distance(at) <= COMPLETED_WITHIN)
    };
    known.name == CREATED
        && ((!operation.is_empty() && known.operation == operation) || by_creator().unwrap_or(false))
}

/// 4899 and 4900: the new version against the old one. 4898 only states what is there.
fn of_versions(seen: &TemplateSeen, at: Time, state: &mut TemplateState) -> Difference {
    let Difference { mut opens, mut closes } = Difference::default();
    let schema = seen.schema_version.or(seen.flags.schema_version);
    if let Some(old) = &seen.old_flags {
        opens.extend(flags(old, &seen.flags));
        closes.extend(flags(&seen.flags, old));
        let known = || last_value::before(&state.values, SCHEMA, at);
        let old = old.schema_version.or_else(|| number(known()?));
        if let (Some(old), Some(new)) = (old, schema) {
            opens.extend(flag(SCHEMA, Some(old), new));
            closes.extend(flag(SCHEMA, Some(new), old));
        }
    }
    if let (Some(old), Some(new)) = (&seen.old_security_descriptor, &seen.security_descriptor) {
        opens.extend(permissions(old, new));
        closes.extend(permissions(new, old));
    }
    remember(&mut state.values, NAME_FLAG, seen.flags.name_flag, at);
    remember(&mut state.values, ENROLLMENT_FLAG, seen.flags.enrollment_flag, at);
    remember(&mut state.values, SIGNATURES, seen.flags.ra_signatures, at);
    remember(&mut state.values, SCHEMA, schema, at);
    Difference { opens, closes }
}

/// Keeps the last value of one of the attributes that are numbers.
fn remember(values: &mut Vec<KnownValue>, name: &str, value: Option<u32>, at: Time) {
    if let Some(value) = value.filter(|_| NUMBERS.contains(&name)) {
        last_value::remember(values, name.to_owned(), value.to_string(), at);
    }
}

fn flags(old: &TemplateFlags, new: &TemplateFlags) -> Vec<Reason> {
    let numbers = [
        (NAME_FLAG, old.name_flag, new.name_flag),
        (ENROLLMENT_FLAG, old.enrollment_flag, new.enrollment_flag),
        (SIGNATURES, old.ra_signatures, new.ra_signatures),
    ];
    let mut reasons: Vec<Reason> =
        numbers.into_iter().filter_map(|(name, old, new)| Some(flag(name, old, new?))).flatten().collect();
    let lists = [(&old.ekus, &new.ekus), (&old.application_policies, &new.application_policies)];
    reasons.extend(lists.into_iter().filter_map(|(old, new)| purposes(old.as_ref()?, new.as_ref()?)));
    reasons
}

/// What a number opens. A flag that is not known counts as not set before, and an approval or a signature as not asked for.
fn flag(name: &str, old: Option<u32>, new: u32) -> Vec<Reason> {
    let before = old.unwrap_or(0);
    let (gained, lost) = (new & !before, before & !new);
    let mut reasons = Vec::new();
    if name == NAME_FLAG && gained & (ENROLLEE_SUPPLIES_SUBJECT | ENROLLEE_SUPPLIES_SUBJECT_ALT_NAME) != 0 {
        let text = "the request decides on the names of the certificate now (ENROLLEE_SUPPLIES_SUBJECT)";
        reasons.push(reason("enrollee_supplies_subject", text.to_owned()));
    }
    if name == ENROLLMENT_FLAG && gained & NO_SECURITY_EXTENSION != 0 {
        let text = "certificates name no SID any more (NO_SECURITY_EXTENSION)";
        reasons.push(reason("no_security_extension", text.to_owned()));
    }
    if name == ENROLLMENT_FLAG && lost & PEND_ALL_REQUESTS != 0 {
        let text = "requests need no approval any more (PEND_ALL_REQUESTS)";
        reasons.push(reason("approval_off", text.to_owned()));
    }
    if name == SCHEMA && new == 1 && before != 1 {
        let text = "the template has schema version 1 now: the CA takes over the purposes that a request asks for (ESC15)";
        reasons.push(reason("schema_lowered", text.to_owned()));
    }
    if name == SIGNATURES && new < before {
        reasons
            .push(reason("fewer_signatures", format!("requests need {new} signatures instead of {before}")));
    }
    reasons
}

fn purpose(oid: &str) -> Option<Reason> {
    let (_, name) = DANGEROUS.iter().find(|(dangerous, _)| *dangerous == oid.trim())?;
    Some(reason("purposes_widened", format!("certificates are for {name} now")))
}

/// What a list of purposes gained. An empty one means any purpose.
fn purposes(old: &[String], new: &[String]) -> Option<Reason> {
    if new.is_empty() && !old.is_empty() {
        let text = "the template names no purpose any more, which means any purpose";
        return Some(reason("purposes_widened", text.to_owned()));
    }
    new.iter().filter(|oid| !old.contains(oid)).find_map(|oid| purpose(oid))
}

/// A policy that certificates of the template bear now. One that is linked to a group gives the rights of the group (ESC13).
fn issuance_policy(oid: &str) -> Option<Reason> {
    let text = format!(
        "certificates bear the issuance policy {} now, which gives the rights of a group if one is linked to it (ESC13)",
        cut(oid)
    );
    (!oid.trim().is_empty()).then(|| reason("issuance_policy_added", text))
}

/// What the permissions gained for the account that changed them.
fn own_permissions(old: &str, new: &str, change: &DirectoryChange) -> Vec<Reason> {
    let Some(sid) = change.actor_sid.as_ref().map(ToString::to_string) else { return Vec::new() };
    let before = rights_for(old, &sid);
    let gained = rights_for(new, &sid).into_iter().filter(|right| !before.contains(right));
    let what = |right| match right {
        Right::Enroll => "enroll",
        Right::Write => "change the template",
    };
    let text = |right| format!("{} gave itself the right to {}", change.actor, what(right));
    gained.map(|right| reason("rights_for_itself", text(right))).collect()
}

/// A new owner that is no group of administrators.
fn new_owner(old: &str, new: &str) -> Option<Reason> {
    let (before, now) = (owner(old)?, owner(new)?);
    let text = format!("{} owns the template now, and may give itself any right", cut(now));
    (before != now && !is_of_administrators(now)).then(|| reason("owner_changed", text))
}

/// What the permissions gained for groups that nearly everybody belongs to, and a new owner.
fn permissions(old: &str, new: &str) -> Vec<Reason> {
    let before = wide_rights(old);
    let gained = wide_rights(new).into_iter().filter(|right| !before.contains(right));
    gained
        .map(|(group, right)| match right {
            Right::Enroll => reason("wide_group_may_enroll", format!("{group} may enroll now")),
            Right::Write => reason("wide_group_may_write", format!("{group} may change the template now")),
        })
        .chain(new_owner(old, new))
        .collect()
}
