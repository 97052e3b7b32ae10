//! How a partition is taken over: each question only when the one before it is answered.

use crate::detect::policy::Policy;
use crate::task::detector::DetectorTask;
use crate::task::pace::Pace;
use crate::task::port::{Answer, DetectorPort, Fault, Millis};
use crate::task::restore::Restore;

/// How far a partition is taken over.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The committed offset is asked for, first of all: the answer waits until no transaction over it is undecided.
    Asking,
    /// The end of its checkpoint is asked for, after that: so it lies behind every checkpoint that came with that offset.
    Committed(Restore),
    /// Its checkpoint is read, up to that end.
    Reading { restore: Restore, end: u64 },
    /// It runs, at first in silence.
    Running { task: Box<DetectorTask>, checkpoint_at: Millis },
}

impl Stage {
    pub(crate) fn task(&self) -> Option<&DetectorTask> {
        match self {
            Stage::Running { task, .. } => Some(task),
            Stage::Asking | Stage::Committed(_) | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn task_mut(&mut self) -> Option<&mut DetectorTask> {
        match self {
            Stage::Running { task, .. } => Some(task),
            Stage::Asking | Stage::Committed(_) | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn checkpoint_at(&self) -> Option<Millis> {
        match self {
            Stage::Running { checkpoint_at, .. } => Some(*checkpoint_at),
            Stage::Asking | Stage::Committed(_) | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn checkpoint_is_due(&self, pace: &Pace, now: Millis) -> bool {
        match self {
            Stage::Running { task, .. } if task.left_to_replay() > 0 => false,
            Stage::Running { task, checkpoint_at } => {
                let age = now.since(*checkpoint_at);
                task.needs_first_checkpoint() || pace.checkpoint_is_due(task.applied_since_checkpoint(), age)
            }
            Stage::Asking | Stage::Committed(_) | Stage::Reading { .. } => false,
        }
    }
}

/// The taking over of one partition.
pub(crate) struct Takeover<'a> {
    pub(crate) partition: u32,
    pub(crate) partitions: u32,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Millis,
}

impl Takeover<'_> {
    /// The furthest stage that can be reached without waiting.
    pub(crate) fn further(&self, mut stage: Stage, port: &mut impl DetectorPort) -> Result<Stage, Fault> {
        loop {
            let before = std::mem::discriminant(&stage);
            stage = self.next(stage, port)?;
            if std::mem::discriminant(&stage) == before {
                return Ok(stage);
            }
        }
    }

    fn next(&self, stage: Stage, port: &mut impl DetectorPort) -> Result<Stage, Fault> {
        let partition = self.partition;
        match stage {
            Stage::Asking => {
                let Answer::Ready(committed) = port.committed(partition)? else { return Ok(stage) };
                let Answer::Ready(log_start) = port.log_start(partition)? else { return Ok(stage) };
                let restore = Restore::new(partition, self.partitions, committed, log_start);
                Ok(Stage::Committed(restore))
            }
            Stage::Committed(restore) => match port.checkpoint_end(partition)? {
                Answer::Ready(end) => Ok(Stage::Reading { restore, end }),
                Answer::Wait => Ok(Stage::Committed(restore)),
            },
            Stage::Reading { mut restore, end } => {
                match port.read_checkpoint(partition, end, &mut |record| restore.record(record))? {
                    Answer::Ready(()) => self.start(restore, port),
                    Answer::Wait => Ok(Stage::Reading { restore, end }),
                }
            }
            Stage::Running { .. } => Ok(stage),
        }
    }

    fn start(&self, restore: Restore, port: &mut impl DetectorPort) -> Result<Stage, Fault> {
        let task = restore.finish(self.policy.clone());
        let task = task.map_err(|fault| Fault::Broken(format!("partition {}: {fault}", self.partition)))?;
        port.start_at(self.partition, task.position())?;
        Ok(Stage::Running { task: Box::new(task), checkpoint_at: self.now })
    }
}
