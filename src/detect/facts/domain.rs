//! Which DNS suffix the machines of a domain have, where neither the policy nor the NetBIOS name shows it.
//!
//! The certificates themselves show it: machines of `ACME` that enroll as `*.ad.acme.example` at a CA of that domain are
//! its members once there are several. Before that, a machine of another domain may be taking the name of one.

use crate::detect::domain::DomainPolicy;
use crate::detect::entity::Entity;
use crate::detect::identity::suffix_of_the_ca;
use crate::event::Event;
use crate::event::account::{Account, same_text};
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::event::san::San;
use crate::state::key;
use crate::wire::record::{DomainFacts, DomainSuffix};

/// So many different machines of a domain make a suffix its own.
const ENOUGH_MACHINES: usize = 3;

/// The most pairs of domain and suffix that are kept; the oldest go first.
const MAX_SUFFIXES: usize = 64;

/// The suffixes of all domains, which every partition knows.
pub(crate) fn entity() -> Entity {
    Entity::everywhere("domains")
}

/// The requester and the suffix that its certificate shows for its domain; none: nothing that is not known.
pub(crate) fn of<'e>(event: &'e Event, policy: &DomainPolicy) -> Option<(&'e Account, &'e str)> {
    let request = &event.activity.issued()?.request;
    let suffix = |name: &'e San| {
        if let San::Dns(dns) = name {
            suffix_of_the_ca(policy, &request.requester, dns, &event.computer)
        } else {
            None
        }
    };
    request.names.iter().find_map(suffix).map(|suffix| (&request.requester, suffix))
}

/// Counts the machine for the suffix, each once.
pub(crate) fn learn(facts: &mut DomainFacts, requester: &Account, suffix: &str) {
    let machine = key::hash(&[fold(&requester.name).as_bytes()]) as u64;
    let is_known = |known: &&mut DomainSuffix| is_pair(known, requester, suffix);
    match facts.suffixes.iter_mut().find(is_known) {
        Some(known) if known.machines.len() < ENOUGH_MACHINES && !known.machines.contains(&machine) => {
            known.machines.push(machine);
        }
        Some(_) => {}
        None => {
            let (domain, suffix) = (requester.domain.clone(), suffix.to_owned());
            facts.suffixes.push(DomainSuffix { domain, suffix, machines: vec![machine] });
            let surplus = facts.suffixes.len().saturating_sub(MAX_SUFFIXES);
            facts.suffixes.drain(..surplus);
        }
    }
}

/// Whether enough machines of the account's domain have this suffix.
pub(crate) fn has(facts: &DomainFacts, account: &Account, suffix: &str) -> bool {
    facts
        .suffixes
        .iter()
        .any(|known| is_pair(known, account, suffix) && known.machines.len() >= ENOUGH_MACHINES)
}

fn is_pair(known: &DomainSuffix, account: &Account, suffix: &str) -> bool {
    same_text(&known.domain, &account.domain) && Host::new(&known.suffix) == Host::new(suffix)
}
