//! One partition of the routed topic in memory: records in, alerts and checkpoints out.
//!
//! What goes into a transaction is taken, and then confirmed, aborted or settled. The memory itself is never undone: what was
//! taken and did not go out is taken again.

use crate::alert::Alert;
use crate::engine::{CaTraining, Engine, StateSize};
use crate::event::Event;
use crate::event::time::Time;
use crate::stage::detector::age::{AgeLimit, Older};
use crate::stage::detector::applied::{Applied, Became, TaskOutput};
use crate::stage::detector::checkpoint;
use crate::stage::port::{CheckpointRecord, DeadLetter, Raised, RoutedRecord, SourcePartition};
use crate::wire;
use crate::wire::record::StateRecord;
use std::collections::{BTreeMap, VecDeque};

/// Where a task begins: what [`crate::stage::detector::restore::Restore`] found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) partition: u32,
    pub(crate) partitions: u32,
    pub(crate) committed: Option<u64>,
    pub(crate) position: u64,
    pub(crate) has_checkpoint: bool,
    /// The checkpoint was written under another policy than that of the engine.
    pub(crate) has_other_policy: bool,
}

/// One partition's detections, their state, and what is not committed yet.
#[derive(Debug)]
pub struct DetectorTask {
    partition: u32,
    partitions: u32,
    engine: Engine,
    next: u64,
    live_from: u64,
    replays_another_policy: bool,
    committed: Option<u64>,
    has_checkpoint: bool,
    outbox: VecDeque<(u64, Outgoing)>,
    unwritten: BTreeMap<(String, Vec<u8>), StateRecord>,
    applied_since_checkpoint: u64,
    taken: Option<Taken>,
    age_limit: Option<AgeLimit>,
}

#[derive(Clone, Debug, PartialEq)]
enum Outgoing {
    Alert(Box<Raised>),
    Dead(DeadLetter),
}

/// What of a task is in a transaction whose end is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    offset: u64,
    checkpoint: bool,
}

impl DetectorTask {
    pub(crate) fn new(engine: Engine, beginning: Beginning) -> DetectorTask {
        let Beginning { partition, partitions, committed, position, has_checkpoint, .. } = beginning;
        // A checkpoint goes out together with all alerts below its offset, so they are out below either.
        let live_from = committed.unwrap_or_default().max(position);
        DetectorTask {
            partition,
            partitions,
            engine,
            next: position,
            live_from,
            replays_another_policy: beginning.has_other_policy && position < live_from,
            committed,
            has_checkpoint,
            outbox: VecDeque::new(),
            unwritten: BTreeMap::new(),
            applied_since_checkpoint: 0,
            taken: None,
            age_limit: None,
        }
    }

    /// From now on alerts that are old news are marked or held. What is remembered does not change by it.
    pub fn limit_age(&mut self, limit: Option<AgeLimit>) {
        self.age_limit = limit;
    }

    /// State of detections that are switched off was dropped by the engine: the next checkpoint removes it from the topic, or its
    /// records would not be those of the marker.
    pub(crate) fn forget_unclaimed(&mut self, written: Vec<(String, Vec<u8>)>) {
        for (detection, key) in written.into_iter().filter(|(detection, _)| !self.engine.runs(detection)) {
            let gone =
                StateRecord { detection: detection.clone(), key: key.clone(), ..StateRecord::default() };
            self.unwritten.insert((detection, key), gone);
        }
    }

    /// Applies the next record. Offsets jump (transaction markers, aborted records); they never go back.
    pub fn on_record(&mut self, record: &RoutedRecord) -> Applied {
        let mut applied =
            Applied { became: Became::Skipped, alerts: 0, held: 0, notices: Vec::new(), late: 0 };
        if record.offset < self.next {
            return applied;
        }
        self.next = record.offset + 1;
        let live = record.offset >= self.live_from;
        applied.became = if live { Became::Live } else { Became::Replayed };
        let mut damage = None;
        for event in wire::routed::decode(&record.value) {
            self.applied_since_checkpoint += 1;
            match event {
                Ok(event) => self.on_event(&event, record, live, &mut applied),
                Err(detail) => {
                    damage.get_or_insert(detail);
                }
            }
        }
        if let Some(detail) = damage {
            applied.became = Became::Unreadable;
            if live {
                self.outbox.push_back((record.offset, Outgoing::Dead(unreadable(record, detail))));
            }
        }
        applied
    }

    fn on_event(&mut self, event: &Event, record: &RoutedRecord, live: bool, applied: &mut Applied) {
        let (here, partitions) = (self.partition, self.partitions);
        let output = self.engine.on_event_where(event, |key| key.partition(partitions) == here);
        let alerts = output.alerts.len();
        applied.alerts += alerts;
        if !live {
            return;
        }
        let written = self.written(output.alerts, event.time, record.append_time);
        applied.held += alerts - written.len();
        applied.late += usize::from(output.late);
        applied.notices.extend(output.notices);
        let appended = event.origin.append_time;
        let raised = written.into_iter().map(|alert| Box::new(Raised { alert, appended }));
        self.outbox.extend(raised.map(|raised| (record.offset, Outgoing::Alert(raised))));
    }

    /// What is written of these alerts on an event of this time.
    fn written(&self, mut alerts: Vec<Alert>, event: Time, appended: Option<Time>) -> Vec<Alert> {
        match self.age_limit.and_then(|limit| limit.judge(event, appended)) {
            None => {}
            Some(Older::Mark) => alerts.iter_mut().for_each(|alert| alert.historical = true),
            Some(Older::Hold) => alerts.clear(),
        }
        alerts
    }

    /// The next offset to apply.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// How many offsets are left to replay in silence.
    pub fn left_to_replay(&self) -> u64 {
        self.live_from.saturating_sub(self.next)
    }

    /// Whether the replay crosses a change of the policy. A policy changes at a checkpoint, but for a crash just then: the state is
    /// what the new policy makes of those records, and what the old one alerted is out.
    pub fn replays_another_policy(&self) -> bool {
        self.replays_another_policy
    }

    /// Whether something urgent waits to be sent.
    pub fn has_alerts(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// How many alerts and dead letters wait to be sent.
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Whether an offset waits to be committed.
    pub fn has_progress(&self) -> bool {
        self.left_to_replay() == 0 && self.committed != Some(self.next)
    }

    /// Whether nothing may be committed without a checkpoint: there is none yet, and it says where the history begins.
    pub fn needs_first_checkpoint(&self) -> bool {
        !self.has_checkpoint && self.left_to_replay() == 0
    }

    /// Events applied since the last checkpoint: what a restore would replay.
    pub fn applied_since_checkpoint(&self) -> u64 {
        self.applied_since_checkpoint
    }

    /// Everything that is to be sent, with a checkpoint or without: the state that changed since the last checkpoint that is
    /// known to be written, and the marker that closes it. None while the task replays, and when there is nothing to send.
    ///
    /// There is always an offset, also where it is the committed one: by it the log refuses whoever does not own the partition
    /// any more.
    pub fn take(&mut self, checkpoint: bool) -> Option<TaskOutput> {
        if self.left_to_replay() > 0 || !(checkpoint || self.has_progress()) {
            return None;
        }
        let mut output = TaskOutput { offset: self.next, ..TaskOutput::default() };
        for (_, outgoing) in &self.outbox {
            match outgoing {
                Outgoing::Alert(alert) => output.alerts.push((**alert).clone()),
                Outgoing::Dead(dead) => output.dead.push(dead.clone()),
            }
        }
        if checkpoint {
            output.checkpoint = self.checkpoint();
        }
        self.taken = Some(Taken { offset: self.next, checkpoint });
        Some(output)
    }

    fn checkpoint(&mut self) -> Vec<CheckpointRecord> {
        let changes = self.engine.take_changes();
        self.unwritten.extend(changes.into_iter().map(|c| ((c.detection.clone(), c.key.clone()), c)));
        let state = self.unwritten.values().map(|record| checkpoint::state_record(self.partition, record));
        let marker = self.engine.marker(self.next);
        state.chain([checkpoint::marker_record(self.partition, &marker)]).collect()
    }

    /// What was taken is out.
    pub fn confirmed(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        self.sent_below(taken.offset);
        if taken.checkpoint {
            self.has_checkpoint = true;
            self.unwritten.clear();
            self.applied_since_checkpoint = 0;
        }
    }

    /// What was taken is not out, and will be taken again.
    pub fn aborted(&mut self) {
        self.taken = None;
    }

    /// What was taken may be out: the committed offset tells for the alerts. A checkpoint is written again in any case, which
    /// does no harm.
    pub fn settled(&mut self, committed: Option<u64>) {
        self.taken = None;
        if let Some(committed) = committed {
            self.sent_below(committed);
        }
    }

    fn sent_below(&mut self, offset: u64) {
        self.committed = self.committed.max(Some(offset));
        while self.outbox.front().is_some_and(|(of, _)| *of < offset) {
            self.outbox.pop_front();
        }
    }

    /// The size of the state.
    pub fn size(&self) -> StateSize {
        self.engine.size()
    }

    /// How far the baselines are trained of the CAs that the policy names and that live in this partition.
    pub fn trainings(&self) -> Vec<CaTraining> {
        self.engine.trainings(|key| key.partition(self.partitions) == self.partition)
    }

    /// The digest of the state.
    pub fn digest(&self) -> u128 {
        self.engine.digest()
    }

    /// The greatest event time seen.
    pub fn watermark(&self) -> Time {
        self.engine.watermark()
    }
}

/// The topic is called by its role: its name is the service's to know.
fn unreadable(record: &RoutedRecord, detail: String) -> DeadLetter {
    DeadLetter {
        from: SourcePartition { topic: ROUTED.to_owned(), partition: record.partition },
        offset: record.offset,
        append_time: None,
        reason: UNREADABLE,
        detail,
        record: record.value.clone(),
    }
}

/// What a dead letter of the detector names as its topic, whatever the routed topic's name is.
pub const ROUTED: &str = "routed";

/// The reason of a dead letter of the detector.
pub const UNREADABLE: &str = "unreadable_routed_record";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::policy::Policy;
    use crate::stage::testing::record;

    fn task(committed: Option<u64>) -> DetectorTask {
        let beginning = Beginning {
            partition: 0,
            partitions: 1,
            committed,
            position: 0,
            has_checkpoint: committed.is_some(),
            has_other_policy: false,
        };
        DetectorTask::new(Engine::new(Policy::default()), beginning)
    }

    fn did(applied: &Applied) -> (Became, usize, usize) {
        (applied.became, applied.alerts, applied.held)
    }

    #[test]
    fn offsets_jump_and_never_go_back() {
        let mut task = task(None);
        assert_eq!(did(&task.on_record(&record(3))), (Became::Live, 1, 0));
        assert_eq!(did(&task.on_record(&record(3))), (Became::Skipped, 0, 0));
        assert_eq!(did(&task.on_record(&record(0))), (Became::Skipped, 0, 0));
        assert_eq!(task.position(), 4);
    }

    #[test]
    fn a_replay_is_silent_and_commits_nothing() {
        let mut task = task(Some(2));
        assert_eq!(did(&task.on_record(&record(0))), (Became::Replayed, 1, 0));
        assert_eq!((task.left_to_replay(), task.take(true)), (1, None));
        task.on_record(&record(1));
        assert_eq!((task.left_to_replay(), task.take(false)), (0, None), "nothing new");
        assert_eq!(did(&task.on_record(&record(2))), (Became::Live, 1, 0));
        assert_eq!(task.take(false).map(|output| (output.alerts.len(), output.offset)), Some((1, 3)));
    }

    #[test]
    fn what_did_not_go_out_is_taken_again() {
        let mut task = task(None);
        task.on_record(&record(0));
        let first = task.take(false);
        task.aborted();
        assert_eq!(task.take(false), first);
        task.on_record(&record(1));
        task.settled(Some(1));
        let rest = task.take(false).unwrap_or_default();
        assert_eq!((rest.alerts.len(), rest.alerts[0].alert.revision, rest.offset), (1, 2, 2));
        task.confirmed();
        assert_eq!((task.has_alerts(), task.take(false)), (false, None));
    }

    #[test]
    fn baselines_of_named_cas_are_told_where_they_live() {
        let cas: BTreeMap<String, String> = [("ca01.corp.example".to_owned(), "CORP-CA01".to_owned())].into();
        let engine = || Engine::new(Policy { cas: cas.clone(), ..Policy::default() });
        let beginning = |partition, partitions| Beginning {
            partition,
            partitions,
            committed: None,
            position: 0,
            has_checkpoint: false,
            has_other_policy: false,
        };
        let mut task = DetectorTask::new(engine(), beginning(0, 1));
        let days = |task: &DetectorTask| {
            task.trainings().iter().map(|told| (told.detection, told.training.days)).collect::<Vec<_>>()
        };
        assert_eq!(days(&task), [("certlog-remote-write", 0)], "it waits for data");
        task.on_record(&record(0));
        assert_eq!(days(&task), [("certlog-remote-write", 1)]);
        let elsewhere = (0..4).map(|partition| DetectorTask::new(engine(), beginning(partition, 4)));
        assert_eq!(
            elsewhere.map(|task| task.trainings().len()).sum::<usize>(),
            1,
            "it lives in one partition"
        );
    }

    #[test]
    fn old_news_is_marked_or_held_and_remembered_all_the_same() {
        use crate::event::time::Span;
        let run = |limit: Option<AgeLimit>| {
            let mut task = task(None);
            task.limit_age(limit);
            let old = crate::stage::testing::mismatch(1).time.plus(Span::days(8));
            let first = task.on_record(&RoutedRecord { append_time: Some(old), ..record(0) });
            task.on_record(&RoutedRecord { append_time: Some(old.minus(Span::days(2))), ..record(1) });
            let alerts = task.take(false).unwrap_or_default().alerts;
            let said = alerts.iter().map(|raised| (raised.alert.revision, raised.alert.historical));
            (first, said.collect::<Vec<_>>(), task.digest())
        };
        let limit = |older| Some(AgeLimit { max_age: Span::days(7), older });
        let (off, mark, hold) = (run(None), run(limit(Older::Mark)), run(limit(Older::Hold)));
        assert_eq!(off.1, [(1, false), (2, false)]);
        assert_eq!(mark.1, [(1, true), (2, false)]);
        assert_eq!(hold.1, [(2, false)], "what is news today is told whole");
        assert_eq!(did(&hold.0), (Became::Live, 1, 1));
        assert_eq!((off.2, off.2), (mark.2, hold.2), "the state is a function of the log");
    }

    #[test]
    fn an_alert_carries_when_its_source_record_was_appended() {
        let mut event = crate::stage::testing::mismatch(1);
        let appended = Some(event.time.plus(crate::event::time::Span::seconds(3)));
        event.origin.append_time = appended;
        let mut task = task(None);
        task.on_record(&RoutedRecord { value: wire::routed::encode([&event]), ..record(0) });
        task.on_record(&record(1));
        let output = task.take(false).unwrap_or_default();
        assert_eq!(output.alerts.iter().map(|raised| raised.appended).collect::<Vec<_>>(), [appended, None]);
    }

    #[test]
    fn a_checkpoint_that_did_not_go_out_is_written_with_the_next() {
        let mut task = task(None);
        assert!(task.needs_first_checkpoint());
        task.on_record(&record(0));
        let of = |output: Option<TaskOutput>| output.unwrap_or_default().checkpoint;
        let first = of(task.take(true));
        task.aborted();
        assert_eq!(of(task.take(true)), first, "no change since, and all of it again");
        task.settled(Some(1));
        assert_eq!(of(task.take(true)), first, "doubt is no promise");
        task.confirmed();
        assert!(!task.needs_first_checkpoint());
        let marker = of(task.take(true));
        assert_eq!(
            (marker.len(), marker.last()),
            (1, first.last()),
            "with an offset although nothing is new"
        );
    }

    #[test]
    fn a_record_that_is_no_event_is_a_dead_letter_once() {
        let damaged = |offset| RoutedRecord { value: vec![0xff], ..record(offset) };
        let mut task = task(Some(1));
        assert_eq!(task.on_record(&damaged(0)).became, Became::Unreadable);
        assert_eq!(task.on_record(&damaged(1)).became, Became::Unreadable);
        let output = task.take(false).unwrap_or_default();
        assert_eq!(output.dead.iter().map(|dead| dead.offset).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn events_that_came_together_are_applied_one_by_one() {
        use crate::stage::testing::mismatch;
        let events = [mismatch(1), mismatch(2), mismatch(3)];
        let (mut together, mut apart) = (task(None), task(None));
        let value = wire::routed::encode(&events);
        assert_eq!(did(&together.on_record(&RoutedRecord { value, ..record(0) })), (Became::Live, 3, 0));
        for (offset, event) in (0..).zip(&events) {
            apart.on_record(&RoutedRecord { value: wire::routed::encode([event]), ..record(offset) });
        }
        let alerts = |task: &mut DetectorTask| task.take(false).unwrap_or_default().alerts;
        assert_eq!(alerts(&mut together), alerts(&mut apart));
        assert_eq!(together.digest(), apart.digest());
        assert_eq!(together.applied_since_checkpoint(), 3);
    }

    #[test]
    fn a_damaged_event_is_a_dead_letter_and_its_neighbours_are_applied() {
        use crate::stage::testing::mismatch;
        let mut value = wire::routed::encode([&mismatch(1)]);
        wire::routed::push(&mut value, &[0xff]);
        wire::routed::push(&mut value, &wire::event::encode(&mismatch(2)));
        let mut task = task(None);
        assert_eq!(did(&task.on_record(&RoutedRecord { value, ..record(0) })), (Became::Unreadable, 2, 0));
        let output = task.take(false).unwrap_or_default();
        assert_eq!((output.alerts.len(), output.dead.len()), (2, 1));
    }
}
