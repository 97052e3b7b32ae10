//! The requests about a partition before it is read: its committed offset, the bounds of its log, the offset of a time.

use crate::config::topics::Source;
use crate::event::time::Time;
use crate::kafka::consumer::GroupConsumer;
use crate::kafka::errors::is_transient;
use crate::kafka::log_bounds::{check_mark, offset_of_time};
use crate::kafka::metadata::matching;
use crate::kafka::partitions::{list, number};
use crate::kafka::timeouts::{FORGOTTEN_SECONDS, REQUEST_MS};
use crate::stage::port::{Answer, Fault, SourcePartition};
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};

const COMMITTED: &str = "the committed offset";
const BOUNDS: &str = "the first and the last offset";

impl GroupConsumer {
    /// The answer to [`crate::stage::port::RouterPort::committed`], for both stages.
    pub(crate) fn committed(&mut self, partition: &SourcePartition) -> Result<Answer<Option<u64>>, Fault> {
        let requested = list(std::slice::from_ref(partition), Offset::Invalid)?;
        let answer = match self.consumer.committed_offsets(requested, REQUEST_MS) {
            Ok(answer) => answer,
            Err(error) if is_transient(&error) => return self.unanswered.wait(partition, COMMITTED, &error),
            Err(error) => return Err(self.resources.fault("requesting a committed offset", &error)),
        };
        let number = number(partition.partition)?;
        let Some(element) = answer.find_partition(&partition.topic, number) else {
            return self.unanswered.wait(partition, COMMITTED, &"the answer is without this partition");
        };
        match element.error() {
            Ok(()) => self.unanswered.answered(partition, COMMITTED),
            Err(error) if is_transient(&error) => return self.unanswered.wait(partition, COMMITTED, &error),
            Err(error) => return Err(self.resources.fault("requesting a committed offset", &error)),
        }
        check_mark(&element)?;
        self.output.compare(partition, element.metadata());
        let committed = match element.offset() {
            Offset::Offset(offset) => u64::try_from(offset).ok(),
            Offset::Beginning | Offset::End | Offset::Stored | Offset::Invalid | Offset::OffsetTail(_) => {
                None
            }
        };
        if let Some(next) = committed {
            self.metrics.committed(self.stage, &partition.topic, partition.partition, next);
        }
        Ok(Answer::Ready(committed))
    }

    /// Whether this partition is assigned.
    pub(crate) fn has(&self, topic: &str, partition: i32) -> bool {
        let partitions = self.partitions.get(topic);
        u32::try_from(partition).is_ok_and(|number| partitions.is_some_and(|of| of.contains_key(&number)))
    }

    /// The committed offsets of these partitions; none if they are not answered, as while a transaction over them is undecided.
    ///
    /// # Errors
    /// They cannot be requested.
    pub(crate) fn committed_offsets(
        &self,
        of: &TopicPartitionList,
    ) -> Result<Option<TopicPartitionList>, Fault> {
        if of.count() == 0 {
            return Ok(Some(TopicPartitionList::new()));
        }
        match self.consumer.committed_offsets(of.clone(), REQUEST_MS) {
            Ok(answer) if answer.elements().iter().all(|element| element.error().is_ok()) => Ok(Some(answer)),
            Ok(_) => Ok(None),
            Err(error) if is_transient(&error) => Ok(None),
            Err(error) => Err(self.resources.fault("requesting committed offsets", &error)),
        }
    }

    /// Whether its committed offset was not answered for so long that no transaction can be open that may write it.
    pub(crate) fn has_waited_for_offset(&self, partition: &SourcePartition) -> bool {
        self.unanswered.waited(partition, COMMITTED) >= FORGOTTEN_SECONDS
    }

    /// Runs [`crate::kafka::log_bounds::LogBounds::check`] with this consumer.
    pub(crate) fn bounds(
        &mut self,
        partition: &SourcePartition,
        reaches: Option<u64>,
    ) -> Result<Answer<(u64, u64)>, Fault> {
        match self.bounds.check(&self.consumer, partition, reaches)? {
            Answer::Wait => self.unanswered.wait(partition, BOUNDS, &"no answer"),
            ready @ Answer::Ready(_) => {
                self.unanswered.answered(partition, BOUNDS);
                Ok(ready)
            }
        }
    }

    /// The topics that match a source, each with its partitions.
    pub(crate) fn matching(&self, source: &Source) -> Answer<Vec<(String, u32)>> {
        matching(&self.consumer, source)
    }

    /// The offset of the first record with this timestamp or a later one. `None`: there is no such record.
    pub(crate) fn first_since(
        &self,
        partition: &SourcePartition,
        time: Time,
    ) -> Result<Answer<Option<u64>>, Fault> {
        offset_of_time(&self.consumer, partition, time)
    }
}
