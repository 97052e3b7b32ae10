//! The life of a router: from joining its group to a fault, or to the end in order.

use crate::event::host::Host;
use crate::host::clock::{Stopwatch, wall};
use crate::kafka::router_port::{KafkaRouter, RouterTopics};
use crate::observe::health::Condition;
use crate::run::House;
use crate::run::heartbeat::Pulse;
use crate::stage::Stage;
use crate::stage::pace::Pace;
use crate::stage::port::Fault;
use crate::stage::router::task::RouterTask;
use crate::stage::router::worker::{RouterCounts, RouterWorker};
use std::collections::{BTreeMap, BTreeSet};

/// Lives.
///
/// # Errors
/// The fault that ended it.
pub fn live(house: &House, number: u16) -> Result<(), Fault> {
    let config = &house.setup.config;
    let topics = RouterTopics::new(config.sources.clone(), &config.topics, house.setup.since);
    let (metrics, traces) = (house.metrics.clone(), house.traces.clone());
    let port = KafkaRouter::new(&house.setup.clients, number, topics, metrics, traces)?;
    let task = RouterTask::new(&config.policy, config.topics.partitions.0, Default::default());
    let mut router = Router {
        house,
        number,
        worker: RouterWorker::new(port, task, Pace::default()),
        known: BTreeSet::new(),
        told: RouterCounts::default(),
        pulse: Pulse::new(Stage::Router, number),
        heard: BTreeMap::new(),
    };
    router.tell_heard();
    let clock = Stopwatch::start();
    while !house.shutdown.is_requested() {
        router.worker.step(clock.millis())?;
        router.learn_topics();
        router.tell();
    }
    router.worker.commit()?;
    router.tell();
    Ok(())
}

struct Router<'a> {
    house: &'a House,
    number: u16,
    worker: RouterWorker<KafkaRouter>,
    /// Topics of which it is known how they are read.
    known: BTreeSet<String>,
    told: RouterCounts,
    pulse: Pulse,
    /// How many events of each CA were told.
    heard: BTreeMap<Host, u64>,
}

impl Router<'_> {
    /// A topic that a pattern brought is read as its source says. It was assigned in this step and is read from the next on.
    fn learn_topics(&mut self) {
        let topics = self.worker.positions().map(|(partition, _)| &partition.topic);
        let new: BTreeSet<String> = topics.filter(|topic| !self.known.contains(*topic)).cloned().collect();
        for topic in new {
            self.worker.read_as(topic.clone(), self.house.setup.source(&topic));
            self.known.insert(topic);
        }
    }

    fn tell(&mut self) {
        let House { metrics, health, .. } = self.house;
        let counts = self.worker.counts();
        metrics.router(&self.told, counts);
        if *counts != self.told {
            self.told = counts.clone();
        }
        let ready = self.worker.is_ready();
        let member = self.worker.port_mut().member();
        metrics.assigned(Stage::Router, self.number, member.count());
        let condition = match (member.unreachable(), member.has_joined(), ready) {
            (Some(why), _, _) => Condition::Unreachable(why.to_owned()),
            (None, false, _) => Condition::Joining,
            (None, true, false) => Condition::Restoring(member.count()),
            (None, true, true) => Condition::Working,
        };
        health.note(Stage::Router, self.number, condition);
        let spent = self.worker.port_mut().spent();
        if self.pulse.beat(metrics, spent) {
            self.tell_heard();
        }
    }

    fn tell_heard(&mut self) {
        for (ca, events) in self.worker.heard() {
            let told = self.heard.insert(ca.clone(), *events).unwrap_or_default();
            self.house.metrics.heard(ca.as_str(), events - told, wall());
        }
    }
}
