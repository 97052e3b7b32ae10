//! Patterns of sources that match no topic. No error reports one that is mistyped: its source is silent.

use crate::config::topics::{Source, Topics};
use crate::host::clock::Stopwatch;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::timeouts::REFUSED_SOURCES_SECONDS;
use crate::observe::metrics::Metrics;
use crate::stage::port::Answer;
use std::collections::BTreeSet;

/// The patterns that match no topic, looked for while there are some, and after a poll has failed.
pub(crate) struct SilentPatterns {
    patterns: Vec<Source>,
    silent: BTreeSet<String>,
    is_suspect: bool,
    looked: Option<Stopwatch>,
    metrics: Metrics,
}

impl SilentPatterns {
    /// The patterns of these sources are looked at with the first poll: a worker without any topic never joins its group.
    pub(crate) fn new(sources: &[Source], metrics: Metrics) -> SilentPatterns {
        let patterns = sources.iter().filter(|source| matches!(source.topics, Topics::Pattern(_)));
        let (patterns, silent) = (patterns.cloned().collect(), BTreeSet::new());
        SilentPatterns { patterns, silent, is_suspect: true, looked: None, metrics }
    }

    /// Looks at the patterns. `has_failed`: a poll reported a topic that is not there.
    pub(crate) fn look(&mut self, has_failed: bool, consumer: &GroupConsumer) {
        self.is_suspect |= has_failed;
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= REFUSED_SOURCES_SECONDS);
        let has_cause = self.is_suspect || !self.silent.is_empty();
        if self.patterns.is_empty() || consumer.unreachable().is_some() || !(is_due && has_cause) {
            return;
        }
        self.looked = Some(Stopwatch::start());
        let mut silent = BTreeSet::new();
        for source in &self.patterns {
            match consumer.matching(source) {
                Answer::Ready(topics) if topics.is_empty() => {
                    silent.insert(source.topics.written().to_owned());
                }
                Answer::Ready(_) => {}
                Answer::Wait => return,
            }
        }
        self.is_suspect = false;
        self.replace(silent);
    }

    fn replace(&mut self, silent: BTreeSet<String>) {
        for pattern in silent.difference(&self.silent) {
            let advice = "compare it with the names of the topics; they are read as soon as they are there and may be described";
            tracing::warn!(pattern, advice, "no topic matches the pattern of a source");
            self.metrics.source_unmatched(pattern, true);
        }
        for pattern in self.silent.difference(&silent) {
            tracing::info!(pattern, "the pattern of a source matches a topic");
            self.metrics.source_unmatched(pattern, false);
        }
        self.silent = silent;
    }

    /// The patterns that match no topic, as they stand in the config.
    pub(crate) fn silent(&self) -> &BTreeSet<String> {
        &self.silent
    }
}

impl Drop for SilentPatterns {
    fn drop(&mut self) {
        self.silent.iter().for_each(|pattern| self.metrics.source_unmatched(pattern, false));
    }
}
