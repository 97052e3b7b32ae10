//! Takeover: the steps from an assigned partition to a running task. Each request is sent only when the one before is answered.

use crate::detect::policy::Policy;
use crate::stage::detector::restore::Restore;
use crate::stage::detector::task::DetectorTask;
use crate::stage::pace::{Pace, Rhythm};
use crate::stage::port::{Answer, DetectorPort, Fault, Millis};

/// How far the takeover of a partition is.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The committed offset is requested first: the answer waits until no transaction over it is undecided.
    FetchingOffset { attempt: Attempt },
    /// The end of the checkpoint is requested after it: so it lies behind every checkpoint that was committed with that offset.
    FetchingEnd { restore: Restore, attempt: Attempt },
    /// The checkpoint is read up to that end.
    Reading { restore: Restore, end: u64, attempt: Attempt },
    /// The task runs, at first without output.
    Running { task: Box<DetectorTask>, checkpoint_at: Millis },
    /// The partition is unusable for this reason, and tried again later. The other partitions continue.
    Stopped { reason: String, retry_at: Millis },
}

/// A restore that fails is tried a second time at once: a process that was frozen during the first one, for longer than its session,
/// has read a checkpoint that its successor was writing. Its next poll reports the loss of the partition before the second attempt
/// ends. What fails twice is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    Second,
}

impl Progress {
    /// A partition that was just assigned.
    pub(crate) fn assigned() -> Progress {
        Progress::FetchingOffset { attempt: Attempt::First }
    }

    pub(crate) fn task(&self) -> Option<&DetectorTask> {
        match self {
            Progress::Running { task, .. } => Some(task),
            Progress::FetchingOffset { .. }
            | Progress::FetchingEnd { .. }
            | Progress::Reading { .. }
            | Progress::Stopped { .. } => None,
        }
    }

    pub(crate) fn task_mut(&mut self) -> Option<&mut DetectorTask> {
        match self {
            Progress::Running { task, .. } => Some(task),
            Progress::FetchingOffset { .. }
            | Progress::FetchingEnd { .. }
            | Progress::Reading { .. }
            | Progress::Stopped { .. } => None,
        }
    }

    pub(crate) fn checkpoint_at(&self) -> Option<Millis> {
        match self {
            Progress::Running { checkpoint_at, .. } => Some(*checkpoint_at),
            Progress::FetchingOffset { .. }
            | Progress::FetchingEnd { .. }
            | Progress::Reading { .. }
            | Progress::Stopped { .. } => None,
        }
    }

    /// Why the partition is stopped.
    pub(crate) fn stopped(&self) -> Option<&str> {
        match self {
            Progress::Stopped { reason, .. } => Some(reason),
            Progress::FetchingOffset { .. }
            | Progress::FetchingEnd { .. }
            | Progress::Reading { .. }
            | Progress::Running { .. } => None,
        }
    }

    pub(crate) fn checkpoint_is_due(&self, pace: &Pace, rhythm: &Rhythm, now: Millis) -> bool {
        match (self.task(), self.checkpoint_at()) {
            (Some(task), Some(checkpoint_at)) if task.left_to_replay() == 0 => {
                let age = now.since(checkpoint_at);
                task.needs_first_checkpoint() || rhythm.checkpoint_is_due(pace, task.unwritten(), age)
            }
            (Some(_) | None, Some(_) | None) => false,
        }
    }
}

/// A takeover has fewer steps than this.
const MOST_STEPS: usize = 8;

/// The takeover of one partition.
pub(crate) struct Takeover<'a> {
    pub(crate) partition: u32,
    pub(crate) partitions: u32,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Millis,
    /// The delay before a stopped partition is tried again.
    pub(crate) retry: Millis,
}

impl Takeover<'_> {
    /// Takes every step that is possible without waiting. A fault of this partition stops it.
    ///
    /// # Errors
    /// A fault that ends the worker.
    pub(crate) fn advance(
        &self,
        mut progress: Progress,
        port: &mut impl DetectorPort,
    ) -> Result<Progress, Fault> {
        for _ in 0..MOST_STEPS {
            let before = std::mem::discriminant(&progress);
            progress = match self.next(progress, port) {
                Ok(progress) => progress,
                Err(Fault::Partition(reason)) => {
                    let retry_at = self.now.plus(self.retry);
                    return Ok(Progress::Stopped { reason, retry_at });
                }
                Err(fault @ (Fault::Fenced(_) | Fault::Broken(_) | Fault::Forbidden(_))) => {
                    return Err(fault);
                }
            };
            // A second attempt starts after the next poll, which may report that the partition is lost.
            let is_retry = matches!(progress, Progress::FetchingOffset { attempt: Attempt::Second });
            if is_retry || std::mem::discriminant(&progress) == before {
                return Ok(progress);
            }
        }
        Ok(progress)
    }

    fn next(&self, progress: Progress, port: &mut impl DetectorPort) -> Result<Progress, Fault> {
        let partition = self.partition;
        match progress {
            Progress::FetchingOffset { attempt } => {
                let Answer::Ready(committed) = port.committed(partition)? else { return Ok(progress) };
                let Answer::Ready(log_start) = port.log_start(partition, committed)? else {
                    return Ok(progress);
                };
                let restore = Restore::new(partition, self.partitions, committed, log_start);
                Ok(Progress::FetchingEnd { restore, attempt })
            }
            Progress::FetchingEnd { restore, attempt } => match port.checkpoint_end(partition)? {
                Answer::Ready(end) => Ok(Progress::Reading { restore, end, attempt }),
                Answer::Wait => Ok(Progress::FetchingEnd { restore, attempt }),
            },
            Progress::Reading { mut restore, end, attempt } => {
                let mut sink = |offset, record| restore.record(offset, record);
                match port.read_checkpoint(partition, end, &mut sink)? {
                    Answer::Ready(()) => self.start(restore, attempt, port),
                    Answer::Wait => Ok(Progress::Reading { restore, end, attempt }),
                }
            }
            Progress::Stopped { retry_at, .. } if self.now >= retry_at => {
                port.rewind_checkpoint(partition)?;
                Ok(Progress::assigned())
            }
            Progress::Stopped { .. } | Progress::Running { .. } => Ok(progress),
        }
    }

    fn start(
        &self,
        restore: Restore,
        attempt: Attempt,
        port: &mut impl DetectorPort,
    ) -> Result<Progress, Fault> {
        match (restore.finish(self.policy.clone()), attempt) {
            (Ok(task), Attempt::First | Attempt::Second) => {
                port.start_at(self.partition, task.position())?;
                Ok(Progress::Running { task: Box::new(task), checkpoint_at: self.now })
            }
            (Err(_), Attempt::First) => {
                port.rewind_checkpoint(self.partition)?;
                Ok(Progress::FetchingOffset { attempt: Attempt::Second })
            }
            (Err(error), Attempt::Second) => {
                Err(Fault::Partition(error.explain(&port.topics(), self.partition)))
            }
        }
    }
}
