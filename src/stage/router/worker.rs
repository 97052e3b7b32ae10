//! The router's worker: polls, routes, and commits batches. Unless a batch is known to be committed, every partition restarts at
//! its committed offset.

use crate::detect::policy::Policy;
use crate::event::host::Host;
use crate::stage::flood::FloodLimit;
use crate::stage::pace::{Pace, Retry, Rhythm};
use crate::stage::port::{
    Answer, Fault, Millis, Outcome, RouterCommit, RouterInput, RouterPort, SourcePartition,
};
use crate::stage::router::tally::Tally;
use crate::stage::router::task::{Routed, RouterTask, Source};
use std::collections::BTreeMap;

/// The router of one worker thread.
#[derive(Debug)]
pub struct RouterWorker<P> {
    port: P,
    task: RouterTask,
    pace: Pace,
    owned: BTreeMap<SourcePartition, Progress>,
    /// The partition whose start was tried last.
    tried: Option<SourcePartition>,
    rhythm: Rhythm,
    /// Since when the batch has not been empty.
    batch_since: Option<Millis>,
    /// After aborted transactions: when partitions are read again.
    retry: Retry,
    /// The time of the present step.
    now: Millis,
    /// Bounds the dead letters of each source topic and reason.
    flood: Flood,
    /// The number of records of the last poll.
    polled: usize,
    counts: RouterCounts,
}

/// How far an assigned partition is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Progress {
    /// Its committed offset is requested.
    FetchingOffset,
    /// Its records are routed.
    Running,
    /// It is unusable for this reason, and tried again later. The other partitions continue.
    Stopped { reason: String, retry_at: Millis },
}

/// The most partitions that are started between two polls: each takes some requests, and the others, the group and the probes wait
/// meanwhile.
const STARTED_AT_ONCE: usize = 16;

/// The source topic and the reason of dead letters.
pub type Kind = (String, &'static str);

type Flood = FloodLimit<Kind>;

/// Rejected records of one source topic, for one reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadLetters {
    /// Written to the dead-letter topic.
    pub written: u64,
    /// Not written, because there were too many in a minute.
    pub suppressed: u64,
}

/// What a router has done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouterCounts {
    /// Source records by outcome.
    pub records: BTreeMap<Routed, u64>,
    /// Records written to the routed topic.
    pub routed: u64,
    /// Records written to the dead-letter topic.
    pub dead: u64,
    /// Rejected records by source topic and reason.
    pub rejected: BTreeMap<Kind, DeadLetters>,
    /// Transactions that were committed.
    pub committed: u64,
    /// Transactions that were aborted.
    pub aborted: u64,
    /// Transactions whose outcome was unknown.
    pub unknown: u64,
}

impl<P: RouterPort> RouterWorker<P> {
    /// A router without partitions.
    pub fn new(port: P, task: RouterTask, pace: Pace) -> RouterWorker<P> {
        RouterWorker {
            port,
            task,
            pace,
            owned: BTreeMap::new(),
            tried: None,
            rhythm: Rhythm::default(),
            batch_since: None,
            retry: Retry::default(),
            now: Millis(0),
            flood: FloodLimit::new(pace.dead_letters),
            polled: 0,
            counts: RouterCounts::default(),
        }
    }

    /// Sets how the records of this topic are read from now on, for topics that appear while the router runs.
    pub fn set_source(&mut self, topic: String, source: Source) {
        self.task.set_source(topic, source);
    }

    /// Routes by another policy from the next record on. What is read again after an abort is routed by it too: none of it was
    /// committed.
    pub fn change_policy(&mut self, policy: &Policy) {
        self.task.change_policy(policy);
    }

    /// Commits the batch if it is due, polls once and routes the records.
    ///
    /// # Errors
    /// A fault ends the worker. The next worker reads again what this one had not committed.
    pub fn step(&mut self, now: Millis) -> Result<(), Fault> {
        self.now = now;
        self.rhythm.step(now);
        if self.is_due(now) {
            self.rhythm.begin(now);
            self.commit()?;
        }
        if self.retry.at(now).is_none() {
            self.start_partitions(now)?;
        }
        let (wait, task) = (self.wait(now), &self.task);
        self.polled = 0;
        for input in self.port.poll(wait, &|topic, value| task.prefilter(topic, value))? {
            self.on_input(input)?;
        }
        self.rhythm.polled(self.polled, &self.pace);
        if self.batch_since.is_none() && !self.task.is_empty() {
            self.batch_since = Some(now);
        }
        Ok(())
    }

    /// Output follows the rhythm. Offsets alone wait: each transaction costs the broker as much as thousands of records.
    fn is_due(&self, now: Millis) -> bool {
        self.batch_since.is_some_and(|since| match self.task.has_output() {
            true => self.rhythm.is_due(since, &self.pace, now),
            false => now.since(since) >= self.pace.quiet,
        })
    }

    fn wait(&self, now: Millis) -> Millis {
        let fetching = self.retry.at(now).is_none()
            && self.owned.values().any(|progress| *progress == Progress::FetchingOffset);
        let longest = if fetching { self.pace.linger } else { self.pace.poll };
        if self.task.has_output() { self.rhythm.wait(&self.pace, now).min(longest) } else { longest }
    }

    fn on_input(&mut self, input: RouterInput) -> Result<(), Fault> {
        match input {
            RouterInput::Assign(partitions) => {
                self.port.accept(&partitions)?;
                self.owned
                    .extend(partitions.into_iter().map(|partition| (partition, Progress::FetchingOffset)));
            }
            RouterInput::Revoke(partitions) => {
                self.commit()?;
                self.release(&partitions)?;
            }
            RouterInput::Lost(partitions) => {
                // A batch mixes partitions: the whole batch is dropped.
                self.restart();
                self.release(&partitions)?;
            }
            RouterInput::Record(record) => {
                self.polled += 1;
                *self.counts.records.entry(self.task.on_record(record)).or_default() += 1;
                self.commit_if_full()?;
            }
            RouterInput::Filtered(run) => {
                self.polled += usize::try_from(run.records).unwrap_or(usize::MAX);
                *self.counts.records.entry(self.task.on_filtered(&run)).or_default() += run.records;
                self.commit_if_full()?;
            }
            RouterInput::Passed { from, next } => self.task.on_passed(&from, next),
        }
        Ok(())
    }

    fn commit_if_full(&mut self) -> Result<(), Fault> {
        let (records, bytes) = self.task.batch_size();
        let is_full = records >= self.pace.batch_records || bytes >= self.pace.batch_bytes;
        if is_full { self.commit() } else { Ok(()) }
    }

    /// Drops these partitions and releases them.
    fn release(&mut self, partitions: &[SourcePartition]) -> Result<(), Fault> {
        for partition in partitions {
            self.owned.remove(partition);
            self.task.stop(partition);
        }
        self.port.release(partitions)
    }

    /// Commits the batch now, also before the process ends.
    ///
    /// # Errors
    /// A fault ends the worker.
    pub fn commit(&mut self) -> Result<(), Fault> {
        self.batch_since = None;
        if self.task.is_empty() {
            return Ok(());
        }
        let mut batch = self.task.take_commit();
        let (flood, dead) = self.bound_dead_letters(&mut batch);
        match self.port.commit(&batch)? {
            Outcome::Committed => {
                self.retry.committed();
                self.counts.committed += 1;
                self.counts.routed += batch.routed.len() as u64;
                self.flood = flood;
                self.counts.dead += batch.dead.len() as u64;
                for (kind, more) in dead {
                    let known = self.counts.rejected.entry(kind).or_default();
                    known.written += more.written;
                    known.suppressed += more.suppressed;
                }
            }
            Outcome::Aborted => {
                self.counts.aborted += 1;
                self.retry.aborted(&self.pace, self.now);
                self.restart();
            }
            Outcome::Unknown => {
                self.counts.unknown += 1;
                self.restart();
            }
        }
        Ok(())
    }

    /// Removes the dead letters beyond the limit of this minute. Returns the limit after this batch, which counts once the batch is
    /// committed, and what was written and suppressed.
    fn bound_dead_letters(&self, batch: &mut RouterCommit) -> (Flood, BTreeMap<Kind, DeadLetters>) {
        let (mut flood, mut counts) = (self.flood.clone(), BTreeMap::<Kind, DeadLetters>::new());
        batch.dead.retain(|letter| {
            let kind = (letter.from.topic.clone(), letter.reason);
            let is_written = flood.admits(kind.clone(), self.now);
            let known = counts.entry(kind).or_default();
            known.written += u64::from(is_written);
            known.suppressed += u64::from(!is_written);
            is_written
        });
        (flood, counts)
    }

    /// Restarts every partition at its committed offset, which is requested until no transaction over it is undecided.
    fn restart(&mut self) {
        self.batch_since = None;
        self.task.restart();
        for progress in self.owned.values_mut().filter(|progress| **progress == Progress::Running) {
            *progress = Progress::FetchingOffset;
        }
    }

    /// Starts the next partitions that are due, in turn: some may wait for long, and hold up no others.
    fn start_partitions(&mut self, now: Millis) -> Result<(), Fault> {
        let is_due = |progress: &Progress| match progress {
            Progress::Running => false,
            Progress::Stopped { retry_at, .. } => now >= *retry_at,
            Progress::FetchingOffset => true,
        };
        let mut due: Vec<SourcePartition> =
            self.owned.iter().filter(|(_, progress)| is_due(progress)).map(|(of, _)| of.clone()).collect();
        let next = due.partition_point(|partition| Some(partition) <= self.tried.as_ref());
        due.rotate_left(next);
        for partition in due.into_iter().take(STARTED_AT_ONCE) {
            let progress = match start(&mut self.port, &partition) {
                Ok(Answer::Wait) => None,
                Ok(Answer::Ready(Start { offset, is_committed })) => {
                    self.task.start(partition.clone(), offset, is_committed);
                    Some(Progress::Running)
                }
                Err(Fault::Partition(reason)) => {
                    Some(Progress::Stopped { reason, retry_at: now.plus(self.pace.retry_partition) })
                }
                Err(fault @ (Fault::Fenced(_) | Fault::Broken(_) | Fault::Forbidden(_))) => {
                    return Err(fault);
                }
            };
            if let Some(progress) = progress {
                self.owned.insert(partition.clone(), progress);
            }
            self.tried = Some(partition);
        }
        Ok(())
    }

    /// The assigned partitions that are unusable, each with the reason.
    pub fn stopped(&self) -> impl Iterator<Item = (&SourcePartition, &str)> {
        self.owned.iter().filter_map(|(partition, progress)| match progress {
            Progress::Stopped { reason, .. } => Some((partition, reason.as_str())),
            Progress::FetchingOffset | Progress::Running => None,
        })
    }

    /// Whether every assigned partition is routed.
    pub fn is_ready(&self) -> bool {
        self.owned.values().all(|progress| *progress == Progress::Running)
    }

    /// The assigned partitions, each with its next offset once it is known.
    pub fn positions(&self) -> impl Iterator<Item = (&SourcePartition, Option<u64>)> {
        self.owned.keys().map(|partition| (partition, self.task.position(partition)))
    }

    /// The number of events of each CA that the policy names, from [`RouterTask::events_by_ca`].
    pub fn events_by_ca(&self) -> &BTreeMap<Host, u64> {
        self.task.events_by_ca()
    }

    /// What was read of each source topic, from [`RouterTask::tallies`].
    pub fn tallies(&self) -> &BTreeMap<String, Tally> {
        self.task.tallies()
    }

    /// What was done since the start.
    pub fn counts(&self) -> &RouterCounts {
        &self.counts
    }

    /// The port, for its own state.
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }
}

/// Where a partition starts.
struct Start {
    offset: u64,
    is_committed: bool,
}

fn start(port: &mut impl RouterPort, partition: &SourcePartition) -> Result<Answer<Start>, Fault> {
    let Answer::Ready(committed) = port.committed(partition)? else { return Ok(Answer::Wait) };
    let Answer::Ready(offset) = port.start_at(partition, committed)? else { return Ok(Answer::Wait) };
    Ok(Answer::Ready(Start { offset, is_committed: committed == Some(offset) }))
}
