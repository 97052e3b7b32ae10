//! Which detections find which abuse of AD CS, and the events that they read for it.

use crate::detect::needs;
use std::collections::BTreeSet;

/// An abuse, by its published name.
#[derive(Clone, Copy, Debug)]
pub struct Abuse {
    /// `ESC1`, or the name of the tool, the technique or the vulnerability.
    pub id: &'static str,
    /// What the attacker does.
    pub what: &'static str,
    /// The detections that find it, the surest first.
    pub detections: &'static [&'static str],
}

impl Abuse {
    /// The ids of the Windows events that these detections read.
    pub fn events(&self) -> BTreeSet<u32> {
        let of_them = needs::ALL.iter().filter(|need| self.detections.contains(&need.detection));
        of_them.flat_map(|need| need.events).filter_map(|kind| kind.event_id).collect()
    }
}

macro_rules! abuses {
    ($($id:literal $what:literal $detections:expr;)*) => {
        /// The published abuses: ESC1 to ESC17 in their order, then the others.
        pub const ALL: &[Abuse] = &[$(Abuse { id: $id, what: $what, detections: &$detections }),*];
    };
}

abuses! {
    "ESC1" "Name another account in a request" ["san-mismatch", "certificate-used-by-other", "sid-mismatch"];
    "ESC2" "Use a template for any purpose" ["certificate-used-by-other", "san-mismatch", "unusual-template"];
    "ESC3" "Enroll for others as an agent" ["enrollment-on-behalf", "certificate-used-by-other", "san-mismatch"];
    "ESC4" "Open a template" ["template-tampered", "san-mismatch"];
    "ESC5" "Change objects of the PKI in the directory" ["pki-container-changed", "unknown-certificate"];
    "ESC6" "Let requests name anybody (EDITF_ATTRIBUTESUBJECTALTNAME2)" ["ca-tampered", "san-mismatch"];
    "ESC7" "Act as a manager of the CA" ["ca-tampered", "pending-request-altered"];
    "ESC8" "Relay to web enrollment" ["relayed-enrollment", "certlog-remote-write"];
    "ESC9" "Change the UPN, enroll without the SID, change it back" ["changed-then-issued", "account-remapped", "san-mismatch", "certificate-used-by-other", "weak-mapping"];
    "ESC10" "Use weak mappings of the KDC or of Schannel" ["weak-mapping", "account-remapped", "changed-then-issued", "schannel-logon"];
    "ESC11" "Relay to the RPC interface" ["relayed-enrollment", "ca-tampered"];
    "ESC12" "Use the key of the CA on its host" ["unknown-certificate", "ca-key-exported"];
    "ESC13" "Link an issuance policy to a group" ["issuance-policy-linked", "template-tampered"];
    "ESC14" "Write an explicit mapping" ["account-remapped", "changed-then-issued", "certificate-used-by-other", "weak-mapping"];
    "ESC15" "Inject application policies (CVE-2024-49019)" ["application-policy-injection", "san-mismatch", "schannel-logon"];
    "ESC16" "Leave the SID out of all certificates" ["ca-tampered", "weak-mapping", "certificate-used-by-other"];
    "ESC17" "Get a server certificate for another host" ["protected-host-certificate", "san-mismatch"];
    "Certifried" "Give a machine account the name of another host (CVE-2022-26923)" ["machine-account-enrollment", "san-mismatch", "account-remapped"];
    "Certighost" "Make the CA look another machine up (CVE-2026-54121)" ["chase-enrollment", "san-mismatch", "machine-account-enrollment"];
    "Kerberos relay" "Relay Kerberos to the CA (CVE-2026-20929, CVE-2025-33073)" ["relayed-enrollment", "unusual-source"];
    "CVE-2025-26647" "Map by the key of a certificate of a foreign CA" ["weak-mapping", "unknown-certificate", "account-remapped"];
    "Golden certificate" "Forge certificates with the key of the CA (DPERSIST1)" ["ca-key-exported", "unknown-certificate", "certificate-used-by-other"];
    "Rogue CA" "Make the directory trust another CA (DPERSIST2)" ["pki-container-changed", "unknown-certificate"];
    "UnPAC-the-hash" "Get the NT hash after a logon with a certificate" ["unpac-the-hash", "pkinit-client"];
    "Shadow credentials" "Register a key for another account" ["shadow-credential", "unknown-certificate"];
    "Pass-the-certificate" "Log on over TLS" ["schannel-logon"];
    "Attack tools" "Log on with Certipy, Rubeus and the like" ["pkinit-client", "unusual-source", "unusual-volume"];
    "Covering traces" "Delete rows, switch events off" ["ca-tampered", "ca-silent"];
    "Misused agent" "Use an enrollment agent outside its job" ["san-mismatch", "certificate-used-by-other"];
    "Search for templates" "Try what is open" ["decoy-template", "denied-enrollment-probing"];
    "Several steps" "Take steps that are each raised as an alert" ["story"];
}

#[cfg(test)]
mod tests {
    use crate::detect::abuses::ALL;
    use crate::detect::catalogue;

    #[test]
    fn every_detection_finds_something_and_no_other_is_named() {
        let ids: Vec<_> = catalogue::all().iter().map(|about| about.id).collect();
        let named: Vec<_> = ALL.iter().flat_map(|abuse| abuse.detections).collect();
        assert!(named.iter().all(|id| ids.contains(id)), "{named:?}");
        for id in &ids {
            assert!(named.contains(&id), "{id} finds nothing");
        }
    }

    #[test]
    fn all_seventeen_escalations_are_listed_with_events() {
        for n in 1..=17 {
            let id = format!("ESC{n}");
            let abuse = ALL.iter().find(|abuse| abuse.id == id);
            assert!(abuse.is_some_and(|abuse| !abuse.events().is_empty()), "{id}");
        }
    }
}
