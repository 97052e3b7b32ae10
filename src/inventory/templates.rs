//! Certificate templates: an export of `CN=Certificate Templates`, or `certutil -v -template`.

use crate::event::Activity;
use crate::event::facts::TemplateKnown;
use crate::event::template::TemplateFlags;
use crate::inventory::row::Row;
use crate::inventory::rows;
use crate::inventory::{Imported, Mistake, certutil};

/// The templates of an export.
pub fn read(text: &str) -> Vec<(u64, Imported)> {
    let rows = if certutil::is_templates(text) {
        certutil::templates(text).into_iter().map(Ok).collect()
    } else {
        rows::read(text)
    };
    rows::each(rows, template)
}

fn template(row: &Row) -> Imported {
    let name = row.first(&["cn", "name"]).ok_or_else(|| Mistake::new(row.line, "cn is missing"))?;
    let flags = TemplateFlags {
        schema_version: number(row, "msPKI-Template-Schema-Version")?,
        name_flag: number(row, "msPKI-Certificate-Name-Flag")?,
        enrollment_flag: number(row, "msPKI-Enrollment-Flag")?,
        ra_signatures: number(row, "msPKI-RA-Signature")?,
        ekus: list(row, "pKIExtendedKeyUsage"),
        application_policies: list(row, "msPKI-Certificate-Application-Policy"),
        certificate_policies: list(row, "msPKI-Certificate-Policy"),
        ra_application_policies: list(row, "msPKI-RA-Application-Policies"),
    };
    if flags == TemplateFlags::default() {
        return Err(Mistake::new(
            row.line,
            format!("{name} has no attribute of a template, such as msPKI-Certificate-Name-Flag"),
        ));
    }
    let oid = row.first(&["msPKI-Cert-Template-OID"]).map(str::to_owned);
    Ok(Activity::TemplateKnown(TemplateKnown { name: name.to_owned(), oid, flags }))
}

/// A number of 32 bits, which the directory keeps signed: 0xa6000000 is -1509949440.
fn number(row: &Row, name: &str) -> Result<Option<u32>, Mistake> {
    let Some(text) = row.first(&[name]) else { return Ok(None) };
    let number: i64 = text
        .parse()
        .map_err(|_| Mistake::new(row.line, format!("{name} is {text:?}, not a whole number")))?;
    let unsigned = u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned));
    unsigned
        .map(Some)
        .map_err(|_| Mistake::new(row.line, format!("{name} is {text}, which has more than 32 bits")))
}

/// Object identifiers. An export of the object leaves an empty list out, so a missing one is known to be empty where the
/// object shows its flags.
fn list(row: &Row, name: &str) -> Option<Vec<String>> {
    let oids: Vec<String> = row.list(&[name]).map(str::to_owned).collect();
    let is_whole = row.first(&["msPKI-Certificate-Name-Flag"]).is_some();
    (!oids.is_empty() || is_whole).then_some(oids)
}

#[cfg(test)]
mod tests {
    use crate::event::Activity;
    use crate::event::facts::TemplateKnown;
    use crate::inventory::templates::read;

    fn template(text: &str) -> TemplateKnown {
        match read(text).remove(0).1 {
            Ok(Activity::TemplateKnown(known)) => known,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn template_of_every_export_is_the_same() {
        let ldif = "dn: CN=CorpWeb,CN=Certificate Templates,CN=Public Key Services\ncn: CorpWeb\n\
                    msPKI-Certificate-Name-Flag: 1\nmsPKI-RA-Signature: 0\npKIExtendedKeyUsage: 1.3.6.1.5.5.7.3.1\n";
        let table = "cn;msPKI-Certificate-Name-Flag;msPKI-RA-Signature;pKIExtendedKeyUsage\nCorpWeb;1;0;1.3.6.1.5.5.7.3.1\n";
        let certutil = "  Template[0]:\n  TemplatePropCommonName = CorpWeb\n  TemplatePropEKUs =\n1 ObjectIds:\n    \
                        1.3.6.1.5.5.7.3.1 Server Authentication\n\n  TemplatePropRASignatureCount = 0\n  \
                        TemplatePropSubjectNameFlags = 1\n    CT_FLAG_ENROLLEE_SUPPLIES_SUBJECT -- 1\n";
        for text in [ldif, table, certutil] {
            let known = template(text);
            assert_eq!(known.name, "CorpWeb", "{text}");
            assert_eq!(known.flags.name_flag, Some(1), "{text}");
            assert_eq!(known.flags.ekus, Some(vec!["1.3.6.1.5.5.7.3.1".to_owned()]), "{text}");
        }
    }

    #[test]
    fn flags_may_be_negative_and_numbers_must_be_numbers() {
        let of = |flag: &str| read(&format!("cn,msPKI-Certificate-Name-Flag\nUser,{flag}\n")).remove(0).1;
        let Ok(Activity::TemplateKnown(known)) = of("-1509949440") else { panic!("it is read") };
        assert_eq!(known.flags.name_flag, Some(0xa600_0000));
        assert_eq!(of("many").unwrap_err().line, 2);
        assert!(of("5000000000").is_err());
        assert_eq!(read("name2\nx\n").remove(0).1.unwrap_err().message, "cn is missing");
        assert!(
            read("Technique,Name,Issue\nESC1,CorpWeb,x\n").remove(0).1.is_err(),
            "a finding is no template"
        );
    }
}
