//! How a partition is taken over: each question only when the one before it is answered.

use crate::detect::policy::Policy;
use crate::stage::detector::restore::Restore;
use crate::stage::detector::task::DetectorTask;
use crate::stage::pace::Pace;
use crate::stage::port::{Answer, DetectorPort, Fault, Millis};

/// How far a partition is taken over.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The committed offset is asked for, first of all: the answer waits until no transaction over it is undecided.
    Asking,
    /// The same, after what was read made no state. Who was frozen in the middle of it, longer than the group waits, has read
    /// a checkpoint that others went on writing meanwhile. That it is lost is told by a poll; what is wrong the second time is
    /// wrong.
    AskingAgain,
    /// The end of its checkpoint is asked for, after that: so it lies behind every checkpoint that came with that offset.
    Committed { restore: Restore, again: bool },
    /// Its checkpoint is read, up to that end.
    Reading { restore: Restore, end: u64, again: bool },
    /// It runs, at first in silence.
    Running { task: Box<DetectorTask>, checkpoint_at: Millis },
}

impl Stage {
    pub(crate) fn task(&self) -> Option<&DetectorTask> {
        match self {
            Stage::Running { task, .. } => Some(task),
            Stage::Asking | Stage::AskingAgain | Stage::Committed { .. } | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn task_mut(&mut self) -> Option<&mut DetectorTask> {
        match self {
            Stage::Running { task, .. } => Some(task),
            Stage::Asking | Stage::AskingAgain | Stage::Committed { .. } | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn checkpoint_at(&self) -> Option<Millis> {
        match self {
            Stage::Running { checkpoint_at, .. } => Some(*checkpoint_at),
            Stage::Asking | Stage::AskingAgain | Stage::Committed { .. } | Stage::Reading { .. } => None,
        }
    }

    pub(crate) fn checkpoint_is_due(&self, pace: &Pace, now: Millis) -> bool {
        match self {
            Stage::Running { task, .. } if task.left_to_replay() > 0 => false,
            Stage::Running { task, checkpoint_at } => {
                let age = now.since(*checkpoint_at);
                task.needs_first_checkpoint() || pace.checkpoint_is_due(task.applied_since_checkpoint(), age)
            }
            Stage::Asking | Stage::AskingAgain | Stage::Committed { .. } | Stage::Reading { .. } => false,
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
            let is_again = matches!(stage, Stage::AskingAgain);
            if is_again || std::mem::discriminant(&stage) == before {
                return Ok(stage);
            }
        }
    }

    fn next(&self, stage: Stage, port: &mut impl DetectorPort) -> Result<Stage, Fault> {
        let partition = self.partition;
        match stage {
            Stage::Asking | Stage::AskingAgain => {
                let Answer::Ready(committed) = port.committed(partition)? else { return Ok(stage) };
                let Answer::Ready(log_start) = port.log_start(partition, committed)? else {
                    return Ok(stage);
                };
                let restore = Restore::new(partition, self.partitions, committed, log_start);
                Ok(Stage::Committed { restore, again: matches!(stage, Stage::AskingAgain) })
            }
            Stage::Committed { restore, again } => match port.checkpoint_end(partition)? {
                Answer::Ready(end) => Ok(Stage::Reading { restore, end, again }),
                Answer::Wait => Ok(Stage::Committed { restore, again }),
            },
            Stage::Reading { mut restore, end, again } => {
                let mut sink = |offset, record| restore.record(offset, record);
                match port.read_checkpoint(partition, end, &mut sink)? {
                    Answer::Ready(()) => self.start(restore, again, port),
                    Answer::Wait => Ok(Stage::Reading { restore, end, again }),
                }
            }
            Stage::Running { .. } => Ok(stage),
        }
    }

    fn start(&self, restore: Restore, again: bool, port: &mut impl DetectorPort) -> Result<Stage, Fault> {
        let task = match restore.finish(self.policy.clone()) {
            Ok(task) => task,
            Err(_) if !again => {
                port.read_again(self.partition)?;
                return Ok(Stage::AskingAgain);
            }
            Err(fault) => return Err(Fault::Broken(fault.explain(&port.names(), self.partition))),
        };
        port.start_at(self.partition, task.position())?;
        Ok(Stage::Running { task: Box::new(task), checkpoint_at: self.now })
    }
}
