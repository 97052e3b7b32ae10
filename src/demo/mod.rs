//! DEMO: the real router and detector, told a story, with a crash in the middle; over a log in memory, or over a real Kafka.
//!
//! What is real: decoding, routing, detections, tasks, outbox, transactions, checkpoints, restore: the code that `run` runs.
//! What is not, unless it is told of a Kafka: the log. It lives in memory and dies with the process.

pub mod kafka_backend;
mod gauges;
pub(crate) mod backend;
mod memory_backend;
pub(crate) mod stage;
pub(crate) mod screen;
pub mod story;

use crate::alert::Alert;
use crate::alert::id::AlertId;
use crate::decode::{Decoded, Decoder, Place};
use crate::demo::backend::{Ground, SOURCE_PARTITIONS};
use crate::demo::gauges::Gauges;
use crate::demo::kafka_backend::{Broker, KafkaGround};
use crate::demo::memory_backend::MemoryGround;
use crate::demo::screen::Screen;
use crate::demo::stage::Plant;
use crate::demo::story::{NOISE, Told, noise, story};
use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::event::time::Time;
use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::host::shutdown::Shutdown;
use crate::replay::pipe::Pipe;
use crate::replay::show::table::Table;
use crate::replay::show::{Show, unwritable};
use crate::stage::port::Millis;
use crate::wire;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::thread;
use std::time::Duration;

/// What is shown of the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// One line each as they come, and one of the gravest in full at the end.
    Live,
    /// Each in full, at the end.
    Table,
    /// Every revision as it is committed.
    Ndjson,
}

/// Where output goes.
pub struct Streams<'a> {
    /// Alerts.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
}

/// The time of one step when somebody watches: then it takes its time.
const FRAME: Duration = Duration::from_millis(50);
/// Records of the story in one step.
const TOLD_A_FRAME: usize = 2;
/// After so many alerts the detector is killed.
const ALERTS_BEFORE_THE_CRASH: usize = 3;
/// How long what is on its way may be without news of it.
const PATIENCE: Millis = Millis(60_000);

/// Runs the demo, over a log in memory unless a Kafka is named, and serves `/metrics` meanwhile.
///
/// # Errors
/// When output cannot be written, no port of this machine be had, or the Kafka not be used.
pub fn run(shown: Shown, streams: Streams<'_>, broker: Option<Broker>) -> Result<Exit, Failure> {
    let gauges = Gauges::new()?;
    let (listening, pages) = gauges.listen()?;
    let address = format!("http://{}/metrics", listening.address);
    let server_ends = Shutdown::default();
    thread::scope(|scope| {
        scope.spawn(|| listening.serve(&pages, &server_ends));
        let mut theatre = Theatre { shown, streams, gauges, address };
        let done = match broker {
            None => theatre.play(&mut MemoryGround::new(), &Shutdown::default()),
            Some(broker) => theatre.play_on(broker),
        };
        server_ends.request();
        done
    })
}

/// All that the demo needs beside the ground.
struct Theatre<'a> {
    shown: Shown,
    streams: Streams<'a>,
    gauges: Gauges,
    address: String,
}

impl Theatre<'_> {
    /// Plays on a Kafka, and takes its topics away afterwards, also after a failure.
    fn play_on(&mut self, broker: Broker) -> Result<Exit, Failure> {
        let shutdown = Shutdown::on_signals()?;
        let mut ground = KafkaGround::new(broker, self.gauges.metrics.clone())?;
        let done = ground.prepare().and_then(|()| self.play(&mut ground, &shutdown));
        let closed = ground.close();
        let exit = done?;
        writeln!(self.streams.err, "{}", closed?).map_err(unwritable)?;
        Ok(exit)
    }

    fn play<G: Ground>(&mut self, ground: &mut G, shutdown: &Shutdown) -> Result<Exit, Failure> {
        let watch = Stopwatch::start();
        let Streams { out, err, width } = &mut self.streams;
        let screen = (self.shown == Shown::Live).then(|| Screen::new(*width, &self.address));
        let mut demo = Demo::new(story()?, screen, &mut self.gauges, Plant::new(ground, Policy::default())?);
        let mut pipe = Pipe::new(&mut **out);
        let mut more = true;
        while more {
            more = demo.step(&mut **err)? && !shutdown.is_requested();
            if !more {
                let last = demo.plant.finish()?;
                demo.learn(last);
            }
            for alert in demo.fresh.drain(..) {
                if self.shown == Shown::Ndjson {
                    writeln!(pipe, "{}", wire::alert::to_json(&alert)).map_err(unwritable)?;
                }
            }
        }
        let mut table = Table { out: pipe, width: *width, actions: BTreeMap::new() };
        match self.shown {
            Shown::Ndjson => {}
            Shown::Table => demo.latest().try_for_each(|alert| table.latest(alert))?,
            Shown::Live => demo.gravest().into_iter().try_for_each(|alert| table.latest(alert))?,
        }
        table.out.flush().map_err(unwritable)?;
        write!(err, "{}", screen::summary(&demo, watch.elapsed())).map_err(unwritable)?;
        if self.shown == Shown::Live {
            write!(err, "{}", screen::NEXT).map_err(unwritable)?;
        }
        Ok(Exit::Done)
    }
}

/// The demo under way.
pub(crate) struct Demo<'a, G: Ground> {
    pub(crate) plant: Plant<'a, G>,
    story: Vec<Told>,
    told: usize,
    screen: Option<Screen>,
    gauges: &'a mut Gauges,
    /// Since when the end is waited for: for the first partitions, or for what is on its way.
    waits_since: Option<Millis>,
    pub(crate) crashed_at: Option<usize>,
    /// Nothing is on its way any more.
    ended: bool,
    /// Alerts that were not yet shown.
    fresh: Vec<Alert>,
    /// All revisions, in the order in which they were committed.
    pub(crate) revisions: Vec<Alert>,
}

impl<'a, G: Ground> Demo<'a, G> {
    fn new(
        story: Vec<Told>,
        screen: Option<Screen>,
        gauges: &'a mut Gauges,
        plant: Plant<'a, G>,
    ) -> Demo<'a, G> {
        Demo {
            plant,
            story,
            told: 0,
            screen,
            gauges,
            waits_since: None,
            crashed_at: None,
            ended: false,
            fresh: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// Tells a little more, lets both stages work, looks at what came of it. Whether there is more to come.
    fn step(&mut self, err: &mut dyn Write) -> Result<bool, Failure> {
        let frame = Stopwatch::start();
        let tells = self.told > 0 || self.plant.is_ready();
        if tells {
            self.tell()?;
        }
        let now = self.plant.step()?;
        let alerts = self.plant.alerts()?;
        self.learn(alerts);
        if self.crashed_at.is_none() && self.revisions.len() >= ALERTS_BEFORE_THE_CRASH {
            self.crashed_at = Some(self.told);
            self.plant.crash()?;
        }
        if let Some(mut screen) = self.screen.take() {
            screen.draw(self, err).map_err(unwritable)?;
            self.screen = Some(screen);
            pass(FRAME.saturating_sub(frame.elapsed()));
        }
        let is_told = self.told == self.story.len();
        if is_told && self.plant.is_idle()? {
            self.ended = true;
            return Ok(false);
        }
        if tells && !is_told {
            self.waits_since = None;
        } else if now.since(*self.waits_since.get_or_insert(now)) > PATIENCE {
            let what = if tells { "does not come to its end" } else { "gets no partitions" };
            return Err(Failure::new(
                G::REFUSED,
                format!("the demo {what} on {}", self.plant.ground().name()),
            ));
        }
        Ok(true)
    }

    /// Alerts that have come.
    fn learn(&mut self, alerts: Vec<Alert>) {
        self.gauges.tell(&self.plant, &alerts);
        self.revisions.extend(alerts.iter().cloned());
        self.fresh.extend(alerts);
    }

    /// The story stands in one partition, so that it is told in order; what surrounds it stands in all.
    fn tell(&mut self) -> Result<(), Failure> {
        let next = self.story.len().min(self.told + TOLD_A_FRAME);
        let mut records = Vec::new();
        for n in self.told..next {
            let Told { time, record } = self.story[n].clone();
            let around = (n * NOISE..(n + 1) * NOISE).map(|k| (k as u32 % SOURCE_PARTITIONS, noise(k, time)));
            records.extend(around);
            records.push((0, record));
        }
        self.told = next;
        self.plant.append(records)
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

    /// The first alert of those of the highest severity.
    fn gravest(&self) -> Option<&Alert> {
        self.latest().min_by_key(|alert| std::cmp::Reverse(alert.severity))
    }

    /// How many revisions came more than once: exactly-once says none.
    pub(crate) fn doubled(&self) -> usize {
        let mut seen: Vec<_> = self.revisions.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        seen.sort_unstable();
        seen.dedup();
        self.revisions.len() - seen.len()
    }

    /// How many revisions did not come although the pure core raises them on the same records; none: it was stopped before its end.
    pub(crate) fn lost(&self) -> Option<usize> {
        let seen: BTreeSet<_> = self.revisions.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        self.ended.then(|| expected(&self.story).difference(&seen).count())
    }

    /// The event time the story has come to, and how far that is.
    pub(crate) fn progress(&self) -> (String, usize, usize) {
        let at = self.told.checked_sub(1).and_then(|last| self.story.get(last));
        (at.map_or_else(String::new, |told| minute(told.time)), self.told, self.story.len())
    }
}

/// What the pure core raises on the same records, in one go and without a log.
fn expected(story: &[Told]) -> BTreeSet<(AlertId, u32)> {
    let mut engine = Engine::new(Policy::default());
    let mut raised = BTreeSet::new();
    for told in story {
        Decoder::default().decode(&told.record, &Place::default(), &mut |decoded| {
            if let Ok(Decoded::Event(event)) = decoded {
                let alerts = engine.on_event(&event).alerts;
                raised.extend(alerts.iter().map(|alert| (alert.alert_id, alert.revision)));
            }
        });
    }
    raised
}

/// A time to read.
fn minute(time: Time) -> String {
    let mut text = time.to_string().replace('T', " ");
    text.truncate("2026-03-02 09:03".len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::alert::to_json;

    #[test]
    fn the_demo_raises_what_the_pure_core_raises_once_each_across_a_crash() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams { out: &mut out, err: &mut err, width: 100 };
        assert_eq!(run(Shown::Ndjson, streams, None), Ok(Exit::Done));
        let said = String::from_utf8(out).unwrap();
        let alerts: Vec<Alert> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut raised: Vec<_> = alerts.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        raised.sort();
        let expected: Vec<_> = expected(&story().unwrap()).into_iter().collect();
        assert_eq!(raised, expected, "{}", alerts.iter().map(to_json).collect::<Vec<_>>().join("\n"));
        let summary = String::from_utf8(err).unwrap();
        assert!(summary.contains("none lost, none doubled"), "{summary}");
        assert!(summary.contains("killed"), "{summary}");
    }
}
