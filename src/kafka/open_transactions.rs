//! Open transactions of other producers that hide records from read-committed consumers for long.

use crate::host::clock::Stopwatch;
use crate::kafka::context::Ends;
use crate::kafka::timeouts::OPEN_TRANSACTION_SECONDS;
use crate::stage::port::SourcePartition;
use std::collections::BTreeMap;
use std::time::Duration;

/// The partitions whose last stable offset stands before their end.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions {
    hidden: BTreeMap<SourcePartition, Hidden>,
}

/// The oldest open transaction of a partition begins at its last stable offset.
#[derive(Clone, Copy, Debug)]
struct Hidden {
    stable: u64,
    since: Stopwatch,
    is_logged: bool,
}

/// What is to be logged about a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// A transaction is open for so long.
    Lasts(Duration),
    /// One that was reported has ended.
    Ended,
}

impl OpenTransactions {
    /// Takes the ends of a partition. A transaction that stays open for [`OPEN_TRANSACTION_SECONDS`] is logged once, and its end.
    pub(crate) fn observe(&mut self, partition: &SourcePartition, ends: Ends) {
        let change = self.change(partition, ends, &|since| since.elapsed());
        let SourcePartition { topic, partition } = partition;
        let (from, hidden) = (ends.stable, ends.high.saturating_sub(ends.stable));
        match change {
            None => {}
            Some(Change::Lasts(open)) => tracing::error!(
                topic,
                partition,
                from,
                hidden,
                seconds = open.as_secs(),
                "an open transaction of another producer hides records; to fix: end it, or abort it with \
                 kafka-transactions.sh (docs/runbooks/AdcsWatchOpenTransaction.md)"
            ),
            Some(Change::Ended) => {
                tracing::info!(topic, partition, "the transaction that hid records has ended")
            }
        }
    }

    /// Forgets a partition that is released.
    pub(crate) fn forget(&mut self, partition: &SourcePartition) {
        self.hidden.remove(partition);
    }

    fn change(
        &mut self,
        partition: &SourcePartition,
        ends: Ends,
        age: &dyn Fn(Stopwatch) -> Duration,
    ) -> Option<Change> {
        let known = self.hidden.get(partition).copied();
        let begins = Hidden { stable: ends.stable, since: Stopwatch::start(), is_logged: false };
        let same = known.filter(|hidden| hidden.stable == ends.stable && ends.high > ends.stable);
        let Some(Hidden { since, is_logged, .. }) = same else {
            match ends.high > ends.stable {
                true => drop(self.hidden.insert(partition.clone(), begins)),
                false => drop(self.hidden.remove(partition)),
            }
            return known.filter(|hidden| hidden.is_logged).map(|_| Change::Ended);
        };
        let lasts = age(since);
        if is_logged || lasts < OPEN_TRANSACTION_SECONDS {
            return None;
        }
        self.hidden.insert(partition.clone(), Hidden { is_logged: true, since, ..begins });
        Some(Change::Lasts(lasts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is logged for these last stable offsets and ends, each this many seconds after the transaction began.
    fn logged(observed: &[(u64, u64, u64)]) -> Vec<Option<Change>> {
        let partition = SourcePartition { topic: "winlogbeat".to_owned(), partition: 3 };
        let mut open = OpenTransactions::default();
        let change = |(stable, high, age): &(u64, u64, u64)| {
            open.change(&partition, Ends { stable: *stable, high: *high }, &|_| Duration::from_secs(*age))
        };
        observed.iter().map(change).collect()
    }

    #[test]
    fn transaction_that_stays_open_is_logged_once_and_its_end_too() {
        let lasts = Some(Change::Lasts(Duration::from_secs(61)));
        let observed = [(10, 20, 0), (10, 25, 59), (10, 30, 61), (10, 35, 63), (35, 35, 65), (35, 35, 67)];
        assert_eq!(logged(&observed), [None, None, lasts, None, Some(Change::Ended), None]);
        let next = [(10, 20, 0), (10, 20, 61), (15, 20, 61), (15, 20, 61)];
        assert_eq!(logged(&next), [None, lasts, Some(Change::Ended), lasts], "the next one is reported too");
    }

    #[test]
    fn transactions_that_end_are_not_logged() {
        let moves: Vec<_> = (0..100).map(|n| (n * 10, n * 10 + 15, 61)).collect();
        assert!(logged(&moves).iter().all(Option::is_none), "the last stable offset moves");
        assert_eq!(logged(&[(10, 10, 61), (10, 10, 61)]), [None, None], "nothing is hidden");
    }
}
