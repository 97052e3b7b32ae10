//! One run of a router: from joining its group to a fault, or to an orderly stop.

use crate::detect::policy::Policy;
use crate::event::host::Host;
use crate::host::clock::{Stopwatch, wall};
use crate::kafka::router_port::{KafkaRouter, RouterTopics};
use crate::observe::health::Condition;
use crate::run::dead_letters::DeadLetterLog;
use crate::run::environment::Environment;
use crate::run::heartbeat::Heartbeat;
use crate::run::sources::SourceReports;
use crate::run::stopped::StoppedPartitions;
use crate::stage::Stage;
use crate::stage::pace::Pace;
use crate::stage::port::Fault;
use crate::stage::router::task::RouterTask;
use crate::stage::router::worker::{RouterCounts, RouterWorker};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Runs a router until the process stops.
///
/// # Errors
/// The fault that ended it.
pub(crate) fn run(env: &Environment, number: u16) -> Result<(), Fault> {
    let config = &env.setup.config;
    let topics = RouterTopics::new(config.sources.clone(), &config.topics, env.setup.since);
    let (metrics, traces) = (env.metrics.clone(), env.traces.clone());
    let port = KafkaRouter::new(&env.setup.clients, number, topics, metrics, traces)?;
    let mut policies = env.policy.clone();
    let policy = Arc::clone(&policies.borrow_and_update());
    let task = RouterTask::new(&policy, env.partitions, Default::default())
        .with_longest_record(port.longest_record());
    let pace = Pace { dead_letters: config.topics.dead_letters_per_minute, ..Pace::default() };
    let mut router = Router {
        env,
        number,
        worker: RouterWorker::new(port, task, pace),
        policy,
        known: BTreeSet::new(),
        reported: RouterCounts::default(),
        assigned: None,
        heartbeat: Heartbeat::new(Stage::Router, number),
        stopped: StoppedPartitions::new(Stage::Router, number, env.metrics.clone()),
        dead: DeadLetterLog::new(),
        heard: BTreeMap::new(),
        sources: SourceReports::new(env.metrics.clone(), Arc::clone(&env.health)),
    };
    router.report_heard();
    let clock = Stopwatch::start();
    while !env.shutdown.is_cancelled() {
        if policies.has_changed().is_ok_and(|changed| changed) {
            router.change_policy(Arc::clone(&policies.borrow_and_update()));
        }
        router.worker.step(clock.millis())?;
        router.learn_topics();
        router.report();
    }
    router.worker.commit()?;
    router.report();
    Ok(())
}

struct Router<'a> {
    env: &'a Environment,
    number: u16,
    worker: RouterWorker<KafkaRouter>,
    policy: Arc<Policy>,
    /// Topics whose source is known.
    known: BTreeSet<String>,
    reported: RouterCounts,
    /// The number of assigned partitions that was reported.
    assigned: Option<usize>,
    heartbeat: Heartbeat,
    stopped: StoppedPartitions,
    dead: DeadLetterLog,
    /// The events of each CA that were reported.
    heard: BTreeMap<Host, u64>,
    sources: SourceReports,
}

impl Router<'_> {
    /// Everything that a router takes from the policy: routes, prefilters, and the CAs that it reports.
    fn change_policy(&mut self, policy: Arc<Policy>) {
        self.worker.change_policy(&policy);
        for topic in &self.known {
            self.worker.set_source(topic.clone(), self.env.setup.source(topic, &policy));
        }
        self.policy = policy;
        let named = self.worker.events_by_ca();
        self.heard.retain(|ca, _| {
            let is_named = named.contains_key(ca);
            if !is_named {
                self.env.metrics.forget_ca(ca.as_str());
            }
            is_named
        });
        self.report_heard();
    }

    /// Applies the settings of its source to a topic that a pattern matched. It was assigned in this step, and its records
    /// come from the next step on.
    fn learn_topics(&mut self) {
        let topics = self.worker.positions().map(|(partition, _)| &partition.topic);
        let new: BTreeSet<String> = topics.filter(|topic| !self.known.contains(*topic)).cloned().collect();
        for topic in new {
            self.worker.set_source(topic.clone(), self.env.setup.source(&topic, &self.policy));
            self.known.insert(topic);
        }
    }

    fn report(&mut self) {
        let Environment { metrics, health, .. } = self.env;
        let counts = self.worker.counts();
        if *counts != self.reported {
            metrics.router(&self.reported, counts);
            self.dead.report(&self.reported.rejected, &counts.rejected);
            self.reported = counts.clone();
        }
        let ready = self.worker.is_ready();
        let member = self.worker.port_mut().consumer();
        if self.assigned.replace(member.count()) != Some(member.count()) {
            metrics.assigned(Stage::Router, self.number, member.count());
        }
        let unreachable = member.unreachable().map(str::to_owned);
        let (has_joined, count) = (member.has_joined(), member.count());
        let stopped = self.worker.stopped().map(|(place, why)| (place.topic.as_str(), place.partition, why));
        let stopped = self.stopped.update(stopped);
        let sources = self.worker.port_mut().refused_sources();
        let refused = self.worker.port_mut().refused().map(str::to_owned);
        let condition = match (unreachable, has_joined, ready) {
            (Some(why), _, _) => Condition::Unreachable(why),
            (None, true, _) if let Some(why) = refused => Condition::Refused(why),
            // A worker whose topics are all refused never joins.
            (None, _, _) if let Some(why) = sources => Condition::SourcesRefused(why),
            (None, false, _) => Condition::Joining,
            (None, true, false) => stopped.map_or(Condition::Restoring(count), Condition::PartitionsStopped),
            (None, true, true) => Condition::Working,
        };
        health.note(Stage::Router, self.number, condition);
        let spent = self.worker.port_mut().spent();
        if self.heartbeat.beat(metrics, spent) {
            self.report_heard();
            self.sources.report(self.worker.tallies(), wall());
            self.env.health.sources_unmatched(self.worker.port_mut().silent_patterns());
        }
    }

    fn report_heard(&mut self) {
        for (ca, events) in self.worker.events_by_ca() {
            let reported = self.heard.insert(ca.clone(), *events).unwrap_or_default();
            self.env.metrics.heard(ca.as_str(), events - reported, wall());
        }
    }
}
