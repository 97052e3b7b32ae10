//! Hosts and their addresses: `Get-DnsServerResourceRecord`, or `Get-ADComputer` with `IPv4Address`.

use crate::event::Activity;
use crate::event::facts::HostKnown;
use crate::event::host::{Host, remote_ip};
use crate::inventory::row::Row;
use crate::inventory::{Imported, Mistake, rows};
use std::net::IpAddr;

/// The columns of the name, the type and the addresses.
const NAMES: [&str; 4] = ["dNSHostName", "HostName", "Name", "Host"];
const TYPES: [&str; 2] = ["RecordType", "Type"];
const ADDRESSES: [&str; 6] = ["IPv4Address", "IPv6Address", "IPAddress", "Address", "RecordData", "Data"];

/// The hosts of an export. Records of other types than A and AAAA, and those of zones and services, are no hosts.
pub fn read(text: &str) -> Vec<(u64, Imported)> {
    let is_host = |row: &Row| {
        let name = row.first(&NAMES).unwrap_or_default();
        let is_of_zone = name.starts_with(['_', '@', '*']);
        let is_address = |kind: &str| ["a", "aaaa", "1", "28"].contains(&kind.to_lowercase().as_str());
        // A computer that is not in DNS has no address, which states nothing; a record must have one.
        let has_address = ADDRESSES.iter().any(|column| row.first(&[column]).is_some());
        let is_unnamed = row.first(&NAMES).is_none();
        !is_of_zone && row.first(&TYPES).map_or(has_address || is_unnamed, is_address)
    };
    let rows = rows::read(text).into_iter().filter(|row| row.as_ref().map_or(true, is_host));
    rows::each(rows.collect(), host)
}

fn host(row: &Row) -> Imported {
    let name = row.first(&NAMES).ok_or_else(|| Mistake::new(row.line, "HostName is missing"))?;
    let mut addresses = Vec::new();
    for column in ADDRESSES {
        for text in row.list(&[column]) {
            let message = || format!("the address of {name} is {text:?}, not an IP address");
            text.parse::<IpAddr>().map_err(|_| Mistake::new(row.line, message()))?;
            addresses.extend(remote_ip(text));
        }
    }
    if addresses.is_empty() {
        return Err(Mistake::new(row.line, format!("{name} has no address")));
    }
    Ok(Activity::HostKnown(HostKnown { host: Host::new(name), addresses }))
}

#[cfg(test)]
mod tests {
    use crate::event::Activity;
    use crate::inventory::hosts::read;

    fn hosts(text: &str) -> Vec<(String, Vec<String>)> {
        let known = read(text).into_iter().map(|(_, imported)| match imported {
            Ok(Activity::HostKnown(known)) => (known.host.to_string(), known.addresses),
            other => panic!("{other:?}"),
        });
        known.collect()
    }

    #[test]
    fn exports_of_dns_and_of_computers_are_read() {
        let dns = "HostName,RecordType,Address\n@,NS,dc01.corp.example.\n_ldap._tcp,SRV,dc01\nwks-114,A,10.20.30.114\n\
                   wks-114,AAAA,2001:DB8:0::114\n";
        let of = |name: &str, address: &str| (name.to_owned(), vec![address.to_owned()]);
        assert_eq!(hosts(dns), [of("wks-114", "10.20.30.114"), of("wks-114", "2001:db8::114")]);
        let computers = r#"[{"Name":"WKS-114","DNSHostName":"wks-114.corp.example","IPv4Address":"10.20.30.114","IPv6Address":null}]"#;
        assert_eq!(hosts(computers), [of("wks-114.corp.example", "10.20.30.114")]);
        let without = "DNSHostName,IPv4Address\nwks-114.corp.example,10.20.30.114\nwks-115.corp.example,\n";
        assert_eq!(hosts(without), hosts(computers), "a computer that is not in DNS");
    }

    #[test]
    fn mistakes_name_their_line() {
        let text =
            "HostName,RecordType,RecordData\n,A,10.0.0.1\nwks-1,A,DnsServerResourceRecordA\nwks-2,A,\n";
        let mistakes = read(text).into_iter().filter_map(|(_, imported)| imported.err());
        let mistakes: Vec<String> = mistakes.map(|mistake| mistake.to_string()).collect();
        assert_eq!(
            mistakes,
            [
                "2: HostName is missing",
                "3: the address of wks-1 is \"DnsServerResourceRecordA\", not an IP address",
                "4: wks-2 has no address"
            ]
        );
    }
}
