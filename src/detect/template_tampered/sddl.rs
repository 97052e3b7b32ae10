//! Permissions of a template as SDDL text ([MS-DTYP] 2.5.1): what groups that nearly everybody belongs to may do.

use crate::detect::bits::number;
use crate::event::fold::fold;

/// What a group may do with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    /// Ask for certificates of it.
    Enroll,
    /// Change it, or its permissions.
    Write,
}

/// The extended rights Certificate-Enrollment and Certificate-AutoEnrollment ([MS-CRTD] 2.5).
const ENROLL: [&str; 2] = ["0e10c968-78fb-11d2-90d4-00c04f79dc55", "a05b8cc2-17bc-4802-a710-e7c15ab866a2"];

/// What wide groups may do, each once, in the order of the text. The group is named as people name it.
pub(crate) fn wide_rights(sddl: &str) -> Vec<(&'static str, Right)> {
    rights_where(sddl, wide_group)
}

/// What one account may do, by its SID, each once.
pub(crate) fn rights_for(sddl: &str, sid: &str) -> Vec<Right> {
    let found = rights_where(sddl, |trustee| trustee.eq_ignore_ascii_case(sid).then_some(()));
    found.into_iter().map(|(_, right)| right).collect()
}

/// The owner, who may give itself any right (`O:` before the group, [MS-DTYP] 2.5.1).
pub(crate) fn owner(sddl: &str) -> Option<&str> {
    let rest = sddl.split('(').next()?.split_once("O:")?.1;
    rest.split("G:").next()?.split("D:").next().filter(|owner| !owner.is_empty())
}

/// Whether a trustee is the operating system or a group of administrators, by its abbreviation or its SID.
pub(crate) fn is_of_administrators(trustee: &str) -> bool {
    let rid = trustee.strip_prefix("S-1-5-21-").and_then(|rest| rest.rsplit('-').next());
    ["SY", "BA", "DA", "EA", "LA", "S-1-5-18", "S-1-5-32-544"].contains(&trustee)
        || rid.is_some_and(|rid| ["500", "512", "519"].contains(&rid))
}

/// The rights of the trustees that are asked for, each once, with what is known of the trustee.
fn rights_where<T: Copy + PartialEq>(sddl: &str, trustee: impl Fn(&str) -> Option<T>) -> Vec<(T, Right)> {
    let mut found = Vec::new();
    for entry in sddl.split('(').skip(1).filter_map(|rest| rest.split(')').next()) {
        for right in rights_of(entry, &trustee) {
            if !found.contains(&right) {
                found.push(right);
            }
        }
    }
    found
}

/// The rights of one entry: `type;flags;rights;object;inherited object;trustee`.
fn rights_of<T: Copy>(entry: &str, of: impl Fn(&str) -> Option<T>) -> Vec<(T, Right)> {
    let parts: Vec<&str> = entry.split(';').collect();
    let [kind, _, rights, object, _, trustee, ..] = parts[..] else { return Vec::new() };
    let Some(group) = of(trustee).filter(|_| ["A", "OA"].contains(&kind)) else { return Vec::new() };
    let object = fold(object);
    let enrolls = has(rights, "GA", 0x1000_0000)
        || (has(rights, "CR", 0x100) && (object.is_empty() || ENROLL.contains(&&*object)));
    let writes = [("GA", 0x1000_0000), ("GW", 0x4000_0000), ("WP", 0x20), ("WD", 0x4_0000), ("WO", 0x8_0000)];
    let writes = writes.iter().any(|(name, bit)| has(rights, name, *bit));
    let found = [(enrolls, Right::Enroll), (writes, Right::Write)];
    found.into_iter().filter(|(has, _)| *has).map(|(_, right)| (group, right)).collect()
}

/// Whether rights, in pairs of letters or as a number, include one.
fn has(rights: &str, name: &str, bit: u32) -> bool {
    match number(rights) {
        Some(bits) => bits & bit != 0,
        None => rights.as_bytes().chunks(2).any(|pair| pair == name.as_bytes()),
    }
}

/// The name of a group that nearly everybody belongs to, by its abbreviation or its SID.
fn wide_group(trustee: &str) -> Option<&'static str> {
    let rid = trustee.strip_prefix("S-1-5-21-").and_then(|rest| rest.rsplit('-').next());
    Some(match (trustee, rid) {
        ("WD" | "S-1-1-0", _) => "Everyone",
        ("AN" | "S-1-5-7", _) => "Anonymous",
        ("AU" | "S-1-5-11", _) => "Authenticated Users",
        // Every logon is of one of these kinds: a request to the CA comes over the network.
        ("NU" | "S-1-5-2", _) => "Network",
        ("IU" | "S-1-5-4", _) => "Interactive",
        ("S-1-5-15", _) => "This Organization",
        ("BU" | "S-1-5-32-545", _) => "Users",
        ("BG" | "S-1-5-32-546", _) => "Guests",
        // Authenticated Users are its member where Windows sets the domain up.
        ("RU" | "S-1-5-32-554", _) => "Pre-Windows 2000 Compatible Access",
        ("DU", _) | (_, Some("513")) => "Domain Users",
        ("DC", _) | (_, Some("515")) => "Domain Computers",
        ("DG", _) | (_, Some("514")) => "Domain Guests",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::template_tampered::sddl::{
        Right, is_of_administrators, owner, rights_for, wide_rights,
    };
    use proptest::prelude::*;

    #[track_caller]
    fn check(sddl: &str, expect: &[(&str, Right)]) {
        assert_eq!(wide_rights(sddl), expect, "{sddl}");
    }

    #[test]
    fn only_rights_of_wide_groups_count() {
        let enroll = "(OA;;CR;0e10c968-78fb-11d2-90d4-00c04f79dc55;;";
        check(&format!("O:EAG:EAD:PAI{enroll}DA)(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;EA)(A;;LCRPLORC;;;AU)"), &[]);
        check(&format!("D:{enroll}DU)"), &[("Domain Users", Right::Enroll)]);
        check(&format!("D:{enroll}S-1-5-21-1-2-3-515)"), &[("Domain Computers", Right::Enroll)]);
        for (group, names) in [
            ("Guests", ["BG", "S-1-5-32-546"]),
            ("Network", ["NU", "S-1-5-2"]),
            ("Interactive", ["IU", "S-1-5-4"]),
            ("Pre-Windows 2000 Compatible Access", ["RU", "S-1-5-32-554"]),
        ] {
            for name in names {
                check(&format!("D:{enroll}{name})"), &[(group, Right::Enroll)]);
            }
        }
        check(&format!("D:{enroll}S-1-5-15)"), &[("This Organization", Right::Enroll)]);
        // Operators, domain controllers, and a group of the estate.
        for few in ["SO", "BO", "ED", "S-1-5-32-551", "S-1-5-21-1-2-3-546"] {
            check(&format!("D:{enroll}{few})"), &[]);
        }
        check("D:(OA;;CR;00000000-0000-0000-0000-000000000001;;DU)", &[]);
        check("D:(A;;CR;;;AU)", &[("Authenticated Users", Right::Enroll)]);
        check("D:(A;;RPWP;;;AU)(A;;WD;;;AU)", &[("Authenticated Users", Right::Write)]);
        check("D:(A;;0x40000;;;S-1-1-0)", &[("Everyone", Right::Write)]);
        check("D:(A;;GA;;;WD)", &[("Everyone", Right::Enroll), ("Everyone", Right::Write)]);
        check("D:(D;;WD;;;WD)", &[]);
        check("", &[]);
    }

    #[test]
    fn rights_of_one_account_are_those_of_its_sid() {
        let of = |sddl: &str| rights_for(sddl, "S-1-5-21-1-2-3-1142");
        assert_eq!(of("D:(A;;GA;;;S-1-5-21-1-2-3-1142)"), [Right::Enroll, Right::Write]);
        assert_eq!(of("D:(A;;GA;;;S-1-5-21-1-2-3-11420)(A;;GA;;;EA)(A;;RP;;;S-1-5-21-1-2-3-1142)"), []);
    }

    #[test]
    fn owner_stands_before_the_group() {
        assert_eq!(owner("O:EAG:EAD:PAI(A;;GA;;;EA)"), Some("EA"));
        assert_eq!(owner("O:S-1-5-21-1-2-3-1142G:DAD:(A;;GA;;;O:)"), Some("S-1-5-21-1-2-3-1142"));
        assert_eq!(owner("O:DAD:(A;;GA;;;EA)"), Some("DA"));
        assert_eq!(owner("D:(A;;GA;;;EA)"), None);
        assert_eq!(owner(""), None);
        assert!(is_of_administrators("EA") && is_of_administrators("S-1-5-21-1-2-3-512"));
        assert!(!is_of_administrators("AU") && !is_of_administrators("S-1-5-21-1-2-3-1142"));
    }

    proptest! {
        #[test]
        fn any_text_is_accepted(text in "[(A;CRWD)S1é-]{0,60}") {
            wide_rights(&text);
            owner(&text);
        }
    }
}
