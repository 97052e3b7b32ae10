//! One run of the demo: feeds the story to the stages, kills the detector once, and keeps what comes out.

use crate::alert::Alert;
use crate::alert::id::AlertId;
use crate::decode::{Decoded, Decoder, Place};
use crate::demo::backend::{Backend, SOURCE_PARTITIONS};
use crate::demo::gauges::Gauges;
use crate::demo::stage::Stages;
use crate::demo::story::{NOISE, StoryRecord, noise};
use crate::detect::link::STORY;
use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::event::time::Time;
use crate::host::exit::Failure;
use crate::stage::port::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// Records of the story that are appended in one step.
const RECORDS_PER_STEP: usize = 2;
/// After this many revisions of alerts the detector is killed.
const ALERTS_BEFORE_THE_CRASH: usize = 3;
/// How long the demo waits for partitions, or for the last records, before it fails.
const STALL_TIMEOUT: Millis = Millis(60_000);

/// The demo between its first record and its last alert.
pub(crate) struct Playback<'a, B: Backend> {
    pub(crate) stages: Stages<'a, B>,
    story: Vec<StoryRecord>,
    /// Records of the story that were appended.
    appended: usize,
    gauges: &'a mut Gauges,
    /// Since when the demo waits: for its partitions, or for the last records.
    waits_since: Option<Millis>,
    /// How many records of the story were appended when the detector was killed.
    pub(crate) crashed_at: Option<usize>,
    /// Every record is processed and every alert committed.
    ended: bool,
    /// Alerts that were not yet taken by [`Playback::take_fresh`].
    fresh: Vec<Alert>,
    /// All revisions, in the order in which they were committed.
    pub(crate) revisions: Vec<Alert>,
}

impl<'a, B: Backend> Playback<'a, B> {
    pub(crate) fn new(story: Vec<StoryRecord>, gauges: &'a mut Gauges, stages: Stages<'a, B>) -> Self {
        Playback {
            stages,
            story,
            appended: 0,
            gauges,
            waits_since: None,
            crashed_at: None,
            ended: false,
            fresh: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// Appends a few records, runs a step of each stage and collects the alerts. Returns whether there is more to do.
    pub(crate) fn step(&mut self) -> Result<bool, Failure> {
        let started = self.appended > 0 || self.stages.is_ready();
        if started {
            self.append()?;
        }
        let now = self.stages.step()?;
        let alerts = self.stages.alerts()?;
        self.collect(alerts);
        if self.crashed_at.is_none() && self.revisions.len() >= ALERTS_BEFORE_THE_CRASH {
            self.crashed_at = Some(self.appended);
            self.stages.crash()?;
        }
        let all_appended = self.appended == self.story.len();
        if all_appended && self.stages.is_idle()? {
            self.ended = true;
            return Ok(false);
        }
        if started && !all_appended {
            self.waits_since = None;
        } else if now.since(*self.waits_since.get_or_insert(now)) > STALL_TIMEOUT {
            return Err(self.stalled(started));
        }
        Ok(true)
    }

    fn stalled(&self, started: bool) -> Failure {
        let what = if started { "does not finish" } else { "gets no partitions" };
        let seconds = STALL_TIMEOUT.0 / 1000;
        let name = self.stages.backend().name();
        Failure::new(B::REFUSED, format!("the demo {what} on {name} within {seconds} s"))
    }

    /// Shuts down in order and collects the last alerts.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let last = self.stages.finish()?;
        self.collect(last);
        Ok(())
    }

    /// The revisions that were committed since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.fresh)
    }

    fn collect(&mut self, alerts: Vec<Alert>) {
        self.gauges.update(&self.stages, &alerts);
        self.revisions.extend(alerts.iter().cloned());
        self.fresh.extend(alerts);
    }

    /// The story goes to one partition, which keeps its order; the noise goes to all.
    fn append(&mut self) -> Result<(), Failure> {
        let next = self.story.len().min(self.appended + RECORDS_PER_STEP);
        let mut records = Vec::new();
        for n in self.appended..next {
            let StoryRecord { time, record } = self.story[n].clone();
            let around = (n * NOISE..(n + 1) * NOISE).map(|k| (k as u32 % SOURCE_PARTITIONS, noise(k, time)));
            records.extend(around);
            records.push((0, record));
        }
        self.appended = next;
        self.stages.append(records)
    }

    /// The last revision of each alert, in the order of their first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Alert> {
        let mut last: BTreeMap<AlertId, (usize, &Alert)> = BTreeMap::new();
        for (n, alert) in self.revisions.iter().enumerate() {
            last.entry(alert.alert_id).or_insert((n, alert)).1 = alert;
        }
        let mut last: Vec<(usize, &Alert)> = last.into_values().collect();
        last.sort_by_key(|(first, _)| *first);
        last.into_iter().map(|(_, alert)| alert)
    }

    /// The first alert of the highest severity.
    pub(crate) fn gravest(&self) -> Option<&Alert> {
        self.latest().min_by_key(|alert| std::cmp::Reverse(alert.severity))
    }

    /// How many revisions were committed more than once. Exactly-once means 0.
    pub(crate) fn duplicates(&self) -> usize {
        let mut seen: Vec<_> = self.revisions.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        seen.sort_unstable();
        seen.dedup();
        self.revisions.len() - seen.len()
    }

    /// How many revisions are missing that the engine alone raises on the same records, without those of stories; `None` if the
    /// demo was stopped before its end.
    pub(crate) fn lost(&self) -> Option<usize> {
        let seen: BTreeSet<_> = self.revisions.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        self.ended.then(|| expected(&self.story).difference(&seen).count())
    }

    /// The event time of the last appended record, the number of appended records, and of all.
    pub(crate) fn progress(&self) -> (String, usize, usize) {
        let last = self.appended.checked_sub(1).and_then(|last| self.story.get(last));
        (last.map_or_else(String::new, |record| minute(record.time)), self.appended, self.story.len())
    }
}

/// The revisions that the engine raises on the same records, without a log between. What a revision of a story has, and how many
/// there are, depends on the order in which partitions deliver.
pub(crate) fn expected(story: &[StoryRecord]) -> BTreeSet<(AlertId, u32)> {
    let mut engine = Engine::new(Policy::default());
    let mut raised = BTreeSet::new();
    for StoryRecord { record, .. } in story {
        Decoder::default().decode(record, &Place::default(), &mut |decoded| {
            if let Ok(Decoded::Event(event)) = decoded {
                let alerts = engine.on_event(&event).alerts;
                let alerts = alerts.iter().filter(|alert| alert.detection != STORY);
                raised.extend(alerts.map(|alert| (alert.alert_id, alert.revision)));
            }
        });
    }
    raised
}

/// A time to the minute, `2026-03-02 09:03`.
fn minute(time: Time) -> String {
    let mut text = time.to_string().replace('T', " ");
    text.truncate("2026-03-02 09:03".len());
    text
}
