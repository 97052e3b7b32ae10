//! Certificate templates.

use crate::event::{TemplateChange, TemplateFlags, TemplateSeen};
use crate::wire::record;

pub(crate) fn template_to(template: &TemplateSeen) -> record::TemplateSeen {
    use crate::wire::record::TemplateChange as To;
    let change = match template.change {
        TemplateChange::Loaded => To::Loaded,
        TemplateChange::Updated => To::Updated,
        TemplateChange::SecurityUpdated => To::SecurityUpdated,
    };
    record::TemplateSeen {
        internal_name: template.internal_name.clone(),
        oid: template.oid.clone(),
        schema_version: template.schema_version,
        version: template.version.clone(),
        object_dn: template.object_dn.clone(),
        content: template.content.clone(),
        security_descriptor: template.security_descriptor.clone(),
        old_content: template.old_content.clone(),
        old_security_descriptor: template.old_security_descriptor.clone(),
        flags: Some(flags_to(&template.flags)),
        old_flags: template.old_flags.as_ref().map(flags_to),
        change: change.into(),
    }
}

pub(crate) fn template_from(r: record::TemplateSeen) -> Result<TemplateSeen, String> {
    use crate::wire::record::TemplateChange as From;
    let change = match r.change() {
        From::Loaded => TemplateChange::Loaded,
        From::Updated => TemplateChange::Updated,
        From::SecurityUpdated => TemplateChange::SecurityUpdated,
        From::Unspecified => return Err("template without its change".to_owned()),
    };
    Ok(TemplateSeen {
        internal_name: r.internal_name,
        oid: r.oid,
        schema_version: r.schema_version,
        version: r.version,
        object_dn: r.object_dn,
        content: r.content,
        security_descriptor: r.security_descriptor,
        old_content: r.old_content,
        old_security_descriptor: r.old_security_descriptor,
        flags: r.flags.map(flags_from).unwrap_or_default(),
        old_flags: r.old_flags.map(flags_from),
        change,
    })
}

pub(crate) fn flags_to(flags: &TemplateFlags) -> record::TemplateFlags {
    let oids = |list: &Option<Vec<String>>| list.clone().map(|oids| record::Oids { oids });
    record::TemplateFlags {
        schema_version: flags.schema_version,
        name_flag: flags.name_flag,
        enrollment_flag: flags.enrollment_flag,
        ra_signatures: flags.ra_signatures,
        ekus: oids(&flags.ekus),
        application_policies: oids(&flags.application_policies),
        certificate_policies: oids(&flags.certificate_policies),
        ra_application_policies: oids(&flags.ra_application_policies),
    }
}

pub(crate) fn flags_from(r: record::TemplateFlags) -> TemplateFlags {
    let oids = |list: Option<record::Oids>| list.map(|list| list.oids);
    TemplateFlags {
        schema_version: r.schema_version,
        name_flag: r.name_flag,
        enrollment_flag: r.enrollment_flag,
        ra_signatures: r.ra_signatures,
        ekus: oids(r.ekus),
        application_policies: oids(r.application_policies),
        certificate_policies: oids(r.certificate_policies),
        ra_application_policies: oids(r.ra_application_policies),
    }
}
