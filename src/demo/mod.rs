//! DEMO: the router and the detector of `run`, fed with a prepared story, with a crash in the middle.
//!
//! Decoding, routing, detections, tasks, outbox, transactions, checkpoints and restore are the code that `run` runs. Only the
//! log differs: without `--bootstrap` it is held in memory and is gone when the process ends.

pub(crate) mod story;
pub(crate) mod backend;
mod memory_backend;
pub(crate) mod kafka_backend;
pub(crate) mod stage;
mod gauges;
mod playback;
mod screen;

use crate::demo::backend::Backend;
use crate::demo::gauges::Gauges;
use crate::demo::kafka_backend::{KafkaBackend, KafkaOptions};
use crate::demo::memory_backend::MemoryBackend;
use crate::demo::playback::Playback;
use crate::demo::screen::Screen;
use crate::demo::stage::Stages;
use crate::demo::story::story;
use crate::detect::policy::Policy;
use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::host::{runtime, shutdown};
use crate::replay::pipe::Pipe;
use crate::replay::show::Show;
use crate::replay::show::format::unwritable;
use crate::replay::show::table::Table;
use crate::wire;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How the alerts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// One line each as they are committed, and at the end the gravest in full.
    Live,
    /// Each in full, at the end.
    Table,
    /// Every revision as it is committed, as a line of JSON.
    Ndjson,
}

pub(crate) struct Streams<'a> {
    /// The alerts, in the format of `Shown`.
    pub out: &'a mut dyn Write,
    /// The screen and the summary.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
}

/// The time of one step on a terminal, so that a person can follow.
const FRAME: Duration = Duration::from_millis(50);

/// Runs the demo, over a log in memory unless a Kafka is named, and serves `/metrics` meanwhile.
///
/// # Errors
/// Output cannot be written, no port of this machine is free, or the Kafka cannot be used.
pub(crate) fn run(shown: Shown, streams: Streams<'_>, kafka: Option<KafkaOptions>) -> Result<Exit, Failure> {
    let gauges = Gauges::new()?;
    let (listening, pages) = gauges.listen()?;
    let address = format!("http://{}/metrics", listening.address);
    let (runtime, metrics) = (runtime::start()?, gauges.metrics.clone());
    // Both end with the runtime, when this returns.
    runtime.spawn(listening.serve(pages, CancellationToken::new()));
    runtime.spawn(async move { metrics.keep_up().await });
    let _entered = runtime.enter();
    let mut context = Context { shown, streams, gauges, address };
    match kafka {
        None => context.run(&mut MemoryBackend::new(), &CancellationToken::new()),
        Some(options) => context.run_on_kafka(options),
    }
}

/// What a run of the demo uses beside its backend.
struct Context<'a> {
    shown: Shown,
    streams: Streams<'a>,
    gauges: Gauges,
    address: String,
}

impl Context<'_> {
    /// Runs on a Kafka, and deletes the topics of the demo afterwards, also after a failure.
    fn run_on_kafka(&mut self, options: KafkaOptions) -> Result<Exit, Failure> {
        let shutdown = shutdown::on_signals()?.stop;
        let mut backend = KafkaBackend::new(options, self.gauges.metrics.clone())?;
        let done = backend.prepare().and_then(|()| self.run(&mut backend, &shutdown));
        let closed = backend.close();
        let exit = done?;
        writeln!(self.streams.err, "{}", closed?).map_err(unwritable)?;
        Ok(exit)
    }

    fn run<B: Backend>(&mut self, backend: &mut B, shutdown: &CancellationToken) -> Result<Exit, Failure> {
        let watch = Stopwatch::start();
        let Streams { out, err, width } = &mut self.streams;
        let mut screen = (self.shown == Shown::Live).then(|| Screen::new(*width, &self.address));
        let stages = Stages::new(backend, Policy::default())?;
        let mut playback = Playback::new(story()?, &mut self.gauges, stages);
        let mut pipe = Pipe::new(&mut **out);
        let mut more = true;
        while more {
            let frame = Stopwatch::start();
            more = playback.step()? && !shutdown.is_cancelled();
            if let Some(screen) = &mut screen {
                screen.draw(&playback, &mut **err).map_err(unwritable)?;
                pass(FRAME.saturating_sub(frame.elapsed()));
            }
            if !more {
                playback.finish()?;
            }
            for alert in playback.take_fresh().iter().filter(|_| self.shown == Shown::Ndjson) {
                writeln!(pipe, "{}", wire::alert::to_json(alert)).map_err(unwritable)?;
            }
        }
        let mut table = Table { out: pipe, width: *width, actions: BTreeMap::new() };
        match self.shown {
            Shown::Ndjson => {}
            Shown::Table => playback.latest().try_for_each(|alert| table.latest(alert))?,
            Shown::Live => playback.gravest().into_iter().try_for_each(|alert| table.latest(alert))?,
        }
        table.out.flush().map_err(unwritable)?;
        write!(err, "{}", screen::summary(&playback, watch.elapsed())).map_err(unwritable)?;
        if screen.is_some() {
            write!(err, "{}", screen::NEXT).map_err(unwritable)?;
        }
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::demo::playback::expected;
    use crate::detect::link::STORY;
    use crate::wire::alert::to_json;

    #[test]
    fn demo_raises_each_alert_of_the_engine_once_across_a_crash() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams { out: &mut out, err: &mut err, width: 100 };
        assert_eq!(run(Shown::Ndjson, streams, None), Ok(Exit::Done));
        let lines = String::from_utf8(out).unwrap();
        let alerts: Vec<Alert> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_events = alerts.iter().filter(|alert| alert.detection != STORY);
        let mut raised: Vec<_> = of_events.map(|alert| (alert.alert_id, alert.revision)).collect();
        raised.sort();
        let expected: Vec<_> = expected(&story().unwrap()).into_iter().collect();
        assert_eq!(raised, expected, "{}", alerts.iter().map(to_json).collect::<Vec<_>>().join("\n"));
        let summary = String::from_utf8(err).unwrap();
        assert!(summary.contains("none lost, none duplicated"), "{summary}");
        assert!(summary.contains("killed"), "{summary}");
    }
}
