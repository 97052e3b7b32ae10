//! RUN: workers on threads, each with its own log, until a signal comes.

pub mod backoff;
pub mod detector;
mod heartbeat;
pub mod router;
pub mod setup;

use crate::host::clock::{Stopwatch, pass};
use crate::host::exit::{Exit, Failure};
use crate::host::shutdown::Shutdown;
use crate::kafka::admin::{Admin, Seen};
use crate::kafka::errors::needs_permission;
use crate::kafka::topics::{Found, operations, plan};
use crate::observe::health::{Condition, Health};
use crate::observe::http::Pages;
use crate::observe::http::server::listen;
use crate::observe::metrics::Metrics;
use crate::observe::traces::Traces;
use crate::observe::traces::export::Export;
use crate::run::backoff::Backoff;
use crate::run::setup::Setup;
use crate::stage::Stage;
use crate::stage::port::Fault;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// What all workers share.
#[derive(Clone, Debug)]
pub struct House {
    /// What was configured.
    pub setup: Arc<Setup>,
    /// How workers are.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where spans go.
    pub traces: Traces,
    /// Whether to stop.
    pub shutdown: Shutdown,
    /// Whether a worker broke down.
    pub broken: Arc<AtomicBool>,
    reasons: Arc<Mutex<Vec<Failure>>>,
}

/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Runs these stages until a signal comes.
///
/// # Errors
/// When the config, the topics or the permissions do not allow it: everything that is wrong.
pub fn run(setup: Setup) -> Result<Exit, Failure> {
    let shutdown = Shutdown::on_signals()?;
    let metrics = Metrics::new()?;
    let health = Arc::new(Health::new(setup.longest_round()));
    if setup.stages.contains(&Stage::Detector) {
        let interval = u64::try_from(setup.config.checkpoints.interval.as_millis()).unwrap_or_default();
        metrics.checkpoint_interval(Duration::from_millis(interval));
        metrics.routed_partitions(setup.config.topics.partitions.0);
    }
    let (setup, broken, reasons): (Arc<Setup>, _, _) = (Arc::new(setup), Arc::default(), Arc::default());
    let listening = listen(&setup.config.http)?;
    let export = Export::start(&metrics);
    let traces = export.traces().clone();
    let house = House { setup, health, metrics, traces, shutdown, broken, reasons };
    tracing::info!(address = %listening.address, version = env!("CARGO_PKG_VERSION"), "serving");
    let pages = Pages { health: Arc::clone(&house.health), metrics: house.metrics.clone() };
    let ends = Shutdown::default();
    thread::scope(|scope| {
        scope.spawn(|| listening.serve(&pages, &ends));
        scope.spawn(|| house.keep_grace(&ends));
        let done = house.prepare().and_then(|ready| if ready { house.work() } else { Ok(Exit::Done) });
        // Within the grace, which is kept until then.
        export.end();
        ends.request();
        done
    })
}

impl House {
    /// Waits for a broker and checks the topics. Not ready when the end was asked for before.
    fn prepare(&self) -> Result<bool, Failure> {
        let mut backoff = Backoff::default();
        while !self.shutdown.is_requested() {
            match self.check() {
                Ok(()) => return Ok(true),
                Err(failure) => match failure.exit {
                    // Passwords and certificates are changed while we wait, here or there.
                    Exit::Broker | Exit::Refused => {
                        tracing::warn!(%failure, "not yet");
                        for stage in &self.setup.stages {
                            self.health.note(*stage, 0, Condition::Unreachable(failure.to_string()));
                        }
                        self.sleep(backoff.wait());
                    }
                    Exit::Done
                    | Exit::Alerts
                    | Exit::Usage
                    | Exit::Input
                    | Exit::Defect
                    | Exit::Output
                    | Exit::Config => return Err(failure),
                },
            }
        }
        Ok(false)
    }

    /// Asks with a new client each time: it reads the secrets that there are now.
    fn check(&self) -> Result<(), Failure> {
        let Setup { clients, config, stages, .. } = &*self.setup;
        let admin = Admin::new(clients)?;
        let mut wrong = Vec::new();
        for topic in plan(&config.topics) {
            let operations = operations(stages, &config.topics, &topic.name);
            if operations.is_empty() {
                continue;
            }
            match admin.find(&topic)? {
                // Whoever may read or write it may look at it.
                Found::Forbidden("DESCRIBE") => {
                    wrong.push(needs_permission(&format!(
                        "{} on topic {}",
                        operations.join(" and "),
                        topic.name
                    )));
                }
                found @ (Found::There { .. } | Found::Absent | Found::Forbidden(_)) => {
                    wrong.extend(topic.mismatches(&found).iter().map(ToString::to_string));
                }
            }
        }
        if stages.contains(&Stage::Router) {
            for name in self.setup.named_sources() {
                wrong.extend(match admin.look(name)? {
                    Seen::There(_) => None,
                    Seen::Absent => Some(format!("sources: the topic {name} is not there")),
                    Seen::Hidden => {
                        Some(format!("sources: {}", needs_permission(&format!("READ on topic {name}"))))
                    }
                });
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let failure = Failure::new(Exit::Config, "the topics are not as they must be");
        Err(wrong.into_iter().fold(failure, Failure::with_cause))
    }

    fn work(&self) -> Result<Exit, Failure> {
        thread::scope(|scope| {
            let mut workers: Vec<ScopedJoinHandle<'_, ()>> = Vec::new();
            for stage in &self.setup.stages {
                for worker in 0..self.setup.workers(*stage) {
                    self.health.note(*stage, worker, Condition::Joining);
                    workers.push(scope.spawn(move || self.live(*stage, worker)));
                }
            }
            while !workers.is_empty() {
                pass(LOOK);
                let (ended, alive): (Vec<_>, Vec<_>) = workers.into_iter().partition(|w| w.is_finished());
                workers = alive;
                for worker in ended {
                    if worker.join().is_err() {
                        // A worker that panics is a defect: nothing goes on as if it had not happened.
                        self.broken.store(true, Ordering::SeqCst);
                        self.shutdown.request();
                    }
                }
            }
            self.end()
        })
    }

    /// How the process ends.
    fn end(&self) -> Result<Exit, Failure> {
        match (self.broken.load(Ordering::SeqCst), self.reason()) {
            (true, _) => Err(Failure::new(Exit::Defect, "a worker broke down")),
            (false, Some(reason)) => Err(reason),
            (false, None) => Ok(Exit::Done),
        }
    }

    /// Ends the process when a stop in order takes longer than it may: a broker that does not answer keeps nobody.
    fn keep_grace(&self, ends: &Shutdown) {
        let grace = self.setup.config.shutdown.grace;
        let mut asked = None;
        while !ends.is_requested() {
            if self.shutdown.is_requested() {
                let since: Stopwatch = *asked.get_or_insert_with(|| {
                    tracing::info!(grace = %grace.0, "stopping in order");
                    Stopwatch::start()
                });
                if since.elapsed() >= grace.duration() {
                    tracing::warn!(
                        grace = %grace.0,
                        "the grace is over: what is not committed is left to whoever takes over, nothing is lost"
                    );
                    Shutdown::leave(self.end().unwrap_or_else(|failure| {
                        tracing::error!(%failure, "ends");
                        failure.exit
                    }));
                }
            }
            pass(LOOK);
        }
    }

    /// One worker, from one beginning to the next.
    fn live(&self, stage: Stage, worker: u16) {
        let mut backoff = Backoff::default();
        while !self.shutdown.is_requested() {
            self.health.note(stage, worker, Condition::Joining);
            let watch = Stopwatch::start();
            let ended = match stage {
                Stage::Router => router::live(self, worker),
                Stage::Detector => detector::live(self, worker),
            };
            self.metrics.assigned(stage, worker, 0);
            let Err(fault) = ended else { break };
            match &fault {
                Fault::Fenced(_) => self.metrics.fenced(stage),
                // At the start somebody looks on; later whoever took it away may give it back.
                Fault::Forbidden(_) if !self.health.has_worked() => {
                    self.stopped_by(
                        Failure::new(Exit::Config, format!("the {stage} cannot work")).because(&fault),
                    );
                }
                Fault::Forbidden(_) | Fault::Broken(_) => {}
            }
            self.metrics.restarted(stage);
            backoff.lived(watch.elapsed());
            let wait = backoff.wait();
            let advice = self.advice(&fault);
            tracing::error!(%stage, worker, %fault, advice = advice.as_deref(), wait_seconds = wait.as_secs_f64(), "a worker begins anew");
            self.health.note(stage, worker, Condition::Waiting(fault.to_string()));
            self.sleep(wait);
        }
        self.health.note(stage, worker, Condition::Stopped);
        tracing::info!(%stage, worker, "stopped");
    }

    /// The process ends, for this reason.
    fn stopped_by(&self, failure: Failure) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
        self.shutdown.request();
    }

    /// Why the process ends, if it is not for a signal: all that is known of it.
    fn reason(&self) -> Option<Failure> {
        let mut reasons =
            std::mem::take(&mut *self.reasons.lock().unwrap_or_else(PoisonError::into_inner)).into_iter();
        let first = reasons.next()?;
        Some(reasons.fold(first, |all, other| all.with_cause(other.to_string())))
    }

    /// What a person may do about a fault that comes again.
    fn advice(&self, fault: &Fault) -> Option<String> {
        let instance_id = self.setup.config.kafka.instance_id.as_ref().and_then(|id| id.name().ok());
        match (fault, instance_id) {
            (Fault::Fenced(_), Some(name)) => Some(format!(
                "another process has the kafka.instance_id `{name}`, or had it a moment ago; if this comes again and again, two have \
                 it and throw each other out: give each process one of its own, such as the name of its pod"
            )),
            (Fault::Fenced(_), None) => {
                let why = "the broker took this process for gone: it stood still for longer than its session or a transaction may last";
                Some(why.to_owned())
            }
            (Fault::Broken(_) | Fault::Forbidden(_), Some(_) | None) => None,
        }
    }

    fn sleep(&self, time: Duration) {
        let watch = Stopwatch::start();
        while watch.elapsed() < time && !self.shutdown.is_requested() {
            pass(LOOK);
        }
    }
}
