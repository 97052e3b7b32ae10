//! What state is keyed by, and in which partition it lives.

use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::state::key::{self, EntityKey};
use smol_str::{SmolStr, SmolStrBuilder, ToSmolStr};
use std::fmt;
use std::net::IpAddr;

/// What a detection keys its state by, in its canonical, lower-case form, and where that state lives.
/// Each partition to which an event goes costs the bytes of the event in the routed topic and its decoding, so what one event
/// concerns lives in few.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    name: SmolStr,
    home: Home,
}

/// State of CAs lives where this detection keeps its own. It kept state of CAs first, so checkpoints of older versions stay where
/// they are.
const HOME_OF_CAS: &str = "certlog-remote-write";
/// The same for certificate requests.
const HOME_OF_REQUESTS: &str = "certificate-used-by-other";

impl Entity {
    /// An account. All that is keyed by accounts of one name lives in one partition, whatever their domains.
    pub fn account(account: &Account) -> Entity {
        let home = Home::of_account(account);
        Entity { name: canonical(&account.domain, &home, None), home }
    }

    /// A requester at a CA. It lives where the account does.
    pub fn account_at(account: &Account, ca: &Host) -> Entity {
        let home = Home::of_account(account);
        Entity { name: canonical(&account.domain, &home, Some(ca.as_str())), home }
    }

    /// A certificate request, by the id its CA gave it. All that is keyed by one id lives in one partition.
    pub fn certificate_request(request_id: u32) -> Entity {
        Entity { name: request_id.to_smolstr(), home: Home::OfDetection(HOME_OF_REQUESTS) }
    }

    /// A CA, by the name of its host. All that is keyed by one CA lives in one partition.
    pub fn ca(host: &Host) -> Entity {
        Entity { name: host.as_str().into(), home: Home::OfDetection(HOME_OF_CAS) }
    }

    /// Anything else that has a name: a template, an object of the directory. Folded as accounts are.
    pub fn named(name: &str) -> Entity {
        Entity { name: folded(name), home: Home::OwnName }
    }

    /// What every partition keeps for itself. Its events go to all partitions, so it must be rare, and it raises no alert:
    /// each partition would.
    pub fn everywhere(name: &str) -> Entity {
        Entity { name: folded(name), home: Home::Everywhere }
    }

    /// The same entity of whatever spelling of its CA: what state is keyed by. `CA01` and `ca01.corp.example` are one.
    pub fn ca_in_any_spelling(host: &Host) -> Entity {
        Entity { name: first_label(host).into(), home: Home::OfDetection(HOME_OF_CAS) }
    }

    /// A requester at a CA, of whatever spelling of the CA.
    pub fn account_at_any_spelling(account: &Account, ca: &Host) -> Entity {
        let home = Home::of_account(account);
        Entity { name: canonical(&account.domain, &home, Some(first_label(ca))), home }
    }

    /// The canonical name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The name of the account that this entity is, or lives with; without its domain, folded.
    pub fn account_name(&self) -> Option<&str> {
        if let Home::With(name) = &self.home { Some(name) } else { None }
    }

    /// Where the state of a detection about this entity lives.
    pub fn place(&self, detection: &str) -> Place {
        let home = match &self.home {
            Home::OwnName | Home::Everywhere => EntityKey::of(detection, &self.name).home(),
            Home::OfDetection(first) => EntityKey::of(first, &self.name).home(),
            Home::With(name) => EntityKey::from_bits(key::hash(&[name.as_bytes()])).home(),
        };
        Place { home, everywhere: self.home == Home::Everywhere }
    }

    /// The key of the state of a detection about this entity.
    pub fn key(&self, detection: &str) -> EntityKey {
        self.key_at(detection, self.place(detection))
    }

    /// The same key, where the place is known.
    pub(crate) fn key_at(&self, detection: &str, place: Place) -> EntityKey {
        EntityKey::of(detection, &self.name).at_home(place.home)
    }
}

/// `domain\\name` or `domain\\name@ca`, folded: what [`Account::canonical`] gives. The name is folded already.
fn canonical(domain: &str, home: &Home, ca: Option<&str>) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    text.push_str(&fold(domain));
    text.push('\\');
    if let Home::With(name) = home {
        text.push_str(name);
    }
    if let Some(ca) = ca {
        text.push('@');
        text.push_str(ca);
    }
    text.finish()
}

fn folded(name: &str) -> SmolStr {
    SmolStr::new(fold(name))
}

/// What decides in which partition an entity lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Home {
    /// The detection and its own name.
    OwnName,
    /// This detection and its own name, for the state of every detection.
    OfDetection(&'static str),
    /// Another name, which it shares with the entities that it needs beside it.
    With(SmolStr),
    /// It lives in all partitions.
    Everywhere,
}

impl Home {
    /// The account's name without its domain, which events spell as a NetBIOS name, a realm or a suffix.
    fn of_account(account: &Account) -> Home {
        Home::With(folded(&account.name))
    }
}

/// In which partition the state about an entity lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    home: u64,
    everywhere: bool,
}

impl Place {
    /// Whether the entity lives in this one of `partitions` partitions.
    pub fn is_in(self, partition: u32, partitions: u32) -> bool {
        self.partition(partitions).is_none_or(|own| own == partition)
    }

    /// The partition of `partitions` in which the entity lives: its home modulo their number; none: in all of them.
    pub fn partition(self, partitions: u32) -> Option<u32> {
        (!self.everywhere).then(|| (self.home % u64::from(partitions)) as u32)
    }
}

/// The first label of a host name; an address as it is.
fn first_label(host: &Host) -> &str {
    let name = host.as_str();
    let may_be_address = name.contains(':') || name.starts_with(|c: char| c.is_ascii_digit());
    if may_be_address && name.parse::<IpAddr>().is_ok() { name } else { host.label() }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::entity::Entity;
    use crate::event::account::Account;
    use crate::event::host::Host;
    use crate::state::key::EntityKey;

    #[test]
    fn entities_of_one_account_are_neighbours() {
        let partition = |account: &str, ca: &str| {
            let (account, ca) = (Account::parse(account), Host::new(ca));
            Entity::account_at(&account, &ca).place("san-mismatch").partition(24)
        };
        let home = Entity::account(&Account::parse("CORP\\ann")).place("facts").partition(24);
        assert_eq!(partition("corp.example\\ANN", "ca01"), home);
        assert_eq!(partition("CORP\\ann", "ca02"), home);
        let elsewhere = (0..100).filter(|i| partition(&format!("CORP\\user{i}"), "ca01") != home).count();
        assert!(elsewhere > 50, "{elsewhere} of 100 other accounts live elsewhere");
    }

    #[test]
    fn entities_of_one_ca_or_request_are_neighbours_with_keys_of_their_own() {
        for entity in [Entity::ca(&Host::new("ca01")), Entity::certificate_request(201)] {
            let ids = ["certlog-remote-write", "certificate-used-by-other", "ca-silent"];
            assert_eq!(ids.map(|id| entity.place(id)), [entity.place(ids[0]); 3], "{entity}");
            let keys = ids.map(|id| entity.key(id));
            assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{entity}");
        }
    }

    #[test]
    fn state_that_older_versions_wrote_stays_where_it_is() {
        let of = |id, entity: Entity| (entity.key(id), EntityKey::of(id, entity.as_str()));
        let (ca, before) = of("certlog-remote-write", Entity::ca(&Host::new("ca01")));
        assert_eq!(ca, before);
        let (request, before) = of("certificate-used-by-other", Entity::certificate_request(201));
        assert_eq!(request, before);
    }

    #[test]
    fn name_of_an_entity_is_that_of_its_account() {
        for account in
            ["CORP\\Ann", "ÄRZTE\\Straße", "bob", "a-long-domain.corp.example\\a-long-account-name"]
        {
            let account = Account::parse(account);
            assert_eq!(Entity::account(&account).as_str(), account.canonical());
            let at = Entity::account_at_any_spelling(&account, &Host::new("CA01.corp.example"));
            assert_eq!(at.as_str(), format!("{}@ca01", account.canonical()));
        }
        let address = Entity::ca_in_any_spelling(&Host::new("10.0.0.7"));
        assert_eq!(address.as_str(), "10.0.0.7");
        assert_eq!(Entity::ca_in_any_spelling(&Host::new("3ca.corp.example")).as_str(), "3ca");
    }

    #[test]
    fn entity_of_every_partition_has_one_key_and_no_partition() {
        let [entity, other] = ["Template User", "template user"].map(Entity::everywhere);
        assert_eq!(entity.key("facts"), other.key("facts"));
        let place = entity.place("facts");
        assert!(place.partition(24).is_none() && (0..24).all(|partition| place.is_in(partition, 24)));
    }
}
