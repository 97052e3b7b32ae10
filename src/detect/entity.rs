//! What state is keyed by, and in which partition it lives.

use crate::event::account::Account;
use crate::event::fold::fold;
use crate::event::host::Host;
use crate::state::key::EntityKey;
use std::fmt;
use std::net::IpAddr;

/// What a detection keys its state by, in its canonical, lower-case form, and where that state lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    name: String,
    home: Home,
}

impl Entity {
    /// An account. All that is keyed by accounts of one name lives in one partition, whatever their domains.
    pub fn account(account: &Account) -> Entity {
        Entity { name: account.canonical(), home: Home::of_account(account) }
    }

    /// A requester at a CA. It lives where the account does.
    pub fn account_at(account: &Account, ca: &Host) -> Entity {
        let mut name = account.canonical();
        name.push('@');
        name.push_str(ca.as_str());
        Entity { name, home: Home::of_account(account) }
    }

    /// A certificate request, by the id its CA gave it.
    pub fn certificate_request(request_id: u32) -> Entity {
        Entity { name: request_id.to_string(), home: Home::OwnName }
    }

    /// A CA, by the name of its host.
    pub fn ca(host: &Host) -> Entity {
        Entity { name: host.as_str().to_owned(), home: Home::OwnName }
    }

    /// Anything else that has a name: a template, an object of the directory. Folded as accounts are.
    pub fn named(name: &str) -> Entity {
        Entity { name: fold(name).into_owned(), home: Home::OwnName }
    }

    /// What every partition keeps for itself. Its events go to all partitions, so it must be rare, and it raises no alert:
    /// each partition would.
    pub fn everywhere(name: &str) -> Entity {
        Entity { name: fold(name).into_owned(), home: Home::Everywhere }
    }

    /// The same entity of whatever spelling of its CA: what state is keyed by. `CA01` and `ca01.corp.example` are one.
    pub fn ca_in_any_spelling(host: &Host) -> Entity {
        Entity::ca(&first_label(host))
    }

    /// A requester at a CA, of whatever spelling of the CA.
    pub fn account_at_any_spelling(account: &Account, ca: &Host) -> Entity {
        Entity::account_at(account, &first_label(ca))
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
        let key = match &self.home {
            Home::OwnName | Home::Everywhere => EntityKey::of(detection, &self.name),
            Home::With(name) => EntityKey::of_neighbour(detection, &self.name, name),
        };
        Place { key, everywhere: self.home == Home::Everywhere }
    }
}

/// What decides in which partition an entity lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Home {
    /// The detection and its own name.
    OwnName,
    /// Another name, which it shares with the entities that it needs beside it.
    With(String),
    /// It lives in all partitions.
    Everywhere,
}

impl Home {
    /// The account's name without its domain, which events spell as a NetBIOS name, a realm or a suffix.
    fn of_account(account: &Account) -> Home {
        Home::With(fold(&account.name).into_owned())
    }
}

/// The key of an entity's state, and whether every partition keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The key of its state.
    pub key: EntityKey,
    everywhere: bool,
}

impl Place {
    /// Whether the entity lives in this one of `partitions` partitions.
    pub fn is_in(self, partition: u32, partitions: u32) -> bool {
        self.everywhere || self.key.partition(partitions) == partition
    }

    /// The partition of `partitions` in which the entity lives; none: in all of them.
    pub fn partition(self, partitions: u32) -> Option<u32> {
        (!self.everywhere).then(|| self.key.partition(partitions))
    }
}

/// The first label of a host name; an address as it is.
fn first_label(host: &Host) -> Host {
    if host.as_str().parse::<IpAddr>().is_ok() { host.clone() } else { Host::new(host.label()) }
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
    fn entity_of_every_partition_has_one_key_and_no_partition() {
        let place = Entity::everywhere("Template User").place("facts");
        assert_eq!(place, Entity::everywhere("template user").place("facts"));
        assert!(place.partition(24).is_none() && (0..24).all(|partition| place.is_in(partition, 24)));
    }
}
