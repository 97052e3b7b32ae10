//! Whether the topics that are read are still the same: their ids are compared every few seconds.
//!
//! A consumer that finds a re-created topic behind a known name continues at its old offset and reports that in its debugging
//! log only ([`crate::kafka::context`] reads that line). The ids are the source that does not depend on a log line.

use crate::host::clock::Stopwatch;
use crate::kafka::native::{DescribeTopics, DescribedTopic, TopicId};
use crate::kafka::timeouts::TOPIC_IDS_SECONDS;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ids of the topics of one consumer, and the request that is under way.
pub(crate) struct TopicIds<C: ConsumerContext + 'static> {
    known: BTreeMap<String, TopicId>,
    pending: Option<DescribeTopics<C>>,
    /// When the last request was sent. `None`: topics were assigned since.
    requested: Option<Stopwatch>,
}

impl<C: ConsumerContext + 'static> Default for TopicIds<C> {
    fn default() -> Self {
        TopicIds { known: BTreeMap::new(), pending: None, requested: None }
    }
}

impl<C: ConsumerContext + 'static> TopicIds<C> {
    /// Sends the next request at once: the assigned topics changed.
    pub(crate) fn assigned(&mut self) {
        self.requested = None;
    }

    /// Compares the ids of these topics if that is due, without waiting for an answer. Returns a topic that was re-created.
    pub(crate) fn compare<'a>(
        &mut self,
        consumer: &Arc<BaseConsumer<C>>,
        topics: impl Iterator<Item = &'a String>,
    ) -> Option<String> {
        if let Some(answer) = self.pending.as_ref().and_then(DescribeTopics::answer) {
            self.pending = None;
            return recreated(&mut self.known, answer);
        }
        let is_due = self.requested.is_none_or(|requested| requested.elapsed() >= TOPIC_IDS_SECONDS);
        if self.pending.is_none() && is_due {
            let topics: Vec<String> = topics.cloned().collect();
            self.known.retain(|topic, _| topics.contains(topic));
            if !topics.is_empty() {
                self.pending = DescribeTopics::send(consumer, &topics);
                self.requested = Some(Stopwatch::start());
            }
        }
        None
    }
}

/// Remembers the ids of new topics. Returns a topic whose id is another one than before.
fn recreated(known: &mut BTreeMap<String, TopicId>, answer: Vec<DescribedTopic>) -> Option<String> {
    let mut found = None;
    for (topic, id) in answer {
        // A topic that is deleted, or not described for now, keeps the id that it had.
        let Some(id) = id else { continue };
        if known.insert(topic.clone(), id).is_some_and(|before| before != id) {
            found = Some(topic);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_with_another_id_is_reported_once() {
        let mut known = BTreeMap::new();
        let mut answer = |topic: &str, id: Option<i64>| {
            let id = id.map(|low| TopicId::from_halves(7, low));
            recreated(&mut known, vec![(topic.to_owned(), id)])
        };
        assert_eq!(answer("a", Some(1)), None);
        assert_eq!(answer("b", Some(2)), None);
        assert_eq!(answer("a", Some(1)), None);
        assert_eq!(answer("a", None), None);
        assert_eq!(answer("a", Some(3)).as_deref(), Some("a"));
        assert_eq!(answer("a", Some(3)), None);
    }
}
