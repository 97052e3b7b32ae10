//! The text of `certutil -v -template`: a paragraph for each template, `TemplateProp… = value`, lists of identifiers below.

use crate::inventory::row::Row;

/// Whether the text is that of `certutil -v -template`.
pub(crate) fn is_templates(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("TemplatePropCommonName"))
}

/// The templates of the text, under the names that the directory has for their values.
pub(crate) fn templates(text: &str) -> Vec<Row> {
    let (mut rows, mut row, mut list): (Vec<Row>, Row, Option<&str>) = (Vec::new(), Row::default(), None);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.starts_with("Template[") {
            rows.push(std::mem::replace(&mut row, Row::at(number)));
            list = None;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| line.starts_with("TemplateProp"))
        {
            let attribute = attribute(name.trim());
            list = attribute;
            if let Some(attribute) = attribute {
                row.add(attribute, number_of(attribute, value.trim()));
            }
        } else if let (Some(attribute), Some(oid)) = (list, object_identifier(line)) {
            row.add(attribute, oid);
        }
    }
    rows.push(row);
    rows.retain(|row| row.first(&["cn"]).is_some());
    rows
}

/// The attribute of the directory that a property shows.
fn attribute(property: &str) -> Option<&'static str> {
    Some(match property {
        "TemplatePropCommonName" => "cn",
        "TemplatePropOID" => "msPKI-Cert-Template-OID",
        "TemplatePropSchemaVersion" => "msPKI-Template-Schema-Version",
        "TemplatePropSubjectNameFlags" => "msPKI-Certificate-Name-Flag",
        "TemplatePropEnrollmentFlags" => "msPKI-Enrollment-Flag",
        "TemplatePropRASignatureCount" => "msPKI-RA-Signature",
        "TemplatePropEKUs" => "pKIExtendedKeyUsage",
        "TemplatePropApplicationPolicies" => "msPKI-Certificate-Application-Policy",
        "TemplatePropIssuancePolicies" => "msPKI-Certificate-Policy",
        "TemplatePropRAApplicationPolicies" => "msPKI-RA-Application-Policies",
        _ => return None,
    })
}

/// Numbers are written in hex with the decimal in brackets: `29 (41)`.
fn number_of<'a>(attribute: &str, value: &'a str) -> &'a str {
    let decimal = value.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(number, _)| number);
    let is_number =
        attribute.ends_with("-Flag") || attribute.ends_with("-Signature") || attribute.ends_with("-Version");
    match decimal.filter(|_| is_number) {
        Some(decimal) => decimal.trim(),
        None if attribute == "cn" || is_number => value,
        None => object_identifier(value).unwrap_or_default(),
    }
}

/// The object identifier at the beginning of a line.
fn object_identifier(line: &str) -> Option<&str> {
    let word = line.split_whitespace().next()?;
    (word.contains('.') && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')).then_some(word)
}
