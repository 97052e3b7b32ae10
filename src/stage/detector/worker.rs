//! Drives the detector's tasks of one process: polls, restores, applies, commits.

use crate::detect::policy::Policy;
use crate::engine::{CaTraining, Notice, StateSize};
use crate::event::time::Time;
use crate::stage::detector::age::AgeLimit;
use crate::stage::detector::applied::Became;
use crate::stage::detector::takeover::{Stage, Takeover};
use crate::stage::detector::task::DetectorTask;
use crate::stage::pace::Pace;
use crate::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Names, Outcome,
    RoutedRecord, Transaction,
};
use std::collections::{BTreeMap, BTreeSet};

/// The detector of one process.
#[derive(Debug)]
pub struct DetectorWorker<P> {
    port: P,
    policy: Policy,
    partitions: u32,
    pace: Pace,
    age_limit: Option<AgeLimit>,
    owned: BTreeMap<u32, Stage>,
    /// Partitions of a transaction whose end is not known. Until it is, nothing is sent.
    unsettled: BTreeSet<u32>,
    alerts_since: Option<Millis>,
    quiet_since: Millis,
    retry_at: Option<Millis>,
    counts: DetectorCounts,
    notices: Vec<Notice>,
}

/// What a detector did since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetectorCounts {
    /// Records applied, of which alerts may come.
    pub applied: u64,
    /// Records applied in silence after a restore.
    pub replayed: u64,
    /// Alerts that such records would have raised again.
    pub silenced: u64,
    /// Records delivered again below the position.
    pub skipped: u64,
    /// Records of partitions that are not ours, or not yet.
    pub stray: u64,
    /// Records in which something is no event.
    pub unreadable: u64,
    /// Events older than the allowed lateness.
    pub late: u64,
    /// Alerts and revisions that were old news, and are not written.
    pub held: u64,
    /// Alerts and revisions, committed.
    pub alerts: u64,
    /// Committed transactions.
    pub committed: u64,
    /// Aborted ones.
    pub aborted: u64,
    /// Those whose end was not told.
    pub doubtful: u64,
    /// Checkpoints, committed.
    pub checkpoints: u64,
    /// Partitions restored.
    pub restored: u64,
    /// Those whose replay crosses a change of the policy.
    pub policy_crossings: u64,
}

/// What there is to know of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionStatus {
    /// The partition.
    pub partition: u32,
    /// The next offset; none while the checkpoint is read.
    pub position: Option<u64>,
    /// Offsets to replay before alerts are raised again.
    pub left_to_replay: u64,
    /// The size of the state.
    pub size: StateSize,
    /// The greatest event time seen.
    pub watermark: Option<Time>,
    /// Records applied since the last checkpoint: what a crash would have replayed.
    pub since_checkpoint: u64,
    /// When that checkpoint was committed, or the partition taken over; none while it is being read.
    pub checkpoint_at: Option<Millis>,
}

impl<P: DetectorPort> DetectorWorker<P> {
    /// A detector that owns nothing yet; `partitions` is how many the routed topic has.
    pub fn new(port: P, policy: Policy, partitions: u32, pace: Pace) -> DetectorWorker<P> {
        DetectorWorker {
            port,
            policy,
            partitions,
            pace,
            age_limit: None,
            owned: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            alerts_since: None,
            quiet_since: Millis(0),
            retry_at: None,
            counts: DetectorCounts::default(),
            notices: Vec::new(),
        }
    }

    /// Marks or holds alerts that are old news.
    #[must_use]
    pub fn with_age_limit(self, age_limit: Option<AgeLimit>) -> DetectorWorker<P> {
        DetectorWorker { age_limit, ..self }
    }

    /// Polls once and does what there is to do.
    ///
    /// # Errors
    /// A fault ends the worker. Drop it: a new one on a new port restores.
    pub fn step(&mut self, now: Millis) -> Result<(), Fault> {
        self.notices.clear();
        for input in self.port.poll(self.wait(now), self.intake())? {
            self.on_input(input, now)?;
        }
        self.restore(now)?;
        self.settle(now)?;
        if self.is_due(now) {
            let pace = self.pace;
            self.commit(now, &|_, stage| stage.checkpoint_is_due(&pace, now))?;
        }
        Ok(())
    }

    /// What is not sent is kept, and must not grow without a bound while transactions are aborted, or one is undecided.
    fn intake(&self) -> Intake {
        let waiting: usize = self.owned.values().filter_map(Stage::task).map(DetectorTask::waiting).sum();
        if waiting < self.pace.outbox { Intake::Open } else { Intake::Shut }
    }

    /// How long a poll may wait without anything else being late for it.
    fn wait(&self, now: Millis) -> Millis {
        let asks = !self.unsettled.is_empty() || self.owned.values().any(|stage| stage.task().is_none());
        let longest = if asks { self.pace.linger } else { self.pace.poll };
        let commit = match (self.retry_at, self.alerts_since) {
            _ if !self.unsettled.is_empty() => longest,
            (Some(at), _) => at.since(now),
            (None, Some(since)) => self.pace.linger.since(now.since(since)),
            (None, None) => longest,
        };
        commit.min(longest)
    }

    fn on_input(&mut self, input: DetectorInput, now: Millis) -> Result<(), Fault> {
        match input {
            DetectorInput::Assign(partitions) => {
                self.refuse_strangers(&partitions)?;
                self.port.accept(&partitions)?;
                self.owned.extend(partitions.into_iter().map(|partition| (partition, Stage::Asking)));
            }
            DetectorInput::Revoke(partitions) => {
                self.farewell(&partitions, now)?;
                self.leave(&partitions)?;
            }
            DetectorInput::Lost(partitions) => self.leave(&partitions)?,
            DetectorInput::Record(record) => self.on_record(&record, now),
        }
        Ok(())
    }

    /// Partitions that somebody added: keys have their places among those that were there, and nobody would look for them here.
    fn refuse_strangers(&self, partitions: &[u32]) -> Result<(), Fault> {
        let Some(stranger) = partitions.iter().find(|partition| **partition >= self.partitions) else {
            return Ok(());
        };
        let (Names { routed, .. }, partitions) = (self.port.names(), self.partitions);
        Err(Fault::Broken(format!(
            "{routed} has a partition {stranger}, and topics.partitions is {partitions}: partitions were added, and state stays \
             where it was; to fix: docs/run.md, \"When something breaks\""
        )))
    }

    fn on_record(&mut self, record: &RoutedRecord, now: Millis) {
        let Some(Stage::Running { task, .. }) = self.owned.get_mut(&record.partition) else {
            self.counts.stray += 1;
            return;
        };
        let applied = task.on_record(record);
        match applied.became {
            Became::Skipped => self.counts.skipped += 1,
            Became::Unreadable => self.counts.unreadable += 1,
            Became::Live => self.counts.applied += 1,
            Became::Replayed => {
                self.counts.replayed += 1;
                self.counts.silenced += applied.alerts as u64;
            }
        }
        self.counts.held += applied.held as u64;
        self.counts.late += applied.late as u64;
        self.notices.extend(applied.notices);
        if task.has_alerts() {
            self.alerts_since.get_or_insert(now);
        }
    }

    /// The tasks are gone, with all that they did not commit: whoever takes over replays.
    fn leave(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        for partition in partitions {
            self.owned.remove(partition);
            self.unsettled.remove(partition);
        }
        self.port.release(partitions)
    }

    /// Takes every partition further on its way to a running task.
    fn restore(&mut self, now: Millis) -> Result<(), Fault> {
        for (partition, mut stage) in std::mem::take(&mut self.owned) {
            if stage.task().is_none() {
                let takeover = Takeover { partition, partitions: self.partitions, policy: &self.policy, now };
                stage = takeover.further(stage, &mut self.port)?;
                self.counts.restored += u64::from(stage.task().is_some());
                let crosses = stage.task().is_some_and(DetectorTask::replays_another_policy);
                self.counts.policy_crossings += u64::from(crosses);
                stage.task_mut().into_iter().for_each(|task| task.limit_age(self.age_limit));
            }
            self.owned.insert(partition, stage);
        }
        Ok(())
    }

    /// After a doubtful commit: asks what became of it, partition by partition.
    fn settle(&mut self, now: Millis) -> Result<(), Fault> {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        for partition in self.unsettled.clone() {
            if let Answer::Ready(committed) = self.port.committed(partition)? {
                self.unsettled.remove(&partition);
                if let Some(Stage::Running { task, .. }) = self.owned.get_mut(&partition) {
                    task.settled(committed);
                }
            }
        }
        if self.unsettled.is_empty() {
            self.look_for_alerts(now);
        }
        Ok(())
    }

    fn is_due(&self, now: Millis) -> bool {
        let waited = |since: Millis, length: Millis| now.since(since) >= length;
        let tasks = || self.owned.values().filter_map(Stage::task);
        self.retry_at.is_none_or(|at| now >= at)
            && (self.alerts_since.is_some_and(|since| waited(since, self.pace.linger))
                || (waited(self.quiet_since, self.pace.quiet) && tasks().any(DetectorTask::has_progress))
                || self.owned.values().any(|stage| stage.checkpoint_is_due(&self.pace, now)))
    }

    /// A last commit, with the checkpoints of these partitions as far as they fit, so that whoever takes over has nothing to
    /// replay. If it does not succeed, they replay.
    fn farewell(&mut self, partitions: &[u32], now: Millis) -> Result<bool, Fault> {
        self.commit(now, &|partition, stage| {
            partitions.contains(&partition)
                && stage.task().is_some_and(|task| task.applied_since_checkpoint() > 0)
        })
    }

    /// Before the process leaves: commits what there is, with checkpoints as far as they fit into one transaction. Whether it was
    /// committed and another one would bring more of them.
    ///
    /// # Errors
    /// A fault: what was not committed is replayed by whoever takes over.
    pub fn finish(&mut self, now: Millis) -> Result<bool, Fault> {
        let partitions: Vec<u32> = self.owned.keys().copied().collect();
        let committed = self.farewell(&partitions, now)?;
        let is_left = |task: &DetectorTask| task.left_to_replay() == 0 && task.applied_since_checkpoint() > 0;
        Ok(committed && self.owned.values().filter_map(Stage::task).any(is_left))
    }

    /// One transaction with everything that waits, and the checkpoints that are wanted as far as they fit. Whether it is committed.
    fn commit(&mut self, now: Millis, wanted: &dyn Fn(u32, &Stage) -> bool) -> Result<bool, Fault> {
        if !self.unsettled.is_empty() {
            return Ok(false);
        }
        let mut transaction = Transaction::default();
        let mut checkpoints = Vec::new();
        let mut bytes = 0;
        for (partition, stage) in &mut self.owned {
            let checkpoint = wanted(*partition, stage) && bytes <= self.pace.checkpoint_bytes;
            let Stage::Running { task, .. } = stage else { continue };
            if task.needs_first_checkpoint() && !checkpoint {
                continue;
            }
            let Some(output) = task.take(checkpoint) else { continue };
            bytes += output.checkpoint.iter().map(CheckpointRecord::bytes).sum::<usize>();
            checkpoints.extend(checkpoint.then_some(*partition));
            transaction.alerts.extend(output.alerts);
            transaction.dead.extend(output.dead);
            transaction.checkpoint.extend(output.checkpoint);
            transaction.offsets.push((*partition, output.offset));
        }
        if transaction.offsets.is_empty() {
            return Ok(false);
        }
        let outcome = self.port.commit(&transaction)?;
        match outcome {
            Outcome::Committed => self.committed(&transaction, &checkpoints, now),
            Outcome::Aborted => {
                self.counts.aborted += 1;
                self.retry_at = Some(now.plus(self.pace.retry));
                self.tasks_mut().for_each(DetectorTask::aborted);
            }
            Outcome::Doubtful => {
                self.counts.doubtful += 1;
                self.unsettled = transaction.offsets.iter().map(|(partition, _)| *partition).collect();
            }
        }
        Ok(outcome == Outcome::Committed)
    }

    fn committed(&mut self, transaction: &Transaction, checkpoints: &[u32], now: Millis) {
        self.counts.committed += 1;
        self.counts.alerts += transaction.alerts.len() as u64;
        self.counts.checkpoints += checkpoints.len() as u64;
        self.quiet_since = now;
        self.tasks_mut().for_each(DetectorTask::confirmed);
        for partition in checkpoints {
            if let Some(Stage::Running { checkpoint_at, .. }) = self.owned.get_mut(partition) {
                *checkpoint_at = now;
            }
        }
        self.look_for_alerts(now);
    }

    fn look_for_alerts(&mut self, now: Millis) {
        self.retry_at = None;
        let waiting = self.owned.values().filter_map(Stage::task).any(DetectorTask::has_alerts);
        self.alerts_since = waiting.then_some(now);
    }

    fn tasks_mut(&mut self) -> impl Iterator<Item = &mut DetectorTask> {
        self.owned.values_mut().filter_map(Stage::task_mut)
    }

    /// Whether every partition that is ours raises alerts, none is still being restored.
    pub fn is_ready(&self) -> bool {
        self.owned.values().all(|stage| stage.task().is_some_and(|task| task.left_to_replay() == 0))
    }

    /// The partitions that are ours.
    pub fn status(&self) -> impl Iterator<Item = PartitionStatus> {
        self.owned.iter().map(|(partition, stage)| {
            let task = stage.task();
            PartitionStatus {
                partition: *partition,
                position: task.map(DetectorTask::position),
                left_to_replay: task.map_or(0, DetectorTask::left_to_replay),
                size: task.map(DetectorTask::size).unwrap_or_default(),
                watermark: task.map(DetectorTask::watermark),
                since_checkpoint: task.map_or(0, DetectorTask::applied_since_checkpoint),
                checkpoint_at: stage.checkpoint_at(),
            }
        })
    }

    /// How far the baselines are trained of the CAs that the policy names and that live in our partitions.
    pub fn trainings(&self) -> impl Iterator<Item = CaTraining> {
        self.owned.values().filter_map(Stage::task).flat_map(DetectorTask::trainings)
    }

    /// The running task of a partition.
    pub fn task(&self, partition: u32) -> Option<&DetectorTask> {
        self.owned.get(&partition).and_then(Stage::task)
    }

    /// What detections had to say in the last step that is no alert.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What was done so far.
    pub fn counts(&self) -> DetectorCounts {
        self.counts
    }

    /// The port, to close it.
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }
}
