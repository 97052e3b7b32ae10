//! What each transactional id wrote last, and how it was to end. It is known as long as the process runs, because a worker that
//! restarts has the same ids.

use crate::host::clock::Stopwatch;
use crate::kafka::errors::fault;
use crate::stage::port::Fault;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a transaction was to end that is not known to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The broker has answered that it is aborted.
    Aborted,
    /// No commit was sent. It may have written more than what is known.
    Abandoned,
    /// Its commit was sent and not answered.
    Unknown,
    /// Its commit was sent and not answered. The group's offsets show that it is committed.
    Committed,
    /// An earlier process of the same name may have begun one.
    Inherited,
}

/// A transaction that is not known to be committed.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) ending: Ending,
    pub(crate) written: Places,
    /// The next offsets of the group.
    pub(crate) offsets: Places,
    /// Since when it has counted as ended.
    pub(crate) since: Stopwatch,
}

impl Open {
    /// What it has committed, if it is committed.
    pub(crate) fn committed(&self) -> Committed {
        let Open { written, offsets, since, .. } = self.clone();
        Committed { written, offsets, since }
    }

    /// The group's committed offset of a partition is answered, so this transaction has ended. Unless others have committed there
    /// since, the offset shows how.
    fn settle(&mut self, topic: &str, partition: i32, committed: Option<i64>) {
        let (Ending::Unknown, Some(next)) = (self.ending, self.offsets.get(topic, partition)) else { return };
        self.ending = match committed {
            Some(committed) if committed > next => return,
            Some(committed) if committed == next => Ending::Committed,
            Some(_) | None => Ending::Aborted,
        };
    }
}

/// What earlier transactions have committed and is not known to be decided.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) written: Places,
    /// The next offsets of the group.
    pub(crate) offsets: Places,
    /// When the last of them was committed.
    pub(crate) since: Stopwatch,
}

/// The last transactions of an id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Last {
    pub(crate) committed: Option<Committed>,
    /// The transaction after those.
    pub(crate) open: Option<Open>,
}

impl Last {
    /// The open transaction was committed, with what it wrote.
    pub(crate) fn commit(&mut self, written: Places) {
        let Some(Open { offsets, .. }) = self.open.take() else { return };
        let (written, offsets) = match self.committed.take() {
            Some(earlier) => (earlier.written.with(&written), earlier.offsets.with(&offsets)),
            None => (written, offsets),
        };
        self.committed = Some(Committed { written, offsets, since: Stopwatch::start() });
    }

    /// These committed records are decided.
    pub(crate) fn decided(&mut self, places: &Places) {
        if let Some(committed) = &mut self.committed {
            committed.written = committed.written.without(places);
        }
    }
}

/// The last transactions of this process, by transactional id.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastTransactions(Arc<Mutex<BTreeMap<String, Last>>>);

impl LastTransactions {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Last>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: &str) -> Last {
        self.known().get(id).cloned().unwrap_or_default()
    }

    /// How the last transaction of an id was to end, if it is not known to be committed. Asked before every transaction.
    pub(crate) fn open(&self, id: &str) -> Option<Ending> {
        self.known().get(id)?.open.as_ref().map(|open| open.ending)
    }

    /// A topic was created again: nothing that was committed before counts.
    pub(crate) fn forget(&self, topic: &str) {
        for committed in self.known().values_mut().filter_map(|last| last.committed.as_mut()) {
            committed.offsets.0.remove(topic);
            committed.written.0.remove(topic);
        }
    }

    /// This process begins to use an id that an earlier one may have used.
    pub(crate) fn inherit(&self, id: &str) {
        let (ending, written, offsets) = (Ending::Inherited, Places::default(), Places::default());
        let open = Some(Open { ending, written, offsets, since: Stopwatch::start() });
        self.known().entry(id.to_owned()).or_insert(Last { committed: None, open });
    }

    /// As [`Open::settle`], of the transaction of an id.
    pub(crate) fn settle(&self, id: &str, topic: &str, partition: i32, committed: Option<i64>) {
        if let Some(open) = self.known().get_mut(id).and_then(|last| last.open.as_mut()) {
            open.settle(topic, partition, committed);
        }
    }

    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut Last)) {
        change(self.known().entry(id.to_owned()).or_default());
    }
}

/// Partitions with an offset of each: of the last record that was written, or the next one of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(BTreeMap<String, BTreeMap<i32, i64>>);

impl Places {
    /// The partitions of a list that have an offset.
    pub(crate) fn of(list: &TopicPartitionList) -> Places {
        let mut places = Places::default();
        // `elements()` of an empty list has panicked.
        let elements = if list.count() == 0 { Vec::new() } else { list.elements() };
        for element in elements {
            if let Offset::Offset(offset) = element.offset() {
                places.note(element.topic(), element.partition(), offset);
            }
        }
        places
    }

    /// These as librdkafka takes them.
    pub(crate) fn list(&self) -> Result<TopicPartitionList, Fault> {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in self.iter() {
            list.add_partition_offset(topic, partition, Offset::Offset(offset))
                .map_err(|error| fault("listing partitions", &error))?;
        }
        Ok(list)
    }

    /// Adds a partition. The greater of two offsets counts.
    pub(crate) fn note(&mut self, topic: &str, partition: i32, offset: i64) {
        match self.0.get_mut(topic) {
            Some(partitions) => {
                let last = partitions.entry(partition).or_insert(offset);
                *last = offset.max(*last);
            }
            None => drop(self.0.insert(topic.to_owned(), BTreeMap::from([(partition, offset)]))),
        }
    }

    /// These and others. The others count where both have an offset.
    fn with(mut self, others: &Places) -> Places {
        for (topic, partition, offset) in others.iter() {
            self.0.entry(topic.to_owned()).or_default().insert(partition, offset);
        }
        self
    }

    /// Topic, partition and offset of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, i32, i64)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(partition, offset)| (topic.as_str(), *partition, *offset))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The offset of a partition.
    pub(crate) fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        self.0.get(topic)?.get(&partition).copied()
    }

    pub(crate) fn filter(&self, passes: impl Fn(&str, i32, i64) -> bool) -> Places {
        let mut places = Places::default();
        self.iter()
            .filter(|(topic, partition, offset)| passes(topic, *partition, *offset))
            .for_each(|(topic, partition, offset)| places.note(topic, partition, offset));
        places
    }

    /// Whether some of others have no offset here, or a lower one.
    pub(crate) fn are_before(&self, others: &Places) -> bool {
        others
            .iter()
            .any(|(topic, partition, offset)| self.get(topic, partition).is_none_or(|own| own < offset))
    }

    /// Those that others have with the same offset.
    pub(crate) fn common(&self, others: &Places) -> Places {
        self.filter(|topic, partition, offset| others.get(topic, partition) == Some(offset))
    }

    /// Without those that others have with the same offset.
    pub(crate) fn without(&self, others: &Places) -> Places {
        self.filter(|topic, partition, offset| others.get(topic, partition) != Some(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(of: &[(&str, i32, i64)]) -> Places {
        let mut places = Places::default();
        of.iter().for_each(|(topic, partition, offset)| places.note(topic, *partition, *offset));
        places
    }

    fn open(offsets: &[(&str, i32, i64)]) -> Option<Open> {
        let (ending, written) = (Ending::Abandoned, Places::default());
        Some(Open { ending, written, offsets: places(offsets), since: Stopwatch::start() })
    }

    #[test]
    fn committed_places_are_known_until_they_are_decided_or_their_topic_is_created_again() {
        let known = LastTransactions::default();
        known.change("id", |last| {
            last.open = open(&[("source", 0, 7), ("source", 1, 3)]);
            last.commit(places(&[("alerts", 0, 40), ("alerts", 1, 12)]));
            // The source was created again and is read from its beginning.
            last.open = open(&[("source", 0, 2)]);
            last.commit(places(&[("alerts", 0, 44)]));
        });
        let committed = known.get("id").committed.unwrap();
        assert_eq!(committed.written, places(&[("alerts", 0, 44), ("alerts", 1, 12)]));
        assert_eq!(committed.offsets, places(&[("source", 0, 2), ("source", 1, 3)]));
        known.change("id", |last| last.decided(&places(&[("alerts", 0, 40), ("alerts", 1, 12)])));
        known.forget("source");
        let committed = known.get("id").committed.unwrap();
        assert_eq!((committed.written, committed.offsets), (places(&[("alerts", 0, 44)]), Places::default()));
        assert!(known.get("another").committed.is_none());
    }

    #[test]
    fn what_is_not_committed_leaves_what_was() {
        let mut last = Last { open: open(&[("source", 0, 7)]), ..Last::default() };
        last.commit(places(&[("alerts", 0, 40)]));
        last.open = open(&[("source", 0, 9)]);
        assert_eq!(last.committed.as_ref().unwrap().offsets, places(&[("source", 0, 7)]));
        assert_eq!(last.open.unwrap().offsets, places(&[("source", 0, 9)]));
    }

    #[test]
    fn the_first_answer_of_offsets_shows_how_a_transaction_has_ended() {
        let ended = |answers: &[(i32, Option<i64>)]| {
            let known = LastTransactions::default();
            let unknown = |open: Open| Open { ending: Ending::Unknown, ..open };
            known.change("id", |last| last.open = open(&[("source", 0, 7), ("source", 1, 3)]).map(unknown));
            let settle =
                |(partition, next): &(i32, Option<i64>)| known.settle("id", "source", *partition, *next);
            answers.iter().for_each(settle);
            known.open("id")
        };
        assert_eq!(ended(&[(2, Some(7))]), Some(Ending::Unknown));
        // Another worker continued there.
        assert_eq!(ended(&[(0, Some(9))]), Some(Ending::Unknown));
        // What is committed later does not change it.
        assert_eq!(ended(&[(0, Some(7)), (0, Some(9))]), Some(Ending::Committed));
        assert_eq!(ended(&[(1, Some(2)), (1, Some(3))]), Some(Ending::Aborted));
        assert_eq!(ended(&[(0, None)]), Some(Ending::Aborted));
    }

    #[test]
    fn places_are_compared_with_their_offsets() {
        let (all, some) =
            (places(&[("a", 0, 5), ("a", 1, 6), ("b", 0, 7)]), places(&[("a", 0, 5), ("a", 1, 9)]));
        assert_eq!(all.common(&some), places(&[("a", 0, 5)]));
        assert_eq!(all.without(&some), places(&[("a", 1, 6), ("b", 0, 7)]));
        assert!(all.are_before(&some) && some.are_before(&all));
        assert!(!all.are_before(&places(&[("a", 1, 6)])) && !all.are_before(&Places::default()));
        assert_eq!(Places::of(&all.list().unwrap()), all);
        assert_eq!(Places::of(&TopicPartitionList::new()), Places::default());
    }
}
