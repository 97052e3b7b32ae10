//! A consumer group: members, generations, cooperative rebalances, committed offsets.

use crate::stage::port::SourcePartition;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Group {
    generation: u64,
    members: BTreeMap<String, BTreeSet<SourcePartition>>,
    target: BTreeMap<SourcePartition, String>,
    committed: BTreeMap<SourcePartition, u64>,
}

/// The changes that a poll reports to a member.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) generation: u64,
    pub(crate) revoked: Vec<SourcePartition>,
    pub(crate) assigned: Vec<SourcePartition>,
}

impl Group {
    pub(crate) fn is_member(&self, member: &str) -> bool {
        self.members.contains_key(member)
    }

    pub(crate) fn join(&mut self, member: &str, partitions: Vec<SourcePartition>) {
        self.members.entry(member.to_owned()).or_default();
        self.target = partitions.into_iter().map(|partition| (partition, String::new())).collect();
        self.rebalance();
    }

    pub(crate) fn remove(&mut self, member: &str) {
        if self.members.remove(member).is_some() {
            self.rebalance();
        }
    }

    /// Starts a new generation and assigns the partitions round-robin.
    fn rebalance(&mut self) {
        self.generation += 1;
        let members: Vec<&String> = self.members.keys().collect();
        for (index, owner) in self.target.values_mut().enumerate() {
            *owner =
                members.get(index % members.len().max(1)).map(|member| (*member).clone()).unwrap_or_default();
        }
    }

    /// What a member must release, and what it may take because no member owns it any more.
    pub(crate) fn change(&self, member: &str) -> Change {
        let empty = BTreeSet::new();
        let owned = self.members.get(member).unwrap_or(&empty);
        let is_target =
            |partition: &SourcePartition| self.target.get(partition).is_some_and(|to| to == member);
        let is_free =
            |partition: &SourcePartition| !self.members.values().any(|owned| owned.contains(partition));
        Change {
            generation: self.generation,
            revoked: owned.iter().filter(|partition| !is_target(partition)).cloned().collect(),
            assigned: self.target.keys().filter(|p| is_target(p) && is_free(p)).cloned().collect(),
        }
    }

    pub(crate) fn own(&mut self, member: &str, partition: &SourcePartition) {
        if let Some(owned) = self.members.get_mut(member) {
            owned.insert(partition.clone());
        }
    }

    /// Releases partitions. That starts a new generation, in which the members that wait for them join again.
    pub(crate) fn release(&mut self, member: &str, partitions: &[SourcePartition]) {
        let Some(owned) = self.members.get_mut(member) else { return };
        let before = owned.len();
        owned.retain(|partition| !partitions.contains(partition));
        self.generation += u64::from(owned.len() < before);
    }

    /// Whether this is a member, and of the present generation.
    pub(crate) fn is_current(&self, (member, generation): (&str, u64)) -> bool {
        self.is_member(member) && generation == self.generation
    }

    pub(crate) fn committed(&self, of: &SourcePartition) -> Option<u64> {
        self.committed.get(of).copied()
    }

    pub(crate) fn set_committed(&mut self, offsets: &[(SourcePartition, u64)]) {
        self.committed.extend(offsets.iter().cloned());
    }

    pub(crate) fn owners(&self) -> BTreeMap<SourcePartition, String> {
        let of = |(member, owned): (&String, &BTreeSet<SourcePartition>)| {
            owned.iter().map(|partition| (partition.clone(), member.clone())).collect::<Vec<_>>()
        };
        self.members.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_moves_only_after_its_owner_released_it() {
        let partitions: Vec<SourcePartition> =
            (0..2).map(|partition| SourcePartition { topic: "t".to_owned(), partition }).collect();
        let mut group = Group::default();
        group.join("a", partitions.clone());
        let change = group.change("a");
        assert_eq!(change.assigned, partitions);
        partitions.iter().for_each(|partition| group.own("a", partition));

        group.join("b", partitions.clone());
        assert!(!group.is_current(("a", change.generation)), "a new generation");
        assert_eq!(group.change("b").assigned, []);
        assert_eq!(group.change("a").revoked, partitions[1..]);
        group.release("a", &partitions[1..]);
        assert_eq!(group.change("b").assigned, partitions[1..]);

        group.remove("a");
        assert_eq!(group.change("b").assigned, partitions[..], "no member owns them");
    }
}
