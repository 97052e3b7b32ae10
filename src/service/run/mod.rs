//! RUN: workers on threads, each with its own log, until a signal comes.

pub mod backoff;
pub mod detector;
pub mod router;
pub mod setup;

use crate::service::clock::{Stopwatch, pass};
use crate::service::exit::{Exit, Failure};
use crate::service::health::{Condition, Health};
use crate::service::http::Pages;
use crate::service::http::server::listen;
use crate::service::kafka::admin::Admin;
use crate::service::metrics::Metrics;
use crate::service::run::backoff::Backoff;
use crate::service::run::setup::Setup;
use crate::service::shutdown::Shutdown;
use crate::service::stage::Stage;
use crate::service::topics::plan;
use crate::task::port::Fault;
use std::sync::Arc;
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
    /// Whether to stop.
    pub shutdown: Shutdown,
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
    let house = House { setup: Arc::new(setup), health: Arc::default(), metrics, shutdown };
    let listening = listen(&house.setup.config.http)?;
    tracing::info!(address = %listening.address, version = env!("CARGO_PKG_VERSION"), "serving");
    let pages = Pages { health: Arc::clone(&house.health), metrics: house.metrics.clone() };
    let server_ends = Shutdown::default();
    thread::scope(|scope| {
        scope.spawn(|| listening.serve(&pages, &server_ends));
        let done = house.prepare().and_then(|ready| if ready { house.work() } else { Ok(Exit::Done) });
        server_ends.request();
        done
    })
}

impl House {
    /// Waits for a broker and checks the topics. Not ready when the end was asked for before.
    fn prepare(&self) -> Result<bool, Failure> {
        let admin = Admin::new(&self.setup.clients)?;
        let mut backoff = Backoff::default();
        while !self.shutdown.is_requested() {
            match self.check(&admin) {
                Ok(()) => return Ok(true),
                Err(failure) if failure.exit == Exit::Broker => {
                    tracing::warn!(%failure, "not yet");
                    for stage in &self.setup.stages {
                        self.health.note(*stage, 0, Condition::Unreachable(failure.to_string()));
                    }
                    self.sleep(backoff.wait());
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(false)
    }

    fn check(&self, admin: &Admin) -> Result<(), Failure> {
        let planned = plan(&self.setup.config.topics);
        let found = admin.find(&planned)?;
        let mut wrong: Vec<String> = planned
            .iter()
            .flat_map(|topic| topic.mismatches(found.get(&topic.name)))
            .map(|mismatch| mismatch.to_string())
            .collect();
        if self.setup.stages.contains(&Stage::Router) {
            wrong.extend(self.setup.missing_sources(&admin.topics()?));
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
            let mut broken = false;
            while !workers.is_empty() {
                pass(LOOK);
                let (ended, alive): (Vec<_>, Vec<_>) = workers.into_iter().partition(|w| w.is_finished());
                workers = alive;
                for worker in ended {
                    broken |= worker.join().is_err();
                }
                if broken {
                    // A worker that panics is a defect: nothing goes on as if it had not happened.
                    self.shutdown.request();
                }
            }
            match broken {
                true => Err(Failure::new(Exit::Defect, "a worker broke down")),
                false => Ok(Exit::Done),
            }
        })
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
            if let Fault::Fenced(_) = fault {
                self.metrics.fenced(stage);
            }
            self.metrics.restarted(stage);
            backoff.lived(watch.elapsed());
            let wait = backoff.wait();
            tracing::error!(%stage, worker, %fault, wait_seconds = wait.as_secs_f64(), "a worker begins anew");
            self.health.note(stage, worker, Condition::Waiting(fault.to_string()));
            self.sleep(wait);
        }
        self.health.note(stage, worker, Condition::Stopped);
        tracing::info!(%stage, worker, "stopped");
    }

    fn sleep(&self, time: Duration) {
        let watch = Stopwatch::start();
        while watch.elapsed() < time && !self.shutdown.is_requested() {
            pass(LOOK);
        }
    }
}
