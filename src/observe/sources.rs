//! Sources that are silent. Records of a topic flow while none of them is a wanted event: a wrong topic, a wrong audit policy, or a
//! filter on the way. Or no topic matches a pattern. Nothing else shows it, because every record has its outcome.

use crate::stage::port::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// A source without a wanted event for so long is idle, if its records flow.
const IDLE_AFTER: Millis = Millis(60 * 60 * 1000);

/// So many records must have been read since the last wanted event: the bulk of a domain's records is of no interest.
const IDLE_RECORDS: u64 = 1000;

/// The source topics that this process reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    topics: BTreeMap<String, Seen>,
    /// Patterns that match no topic.
    unmatched: BTreeSet<String>,
}

/// What was read of a topic since its last wanted event.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    since: Millis,
    records: u64,
    is_idle: bool,
}

/// What begins or ends with a reading of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The source is idle from now on: for so long, and so many records.
    Idle { silent: Millis, records: u64 },
    /// A wanted event was read again.
    Ended,
}

impl Sources {
    /// Takes what was read of a topic since the last time: records, and wanted events among them.
    pub(crate) fn read(&mut self, topic: &str, records: u64, events: u64, now: Millis) -> Option<Change> {
        let fresh = Seen { since: now, records: 0, is_idle: false };
        let Some(seen) = self.topics.get_mut(topic) else {
            self.topics.insert(topic.to_owned(), Seen { records, ..fresh });
            return None;
        };
        if events > 0 {
            return std::mem::replace(seen, fresh).is_idle.then_some(Change::Ended);
        }
        seen.records += records;
        let silent = now.since(seen.since);
        let begins = !seen.is_idle && silent >= IDLE_AFTER && seen.records >= IDLE_RECORDS;
        seen.is_idle |= begins;
        begins.then_some(Change::Idle { silent, records: seen.records })
    }

    /// One line for each source that is idle or matches no topic.
    pub(crate) fn remarks(&self, now: Millis) -> Vec<String> {
        let remark = |(topic, seen): (&String, &Seen)| {
            let minutes = now.since(seen.since).0 / 60_000;
            let records = seen.records;
            format!("source {topic}: no wanted event for {minutes} min, among {records} records here")
        };
        let idle = self.topics.iter().filter(|(_, seen)| seen.is_idle).map(remark);
        let unmatched = self.unmatched.iter().map(|pattern| format!("source {pattern}: no topic matches it"));
        idle.chain(unmatched).collect()
    }

    /// Takes the patterns that match no topic now.
    pub(crate) fn unmatched(&mut self, patterns: &BTreeSet<String>) {
        self.unmatched.clone_from(patterns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;

    #[test]
    fn source_is_idle_once_until_a_wanted_event_comes() {
        let mut sources = Sources::default();
        let mut changes = Vec::new();
        for minute in 0..=200 {
            let events = u64::from(minute == 150);
            changes.extend(sources.read("siem", 100, events, Millis(minute * MINUTE)).map(|c| (minute, c)));
            if minute == 100 {
                let line = "source siem: no wanted event for 100 min, among 10100 records here";
                assert_eq!(sources.remarks(Millis(minute * MINUTE)), [line]);
            }
        }
        let idle = Change::Idle { silent: IDLE_AFTER, records: 6100 };
        assert_eq!(changes, [(60, idle), (150, Change::Ended)]);
        assert_eq!(sources.remarks(Millis(200 * MINUTE)), [""; 0]);
    }

    #[test]
    fn pattern_is_named_while_it_matches_no_topic() {
        let mut sources = Sources::default();
        sources.unmatched(&BTreeSet::from(["win-.*".to_owned()]));
        assert_eq!(sources.remarks(Millis(0)), ["source win-.*: no topic matches it"]);
        sources.unmatched(&BTreeSet::new());
        assert_eq!(sources.remarks(Millis(0)), [""; 0]);
    }

    #[test]
    fn quiet_topic_and_topic_with_few_wanted_events_are_not_idle() {
        let mut sources = Sources::default();
        for minute in 0..1000 {
            let now = Millis(minute * MINUTE);
            assert_eq!(sources.read("no-records", 0, 0, now), None);
            assert_eq!(sources.read("few-records", u64::from(minute % 2 == 0), 0, now), None);
            assert_eq!(sources.read("ca", 5000, u64::from(minute % 59 == 0), now), None, "one an hour");
        }
        assert_eq!(sources.remarks(Millis(1000 * MINUTE)), [""; 0]);
    }
}
