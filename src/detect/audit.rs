//! Which events a detection cannot do without, and which audit setting of Windows makes each of them: docs/audit.md.

use crate::detect::needs::{ALL, Kind};

/// Which computers log an event, and the audit setting that makes them do so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The computers that log the event.
    pub on: &'static str,
    /// The subcategory of the audit policy, or what else decides.
    pub setting: &'static str,
    /// Any estate in normal operation logs it daily: when it is absent, it is not logged. Otherwise nothing may have happened.
    pub is_routine: bool,
}

/// Events of which one suffices: each by its Windows event id, `None` for the reports of an EDR.
pub type AnyOf = Vec<Option<u32>>;

const CAS: &str = "all CAs";
const CONTROLLERS: &str = "all domain controllers";
const CERTIFICATION: &str = "Certification Services, and the audit filter of the CA";

/// The audit setting for a kind of event; `None` for ids that no detection reads.
pub fn setting(event_id: Option<u32>) -> Option<Audit> {
    let Some(id) = event_id else { return Some(rare("the hosts of the CAs", "reports of an EDR")) };
    Some(match id {
        4886 | 4887 => routine(CAS, CERTIFICATION),
        4869 | 4873 | 4874 | 4876 | 4882 | 4884 | 4885 | 4888..=4892 | 4895..=4900 => {
            rare(CAS, CERTIFICATION)
        }
        5145 => routine(CAS, "Detailed File Share"),
        4768 => routine(CONTROLLERS, "Kerberos Authentication Service"),
        4771 => rare(CONTROLLERS, "Kerberos Authentication Service"),
        4769 => rare(CONTROLLERS, "Kerberos Service Ticket Operations"),
        4624 => routine("all CAs and domain controllers", "Logon"),
        21 | 39 | 40 | 41 | 45 => rare(CONTROLLERS, "none: they are in the System log"),
        4657 => rare("all CAs and domain controllers", "Registry, with a SACL on the keys"),
        4738 => rare(CONTROLLERS, "User Account Management"),
        4741 | 4742 => rare(CONTROLLERS, "Computer Account Management"),
        4781 => rare(CONTROLLERS, "User and Computer Account Management"),
        5136 | 5137 | 5141 => rare(CONTROLLERS, "Directory Service Changes, with a SACL on the objects"),
        5058 | 5059 => rare(CAS, "Other System Events"),
        53 => rare(CAS, "none: it is in the Application log"),
        1007 => rare(CAS, "none: it is in CertificateServicesClient-Lifecycle-System/Operational"),
        _ => return None,
    })
}

const fn routine(on: &'static str, setting: &'static str) -> Audit {
    Audit { on, setting, is_routine: true }
}

const fn rare(on: &'static str, setting: &'static str) -> Audit {
    Audit { on, setting, is_routine: false }
}

/// Events that prove the use of a certificate.
const USE: &[u32] = &[4768, 4771, 21, 39, 40, 41, 45];
/// Events that give an account another name.
const CHANGE: &[u32] = &[4738, 4742, 4781, 5136];

/// Detections that need events of several kinds, or for which some of the events that they read do not suffice.
const SEVERAL: &[(&str, &[&[u32]])] = &[
    ("certificate-used-by-other", &[&[4887], USE]),
    ("unknown-certificate", &[&[4887], USE]),
    ("unpac-the-hash", &[&[4768], &[4769]]),
    ("changed-then-issued", &[CHANGE, &[4887]]),
    ("machine-account-enrollment", &[&[4741, 4742, 4781], &[4887]]),
    ("pending-request-altered", &[&[4869, 4873, 4874], &[4887, 4888, 4889]]),
    ("chase-enrollment", &[&[4886, 4887, 4888, 4889]]),
    ("relayed-enrollment", &[&[4886, 4887, 4888, 4889]]),
    ("shadow-credential", &[&[5136]]),
    ("schannel-logon", &[&[4624]]),
    ("decoy-template", &[&[4886, 4887, 53]]),
];

/// What a detection cannot do without: one event of each group.
pub fn needed_by(detection: &str) -> Vec<AnyOf> {
    let several = SEVERAL.iter().find(|(id, _)| *id == detection);
    if let Some((_, groups)) = several {
        return groups.iter().map(|group| group.iter().copied().map(Some).collect()).collect();
    }
    match detection {
        "certlog-remote-write" => vec![vec![Some(5145), None]],
        _ => vec![read_by(detection)],
    }
}

/// All events that a detection reads, each once, by their ids; those without an id last.
pub fn read_by(detection: &str) -> AnyOf {
    let needs = ALL.iter().filter(|need| need.detection == detection);
    let mut ids: AnyOf = needs.flat_map(|need| need.events).map(|kind: &Kind| kind.event_id).collect();
    for (_, groups) in SEVERAL.iter().filter(|(id, _)| *id == detection) {
        ids.extend(groups.iter().copied().flatten().copied().map(Some));
    }
    ids.sort_by_key(|id| (id.is_none(), *id));
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::catalogue;
    use crate::detect::link::STORY;

    #[test]
    fn every_event_of_every_detection_has_an_audit_setting() {
        // A story reads alerts.
        for about in catalogue::all().into_iter().filter(|about| about.id != STORY) {
            let ids = read_by(about.id);
            assert!(!ids.is_empty(), "{}", about.id);
            for id in needed_by(about.id).concat().into_iter().chain(ids.clone()) {
                assert!(setting(id).is_some(), "{}: {id:?} has no audit setting", about.id);
                assert!(ids.contains(&id), "{}: {id:?} is needed and not read", about.id);
            }
        }
    }

    #[test]
    fn a_detection_of_chains_needs_each_part() {
        let other = needed_by("certificate-used-by-other");
        assert_eq!(other[0], [Some(4887)]);
        assert!(other[1].contains(&Some(4768)) && !other[1].contains(&Some(4886)));
        assert_eq!(needed_by("san-mismatch"), [[Some(4887)]]);
        assert_eq!(needed_by("certlog-remote-write"), [[Some(5145), None]]);
    }
}
