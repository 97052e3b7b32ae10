//! Accounts of the directory: `Get-ADUser`, `Get-ADComputer`, `ldifde`, `ldapsearch`.

use crate::event::Activity;
use crate::event::account::{Account, Sid};
use crate::event::facts::AccountKnown;
use crate::event::host::Host;
use crate::event::subject::domain_name;
use crate::inventory::row::Row;
use crate::inventory::rows;
use crate::inventory::{Imported, Mistake, ldif};

/// Groups whose members are protected, by their common names.
const PROTECTED_GROUPS: [&str; 8] = [
    "administrators",
    "domain admins",
    "enterprise admins",
    "schema admins",
    "domain controllers",
    "read-only domain controllers",
    "account operators",
    "backup operators",
];

/// Primary groups whose members are protected: domain admins, domain controllers, read-only domain controllers.
const PROTECTED_PRIMARY_GROUPS: [&str; 3] = ["512", "516", "521"];

/// The accounts of an export. `domain` is the NetBIOS name of their domain; without it the DNS name stands in, from the
/// distinguished name.
pub fn read(text: &str, domain: Option<&str>) -> Vec<(u64, Imported)> {
    rows::each(rows::read(text), |row| account(row, domain))
}

fn account(row: &Row, domain: Option<&str>) -> Imported {
    let name =
        row.first(&["sAMAccountName"]).ok_or_else(|| Mistake::new(row.line, "sAMAccountName is missing"))?;
    let dn = row.first(&["distinguishedName", "dn"]).unwrap_or_default();
    let domain = domain.map_or_else(|| domain_name(dn), str::to_owned);
    if domain.is_empty() {
        let message = "the domain is not known: give --domain, or export distinguishedName";
        return Err(Mistake::new(row.line, message));
    }
    let sid = match row.first(&["objectSid", "SID"]) {
        Some(text) => Some(sid(text).ok_or_else(|| {
            Mistake::new(row.line, format!("objectSid is {text:?}, not a SID such as S-1-5-21-1-2-3-1105"))
        })?),
        None => None,
    };
    Ok(Activity::AccountKnown(AccountKnown {
        account: Account::new(&domain, name),
        sid,
        upn: row.first(&["userPrincipalName"]).map(str::to_owned),
        mail: row.first(&["mail", "EmailAddress"]).map(str::to_owned),
        dns_host_name: row.first(&["dNSHostName"]).map(Host::new),
        service_principal_names: service_principal_names(row),
        protected: is_protected(row),
    }))
}

/// A SID as text, or as `csvde` writes binary values: `X'0105…'`.
fn sid(text: &str) -> Option<Sid> {
    let Some(hex) = text.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\'')) else {
        return Sid::parse(text);
    };
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    Sid::parse(&ldif::sid(&bytes?)?)
}

fn service_principal_names(row: &Row) -> Vec<String> {
    let names = row.list(&["servicePrincipalName", "ServicePrincipalNames"]);
    names.filter(|name| name.contains('/')).map(str::to_owned).collect()
}

fn is_protected(row: &Row) -> bool {
    let groups = row.all(&["memberOf"]);
    let is_protected_group = |dn: &str| {
        let dn = dn.to_lowercase();
        PROTECTED_GROUPS.iter().any(|group| dn.contains(&format!("cn={group},")))
    };
    row.first(&["adminCount"]) == Some("1")
        || row.first(&["primaryGroupID"]).is_some_and(|group| PROTECTED_PRIMARY_GROUPS.contains(&group))
        || groups.iter().any(|group| is_protected_group(group))
}

#[cfg(test)]
mod tests {
    use crate::event::Activity;
    use crate::event::facts::AccountKnown;
    use crate::inventory::accounts::read;

    fn accounts(text: &str, domain: Option<&str>) -> Vec<AccountKnown> {
        let of = |(_, imported): (u64, crate::inventory::Imported)| match imported {
            Ok(Activity::AccountKnown(known)) => known,
            other => panic!("{other:?}"),
        };
        read(text, domain).into_iter().map(of).collect()
    }

    #[test]
    fn account_of_every_export_is_the_same() {
        let table = "DistinguishedName,SamAccountName,UserPrincipalName,SID,adminCount\n\
                     \"CN=Ann,DC=corp,DC=example\",ann,ann.lee@corp.example,S-1-5-21-1-2-3-1105,1\n";
        let ldif = "dn: CN=Ann,DC=corp,DC=example\nsAMAccountName: ann\nuserPrincipalName: ann.lee@corp.example\n\
                    objectSid: S-1-5-21-1-2-3-1105\nmemberOf: CN=Domain Admins,CN=Users,DC=corp,DC=example\n";
        let csvde = "DN,sAMAccountName,userPrincipalName,objectSid,adminCount\n\"CN=Ann,DC=corp,DC=example\",ann,ann.lee@corp.example,\
                     X'01050000000000051500000001000000020000000300000051040000',1\n";
        for text in [table, ldif, csvde] {
            let known = &accounts(text, None)[0];
            assert_eq!(known.account.to_string(), "corp.example\\ann");
            assert_eq!(known.upn.as_deref(), Some("ann.lee@corp.example"));
            assert!(known.protected && known.sid.is_some(), "{known:?}");
            assert_eq!(accounts(text, Some("CORP"))[0].account.to_string(), "CORP\\ann");
        }
    }

    #[test]
    fn ordinary_account_is_not_protected() {
        let table = "SamAccountName,MemberOf,primaryGroupID\nwks-1$,\"CN=Printers,DC=corp,DC=example\",515\n";
        assert!(!accounts(table, Some("CORP"))[0].protected);
    }

    #[test]
    fn mistakes_name_their_line() {
        let table = "SamAccountName,SID\n,S-1-5-21-1-2-3-4\nann,1105\n";
        let mistakes: Vec<String> = read(table, Some("CORP"))
            .into_iter()
            .filter_map(|(_, imported)| imported.err().map(|mistake| mistake.to_string()))
            .collect();
        assert_eq!(
            mistakes,
            [
                "2: sAMAccountName is missing",
                "3: objectSid is \"1105\", not a SID such as S-1-5-21-1-2-3-1105"
            ]
        );
        assert!(read("SamAccountName\nann\n", None)[0].1.is_err(), "no domain");
    }
}
