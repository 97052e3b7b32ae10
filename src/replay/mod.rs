//! REPLAY: runs the detections over files or a topic, in one process, in the order of event time.

pub mod pipe;
pub(crate) mod holes;
pub(crate) mod peek;
pub mod framing;
pub(crate) mod names;
pub(crate) mod selection;
pub(crate) mod sort;
pub(crate) mod order;
pub(crate) mod ledger;
pub(crate) mod progress;
pub(crate) mod archive;
pub(crate) mod inputs;
pub mod open;
pub(crate) mod dead_letter;
pub mod coverage;
pub(crate) mod evaluate;
pub mod summary;
pub(crate) mod intake;
pub(crate) mod topic;
pub mod show;
pub(crate) mod inspect;
pub(crate) mod explain;
pub(crate) mod tune;
pub(crate) mod compare;

use crate::alert::{Alert, Severity};
use crate::decode::Decoder;
use crate::decode::prefilter::Prefilter;
use crate::detect::policy::Policy;
use crate::engine::Engine;
use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::replay::dead_letter::DeadLetter;
use crate::replay::evaluate::Compared;
use crate::replay::inputs::Inputs;
use crate::replay::intake::{Intake, Read, UNKNOWN};
use crate::replay::ledger::Ledger;
use crate::replay::order::Order;
use crate::replay::pipe::Pipe;
use crate::replay::progress::Progress;
use crate::replay::selection::Selection;
use crate::replay::show::both::Both;
use crate::replay::show::html::Html;
use crate::replay::show::{Format, Show};
use crate::replay::summary::Summary;
use crate::replay::topic::TopicInput;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What a replay reads, looks for and writes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Files, directories, or `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// A topic to read instead of files.
    pub topic: Option<TopicInput>,
    /// The settings of the detections.
    pub policy: Policy,
    pub decoder: Decoder,
    /// The format of the output.
    pub format: Format,
    /// Which alerts are shown, and until when events are looked at.
    pub selection: Selection,
    /// An alert of this severity or above makes the exit code 1.
    pub fail_on: Option<Severity>,
    /// The file for a report, beside the output.
    pub report: Option<PathBuf>,
    /// The file for rejected records.
    pub dead_letter: Option<PathBuf>,
    /// What is known of records, and the alerts that count: a report compares them.
    pub compared: Option<Compared>,
}

pub(crate) struct Streams<'a> {
    /// Alerts and, in a table or a document, the summary.
    pub out: &'a mut dyn Write,
    /// Warnings, progress and totals.
    pub err: &'a mut dyn Write,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether a progress bar may be drawn on standard error.
    pub progress: bool,
}

/// The most skipped files that are named on standard error; the others are only counted.
const MAX_SKIPPED_NAMED: u64 = 10;

/// Runs a replay.
///
/// # Errors
/// Output or a temporary file cannot be written, or the topic cannot be read. Inputs that cannot be read are no error: they
/// are counted in the summary and decide the exit code.
pub(crate) fn run(request: &Request, streams: Streams) -> Result<Exit, Failure> {
    let watch = Stopwatch::start();
    let mut engine = Engine::new(request.policy.clone());
    let Gathered { order, mut summary, partitions } =
        gather(request, &engine, &mut *streams.err, streams.progress)?;

    let pipe = Pipe::new(streams.out);
    let closed = pipe.closed();
    let mut report = request.report.as_deref().map(|path| create(path, &request.paths)).transpose()?;
    let mut show = show::start(request.format, pipe, streams.err, streams.width)?;
    if let Some(file) = &mut report {
        show = Box::new(Both(show, Box::new(Html::new(Pipe::new(file), None))));
    }
    let mut ledger = Ledger::default();
    let mut compared = request.compared.clone();
    let (mut failed, mut latest) = (false, None);
    for event in order.finish()? {
        let (here, event) = event?;
        if request.selection.until.is_some_and(|until| event.effective_time() > until) {
            break;
        }
        latest = latest.max(Some(event.effective_time()));
        let output = match here {
            // An event routed to several partitions has a copy in each, for the entities of that partition.
            Some(here) => engine.on_event_where(&event, |place| place.is_in(here, partitions)),
            None => engine.on_event(&event),
        };
        summary.late += u64::from(output.late);
        summary.wrong_clock += u64::from(event.clock_fault().is_some());
        output.notices.into_iter().for_each(|notice| summary.notice(notice, event.time));
        for alert in &output.alerts {
            summary.alerts.revisions += 1;
            compared.iter_mut().for_each(|compared| compared.add(alert));
            failed |= request.fail_on.is_some_and(|least| alert.severity >= least)
                && request.selection.is_about(alert);
            raise(alert, &request.selection, &mut ledger, show.as_mut())?;
        }
        if closed.get() && request.fail_on.is_none() {
            break;
        }
    }
    settle(ledger, &request.selection, &mut summary, show.as_mut())?;
    summary.finish(watch.elapsed());
    let expired = latest.map_or_else(Vec::new, |latest| request.policy.expired(latest));
    summary.expired = expired.iter().map(ToString::to_string).collect();
    summary.evaluation = compared.map(|compared| compared.evaluation());
    summary.coverage = coverage::of(&summary.events, &summary.ignored_ids, &request.policy);
    show.finish(&summary)?;
    Ok(verdict(&summary, failed))
}

/// All revisions of the alerts that a policy raises on these inputs, and how the replay ended. Warnings and totals go to `err`.
///
/// # Errors
/// A temporary file cannot be written or read.
pub(crate) fn revisions(
    paths: &[PathBuf],
    topic: Option<TopicInput>,
    policy: Policy,
    decoder: Decoder,
    err: &mut dyn Write,
) -> Result<(Vec<Alert>, Exit), Failure> {
    let request = Request {
        paths: paths.to_vec(),
        topic,
        policy,
        decoder,
        format: Format::Ndjson,
        selection: Selection::ALL,
        fail_on: None,
        report: None,
        dead_letter: None,
        compared: None,
    };
    let mut out = Vec::new();
    let exit = run(&request, Streams { out: &mut out, err, width: 100, progress: false })?;
    let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok((lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(), exit))
}

/// Creates a file for a report.
///
/// # Errors
/// The file cannot be written, or is one of the inputs.
pub(crate) fn create(path: &Path, inputs: &[PathBuf]) -> Result<BufWriter<File>, Failure> {
    Inputs::list(inputs).refuse_as_output(path)?;
    File::create(path).map(BufWriter::new).map_err(|error| {
        Failure::new(Exit::Output, format!("cannot write {}", path.display())).because(&error)
    })
}

/// The events of all inputs, and the counts.
struct Gathered {
    order: Order,
    summary: Summary,
    /// Partitions of the topic that was read; 1 for files.
    partitions: u32,
}

/// Reads all inputs and keeps the events that a detection uses.
fn gather(request: &Request, engine: &Engine, err: &mut dyn Write, bar: bool) -> Result<Gathered, Failure> {
    let inputs = Inputs::list(&request.paths);
    let dead_letter = request.dead_letter.as_deref().map(|path| {
        inputs.refuse_as_output(path)?;
        DeadLetter::create(path)
    });
    let mut intake = Intake {
        prefilter: Prefilter::for_source(request.decoder.format, None),
        decoder: request.decoder.clone(),
        engine,
        dead_letter: dead_letter.transpose()?,
        order: Order::default(),
        summary: Summary::default(),
    };
    let total = if request.topic.is_some() { None } else { inputs.bytes() };
    let progress = Progress::new(total, bar);
    let mut report = |what: &str, source: &str, why: &str| {
        // A table lists them in its totals.
        if request.format != Format::Table {
            // A closed standard error is no reason to stop.
            progress.suspend(|| drop(writeln!(err, "{what}: {}: {why}", show::text::plain(source))));
        }
    };
    for (source, why) in &inputs.missing {
        intake.summary.unread.push(source, why);
        report("warning", source, why);
    }
    let mut read = 0;
    for input in &inputs.found {
        match intake.input(input, &progress)? {
            Read::Whole => {}
            Read::Unread(why) => report("warning", &input.source.to_string(), &why),
            Read::Skipped if intake.summary.skipped.count > MAX_SKIPPED_NAMED => {}
            Read::Skipped => report("skipped", &input.source.to_string(), UNKNOWN),
        }
        read += input.bytes.unwrap_or_default();
        progress.reach(read);
    }
    let mut partitions = 1;
    if let Some(topic) = &request.topic {
        let (read, count) = intake.topic(topic, &progress)?;
        partitions = count;
        if let Read::Unread(why) = read {
            report("warning", &topic.slice.to_string(), &why);
        }
    }
    progress.finish();
    intake.dead_letter.as_mut().map_or(Ok(()), DeadLetter::finish)?;
    Ok(Gathered { order: intake.order, summary: intake.summary, partitions })
}

/// A revision goes to the ledger and, when it is asked for, to the output.
fn raise(
    alert: &Alert,
    selection: &Selection,
    ledger: &mut Ledger,
    show: &mut dyn Show,
) -> Result<(), Failure> {
    let json = serde_json::to_vec(alert)
        .map_err(|error| Failure::new(Exit::Output, "cannot write an alert as JSON").because(&error))?;
    if selection.shows(alert) {
        show.revision(&json)?;
    }
    ledger.push(alert, &json)
}

/// The last revision of every alert.
fn settle(
    ledger: Ledger,
    selection: &Selection,
    summary: &mut Summary,
    show: &mut dyn Show,
) -> Result<(), Failure> {
    for alert in ledger.finish()? {
        let alert = alert?;
        let shown = selection.shows(&alert);
        summary.alert(&alert, shown);
        if shown {
            show.latest(&alert)?;
        }
    }
    Ok(())
}

/// An alert decides the exit code whatever else happened. Without one, input that was not read decides it: it may hold one.
fn verdict(summary: &Summary, failed: bool) -> Exit {
    match (failed, summary.is_complete()) {
        (true, _) => Exit::Alerts,
        (false, false) => Exit::Input,
        (false, true) => Exit::Done,
    }
}
