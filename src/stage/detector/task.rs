//! The detector's task: one partition of the routed topic in memory. Records in; alerts, checkpoints and offsets out.
//!
//! The worker takes what a transaction is to contain ([`DetectorTask::take`]) and reports its outcome: committed, aborted, or
//! resolved after an unknown outcome. Memory is never rolled back: what was taken and is not committed is taken again.

use crate::alert::Alert;
use crate::detect::policy::Policy;
use crate::engine::{CaTraining, Engine, StateSize};
use crate::event::Event;
use crate::event::time::Time;
use crate::stage::detector::age::{AgeLimit, Older};
use crate::stage::detector::applied::{Applied, RecordOutcome, TaskOutput};
use crate::stage::detector::checkpoint::NextCheckpoint;
use crate::stage::detector::outbox::{Outbox, unreadable};
use crate::stage::pace::Unwritten;
use crate::stage::port::{CheckpointRecord, DeadLetter, PendingAlert, RoutedRecord};
use crate::wire;

/// Where a task starts, as a restore found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) partition: u32,
    pub(crate) partitions: u32,
    /// The committed offset of the group.
    pub(crate) committed: Option<u64>,
    /// The next offset to apply.
    pub(crate) position: u64,
    pub(crate) has_checkpoint: bool,
    /// The checkpoint was written under another policy than that of the engine.
    pub(crate) has_other_policy: bool,
}

/// The detections of one partition with their state, and what is not committed yet.
#[derive(Debug)]
pub struct DetectorTask {
    partition: u32,
    partitions: u32,
    engine: Engine,
    next: u64,
    live_from: u64,
    replays_another_policy: bool,
    committed: Option<u64>,
    checkpoint: NextCheckpoint,
    outbox: Outbox,
    taken: Option<Taken>,
    age_limit: Option<AgeLimit>,
}

/// What of a task is in a transaction whose outcome is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    offset: u64,
    checkpoint: bool,
}

impl DetectorTask {
    pub(crate) fn new(engine: Engine, beginning: Beginning) -> DetectorTask {
        let Beginning { partition, partitions, committed, position, has_checkpoint, .. } = beginning;
        // A checkpoint is committed together with all alerts below its offset, so alerts below either offset are committed.
        let live_from = committed.unwrap_or_default().max(position);
        DetectorTask {
            partition,
            partitions,
            engine,
            next: position,
            live_from,
            replays_another_policy: beginning.has_other_policy && position < live_from,
            committed,
            checkpoint: NextCheckpoint::after(has_checkpoint.then_some(position)),
            outbox: Outbox::default(),
            taken: None,
            age_limit: None,
        }
    }

    /// Sets the age limit of alerts. The state does not depend on it.
    pub fn limit_age(&mut self, limit: Option<AgeLimit>) {
        self.age_limit = limit;
    }

    /// Removes the state of disabled detections from the topic with the next checkpoint. The engine has dropped it, so its records
    /// would not match the digest of the marker.
    pub(crate) fn remove_disabled(&mut self, written: Vec<(String, Vec<u8>)>) {
        let forgotten = written.into_iter().filter(|(id, _)| !self.engine.remembers(id));
        for (detection, key) in forgotten {
            self.checkpoint.remove(detection, key);
        }
    }

    /// Goes on under another policy, as a restart would. Only directly behind a committed checkpoint: so no replay of this task's
    /// records crosses the change.
    pub(crate) fn change_policy(&mut self, policy: Policy) {
        for (detection, key) in self.engine.change_policy(policy) {
            self.checkpoint.remove(detection, key);
        }
    }

    /// Applies the next record. Offsets may jump (transaction markers, aborted records) but never go back.
    pub fn on_record(&mut self, record: &RoutedRecord) -> Applied {
        let mut applied = Applied::skipped();
        if record.offset < self.next {
            return applied;
        }
        self.next = record.offset + 1;
        let live = record.offset >= self.live_from;
        applied.outcome = if live { RecordOutcome::Live } else { RecordOutcome::Replayed };
        let mut damage = None;
        for event in wire::routed::decode(&record.value) {
            self.checkpoint.count_event();
            applied.events += 1;
            match event {
                Ok(event) => self.on_event(event, record, live, &mut applied),
                Err(detail) => {
                    damage.get_or_insert(detail);
                }
            }
        }
        if let Some(detail) = damage {
            applied.outcome = RecordOutcome::Unreadable;
            applied.dead = live.then(|| unreadable(record, detail));
        }
        applied
    }

    /// Writes this dead letter with the next commit.
    pub(crate) fn add_dead_letter(&mut self, letter: DeadLetter) {
        self.outbox.add_dead_letter(letter.offset, letter);
    }

    /// Moves the position past transaction markers and aborted records. They are committed like records, so that retention never
    /// deletes an offset at which a successor would have to start.
    pub fn on_passed(&mut self, next: u64) {
        self.next = self.next.max(next);
    }

    fn on_event(&mut self, mut event: Event, record: &RoutedRecord, live: bool, applied: &mut Applied) {
        let (here, partitions) = (self.partition, self.partitions);
        let appended = event.origin.append_time;
        // A source's record may carry any time; this one was appended by the broker of the routed topic.
        event.bound_by_append(record.append_time);
        let output = self.engine.on_event_where(&event, |place| place.is_in(here, partitions));
        let alerts = output.alerts.len();
        applied.alerts += alerts;
        if !live {
            return;
        }
        let written = self.written(output.alerts, event.effective_time(), record.append_time);
        applied.suppressed += alerts - written.len();
        applied.late += usize::from(output.late);
        applied.notices.extend(output.notices);
        for alert in written {
            let from = (record.partition, record.offset);
            self.outbox.add_alert(record.offset, PendingAlert { alert, from, appended });
        }
        for link in output.links {
            let to = self.engine.partitions(&link, partitions);
            self.outbox.add_links(record.offset, link, appended, to);
        }
    }

    /// Applies the age limit to alerts on an event of this time: those that are written. Links have no limit.
    fn written(&self, mut alerts: Vec<Alert>, event: Time, appended: Option<Time>) -> Vec<Alert> {
        match self.age_limit.and_then(|limit| limit.judge(event, appended)) {
            None => {}
            Some(Older::Mark) => alerts.iter_mut().for_each(|alert| alert.historical = true),
            Some(Older::Suppress) => alerts.clear(),
        }
        alerts
    }

    /// The next offset to apply.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// How many offsets are left to replay without output.
    pub fn left_to_replay(&self) -> u64 {
        self.live_from.saturating_sub(self.next)
    }

    /// Whether the replay crosses a change of the policy. A policy changes at a checkpoint; after a crash just then the records behind
    /// the checkpoint are replayed under the new policy, and the alerts of the old one are committed.
    pub fn replays_another_policy(&self) -> bool {
        self.replays_another_policy
    }

    /// Whether alerts or dead letters wait to be sent.
    pub fn has_alerts(&self) -> bool {
        self.outbox.len() > 0
    }

    /// How many alerts and dead letters wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Whether an offset waits to be committed.
    pub fn has_progress(&self) -> bool {
        self.left_to_replay() == 0
            && (self.committed != Some(self.next) || self.checkpoint.has_only_passed(self.next))
    }

    /// Whether the next commit must contain a checkpoint: there is none yet, and it records where the history starts.
    pub fn needs_first_checkpoint(&self) -> bool {
        self.checkpoint.is_first() && self.left_to_replay() == 0
    }

    /// Events applied since the last checkpoint: those that a restore would replay.
    pub fn applied_since_checkpoint(&self) -> u64 {
        self.checkpoint.applied()
    }

    /// What the next checkpoint saves and contains.
    pub(crate) fn unwritten(&self) -> Unwritten {
        let records = self.checkpoint.unwritten() + self.engine.changes();
        Unwritten { events: self.checkpoint.applied(), records }
    }

    /// Everything to commit, with a checkpoint or without: the state that changed since the last committed checkpoint, and the marker
    /// that closes it. None while the task replays, and when there is nothing to commit.
    ///
    /// There is always an offset, even if it is committed already: by it the broker refuses a task whose partition has another
    /// owner. If only markers and aborted records were passed since the last checkpoint, the checkpoint moves along: the state at
    /// both offsets is the same, so it is one small record, and retention cannot delete where a restore would start.
    pub fn take(&mut self, checkpoint: bool) -> Option<TaskOutput> {
        if self.left_to_replay() > 0 || !(checkpoint || self.has_progress()) {
            return None;
        }
        let checkpoint = checkpoint || self.checkpoint.has_only_passed(self.next);
        let mut output = TaskOutput { offset: self.next, ..TaskOutput::default() };
        self.outbox.copy_into(&mut output);
        if checkpoint {
            output.checkpoint = self.checkpoint_records();
        }
        self.taken = Some(Taken { offset: self.next, checkpoint });
        Some(output)
    }

    fn checkpoint_records(&mut self) -> Vec<CheckpointRecord> {
        let changes = self.engine.take_changes();
        self.checkpoint.records(self.partition, changes, &self.engine.marker(self.next, self.partitions))
    }

    /// The transaction is committed.
    pub fn committed(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        self.committed_below(taken.offset);
        if taken.checkpoint {
            self.checkpoint.committed(taken.offset);
        }
    }

    /// The transaction is aborted: its content will be taken again.
    pub fn aborted(&mut self) {
        self.taken = None;
    }

    /// The outcome of the transaction was unknown and is resolved by the committed offset. The checkpoint is written again in either
    /// case, which is harmless.
    pub fn resolved(&mut self, committed: Option<u64>) {
        self.taken = None;
        if let Some(committed) = committed {
            self.committed_below(committed);
        }
    }

    fn committed_below(&mut self, offset: u64) {
        self.committed = self.committed.max(Some(offset));
        self.outbox.committed_below(offset);
    }

    /// The size of the state.
    pub fn size(&self) -> StateSize {
        self.engine.size()
    }

    /// The training progress of the CAs that the policy names and whose state is in this partition.
    pub fn trainings(&self) -> Vec<CaTraining> {
        self.engine.trainings(|place| place.is_in(self.partition, self.partitions))
    }

    /// The digest of the state, as in the marker of a checkpoint.
    pub fn digest(&self) -> u128 {
        self.engine.digest()
    }

    /// The greatest event time so far.
    pub fn watermark(&self) -> Time {
        self.engine.watermark()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::testing::record;
    use std::collections::BTreeMap;

    fn beginning(partition: u32, partitions: u32, committed: Option<u64>) -> Beginning {
        let (has_checkpoint, has_other_policy) = (committed.is_some(), false);
        Beginning { partition, partitions, committed, position: 0, has_checkpoint, has_other_policy }
    }

    fn task(committed: Option<u64>) -> DetectorTask {
        DetectorTask::new(Engine::new(Policy::default()), beginning(0, 1, committed))
    }

    fn did(applied: &Applied) -> (RecordOutcome, usize, usize) {
        (applied.outcome, applied.alerts, applied.suppressed)
    }

    #[test]
    fn offsets_jump_and_never_go_back() {
        let mut task = task(None);
        assert_eq!(did(&task.on_record(&record(3))), (RecordOutcome::Live, 1, 0));
        assert_eq!(did(&task.on_record(&record(3))), (RecordOutcome::Skipped, 0, 0));
        assert_eq!(did(&task.on_record(&record(0))), (RecordOutcome::Skipped, 0, 0));
        assert_eq!(task.position(), 4);
    }

    #[test]
    fn replay_raises_and_commits_nothing() {
        let mut task = task(Some(2));
        assert_eq!(did(&task.on_record(&record(0))), (RecordOutcome::Replayed, 1, 0));
        assert_eq!((task.left_to_replay(), task.take(true)), (1, None));
        task.on_record(&record(1));
        assert_eq!((task.left_to_replay(), task.take(false)), (0, None), "nothing new");
        assert_eq!(did(&task.on_record(&record(2))), (RecordOutcome::Live, 1, 0));
        assert_eq!(task.take(false).map(|output| (output.alerts.len(), output.offset)), Some((1, 3)));
    }

    #[test]
    fn uncommitted_output_is_taken_again() {
        let mut task = task(None);
        task.on_record(&record(0));
        let first = task.take(false);
        task.aborted();
        assert_eq!(task.take(false), first);
        task.on_record(&record(1));
        task.resolved(Some(1));
        let rest = task.take(false).unwrap_or_default();
        assert_eq!((rest.alerts.len(), rest.alerts[0].alert.revision, rest.offset), (1, 2, 2));
        task.committed();
        assert_eq!((task.has_alerts(), task.take(false)), (false, None));
    }

    #[test]
    fn trainings_are_reported_in_the_partition_of_the_ca() {
        let cas: BTreeMap<String, String> = [("ca01.corp.example".to_owned(), "CORP-CA01".to_owned())].into();
        let engine = || Engine::new(Policy { cas: cas.clone(), ..Policy::default() });
        let mut task = DetectorTask::new(engine(), beginning(0, 1, None));
        let days = |task: &DetectorTask| {
            task.trainings().iter().map(|ca| (ca.detection, ca.training.days)).collect::<BTreeMap<_, _>>()
        };
        let baselines = days(&task);
        assert_eq!(baselines["certlog-remote-write"], 0, "it waits for data");
        task.on_record(&record(0));
        assert_eq!(days(&task)["certlog-remote-write"], 1);
        let elsewhere = (0..4).map(|partition| DetectorTask::new(engine(), beginning(partition, 4, None)));
        assert_eq!(
            elsewhere.map(|task| task.trainings().len()).sum::<usize>(),
            baselines.len(),
            "the state of a CA is in one partition"
        );
    }

    #[test]
    fn alerts_on_old_events_are_marked_or_suppressed_and_the_state_is_the_same() {
        use crate::event::time::Span;
        let run = |limit: Option<AgeLimit>| {
            let mut task = task(None);
            task.limit_age(limit);
            let old = crate::stage::testing::mismatch(1).time.plus(Span::days(8));
            let first = task.on_record(&RoutedRecord { append_time: Some(old), ..record(0) });
            task.on_record(&RoutedRecord { append_time: Some(old.minus(Span::days(2))), ..record(1) });
            let alerts = task.take(false).unwrap_or_default().alerts;
            let written = alerts.iter().map(|raised| (raised.alert.revision, raised.alert.historical));
            (first, written.collect::<Vec<_>>(), task.digest())
        };
        let limit = |older| Some(AgeLimit { max_age: Span::days(7), older });
        let (off, mark, suppress) = (run(None), run(limit(Older::Mark)), run(limit(Older::Suppress)));
        assert_eq!(off.1, [(1, false), (2, false)]);
        assert_eq!(mark.1, [(1, true), (2, false)]);
        assert_eq!(suppress.1, [(2, false)], "the revision of today is written");
        assert_eq!(did(&suppress.0), (RecordOutcome::Live, 1, 1));
        assert_eq!((off.2, off.2), (mark.2, suppress.2), "the state is a function of the log");
    }

    #[test]
    fn alert_carries_the_append_time_of_its_source_record() {
        let mut event = crate::stage::testing::mismatch(1);
        let appended = Some(event.time.plus(crate::event::time::Span::seconds(3)));
        event.origin.append_time = appended;
        let mut task = task(None);
        task.on_record(&RoutedRecord { value: wire::routed::encode([&event]), ..record(0) });
        task.on_record(&record(1));
        let output = task.take(false).unwrap_or_default();
        assert_eq!(output.alerts.iter().map(|raised| raised.appended).collect::<Vec<_>>(), [appended, None]);
        let links = output.links.iter().flat_map(|link| wire::routed::decode(&link.value)).flatten();
        assert_eq!(links.map(|link| link.origin.append_time).collect::<Vec<_>>(), [appended, None]);
    }

    #[test]
    fn uncommitted_checkpoint_is_written_again() {
        let mut task = task(None);
        task.on_record(&record(0));
        let of = |output: Option<TaskOutput>| output.unwrap_or_default().checkpoint;
        let first = of(task.take(true));
        task.aborted();
        task.committed();
        assert_eq!(of(task.take(true)), first, "all of it again without a further change");
        task.resolved(Some(1));
        assert_eq!(of(task.take(true)), first, "an unknown outcome commits nothing");
        task.committed();
        assert!(!task.needs_first_checkpoint());
        let marker = of(task.take(true));
        assert_eq!(
            (marker.len(), marker.last()),
            (1, first.last()),
            "with an offset although nothing is new"
        );
    }

    #[test]
    fn position_passes_markers_and_the_checkpoint_moves_along() {
        let mut task = task(None);
        task.on_record(&record(0));
        task.take(true);
        task.committed();
        task.on_passed(2);
        task.on_passed(1);
        assert_eq!((task.position(), task.has_progress()), (2, true));
        let output = task.take(false).unwrap_or_default();
        let marker = output.checkpoint.iter().map(|record| record.key.as_slice()).collect::<Vec<_>>();
        assert_eq!(
            (output.offset, marker),
            (2, vec![&b"marker"[..]]),
            "the state is the same at both offsets"
        );
        task.committed();
        assert_eq!(task.take(false), None);
        task.on_record(&record(2));
        task.on_passed(4);
        let output = task.take(false).unwrap_or_default();
        assert_eq!((output.offset, output.checkpoint.len()), (4, 0), "it waits for the next checkpoint");
    }

    #[test]
    fn replay_ends_at_a_committed_offset_behind_markers() {
        let mut task = task(Some(3));
        task.on_record(&record(0));
        assert_eq!(task.left_to_replay(), 2);
        task.on_passed(3);
        assert_eq!((task.left_to_replay(), task.has_progress()), (0, false));
    }

    #[test]
    fn unreadable_record_is_one_dead_letter() {
        let damaged = |offset| RoutedRecord { value: vec![0xff], ..record(offset) };
        let mut task = task(Some(1));
        let [replayed, live] = [0, 1].map(|offset| task.on_record(&damaged(offset)));
        assert_eq!([replayed.outcome, live.outcome], [RecordOutcome::Unreadable; 2]);
        assert_eq!(replayed.dead, None, "its dead letter is committed");
        live.dead.into_iter().for_each(|letter| task.add_dead_letter(letter));
        let output = task.take(false).unwrap_or_default();
        assert_eq!(output.dead.iter().map(|dead| dead.offset).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn events_of_one_record_are_applied_one_by_one() {
        use crate::stage::testing::mismatch;
        let events = [mismatch(1), mismatch(2), mismatch(3)];
        let (mut together, mut apart) = (task(None), task(None));
        let value = wire::routed::encode(&events);
        assert_eq!(
            did(&together.on_record(&RoutedRecord { value, ..record(0) })),
            (RecordOutcome::Live, 3, 0)
        );
        for (offset, event) in (0..).zip(&events) {
            apart.on_record(&RoutedRecord { value: wire::routed::encode([event]), ..record(offset) });
        }
        let raised = |task: &mut DetectorTask| task.take(false).unwrap_or_default().alerts.into_iter();
        let alerts = |task: &mut DetectorTask| raised(task).map(|raised| raised.alert).collect::<Vec<_>>();
        assert_eq!(alerts(&mut together), alerts(&mut apart));
        assert_eq!(together.digest(), apart.digest());
        assert_eq!(together.applied_since_checkpoint(), 3);
    }

    #[test]
    fn damaged_event_is_a_dead_letter_and_the_others_are_applied() {
        use crate::stage::testing::mismatch;
        let mut value = wire::routed::encode([&mismatch(1)]);
        wire::routed::push(&mut value, &[0xff]);
        wire::routed::push(&mut value, &wire::event::encode(&mismatch(2)));
        let mut task = task(None);
        let applied = task.on_record(&RoutedRecord { value, ..record(0) });
        assert_eq!((did(&applied), applied.dead.is_some()), ((RecordOutcome::Unreadable, 2, 0), true));
        assert_eq!(task.take(false).unwrap_or_default().alerts.len(), 2);
    }
}
