//! RUN: routers and detectors until a signal comes.

pub(crate) mod setup;
mod environment;
pub(crate) mod backoff;
mod check;
mod heartbeat;
mod stopped;
mod reload;
mod dead_letters;
mod sources;
pub(crate) mod router;
pub(crate) mod detector;
mod worker;

pub(crate) use crate::run::environment::{Environment, Reasons};

use crate::host::exit::{Exit, Failure};
use crate::host::shutdown::Signals;
use crate::host::{runtime, shutdown};
use crate::observe::health::{Condition, Health};
use crate::observe::http::{Pages, listen};
use crate::observe::metrics::Metrics;
use crate::observe::traces::export::Export;
use crate::run::reload::Reload;
use crate::run::setup::Setup;
use crate::stage::Stage;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Runs these stages until a signal comes. `config` is the file that the setup is from: its policy is read again when it changes.
///
/// # Errors
/// The config, the topics or the permissions do not allow it: everything that is wrong.
pub(crate) fn run(setup: Setup, config: PathBuf) -> Result<Exit, Failure> {
    runtime::start()?.block_on(serve(setup, config))
}

async fn serve(setup: Setup, config: PathBuf) -> Result<Exit, Failure> {
    let Signals { stop: shutdown, hangup } = shutdown::on_signals()?;
    let metrics = Metrics::new()?;
    let health = Arc::new(Health::new(setup.longest_round()));
    if setup.stages.contains(&Stage::Detector) {
        let interval = u64::try_from(setup.config.checkpoints.interval.as_millis()).unwrap_or_default();
        metrics.checkpoint_interval(Duration::from_millis(interval));
    }
    let listening = listen(&setup.config.http)?;
    let export = Export::start(&metrics);
    let traces = export.traces().clone();
    let (reload, policy) = Reload::new(config, &setup, metrics.clone());
    let reload = tokio::spawn(reload.keep_up(hangup));
    let (setup, reasons) = (Arc::new(setup), Reasons::default());
    let mut env = Environment { setup, partitions: 0, policy, health, metrics, traces, shutdown, reasons };
    tracing::info!(address = %listening.address, version = env!("CARGO_PKG_VERSION"), "serving");
    let pages = Pages { health: Arc::clone(&env.health), metrics: env.metrics.clone() };
    let end = CancellationToken::new();
    let server = tokio::spawn(listening.serve(pages, end.clone()));
    let metrics = env.metrics.clone();
    let upkeep = tokio::spawn(async move { metrics.keep_up().await });
    let grace = tokio::spawn(keep_grace_period(env.clone()));
    let done = match check::prepare(&env).await {
        Ok(Some(partitions)) => {
            env.partitions = partitions;
            work(&env).await
        }
        Ok(None) => Ok(Exit::Done),
        Err(failure) => Err(failure),
    };
    // Within the grace period, which ends with this.
    export.end().await;
    grace.abort();
    upkeep.abort();
    reload.abort();
    end.cancel();
    // A panic there was printed; it concerns no record.
    let _ = server.await;
    done
}

/// Runs all workers and awaits their ends.
async fn work(env: &Environment) -> Result<Exit, Failure> {
    if env.setup.stages.contains(&Stage::Detector) {
        env.metrics.routed_partitions(env.partitions);
    }
    let mut workers = JoinSet::new();
    for stage in env.setup.stages.iter().copied() {
        for number in 0..env.setup.workers(stage) {
            env.health.note(stage, number, Condition::Joining);
            workers.spawn(worker::supervise(env.clone(), stage, number));
        }
    }
    workers.join_all().await;
    env.reasons.verdict()
}

/// Ends the process when an orderly stop takes longer than configured, so that a broker that does not answer delays nothing.
async fn keep_grace_period(env: Environment) {
    env.shutdown.cancelled().await;
    let grace = &env.setup.config.shutdown.grace;
    tracing::info!(grace = %grace.0, "stopping in order");
    sleep(grace.duration()).await;
    tracing::warn!(
        grace = %grace.0,
        "grace period expired: uncommitted work is left to the successor, nothing is lost"
    );
    shutdown::leave(env.reasons.verdict().unwrap_or_else(|failure| {
        tracing::error!(%failure, "exiting");
        failure.exit
    }));
}
