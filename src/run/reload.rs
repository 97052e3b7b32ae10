//! The policy of a running process: the config is read again after SIGHUP, and when it or one of its lists has changed.
//!
//! A config with a mistake is refused as a whole. Of one without, the policy is taken; everything else needs a restart.

use crate::config::Config;
use crate::detect::policy::Policy;
use crate::observe::metrics::{Metrics, Reloaded};
use crate::run::setup::Setup;
use crate::stage::Stage;
use std::fs::metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// How often the config is read to see whether it has changed. A change is taken when two reads in a row agree, so that a file
/// that is being written is left alone.
const LOOK: Duration = Duration::from_secs(10);

/// What a read of the config gave: the config, or a line for each mistake.
type Read = Result<Config, String>;

/// Reads the config again and hands its policy to the workers.
#[derive(Debug)]
pub(crate) struct Reload {
    path: PathBuf,
    /// The config can be read only once: it came through a pipe.
    is_spent: bool,
    stages: Vec<Stage>,
    metrics: Metrics,
    policy: watch::Sender<Arc<Policy>>,
    /// The config of the start, of which everything but the policy stays in force.
    started: Config,
    last: Read,
    /// The read that was judged last.
    judged: Read,
}

impl Reload {
    /// For the config of this setup, which was read from the file at `path`. The receiver has its policy.
    pub(crate) fn new(
        path: PathBuf,
        setup: &Setup,
        metrics: Metrics,
    ) -> (Reload, watch::Receiver<Arc<Policy>>) {
        let (started, stages) = (setup.config.clone(), setup.stages.clone());
        metrics.policy(None, &started.policy.version());
        let (policy, receiver) = watch::channel(Arc::new(started.policy.clone()));
        let (last, judged) = (Ok(started.clone()), Ok(started.clone()));
        let is_spent = metadata(&path).is_ok_and(|now| !now.is_file());
        (Reload { path, is_spent, stages, metrics, policy, started, last, judged }, receiver)
    }

    /// Goes on for as long as it is polled.
    pub(crate) async fn keep_up(mut self, mut hangup: Signal) {
        while self.is_spent && hangup.recv().await.is_some() {
            let path = self.path.display();
            tracing::warn!(%path, "the config is a pipe, which is read once: a change needs a restart");
        }
        loop {
            let asked = tokio::select! {
                received = hangup.recv() => received.is_some(),
                () = sleep(LOOK) => false,
            };
            let (path, stages) = (self.path.clone(), self.stages.clone());
            // A panic was printed; the next look reads again.
            let Ok(read) = spawn_blocking(move || read(&path, stages)).await else { continue };
            let is_settled = read == self.last && read != self.judged;
            self.last = read;
            if asked || is_settled {
                self.judge();
            }
        }
    }

    /// Takes or refuses what was read last.
    fn judge(&mut self) {
        let present = Arc::clone(&self.policy.borrow());
        let outcome = match &self.last {
            Err(mistakes) => {
                let policy = present.version();
                for mistake in mistakes.lines() {
                    tracing::error!(
                        mistake,
                        policy,
                        "the changed config is refused: the policy stays as it is"
                    );
                }
                Reloaded::Refused
            }
            Ok(config) => {
                self.name_what_needs_a_restart(config);
                self.take(&present, &config.policy)
            }
        };
        self.metrics.reloaded(outcome);
        self.judged = self.last.clone();
    }

    fn take(&self, present: &Policy, policy: &Policy) -> Reloaded {
        let (earlier, version) = (present.version(), policy.version());
        if policy == present {
            tracing::info!(policy = version, "the config was read again: the policy is unchanged");
            return Reloaded::Unchanged;
        }
        tracing::info!(earlier, policy = version, "the policy is changed from the next checkpoints on");
        self.metrics.policy(Some(&earlier), &version);
        self.policy.send_replace(Arc::new(policy.clone()));
        Reloaded::Applied
    }

    fn name_what_needs_a_restart(&self, config: &Config) {
        let sections = differing(&self.started, config);
        if !sections.is_empty() {
            let sections = sections.join(", ");
            tracing::warn!(sections, "these sections of the config have changed and need a restart");
        }
    }
}

/// Reads and checks the config as a start does.
fn read(path: &Path, stages: Vec<Stage>) -> Read {
    let setup = Config::load_for(path, |config| Setup::checked(config, stages));
    setup.map(|setup| setup.config).map_err(|mistakes| mistakes.to_string())
}

/// The sections beside the policy in which the configs differ.
fn differing(one: &Config, other: &Config) -> Vec<&'static str> {
    let Config { kafka, sources, topics, alerts, checkpoints, http, log, workers, shutdown, policy: _ } = one;
    let sections = [
        ("kafka", *kafka != other.kafka),
        ("sources", *sources != other.sources),
        ("topics", *topics != other.topics),
        ("alerts", *alerts != other.alerts),
        ("checkpoints", *checkpoints != other.checkpoints),
        ("http", *http != other.http),
        ("log", *log != other.log),
        ("workers", *workers != other.workers),
        ("shutdown", *shutdown != other.shutdown),
    ];
    sections.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect()
}
