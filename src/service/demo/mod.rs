//! DEMO: the real router and detector over a log in memory, told a story, with a crash in the middle.
//!
//! What is real: decoding, routing, detections, tasks, outbox, transactions, checkpoints, restore: the code that `run` runs
//! against Kafka. What is not: the log. It lives in memory and dies with the process.

mod gauges;
pub mod plant;
pub mod screen;
pub mod story;

use crate::alert::Alert;
use crate::alert::id::AlertId;
use crate::detect::policy::Policy;
use crate::service::clock::{self, Stopwatch};
use crate::service::demo::gauges::Gauges;
use crate::service::demo::plant::Plant;
use crate::service::demo::screen::Screen;
use crate::service::demo::story::{NOISE, Told, noise, story};
use crate::service::exit::{Exit, Failure};
use crate::service::replay::pipe::Pipe;
use crate::service::replay::show::table::Table;
use crate::service::replay::show::{Format, Show, unwritable};
use crate::service::shutdown::Shutdown;
use crate::task::port::Millis;
use crate::wire;
use std::collections::BTreeMap;
use std::io::Write;
use std::thread;
use std::time::Duration;

/// Where output goes.
pub struct Streams<'a> {
    /// Alerts.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether somebody watches: then it takes its time, and shows itself.
    pub watched: bool,
}

/// One step of the demo, watched or not.
const FRAME: Millis = Millis(50);
/// Records of the story in one step, in the ordinary weeks and on the bad Monday.
const TOLD_A_FRAME: usize = 2;
/// After so many alerts the detector is killed.
const ALERTS_BEFORE_THE_CRASH: usize = 3;
/// Steps after which nothing that is on its way can be on its way any more.
const MOST_STEPS_AFTER_THE_STORY: u64 = 1000;

/// Runs the demo, and serves `/metrics` meanwhile.
///
/// # Errors
/// When output cannot be written, or no port of this machine be had.
pub fn run(format: Format, streams: Streams<'_>) -> Result<Exit, Failure> {
    let gauges = Gauges::new()?;
    let (listening, pages) = gauges.listen()?;
    let address = format!("http://{}/metrics", listening.address);
    let server_ends = Shutdown::default();
    thread::scope(|scope| {
        scope.spawn(|| listening.serve(&pages, &server_ends));
        let done = tell(format, streams, gauges, &address);
        server_ends.request();
        done
    })
}

fn tell(format: Format, streams: Streams<'_>, gauges: Gauges, address: &str) -> Result<Exit, Failure> {
    let watch = Stopwatch::start();
    let screen = streams.watched.then(|| Screen::new(streams.width, address));
    let mut demo = Demo::new(story()?, screen, gauges);
    let mut pipe = Pipe::new(streams.out);
    while demo.step(streams.err)? {
        for alert in demo.fresh.drain(..) {
            if format == Format::Ndjson {
                writeln!(pipe, "{}", wire::alert::to_json(&alert)).map_err(unwritable)?;
            }
        }
    }
    demo.plant.finish(demo.now)?;
    if format == Format::Table {
        let mut table = Table { out: pipe, width: streams.width, actions: BTreeMap::new() };
        demo.latest().try_for_each(|alert| table.latest(alert))?;
        table.out.flush().map_err(unwritable)?;
    }
    write!(streams.err, "{}", screen::summary(&demo, watch.elapsed())).map_err(unwritable)?;
    Ok(Exit::Done)
}

/// The demo under way.
pub(crate) struct Demo {
    pub(crate) plant: Plant,
    story: Vec<Told>,
    told: usize,
    screen: Option<Screen>,
    gauges: Gauges,
    now: Millis,
    steps_after: u64,
    pub(crate) crashed_at: Option<usize>,
    /// Alerts of the last step.
    fresh: Vec<Alert>,
    /// All revisions, in the order in which they were committed.
    pub(crate) revisions: Vec<Alert>,
}

impl Demo {
    fn new(story: Vec<Told>, screen: Option<Screen>, gauges: Gauges) -> Demo {
        Demo {
            plant: Plant::new(Policy::default()),
            story,
            told: 0,
            screen,
            gauges,
            now: Millis(0),
            steps_after: 0,
            crashed_at: None,
            fresh: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// Tells a little more, lets both stages work, looks at what came of it. Whether there is more to come.
    fn step(&mut self, err: &mut dyn Write) -> Result<bool, Failure> {
        self.tell();
        self.now = self.now.plus(FRAME);
        self.plant.step(self.now)?;
        self.fresh = self.plant.alerts();
        self.gauges.tell(&self.plant, &self.fresh);
        self.revisions.extend(self.fresh.iter().cloned());
        if self.crashed_at.is_none() && self.revisions.len() >= ALERTS_BEFORE_THE_CRASH {
            self.crashed_at = Some(self.told);
            self.plant.crash();
        }
        if let Some(mut screen) = self.screen.take() {
            screen.draw(self, err).map_err(unwritable)?;
            self.screen = Some(screen);
            clock::pass(Duration::from_millis(FRAME.0));
        }
        self.steps_after += u64::from(self.told == self.story.len());
        Ok(self.steps_after < MOST_STEPS_AFTER_THE_STORY && !(self.steps_after > 10 && self.plant.is_idle()))
    }

    fn tell(&mut self) {
        let next = self.story.len().min(self.told + TOLD_A_FRAME);
        for n in self.told..next {
            let Told { time, record } = self.story[n].clone();
            for k in n * NOISE..(n + 1) * NOISE {
                self.plant.append_noise(k, noise(k, time));
            }
            self.plant.append(record);
        }
        self.told = next;
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

    /// How many revisions came more than once: exactly-once says none.
    pub(crate) fn doubled(&self) -> usize {
        let mut seen: Vec<_> = self.revisions.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        seen.sort_unstable();
        seen.dedup();
        self.revisions.len() - seen.len()
    }

    /// The event time the story has come to, and how far that is.
    pub(crate) fn progress(&self) -> (String, usize, usize) {
        let at = self.told.checked_sub(1).and_then(|last| self.story.get(last));
        (at.map_or_else(String::new, |told| told.time.to_string()), self.told, self.story.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::wire::alert::to_json;

    /// What the pure core says of the same records, without where they were read.
    fn expected() -> Vec<(AlertId, u32)> {
        use crate::decode::{Decoded, Decoder, Place};
        let mut engine = Engine::new(Policy::default());
        let mut alerts = Vec::new();
        for told in story().unwrap() {
            Decoder::default().decode(&told.record, &Place::default(), &mut |decoded| {
                if let Ok(Decoded::Event(event)) = decoded {
                    alerts.extend(engine.on_event(&event).alerts);
                }
            });
        }
        alerts.iter().map(|alert| (alert.alert_id, alert.revision)).collect()
    }

    #[test]
    fn the_demo_raises_what_the_pure_core_raises_once_each_across_a_crash() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams { out: &mut out, err: &mut err, width: 100, watched: false };
        assert_eq!(run(Format::Ndjson, streams), Ok(Exit::Done));
        let said = String::from_utf8(out).unwrap();
        let alerts: Vec<Alert> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut raised: Vec<_> = alerts.iter().map(|alert| (alert.alert_id, alert.revision)).collect();
        let mut expected = expected();
        raised.sort();
        expected.sort();
        assert_eq!(raised, expected, "{}", alerts.iter().map(to_json).collect::<Vec<_>>().join("\n"));
        let summary = String::from_utf8(err).unwrap();
        assert!(summary.contains("none lost, none doubled"), "{summary}");
        assert!(summary.contains("killed"), "{summary}");
    }
}
