//! The life of a worker: started, and restarted with backoff after a fault, until the process stops.

use crate::host::clock::Stopwatch;
use crate::host::exit::{Exit, Failure};
use crate::observe::health::Condition;
use crate::run::backoff::Backoff;
use crate::run::environment::Environment;
use crate::run::{detector, router};
use crate::stage::Stage;
use crate::stage::port::Fault;
use std::thread;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Keeps a worker running until the process stops.
pub(crate) async fn supervise(env: Environment, stage: Stage, worker: u16) {
    let mut backoff = Backoff::default();
    let mut beginning = Condition::Joining;
    while !env.shutdown.is_cancelled() {
        env.health.note(stage, worker, beginning);
        let watch = Stopwatch::start();
        let ended = start(&env, stage, worker).await;
        env.metrics.assigned(stage, worker, 0);
        let Ok(ended) = ended else {
            // A panic is a defect: the process does not continue as if nothing had happened.
            env.stop_because(Failure::new(Exit::Defect, "a worker panicked"));
            break;
        };
        let Err(fault) = ended else { break };
        report(&env, stage, &fault);
        backoff.ran_for(watch.elapsed());
        let wait = backoff.wait();
        let advice = advice(&env, &fault);
        tracing::error!(%stage, worker, %fault, advice = advice.as_deref(), wait_seconds = wait.as_secs_f64(), "restarting a worker");
        env.health.note(stage, worker, Condition::Waiting(fault.to_string()));
        beginning = Condition::Restarting(fault.to_string());
        tokio::select! {
            () = sleep(wait) => {}
            () = env.shutdown.cancelled() => {}
        }
    }
    env.health.note(stage, worker, Condition::Stopped);
    tracing::info!(%stage, worker, "stopped");
}

/// Runs a worker on an OS thread of its own. The receiver yields its end, or an error if it panicked.
///
/// A worker is not a task of the runtime, because it blocks: `BaseConsumer` is polled, transactions commit and abort in
/// blocking calls, and the answer to a rebalance is deferred until the state is committed, between two polls of one thread.
fn start(env: &Environment, stage: Stage, worker: u16) -> oneshot::Receiver<Result<(), Fault>> {
    let (ended, end) = oneshot::channel();
    let env = env.clone();
    let work = move || {
        let result = match stage {
            Stage::Router => router::run(&env, worker),
            Stage::Detector => detector::run(&env, worker),
        };
        // The receiver is gone only when the runtime is.
        let _ = ended.send(result);
    };
    match thread::Builder::new().name(format!("{stage}-{worker}")).spawn(work) {
        Ok(_) => end,
        Err(error) => {
            let (ended, end) = oneshot::channel();
            let _ = ended.send(Err(Fault::Broken(format!("cannot start a thread: {error}"))));
            end
        }
    }
}

fn report(env: &Environment, stage: Stage, fault: &Fault) {
    match fault {
        Fault::Fenced(_) => env.metrics.fenced(stage),
        // At the start an operator is watching; a permission that is revoked later may be granted again.
        Fault::Forbidden(_) if !env.health.has_worked() => {
            env.stop_because(Failure::new(Exit::Config, format!("the {stage} cannot work")).because(fault));
        }
        Fault::Forbidden(_) | Fault::Broken(_) | Fault::Partition(_) => {}
    }
    env.metrics.restarted(stage);
}

/// What the operator can do about a fault that repeats.
fn advice(env: &Environment, fault: &Fault) -> Option<String> {
    let instance_id = env.setup.config.kafka.instance_id.as_ref().and_then(|id| id.name().ok());
    match (fault, instance_id) {
        (Fault::Fenced(_), Some(name)) => Some(format!(
            "another process has the kafka.instance_id `{name}`, or had it a moment ago; if this repeats, two processes use it \
             and fence each other: give each process one of its own, such as the name of its pod"
        )),
        (Fault::Fenced(_), None) => {
            let why = "the broker considered this process dead: it paused for longer than its session or transaction timeout";
            Some(why.to_owned())
        }
        (Fault::Broken(_) | Fault::Forbidden(_) | Fault::Partition(_), Some(_) | None) => None,
    }
}
