//! What a router read from each source topic: records, and what was decoded in which format.

use crate::decode::rejection::{Reason, Rejection};
use crate::decode::{Decoded, Format};
use std::collections::BTreeMap;

/// The counts of one topic since the router started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that were read, filtered ones included.
    pub records: u64,
    /// Records in which bytes that are no text were replaced.
    pub replaced: u64,
    /// What the records that passed the prefilter held, by format and outcome; no format where none was recognised.
    pub decoded: BTreeMap<(Option<Format>, Outcome), u64>,
}

/// What one event of a record became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A wanted event was decoded.
    Event,
    /// It is well formed, and none of the wanted events.
    Ignored,
    /// It should have been understood and was not, for this reason.
    Rejected(Reason),
}

impl Outcome {
    /// Its value in the label `outcome` of metrics: a rejection shows its reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Event => "event",
            Outcome::Ignored => "ignored",
            Outcome::Rejected(reason) => reason.as_str(),
        }
    }

    fn of(decoded: &Result<Decoded, Rejection>) -> Outcome {
        match decoded {
            Ok(Decoded::Event(_)) => Outcome::Event,
            Ok(Decoded::Ignored(_)) => Outcome::Ignored,
            Err(rejection) => Outcome::Rejected(rejection.reason),
        }
    }
}

impl Tally {
    /// Counts one outcome of a record.
    pub(crate) fn add(&mut self, format: Option<Format>, decoded: &Result<Decoded, Rejection>) {
        *self.decoded.entry((format, Outcome::of(decoded))).or_default() += 1;
    }

    /// The number of wanted events.
    pub fn events(&self) -> u64 {
        let events = self.decoded.iter().filter(|((_, outcome), _)| *outcome == Outcome::Event);
        events.map(|(_, count)| count).sum()
    }
}

/// The counts of all topics.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallies(BTreeMap<String, Tally>);

impl Tallies {
    /// Adds to the counts of a topic.
    pub(crate) fn add<T>(&mut self, topic: &str, count: impl FnOnce(&mut Tally) -> T) -> T {
        match self.0.get_mut(topic) {
            Some(tally) => count(tally),
            None => count(self.0.entry(topic.to_owned()).or_default()),
        }
    }

    /// The counts by topic.
    pub(crate) fn by_topic(&self) -> &BTreeMap<String, Tally> {
        &self.0
    }
}
