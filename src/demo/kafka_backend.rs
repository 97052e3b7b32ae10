//! The demo on a real Kafka. It creates topics of its own and deletes them at its end.

use crate::alert::Alert;
use crate::config::kafka::Kafka;
use crate::config::topic_range::TopicRange;
use crate::config::topics::{AlertFormat, OwnTopics, Partitions, Source, TopicName, Topics};
use crate::demo::backend::{Backend, PARTITIONS, SOURCE_PARTITIONS, alerts_in};
use crate::demo::story::EVENTS;
use crate::host::clock::{Stopwatch, pass, wall};
use crate::host::exit::{Exit, Failure};
use crate::kafka::admin::{Admin, TopicState};
use crate::kafka::detector_port::KafkaDetector;
use crate::kafka::errors::needs_permission;
use crate::kafka::fit::DetectorTopics;
use crate::kafka::follower::TopicFollower;
use crate::kafka::range_reader;
use crate::kafka::router_port::{KafkaRouter, RouterTopics};
use crate::kafka::settings::{Clients, Instance};
use crate::kafka::topics::{PlannedTopic, plan};
use crate::kafka::writer::Writer;
use crate::observe::metrics::Metrics;
use crate::observe::traces::Traces;
use crate::stage::port::{Fault, Millis, SourceRecord};
use std::time::Duration;

/// How to reach the brokers, and whether to keep the topics.
#[derive(Clone, Debug)]
pub(crate) struct KafkaOptions {
    /// Brokers, authentication and TLS.
    pub kafka: Kafka,
    /// Keep the topics of the demo after its end.
    pub keep: bool,
}

/// How long new topics may take to appear in the metadata of every broker.
const TOPICS_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the metadata are requested meanwhile.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Clients of a Kafka, and the topics of one demo on it.
pub(crate) struct KafkaBackend {
    brokers: String,
    /// The prefix of the names of all topics, groups and transactional ids.
    name: String,
    keep: bool,
    clients: Clients,
    admin: Admin,
    topics: OwnTopics,
    created: Vec<String>,
    writer: Writer,
    alerts: Option<TopicFollower>,
    metrics: Metrics,
    clock: Stopwatch,
}

impl KafkaBackend {
    /// Reads the secrets and creates the clients. Sends no request to a broker.
    ///
    /// # Errors
    /// A setting is wrong, or a secret cannot be read.
    pub(crate) fn new(broker: KafkaOptions, metrics: Metrics) -> Result<KafkaBackend, Failure> {
        let name = format!("adcs-watch-demo-{:x}-{:x}", wall().as_millis(), std::process::id());
        let kafka = Kafka { group: name.clone(), ..broker.kafka };
        // The second detector is the same static member of the group, so it takes the partitions over at once.
        let instance = Instance::Static("demo".to_owned());
        let clients = Clients::new(&kafka, instance).map_err(|wrong| {
            let failure = Failure::new(Exit::Config, "the section `kafka` has mistakes");
            wrong.into_iter().fold(failure, Failure::with_cause)
        })?;
        let topic = |kind: &str| TopicName(format!("{name}.{kind}"));
        let topics = OwnTopics {
            routed: topic("routed"),
            checkpoint: topic("checkpoint"),
            alerts: topic("alerts"),
            dead_letter: topic("dead-letter"),
            partitions: Some(Partitions(PARTITIONS)),
            ..OwnTopics::default()
        };
        Ok(KafkaBackend {
            brokers: kafka.brokers.join(","),
            keep: broker.keep,
            admin: Admin::new(&clients)?,
            writer: Writer::new(&clients)?,
            created: Vec::new(),
            alerts: None,
            clock: Stopwatch::start(),
            name,
            clients,
            topics,
            metrics,
        })
    }

    /// Creates the topics and waits until every broker knows them.
    ///
    /// # Errors
    /// No broker can be reached, or none creates the topics in time.
    pub(crate) fn prepare(&mut self) -> Result<(), Failure> {
        let asked = self.admin.state(&self.source());
        asked.map_err(|failure| failure.with_cause(format!("--bootstrap {}", self.brokers)))?;
        for topic in self.planned() {
            self.admin.create(&topic)?;
            self.created.push(topic.name);
        }
        let watch = Stopwatch::start();
        for topic in &self.created {
            while self.partitions(topic)? == 0 {
                if watch.elapsed() > TOPICS_TIMEOUT {
                    return Err(Failure::new(
                        Exit::Broker,
                        "the topics of the demo do not appear in the metadata",
                    ));
                }
                pass(POLL_INTERVAL);
            }
        }
        let alerts = &self.topics.alerts.0;
        let partitions = self.partitions(alerts)?;
        self.alerts = Some(TopicFollower::new(&self.clients, alerts, partitions)?);
        Ok(())
    }

    /// The number of partitions of a topic; 0 if it does not exist.
    fn partitions(&self, topic: &str) -> Result<u32, Failure> {
        Ok(match self.admin.state(topic)? {
            TopicState::Present(partitions) => partitions,
            TopicState::Absent => 0,
            TopicState::Hidden => {
                let needs = needs_permission(&format!("READ and WRITE on topic {topic}"));
                return Err(Failure::new(Exit::Config, "the demo cannot use its topics").with_cause(needs));
            }
        })
    }

    fn planned(&self) -> Vec<PlannedTopic> {
        let source = PlannedTopic {
            name: self.source(),
            partitions: Some(SOURCE_PARTITIONS),
            replication: None,
            settings: Vec::new(),
            requirements: Vec::new(),
        };
        [source].into_iter().chain(plan(&self.topics, None)).collect()
    }

    fn source(&self) -> String {
        format!("{}.{EVENTS}", self.name)
    }

    /// Deletes the topics unless they are to be kept. Returns a sentence that states which.
    ///
    /// # Errors
    /// No broker deletes them.
    pub(crate) fn close(self) -> Result<String, Failure> {
        if self.created.is_empty() {
            return Ok(String::new());
        }
        if self.keep {
            return Ok(format!("the topics are kept: {}", self.created.join(", ")));
        }
        self.admin.delete(&self.created)?;
        Ok(format!("the {} topics {}.* are deleted", self.created.len(), self.name))
    }
}

fn refused(fault: Fault) -> Failure {
    Failure::new(KafkaBackend::REFUSED, "the demo failed").because(&fault)
}

/// The alerts in records of the alert topic.
fn alerts(records: Vec<SourceRecord>) -> Vec<Alert> {
    alerts_in(records.into_iter().map(|record| record.value))
}

impl Backend for KafkaBackend {
    type Router = KafkaRouter;
    type Detector = KafkaDetector;

    const REFUSED: Exit = Exit::Broker;

    fn name(&self) -> String {
        format!("Kafka at {}", self.brokers)
    }

    fn topics(&self) -> Option<String> {
        Some(format!("topics {}.*", self.name))
    }

    fn now(&mut self) -> Millis {
        self.clock.millis()
    }

    fn append(&mut self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure> {
        let topic = self.source();
        records.iter().try_for_each(|(partition, record)| self.writer.append(&topic, *partition, record))?;
        self.writer.flush()
    }

    fn router(&mut self) -> Result<KafkaRouter, Failure> {
        let source = Source { topics: Topics::Name(self.source()), format: None, zone: None };
        let topics = RouterTopics::new(vec![source], &self.topics, None);
        KafkaRouter::new(&self.clients, 0, topics, self.metrics.clone(), Traces::default()).map_err(refused)
    }

    fn detector(&mut self) -> Result<KafkaDetector, Failure> {
        let topics = DetectorTopics::new(&self.topics, AlertFormat::Json);
        KafkaDetector::new(&self.clients, 0, topics, self.metrics.clone(), Traces::default()).map_err(refused)
    }

    fn alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        Ok(alerts(self.alerts.as_ref().map_or_else(|| Ok(Vec::new()), TopicFollower::new_records)?))
    }

    fn last_alerts(&mut self) -> Result<Vec<Alert>, Failure> {
        Ok(alerts(self.alerts.as_ref().map_or_else(|| Ok(Vec::new()), TopicFollower::remaining_records)?))
    }

    fn last_routed(&mut self) -> Result<Vec<Option<u64>>, Failure> {
        let mut last = vec![None; PARTITIONS as usize];
        let topic = self.topics.routed.0.clone();
        let all = TopicRange { topic, partition: None, from: None, to: None, since: None };
        let extent = range_reader::extent(&self.clients, &all)?;
        range_reader::read(&self.clients, &all, &extent, &mut |record| {
            if let Some(last) = last.get_mut(record.from.partition as usize) {
                *last = Some(record.offset);
            }
            Ok(())
        })?;
        Ok(last)
    }

    /// The Kafka ports count their records and alerts themselves.
    fn count(&self, _: &Metrics, _: u64, _: &[Alert]) {}
}
