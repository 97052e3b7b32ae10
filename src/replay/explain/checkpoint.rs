//! What the detections of a stage remember by its checkpoints. The stage may run meanwhile: nothing is written, and no group is
//! joined.

use crate::config::topic_range::TopicRange;
use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::event::time::Time;
use crate::host::exit::Failure;
use crate::kafka::range_reader::{self, Extent};
use crate::kafka::settings::Clients;
use crate::replay::explain::known::Remembered;
use crate::stage::detector::restore_fault::RestoreFault;
use crate::stage::detector::stored::StoredCheckpoint;
use crate::stage::port::TopicNames;

/// The stage that is asked.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    pub names: TopicNames,
    /// Creates the Kafka clients.
    pub clients: Clients,
    pub policy: Policy,
}

/// What the checkpoints say.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// One for each name, in their order.
    pub names: Vec<Remembered>,
    /// The number of partitions, and the times at which checkpoints of them were written.
    pub partitions: u32,
    pub written: Vec<Time>,
    /// Why partitions could not be restored, with topic, partition and offset.
    pub unread: Vec<String>,
}

/// An engine that was restored, and when its checkpoint was written.
struct Restored {
    engine: Engine,
    /// The next offset of the routed topic.
    next: u64,
    written: Option<Time>,
}

/// Restores one partition after the other, and asks each for all names.
///
/// # Errors
/// No broker can be reached, the topic does not exist, or a permission is missing.
pub(crate) fn about(names: &[String], input: &Checkpoints) -> Result<Recalled, Failure> {
    let whole = input.range(None);
    let extent = range_reader::extent(&input.clients, &whole)?;
    let one = |name: &String| Remembered { name: name.clone(), ..Remembered::default() };
    let mut recalled = Recalled {
        names: names.iter().map(one).collect(),
        partitions: extent.partitions,
        ..Recalled::default()
    };
    for partition in 0..extent.partitions {
        match input.restored(partition, &extent)? {
            Ok(Some(restored)) => recalled.ask(&input.names, partition, restored),
            Ok(None) => {}
            Err(fault) => recalled.unread.push(fault.explain(&input.names, partition)),
        }
    }
    Ok(recalled)
}

impl Checkpoints {
    fn range(&self, partition: Option<u32>) -> TopicRange {
        let topic = self.names.checkpoint.clone();
        TopicRange { topic, partition, from: None, to: None, since: None }
    }

    /// The state of a partition; none: it has no checkpoint. A restore that fails is tried again with what the topic has then:
    /// compaction may have removed records under the first one, while the stage wrote newer ones behind its end.
    fn restored(
        &self,
        partition: u32,
        extent: &Extent,
    ) -> Result<Result<Option<Restored>, RestoreFault>, Failure> {
        let first = self.restore(partition, &extent.only(partition))?;
        if first.is_ok() {
            return Ok(first);
        }
        let again = range_reader::extent(&self.clients, &self.range(Some(partition)))?;
        self.restore(partition, &again)
    }

    fn restore(
        &self,
        partition: u32,
        extent: &Extent,
    ) -> Result<Result<Option<Restored>, RestoreFault>, Failure> {
        let (mut stored, mut written) = (StoredCheckpoint::default(), None);
        let range = self.range(Some(partition));
        range_reader::read_checkpoint(&self.clients, &range, extent, &mut |offset, at, record| {
            if stored.record(offset, record) {
                written = at;
            }
        })?;
        let Some(checkpoint) = (match stored.whole() {
            Ok(checkpoint) => checkpoint,
            Err(fault) => return Ok(Err(fault)),
        }) else {
            return Ok(Ok(None));
        };
        let next = checkpoint.marker.input_offset;
        let engine = checkpoint.engine(self.policy.clone());
        Ok(engine.map(|engine| Some(Restored { engine, next, written })))
    }
}

impl Recalled {
    fn ask(&mut self, topics: &TopicNames, partition: u32, restored: Restored) {
        let Restored { mut engine, next, written } = restored;
        self.written.extend(written);
        let latest = engine.watermark();
        for one in &mut self.names {
            let known = engine.recall(&one.name);
            if !known.is_empty() {
                let TopicNames { routed, .. } = topics;
                let written = written.map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
                one.moments.push(format!(
                    "checkpoint of {written}: events of {routed} [{partition}] below offset {next}, the latest of {latest}"
                ));
                one.known.extend(known);
            }
        }
    }
}
