//! Issued certificates: `certutil -view … csv` of a CA's database.

use crate::event::Activity;
use crate::event::account::Account;
use crate::event::facts::CertificateKnown;
use crate::event::host::Host;
use crate::event::oid::is_oid;
use crate::event::serial::Serial;
use crate::inventory::date::Order;
use crate::inventory::row::Row;
use crate::inventory::rows;
use crate::inventory::{Imported, Mistake};
use jiff::tz::TimeZone;

/// The columns that the documented command writes, in its order: `certutil` writes headings in the language of its user.
const COLUMNS: [&str; 4] =
    ["Requester Name", "Serial Number", "Certificate Effective Date", "Certificate Template"];

/// The columns of the date.
const DATES: [&str; 2] = ["NotBefore", "Certificate Effective Date"];

/// What `certutil` writes where there is no value.
const NO_VALUE: &str = "EMPTY";

/// The rows of the database of the CA `ca`, whose clock shows the time of `zone`.
pub fn read(text: &str, ca: &Host, zone: &TimeZone) -> Vec<(u64, Imported)> {
    let rows = rows::read_in_order(text, &COLUMNS);
    let order = Order::of(rows.iter().flatten().filter_map(|row| row.first(&DATES)));
    rows::each(rows, |row| certificate(row, ca, &order, zone))
}

fn certificate(row: &Row, ca: &Host, order: &Order, zone: &TimeZone) -> Imported {
    let required = |names: &[&str]| {
        row.first(names).ok_or_else(|| Mistake::new(row.line, format!("{} is missing", names[0])))
    };
    let serial = required(&["SerialNumber", "Serial Number"])?;
    let serial = Serial::parse(serial).ok_or_else(|| {
        Mistake::new(row.line, format!("SerialNumber is {serial:?}, not a serial number in hex"))
    })?;
    let date = required(&DATES)?;
    let issued = order
        .time(date, zone)
        .ok_or_else(|| Mistake::new(row.line, format!("NotBefore is {date:?}, not a date and time")))?;
    let template =
        row.first(&["CertificateTemplate", "Certificate Template"]).filter(|name| *name != NO_VALUE);
    Ok(Activity::CertificateKnown(CertificateKnown {
        serial,
        requester: Account::parse(required(&["RequesterName", "Requester Name", "Request.RequesterName"])?),
        ca: ca.clone(),
        issued,
        template: template.map(|name| template_name(name).to_owned()),
    }))
}

/// A template without a name in the CA's cache is written as its identifier, one with a name as `identifier name`.
fn template_name(text: &str) -> &str {
    match text.split_once(' ') {
        Some((first, name)) if is_oid(first) => name.trim(),
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use crate::event::Activity;
    use crate::event::host::Host;
    use crate::inventory::issued::read;
    use jiff::tz::TimeZone;

    #[test]
    fn rows_of_certutil_are_read_with_their_dates() {
        let ca = Host::new("ca01.corp.example");
        for date in ["3/2/2026 9:00 AM", "2026-03-02T09:00:00Z", "02.03.2026 09:00", "2026-03-02 09:00:00"] {
            let text = format!(
                "\"Requester Name\",\"Serial Number\",\"Certificate Effective Date\",\"Certificate Template\"\n\
                 \"CORP\\ann\",\"5c0000000ca1\",\"{date}\",\"1.3.6.1.4.1.311.21.8.1 CorpUser\"\n"
            );
            let (line, imported) = read(&text, &ca, &TimeZone::UTC).remove(0);
            let Ok(Activity::CertificateKnown(known)) = imported else { panic!("{date}: {imported:?}") };
            assert_eq!((line, known.issued.to_string().as_str()), (2, "2026-03-02T09:00:00Z"), "{date}");
            assert_eq!(known.template.as_deref(), Some("CorpUser"));
        }
    }

    fn first_of(heading: &str, row: &str) -> crate::inventory::Imported {
        read(&format!("{heading}\r\n{row}\r\n"), &Host::new("ca01"), &TimeZone::UTC).remove(0).1
    }

    #[test]
    fn headings_of_other_languages_and_tools_are_read() {
        let row = r#""CORP\ann","5c0000000ca1","02.03.2026 09:00","CorpUser""#;
        for heading in [
            r#""Name des Anforderers","Seriennummer","Anfangsdatum des Zertifikats","Zertifikatvorlage""#,
            "\u{feff}\"Nom du demandeur\",\"Num\u{e9}ro de s\u{e9}rie\",\"Date d'effet du certificat\",\"Mod\u{e8}le\"",
            "Request.RequesterName,SerialNumber,NotBefore,CertificateTemplate",
        ] {
            let Ok(Activity::CertificateKnown(known)) = first_of(heading, row) else { panic!("{heading}") };
            assert_eq!(
                (known.requester.to_string().as_str(), known.template.as_deref()),
                ("CORP\\ann", Some("CorpUser"))
            );
        }
        let without = first_of(row, row);
        assert!(without.is_err(), "a file without a heading is no table: {without:?}");
        let columns = r#""Seriennummer","Name des Anforderers","Anfangsdatum","Vorlage""#;
        assert!(
            first_of(columns, r#""5c0000000ca1","CORP\ann","02.03.2026 09:00","x""#).is_err(),
            "another order"
        );
    }

    #[test]
    fn no_template_is_no_name() {
        let heading = "RequesterName,SerialNumber,NotBefore,CertificateTemplate";
        let Ok(Activity::CertificateKnown(known)) = first_of(heading, "CORP\\ann,5c,2026-03-02 09:00,EMPTY")
        else {
            panic!("it is read")
        };
        assert_eq!(known.template, None);
    }

    #[test]
    fn mistakes_name_the_column() {
        let message = |row: &str| {
            let text = format!("RequesterName,SerialNumber,NotBefore\n{row}\n");
            read(&text, &Host::new("ca01"), &TimeZone::UTC).remove(0).1.unwrap_err().to_string()
        };
        assert_eq!(message("CORP\\ann,,2026-03-02 09:00"), "2: SerialNumber is missing");
        assert_eq!(
            message("CORP\\ann,xyz,2026-03-02 09:00"),
            "2: SerialNumber is \"xyz\", not a serial number in hex"
        );
        assert_eq!(message("CORP\\ann,5c,soon"), "2: NotBefore is \"soon\", not a date and time");
    }
}
