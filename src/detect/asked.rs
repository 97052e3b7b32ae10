//! What a person may mean by a name: the entities under which an account, a CA, a certificate or another thing is remembered.
//! State is keyed by a hash of its entity, so it can be found by a name and has none itself.

use crate::detect::domain::DomainPolicy;
use crate::detect::entity::Entity;
use crate::detect::link;
use crate::event::account::Account;
use crate::event::host::Host;
use crate::event::serial::Serial;
use crate::state::key::EntityKey;
use crate::state::store::KeyedStore;
use std::collections::BTreeMap;

/// A serial number that is written out has more digits than this; fewer may be a name or the id of a request.
const LONGEST_NUMBER: usize = 16;

/// The domain under which `account-remapped` remembers the names of accounts.
pub(crate) const NAMES: &str = "names of";

/// The entities that a name may stand for: an account (`domain\name`, a UPN, or `name` in the domains of the policy), that
/// account at a CA (`domain\name@ca`, or at the CAs of the policy), a CA or host, a certificate by its serial number, a request by
/// its id, or anything else that has a name.
pub(crate) fn entities(name: &str, policy: &DomainPolicy) -> Vec<Entity> {
    let mut all = Vec::new();
    if !name.contains('\\') {
        accounts(&Account::parse(name), None, policy, &mut all);
    }
    let (account, ca) = name.rsplit_once('@').map_or((name, None), |(account, ca)| (account, Some(ca)));
    accounts(&Account::parse(account), ca, policy, &mut all);
    let host = Host::new(name);
    all.extend([Entity::ca(&host), Entity::ca_in_any_spelling(&host)]);
    if let Ok(request_id) = name.parse() {
        all.push(Entity::certificate_request(request_id));
    }
    let things = [name.to_owned(), format!("registry of {}", host.label()), format!("issuer {name}")];
    all.extend(things.iter().chain(&link::keys_of(name)).map(|name| Entity::named(name)));
    if let Some(serial) = Serial::parse(name).filter(|serial| serial.as_str().len() > LONGEST_NUMBER) {
        all.push(Entity::certificate_request(serial.request_id()));
        let texts = [format!("serial {serial}")].into_iter().chain(link::keys_of(serial.as_str()));
        all.extend(texts.map(|text| Entity::named(&text)));
    }
    all
}

fn accounts(account: &Account, ca: Option<&str>, policy: &DomainPolicy, all: &mut Vec<Entity>) {
    let known = policy.domains.keys().filter(|_| account.domain.is_empty());
    let domains = [account.domain.as_str(), "", NAMES].into_iter().chain(known.map(String::as_str));
    let cas = policy.cas.keys().map(String::as_str).filter(|_| ca.is_none()).chain(ca);
    let cas: Vec<Host> = cas.map(Host::new).collect();
    for domain in domains {
        let account = Account::new(domain, &account.name);
        all.push(policy.account(&account));
        all.extend(cas.iter().map(|ca| policy.account_at_any_spelling(&account, ca)));
    }
}

/// The keys of a detection's store that are about these entities, each with the name of its entity. An account's state lives
/// together whatever its domain and CA are: what has another entity than these is found, too, under a
/// name that states it.
pub(crate) fn keys(asked: &[Entity], detection: &str, store: &KeyedStore) -> Vec<(EntityKey, String)> {
    let mut names = BTreeMap::new();
    let mut homes = BTreeMap::new();
    for entity in asked {
        let key = entity.key(detection);
        names.entry(key).or_insert_with(|| entity.to_string());
        if let Some(account) = entity.account_name() {
            homes.entry(key.home()).or_insert(account);
        }
    }
    let elsewhere = |account: &&str| format!("{account}, of a domain or at a CA that is not named here");
    let name = |key: &EntityKey| names.get(key).cloned().or_else(|| homes.get(&key.home()).map(elsewhere));
    store.keys().into_iter().filter_map(|key| Some((key, name(&key)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::Hour;

    fn found(name: &str, entity: &Entity) -> Vec<String> {
        let policy = DomainPolicy {
            domains: BTreeMap::from([("CORP".to_owned(), vec!["corp.example".to_owned()])]),
            cas: BTreeMap::from([("ca01.corp.example".to_owned(), "Corp CA".to_owned())]),
            ..DomainPolicy::default()
        };
        let mut store = KeyedStore::default();
        store.put(entity.key("d"), b"state", Hour::NEVER);
        let found = keys(&entities(name, &policy), "d", &store);
        found.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn name_finds_the_account_the_ca_and_the_certificate_that_it_stands_for() {
        let (ann, ca01) = (Account::parse("CORP\\ann"), Host::new("CA01.corp.example"));
        let serial = "5c000000c9a1b2c3d4e5f677000000000000c9";
        for (name, entity) in [
            ("CORP\\Ann", Entity::account(&ann)),
            ("ann", Entity::account(&ann)),
            ("ann@corp.example", Entity::account(&ann)),
            ("corp.example\\ann", Entity::account_at_any_spelling(&ann, &ca01)),
            ("CORP\\ann@ca01", Entity::account_at_any_spelling(&ann, &ca01)),
            ("CORP\\ann", Entity::account(&Account::new("", "ann"))),
            ("ca01", Entity::ca_in_any_spelling(&ca01)),
            ("ca01.corp.example", Entity::ca_in_any_spelling(&ca01)),
            (serial, Entity::certificate_request(201)),
            ("201", Entity::certificate_request(201)),
            ("WebServer", Entity::named("webserver")),
            ("CORP\\ann", Entity::named(&link::account("ann"))),
        ] {
            assert_eq!(found(name, &entity), [entity.to_string()], "{name}");
        }
        assert_eq!(found("CORP\\bob", &Entity::account(&ann)), [""; 0]);
        assert_eq!(found("ca02", &Entity::ca_in_any_spelling(&ca01)), [""; 0]);
    }

    #[test]
    fn account_is_found_in_a_domain_and_at_a_ca_that_nobody_named() {
        let at = Entity::account_at_any_spelling(&Account::parse("OTHER\\ann"), &Host::new("ca09"));
        assert_eq!(found("ann", &at), ["ann, of a domain or at a CA that is not named here"]);
        assert_eq!(found("OTHER\\ann@ca09", &at), ["other\\ann@ca09"]);
    }
}
