//! 4898, 4899 and 4900: what a CA logs about a certificate template.
//!
//! TemplateContent has a line for each attribute, `name = value`, and indented lines below it for the names of flags and
//! for the items of a list. Values are read only of attributes whose lines begin without white space, so that a display
//! name cannot pass for another attribute.

use crate::decode::actor::{MAX_TEXT_BYTES, required_text, text};
use crate::decode::envelope::Fields;
use crate::decode::files::hex_or_decimal;
use crate::decode::rejection::Rejection;
use crate::event::fold::cut;
use crate::event::oid::{MAX_OIDS, oids};
use crate::event::{Activity, TemplateChange, TemplateFlags, TemplateSeen};

/// 4898: the CA loaded a template.
pub(crate) fn loaded(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    seen(fields, "TemplateContent", "SecurityDescriptor", TemplateChange::Loaded)
}

/// 4899: a template changed.
pub(crate) fn updated(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    seen(fields, "NewTemplateContent", "NewSecurityDescriptor", TemplateChange::Updated)
}

/// 4900: the permissions of a template changed.
pub(crate) fn security_updated(fields: &Fields<'_>) -> Result<Activity, Rejection> {
    seen(fields, "NewTemplateContent", "NewSecurityDescriptor", TemplateChange::SecurityUpdated)
}

fn seen(
    fields: &Fields<'_>,
    content: &str,
    descriptor: &str,
    change: TemplateChange,
) -> Result<Activity, Rejection> {
    let internal_name = required_text(fields, "TemplateInternalName")?;
    let content = fields.required(content)?;
    let old_content = fields.text("OldTemplateContent")?;
    let flags = flags(&content);
    let schema_version =
        fields.text("TemplateSchemaVersion")?.and_then(|text| hex_or_decimal(&text)).or(flags.schema_version);
    Ok(Activity::TemplateSeen(TemplateSeen {
        internal_name,
        oid: text(fields, "TemplateOID")?,
        schema_version,
        version: text(fields, "TemplateVersion")?.unwrap_or_default(),
        object_dn: text(fields, "TemplateDSObjectFQDN")?.unwrap_or_default(),
        flags,
        content: cut(content.trim(), MAX_TEXT_BYTES).to_owned(),
        security_descriptor: text(fields, descriptor)?,
        old_flags: old_content.as_deref().map(self::flags),
        old_content: old_content.map(|text| cut(text.trim(), MAX_TEXT_BYTES).to_owned()),
        old_security_descriptor: text(fields, "OldSecurityDescriptor")?,
        change,
    }))
}

/// What the content states.
pub(crate) fn flags(content: &str) -> TemplateFlags {
    let number = |name| first_number(attribute(content, name)?);
    let list = |name| attribute(content, name).map(identifiers);
    TemplateFlags {
        schema_version: number("msPKI-Template-Schema-Version"),
        name_flag: number("msPKI-Certificate-Name-Flag"),
        enrollment_flag: number("msPKI-Enrollment-Flag"),
        ra_signatures: number("msPKI-RA-Signature"),
        ekus: list("pKIExtendedKeyUsage"),
        application_policies: list("msPKI-Certificate-Application-Policy"),
        certificate_policies: list("msPKI-Certificate-Policy"),
        ra_application_policies: list("msPKI-RA-Application-Policies"),
    }
}

/// The value of an attribute: what stands behind its ` =`, and the indented lines below. A pipeline that joined the lines
/// leaves white space before a name, and the value ends before the next name.
fn attribute<'t>(content: &'t str, name: &str) -> Option<&'t str> {
    let in_lines = content.contains('\n');
    let begins = |at: &usize| {
        let before = content[..*at].chars().next_back();
        before.is_none_or(|c| if in_lines { c == '\n' } else { c.is_whitespace() })
    };
    let at = content.match_indices(name).map(|(at, _)| at).filter(begins).find(|at| {
        let behind = &content[at + name.len()..];
        behind.trim_start_matches([' ', '\t']).starts_with('=')
    })?;
    let value = content[at + name.len()..].trim_start_matches([' ', '\t']).get(1..)?;
    Some(&value[..if in_lines { end_in_lines(value) } else { end_in_words(value) }])
}

/// Where the next line begins that is not indented.
fn end_in_lines(value: &str) -> usize {
    let next =
        value.match_indices('\n').find(|(at, _)| value[at + 1..].starts_with(|c: char| !c.is_whitespace()));
    next.map_or(value.len(), |(at, _)| at)
}

/// Where the name of the next attribute begins: the word before ` =`.
fn end_in_words(value: &str) -> usize {
    value.find(" =").map_or(value.len(), |at| value[..at].rfind(char::is_whitespace).unwrap_or(0))
}

/// The number that a value begins with, `0x1 (1)` or `2`.
fn first_number(value: &str) -> Option<u32> {
    hex_or_decimal(value.split_whitespace().next()?)
}

fn identifiers(value: &str) -> Vec<String> {
    oids(value).take(MAX_OIDS).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::decode::envelope::Fields;
    use crate::decode::template::{flags, loaded, security_updated, updated};
    use crate::event::{Activity, TemplateChange, TemplateFlags};
    use proptest::prelude::*;

    const CONTENT: &str = "flags = 0x2023a (131642)\n  CT_FLAG_PUBLISH_TO_DS -- 0x8\n\nmsPKI-Certificate-Name-Flag = 0x1 (1)\n  \
        CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT -- 0x1\n\nmsPKI-Enrollment-Flag = 0x80009 (524297)\n  CT_FLAG_PUBLISH_TO_DS -- 0x8\n  \
        CT_FLAG_NO_SECURITY_EXTENSION -- 0x80000 (524288)\n\nmsPKI-Template-Schema-Version = 2\n\nmsPKI-RA-Signature = 0\n\n\
        displayName = Web msPKI-RA-Signature = 2\n\npKIExtendedKeyUsage =\n  1.3.6.1.5.5.7.3.2 Client Authentication\n  \
        1.3.6.1.4.1.311.20.2.1 Certificate Request Agent\n\nmsPKI-RA-Application-Policies =\n\nmsPKI-Certificate-Policy =\n\n\
        msPKI-Certificate-Application-Policy =\n  1.3.6.1.5.5.7.3.2 Client Authentication\n";

    fn fields(list: &[(&'static str, &'static str)]) -> Fields<'static> {
        let name = ("TemplateInternalName", "WebUser");
        Fields::List(list.iter().chain([&name]).map(|&(name, value)| (name.into(), value.into())).collect())
    }

    fn expected() -> TemplateFlags {
        let list = |oids: &[&str]| Some(oids.iter().map(|oid| (*oid).to_owned()).collect::<Vec<_>>());
        TemplateFlags {
            schema_version: Some(2),
            name_flag: Some(1),
            enrollment_flag: Some(0x80009),
            ra_signatures: Some(0),
            ekus: list(&["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.1"]),
            application_policies: list(&["1.3.6.1.5.5.7.3.2"]),
            certificate_policies: list(&[]),
            ra_application_policies: list(&[]),
        }
    }

    #[test]
    fn content_is_decoded_with_and_without_lines() {
        assert_eq!(flags(CONTENT), expected());
        assert_eq!(flags(&CONTENT.replace('\n', "\r\n")), expected());
        assert_eq!(flags(&CONTENT.replace('\n', " ")), expected());
        assert_eq!(expected().enrollee_supplies_names(), Some(true));
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        assert_eq!(flags("msPKI-RA-Signature = x\n"), TemplateFlags::default());
        assert_eq!(TemplateFlags::default().enrollee_supplies_names(), None);
    }

    #[test]
    fn old_and_new_content_are_both_kept() {
        let all = [
            ("NewTemplateContent", CONTENT),
            ("OldTemplateContent", "msPKI-Certificate-Name-Flag = 0x82000000 (2181038080)"),
            ("NewSecurityDescriptor", "O:BA"),
            ("OldSecurityDescriptor", "O:SY"),
            ("TemplateVersion", "100.4"),
        ];
        let Ok(Activity::TemplateSeen(seen)) = security_updated(&fields(&all)) else { panic!("4900") };
        assert_eq!((seen.flags, seen.schema_version, seen.version.as_str()), (expected(), Some(2), "100.4"));
        assert_eq!(seen.old_flags.unwrap().name_flag, Some(0x8200_0000));
        assert_eq!(
            (seen.security_descriptor.unwrap(), seen.old_security_descriptor.unwrap()),
            ("O:BA".into(), "O:SY".into())
        );
        let Ok(Activity::TemplateSeen(seen)) = loaded(&fields(&[("TemplateContent", CONTENT)])) else {
            panic!("4898")
        };
        assert_eq!((seen.change, seen.old_flags), (TemplateChange::Loaded, None));
    }

    #[test]
    fn required_fields() {
        let fault =
            |result: Result<Activity, crate::decode::rejection::Rejection>| result.unwrap_err().to_string();
        assert_eq!(fault(loaded(&fields(&[]))), "missing_field: TemplateContent is missing");
        assert_eq!(fault(updated(&fields(&[]))), "missing_field: NewTemplateContent is missing");
        assert_eq!(
            fault(loaded(&Fields::List(Vec::new()))),
            "missing_field: TemplateInternalName is missing"
        );
    }

    proptest! {
        #[test]
        fn any_content_is_accepted(text in "(msPKI-RA-Signature|pKIExtendedKeyUsage|[ =\\n\\r0-9.xé]){0,40}") {
            flags(&text);
        }
    }
}
