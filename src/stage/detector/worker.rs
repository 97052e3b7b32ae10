//! The detector's worker: drives the tasks of one worker thread. It polls, restores, applies and commits.

use crate::detect::policy::Policy;
use crate::engine::{CaTraining, Notice};
use crate::stage::detector::age::AgeLimit;
use crate::stage::detector::applied::RecordOutcome;
use crate::stage::detector::counts::{DetectorCounts, PartitionStatus};
use crate::stage::detector::takeover::{Progress, Takeover};
use crate::stage::detector::task::DetectorTask;
use crate::stage::flood::FloodLimit;
use crate::stage::pace::{Pace, Retry, Rhythm};
use crate::stage::port::{
    Answer, CheckpointRecord, DetectorInput, DetectorPort, Fault, Intake, Millis, Outcome, RoutedRecord,
    TopicNames, Transaction,
};
use std::collections::{BTreeMap, BTreeSet};

/// The detector of one worker thread.
#[derive(Debug)]
pub struct DetectorWorker<P> {
    port: P,
    policy: Policy,
    partitions: u32,
    pace: Pace,
    age_limit: Option<AgeLimit>,
    owned: BTreeMap<u32, Progress>,
    /// Partitions whose tasks have another policy than `policy`, until their next checkpoint.
    outdated: BTreeSet<u32>,
    /// Partitions of a transaction whose outcome is unknown. Nothing is committed until it is resolved.
    in_doubt: BTreeSet<u32>,
    rhythm: Rhythm,
    /// The number of events of the last poll.
    polled: usize,
    /// Since when alerts have waited.
    alerts_since: Option<Millis>,
    last_commit: Millis,
    /// After aborted transactions: when to try again.
    retry: Retry,
    /// Bounds the dead letters of each reason.
    flood: FloodLimit<&'static str>,
    counts: DetectorCounts,
    notices: Vec<Notice>,
}

impl<P: DetectorPort> DetectorWorker<P> {
    /// A detector without partitions. The routed topic has `partitions` of them.
    pub fn new(port: P, policy: Policy, partitions: u32, pace: Pace) -> DetectorWorker<P> {
        DetectorWorker {
            port,
            policy,
            partitions,
            pace,
            age_limit: None,
            owned: BTreeMap::new(),
            outdated: BTreeSet::new(),
            in_doubt: BTreeSet::new(),
            rhythm: Rhythm::default(),
            polled: 0,
            alerts_since: None,
            last_commit: Millis(0),
            retry: Retry::default(),
            flood: FloodLimit::new(pace.dead_letters),
            counts: DetectorCounts::default(),
            notices: Vec::new(),
        }
    }

    /// Sets the age limit of alerts.
    #[must_use]
    pub fn with_age_limit(self, age_limit: Option<AgeLimit>) -> DetectorWorker<P> {
        DetectorWorker { age_limit, ..self }
    }

    /// Changes the policy. A running partition goes on under it behind its next checkpoint, which is due at once, exactly as a restart
    /// at that checkpoint would; a partition that is taken over begins under it.
    pub fn change_policy(&mut self, policy: Policy) {
        let is_running = |(_, progress): &(&u32, &Progress)| progress.task().is_some();
        self.outdated = self.owned.iter().filter(is_running).map(|(partition, _)| *partition).collect();
        self.policy = policy;
    }

    /// How many partitions go on under an earlier policy until their next checkpoint.
    pub fn outdated(&self) -> usize {
        self.outdated.len()
    }

    /// Commits what is due, polls once, applies the records, and takes over partitions.
    ///
    /// # Errors
    /// A fault ends the worker. Drop it: a new worker on a new port restores.
    pub fn step(&mut self, now: Millis) -> Result<(), Fault> {
        self.notices.clear();
        self.rhythm.step(now);
        if self.is_due(now) {
            let (pace, rhythm, outdated) = (self.pace, self.rhythm, self.outdated.clone());
            self.rhythm.begin(now);
            self.commit(now, &|partition, progress| {
                outdated.contains(&partition) || progress.checkpoint_is_due(&pace, &rhythm, now)
            })?;
        }
        self.polled = 0;
        let intake = if self.is_full() { Intake::Paused } else { Intake::Open };
        for input in self.port.poll(self.wait(now), intake)? {
            self.on_input(input, now)?;
        }
        self.rhythm.polled(self.polled, &self.pace);
        self.restore(now)?;
        self.resolve_doubt(now)
    }

    /// Uncommitted alerts stay in memory. While transactions are aborted or undecided, their number must not grow without a bound.
    fn is_full(&self) -> bool {
        let waiting: usize = self.owned.values().filter_map(Progress::task).map(DetectorTask::waiting).sum();
        waiting >= self.pace.outbox
    }

    /// How long a poll may wait without delaying anything else.
    fn wait(&self, now: Millis) -> Millis {
        let is_fetching = |progress: &Progress| progress.task().is_none() && progress.stopped().is_none();
        let fetches = !self.in_doubt.is_empty() || self.owned.values().any(is_fetching);
        let longest = if fetches { self.pace.linger } else { self.pace.poll };
        // A retry that is past has nothing left to send; else it would have been cleared.
        let commit = match (self.retry.at(now), self.alerts_since) {
            _ if !self.in_doubt.is_empty() => longest,
            (Some(at), _) => at.since(now),
            (None, Some(_)) => self.rhythm.wait(&self.pace, now),
            (None, None) => longest,
        };
        commit.min(longest)
    }

    fn on_input(&mut self, input: DetectorInput, now: Millis) -> Result<(), Fault> {
        match input {
            DetectorInput::Assign(partitions) => {
                self.refuse_added(&partitions)?;
                self.port.accept(&partitions)?;
                self.owned.extend(partitions.into_iter().map(|partition| (partition, Progress::assigned())));
            }
            DetectorInput::Revoke(partitions) => {
                self.last_commit_of(&partitions, now)?;
                self.release(&partitions)?;
            }
            DetectorInput::Lost(partitions) => self.release(&partitions)?,
            DetectorInput::Record(record) => self.on_record(&record, now),
            DetectorInput::Passed { partition, next } => {
                let task = self.owned.get_mut(&partition).and_then(Progress::task_mut);
                task.into_iter().for_each(|task| task.on_passed(next));
            }
        }
        Ok(())
    }

    /// Refuses partitions that were added to the routed topic: entities stay in the partitions of the number at the start, so state
    /// for records of the new ones would be missing.
    fn refuse_added(&self, partitions: &[u32]) -> Result<(), Fault> {
        let Some(added) = partitions.iter().find(|partition| **partition >= self.partitions) else {
            return Ok(());
        };
        let (TopicNames { routed, .. }, partitions) = (self.port.topics(), self.partitions);
        Err(Fault::Broken(format!(
            "{routed} has a partition {added}, and the state belongs to {partitions} partitions: some were added, and the state does \
             not move; to fix: docs/run.md, \"When something breaks\""
        )))
    }

    fn on_record(&mut self, record: &RoutedRecord, now: Millis) {
        let Some(task) = self.owned.get_mut(&record.partition).and_then(Progress::task_mut) else {
            self.counts.unexpected += 1;
            return;
        };
        let applied = task.on_record(record);
        match applied.outcome {
            RecordOutcome::Skipped => self.counts.skipped += 1,
            RecordOutcome::Unreadable => self.counts.unreadable += 1,
            RecordOutcome::Live => self.counts.applied += 1,
            RecordOutcome::Replayed => {
                self.counts.replayed += 1;
                self.counts.replayed_alerts += applied.alerts as u64;
            }
        }
        self.polled += applied.events;
        self.counts.suppressed += applied.suppressed as u64;
        self.counts.late += applied.late as u64;
        let is_excepted = |notice: &&Notice| matches!(notice, Notice::Excepted { .. });
        self.counts.excepted += applied.notices.iter().filter(is_excepted).count() as u64;
        self.notices.extend(applied.notices);
        if let Some(letter) = applied.dead {
            match self.flood.admits(letter.reason, now) {
                true => task.add_dead_letter(letter),
                false => self.counts.dead_suppressed += 1,
            }
        }
        if task.has_alerts() {
            self.alerts_since.get_or_insert(now);
        }
    }

    /// Drops the tasks of these partitions with everything uncommitted, which the next owner replays, and releases them.
    fn release(&mut self, partitions: &[u32]) -> Result<(), Fault> {
        for partition in partitions {
            self.owned.remove(partition);
            self.in_doubt.remove(partition);
            self.outdated.remove(partition);
        }
        self.port.release(partitions)
    }

    /// Advances every partition on its way to a running task.
    fn restore(&mut self, now: Millis) -> Result<(), Fault> {
        for (partition, mut progress) in std::mem::take(&mut self.owned) {
            if progress.task().is_none() {
                let (partitions, policy, retry) = (self.partitions, &self.policy, self.pace.retry_partition);
                let takeover = Takeover { partition, partitions, policy, now, retry };
                progress = takeover.advance(progress, &mut self.port)?;
                if let Some(task) = progress.task_mut() {
                    task.limit_age(self.age_limit);
                    self.counts.restored += 1;
                    self.counts.policy_crossings += u64::from(task.replays_another_policy());
                }
            }
            self.owned.insert(partition, progress);
        }
        Ok(())
    }

    /// After an unknown outcome: asks for the committed offset of each partition in doubt.
    fn resolve_doubt(&mut self, now: Millis) -> Result<(), Fault> {
        if self.in_doubt.is_empty() {
            return Ok(());
        }
        for partition in self.in_doubt.clone() {
            if let Answer::Ready(committed) = self.port.committed(partition)? {
                self.in_doubt.remove(&partition);
                let task = self.owned.get_mut(&partition).and_then(Progress::task_mut);
                task.into_iter().for_each(|task| task.resolved(committed));
            }
        }
        if self.in_doubt.is_empty() {
            self.restart_linger(now);
        }
        Ok(())
    }

    fn is_due(&self, now: Millis) -> bool {
        let waited = |since: Millis, length: Millis| now.since(since) >= length;
        let tasks = || self.owned.values().filter_map(Progress::task);
        let output = |since: Millis| self.is_full() || self.rhythm.is_due(since, &self.pace, now);
        self.retry.at(now).is_none()
            && self.in_doubt.is_empty()
            && (self.alerts_since.is_some_and(output)
                || (waited(self.last_commit, self.pace.quiet) && tasks().any(DetectorTask::has_progress))
                || self.owned.values().any(|it| it.checkpoint_is_due(&self.pace, &self.rhythm, now))
                || self.policy_is_due())
    }

    /// Whether a partition can write the checkpoint that its change of the policy waits for.
    fn policy_is_due(&self) -> bool {
        let task = |partition: &u32| self.owned.get(partition).and_then(Progress::task);
        self.outdated.iter().filter_map(task).any(|task| task.left_to_replay() == 0)
    }

    /// The last commit of partitions before they are released, with their checkpoints as far as they fit, so that the next owner
    /// has nothing to replay. If it fails, the next owner replays.
    fn last_commit_of(&mut self, partitions: &[u32], now: Millis) -> Result<bool, Fault> {
        self.commit(now, &|partition, progress| {
            let task = progress.task().filter(|_| partitions.contains(&partition));
            task.is_some_and(|task| task.applied_since_checkpoint() > 0)
        })
    }

    /// Before the process ends: commits everything, with checkpoints as far as they fit into one transaction. Returns whether it was
    /// committed and another call would commit further checkpoints.
    ///
    /// # Errors
    /// A fault: the next owner replays what was not committed.
    pub fn finish(&mut self, now: Millis) -> Result<bool, Fault> {
        let partitions: Vec<u32> = self.owned.keys().copied().collect();
        let committed = self.last_commit_of(&partitions, now)?;
        let is_left = |task: &DetectorTask| task.left_to_replay() == 0 && task.applied_since_checkpoint() > 0;
        Ok(committed && self.owned.values().filter_map(Progress::task).any(is_left))
    }

    /// Runs one transaction with everything that waits, and with the wanted checkpoints as far as they fit. Returns whether it is
    /// committed.
    fn commit(&mut self, now: Millis, wanted: &dyn Fn(u32, &Progress) -> bool) -> Result<bool, Fault> {
        if !self.in_doubt.is_empty() {
            return Ok(false);
        }
        let (transaction, checkpoints) = self.collect(wanted);
        if transaction.offsets.is_empty() {
            // Whatever waited left with its partition: the next poll may wait as usual.
            self.restart_linger(now);
            return Ok(false);
        }
        let outcome = self.port.commit(&transaction)?;
        match outcome {
            Outcome::Committed => self.on_committed(&transaction, &checkpoints, now),
            Outcome::Aborted => {
                self.counts.aborted += 1;
                self.retry.aborted(&self.pace, now);
                self.tasks_mut().for_each(DetectorTask::aborted);
            }
            Outcome::Unknown => {
                self.counts.unknown += 1;
                self.in_doubt = transaction.offsets.iter().map(|(partition, _)| *partition).collect();
            }
        }
        Ok(outcome == Outcome::Committed)
    }

    /// Collects the next transaction from all tasks, and the partitions whose checkpoint is in it.
    fn collect(&mut self, wanted: &dyn Fn(u32, &Progress) -> bool) -> (Transaction, Vec<u32>) {
        let (mut transaction, mut checkpoints, mut bytes) = (Transaction::default(), Vec::new(), 0);
        for (partition, progress) in &mut self.owned {
            let checkpoint = wanted(*partition, progress) && bytes <= self.pace.checkpoint_bytes;
            let Some(task) = progress.task_mut() else { continue };
            if task.needs_first_checkpoint() && !checkpoint {
                continue;
            }
            let Some(output) = task.take(checkpoint) else { continue };
            bytes += output.checkpoint.iter().map(CheckpointRecord::bytes).sum::<usize>();
            checkpoints.extend((!output.checkpoint.is_empty()).then_some(*partition));
            transaction.alerts.extend(output.alerts);
            transaction.dead.extend(output.dead);
            transaction.links.extend(output.links);
            transaction.checkpoint.extend(output.checkpoint);
            transaction.offsets.push((*partition, output.offset));
        }
        (transaction, checkpoints)
    }

    fn on_committed(&mut self, transaction: &Transaction, checkpoints: &[u32], now: Millis) {
        self.counts.committed += 1;
        self.counts.alerts += transaction.alerts.len() as u64;
        self.counts.checkpoints += checkpoints.len() as u64;
        self.last_commit = now;
        self.tasks_mut().for_each(DetectorTask::committed);
        for partition in checkpoints {
            if let Some(Progress::Running { checkpoint_at, .. }) = self.owned.get_mut(partition) {
                *checkpoint_at = now;
            }
            if self.outdated.remove(partition) {
                let task = self.owned.get_mut(partition).and_then(Progress::task_mut);
                task.into_iter().for_each(|task| task.change_policy(self.policy.clone()));
            }
        }
        self.restart_linger(now);
    }

    /// Alerts that arrived during a commit wait for the next one.
    fn restart_linger(&mut self, now: Millis) {
        self.retry.committed();
        let waiting = self.owned.values().filter_map(Progress::task).any(DetectorTask::has_alerts);
        self.alerts_since = waiting.then_some(now);
    }

    fn tasks_mut(&mut self) -> impl Iterator<Item = &mut DetectorTask> {
        self.owned.values_mut().filter_map(Progress::task_mut)
    }

    /// Whether every assigned partition raises alerts: none is being restored or stopped.
    pub fn is_ready(&self) -> bool {
        self.owned.values().all(|progress| progress.task().is_some_and(|task| task.left_to_replay() == 0))
    }

    /// The assigned partitions that are unusable, each with the reason.
    pub fn stopped(&self) -> impl Iterator<Item = (u32, &str)> {
        self.owned.iter().filter_map(|(partition, progress)| Some((*partition, progress.stopped()?)))
    }

    /// The status of every assigned partition.
    pub fn status(&self) -> impl Iterator<Item = PartitionStatus> {
        self.owned.iter().map(|(partition, progress)| {
            let task = progress.task();
            PartitionStatus {
                partition: *partition,
                position: task.map(DetectorTask::position),
                left_to_replay: task.map_or(0, DetectorTask::left_to_replay),
                size: task.map(DetectorTask::size).unwrap_or_default(),
                watermark: task.map(DetectorTask::watermark),
                since_checkpoint: task.map_or(0, DetectorTask::applied_since_checkpoint),
                checkpoint_at: progress.checkpoint_at(),
            }
        })
    }

    /// The training progress of the CAs that the policy names and whose state is in the assigned partitions.
    pub fn trainings(&self) -> impl Iterator<Item = CaTraining> {
        self.owned.values().filter_map(Progress::task).flat_map(DetectorTask::trainings)
    }

    /// The running task of a partition.
    pub fn task(&self, partition: u32) -> Option<&DetectorTask> {
        self.owned.get(&partition).and_then(Progress::task)
    }

    /// What detections reported in the last step besides alerts.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What was done since the start.
    pub fn counts(&self) -> DetectorCounts {
        self.counts
    }

    /// The port, for its own state.
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }
}
