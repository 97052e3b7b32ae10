//! Issued certificates: `certutil -view … csv` of a CA's database.

use crate::event::Activity;
use crate::event::account::Account;
use crate::event::facts::CertificateKnown;
use crate::event::host::Host;
use crate::event::oid::is_oid;
use crate::event::serial::Serial;
use crate::event::time::Time;
use crate::inventory::row::Row;
use crate::inventory::rows;
use crate::inventory::{Imported, Mistake};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Dates as `certutil` writes them in English and in the languages that write numbers; the first that fits counts.
const DATES: [&str; 8] = [
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
];

/// The rows of the database of the CA `ca`, whose clock shows the time of `zone`.
pub fn read(text: &str, ca: &Host, zone: &TimeZone) -> Vec<(u64, Imported)> {
    rows::each(rows::read(text), |row| certificate(row, ca, zone))
}

fn certificate(row: &Row, ca: &Host, zone: &TimeZone) -> Imported {
    let required = |names: &[&str]| {
        row.first(names).ok_or_else(|| Mistake::new(row.line, format!("{} is missing", names[0])))
    };
    let serial = required(&["SerialNumber", "Serial Number"])?;
    let serial = Serial::parse(serial).ok_or_else(|| {
        Mistake::new(row.line, format!("SerialNumber is {serial:?}, not a serial number in hex"))
    })?;
    let date = required(&["NotBefore", "Certificate Effective Date"])?;
    let issued = time(date, zone)
        .ok_or_else(|| Mistake::new(row.line, format!("NotBefore is {date:?}, not a date and time")))?;
    let template = row.first(&["CertificateTemplate", "Certificate Template"]);
    Ok(Activity::CertificateKnown(CertificateKnown {
        serial,
        requester: Account::parse(required(&["RequesterName", "Requester Name"])?),
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

fn time(text: &str, zone: &TimeZone) -> Option<Time> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(Time::from_millis(instant.as_millisecond()));
    }
    let local = DATES.iter().find_map(|format| DateTime::strptime(format, text).ok())?;
    let instant = zone.to_timestamp(local).ok()?;
    Some(Time::from_millis(instant.as_millisecond()))
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
