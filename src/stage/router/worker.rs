//! Drives a router: polls, routes, commits a batch. After anything but a commit it begins again at the committed offsets.

use crate::event::host::Host;
use crate::stage::pace::Pace;
use crate::stage::port::{Answer, Fault, Millis, Outcome, RouterInput, RouterPort, SourcePartition};
use crate::stage::router::task::{Routed, RouterTask, Source};
use std::collections::BTreeMap;

/// The router of one process.
#[derive(Debug)]
pub struct RouterWorker<P> {
    port: P,
    task: RouterTask,
    pace: Pace,
    owned: BTreeMap<SourcePartition, Stage>,
    batch_since: Option<Millis>,
    counts: RouterCounts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The committed offset is asked for.
    Asking,
    Running,
}

/// What a router did since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterCounts {
    /// Source records by what became of them.
    pub records: BTreeMap<Routed, u64>,
    /// Records written to the routed topic.
    pub routed: u64,
    /// Records written to the dead-letter topic.
    pub dead: u64,
    /// Committed transactions.
    pub committed: u64,
    /// Aborted ones.
    pub aborted: u64,
    /// Those whose end was not told.
    pub doubtful: u64,
}

impl<P: RouterPort> RouterWorker<P> {
    /// A router that owns nothing yet.
    pub fn new(port: P, task: RouterTask, pace: Pace) -> RouterWorker<P> {
        let (owned, counts) = (BTreeMap::new(), RouterCounts::default());
        RouterWorker { port, task, pace, owned, batch_since: None, counts }
    }

    /// From now on the records of this topic are read so: for topics that come while it runs.
    pub fn read_as(&mut self, topic: String, source: Source) {
        self.task.read_as(topic, source);
    }

    /// Polls once and does what there is to do.
    ///
    /// # Errors
    /// A fault ends the worker; what it had not committed is read again by the next one.
    pub fn step(&mut self, now: Millis) -> Result<(), Fault> {
        self.start_partitions()?;
        let (wait, task) = (self.wait(now), &self.task);
        for input in self.port.poll(wait, &|topic, value| task.may_matter(topic, value))? {
            self.on_input(input)?;
        }
        if self.batch_since.is_none() && !self.task.is_empty() {
            self.batch_since = Some(now);
        }
        if self.batch_since.is_some_and(|since| now.since(since) >= self.pace.batch) {
            self.commit()?;
        }
        Ok(())
    }

    fn wait(&self, now: Millis) -> Millis {
        let asking = self.owned.values().any(|stage| *stage == Stage::Asking);
        let batch = self.batch_since.map(|since| self.pace.batch.since(now.since(since)));
        batch.unwrap_or(self.pace.poll).min(if asking { self.pace.linger } else { self.pace.poll })
    }

    fn on_input(&mut self, input: RouterInput) -> Result<(), Fault> {
        match input {
            RouterInput::Assign(partitions) => {
                self.port.accept(&partitions)?;
                self.owned.extend(partitions.into_iter().map(|partition| (partition, Stage::Asking)));
            }
            RouterInput::Revoke(partitions) => {
                self.commit()?;
                self.leave(&partitions)?;
            }
            RouterInput::Lost(partitions) => {
                // The batch mixes partitions, and is small: it is dropped whole.
                self.restart();
                self.leave(&partitions)?;
            }
            RouterInput::Record(record) => {
                *self.counts.records.entry(self.task.on_record(record)).or_default() += 1;
                self.commit_if_full()?;
            }
            RouterInput::Filtered(run) => {
                *self.counts.records.entry(self.task.on_filtered(&run)).or_default() += run.records;
                self.commit_if_full()?;
            }
        }
        Ok(())
    }

    fn commit_if_full(&mut self) -> Result<(), Fault> {
        let (records, bytes) = self.task.batch_size();
        let is_full = records >= self.pace.batch_records || bytes >= self.pace.batch_bytes;
        if is_full { self.commit() } else { Ok(()) }
    }

    fn leave(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        for partition in partitions {
            self.owned.remove(partition);
            self.task.stop(partition);
        }
        self.port.release(partitions)
    }

    /// Commits the batch now: also before the process leaves.
    ///
    /// # Errors
    /// A fault ends the worker.
    pub fn commit(&mut self) -> Result<(), Fault> {
        self.batch_since = None;
        if self.task.is_empty() {
            return Ok(());
        }
        let batch = self.task.take_commit();
        match self.port.commit(&batch)? {
            Outcome::Committed => {
                self.counts.committed += 1;
                self.counts.routed += batch.routed.len() as u64;
                self.counts.dead += batch.dead.len() as u64;
            }
            Outcome::Aborted => {
                self.counts.aborted += 1;
                self.restart();
            }
            Outcome::Doubtful => {
                self.counts.doubtful += 1;
                self.restart();
            }
        }
        Ok(())
    }

    /// Every partition begins again at its committed offset, which is asked for until nobody's transaction over it is undecided.
    fn restart(&mut self) {
        self.batch_since = None;
        self.task.restart();
        self.owned.values_mut().for_each(|stage| *stage = Stage::Asking);
    }

    fn start_partitions(&mut self) -> Result<(), Fault> {
        for (partition, stage) in self.owned.iter_mut().filter(|(_, stage)| **stage == Stage::Asking) {
            if let Answer::Ready(committed) = self.port.committed(partition)?
                && let Answer::Ready(offset) = self.port.start_at(partition, committed)?
            {
                self.task.start(partition.clone(), offset, committed == Some(offset));
                *stage = Stage::Running;
            }
        }
        Ok(())
    }

    /// Whether every partition that is ours is being read.
    pub fn is_ready(&self) -> bool {
        self.owned.values().all(|stage| *stage == Stage::Running)
    }

    /// The partitions that are ours, each with its next offset where that is known.
    pub fn positions(&self) -> impl Iterator<Item = (&SourcePartition, Option<u64>)> {
        self.owned.keys().map(|partition| (partition, self.task.position(partition)))
    }

    /// As [`RouterTask::heard`].
    pub fn heard(&self) -> &BTreeMap<Host, u64> {
        self.task.heard()
    }

    /// What was done so far.
    pub fn counts(&self) -> &RouterCounts {
        &self.counts
    }

    /// The port, to close it.
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }
}
