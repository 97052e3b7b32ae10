//! The environment of one test on the secured broker: its topics, configs and processes.

use crate::fixtures::is_story;
use crate::fixtures::{Alerts, Record};
use crate::process::{Process, program};
use crate::security::broker::{SecuredBroker, secured_broker};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The topics and files of one test on the secured broker.
pub(crate) struct SecuredEnvironment {
    pub(crate) name: String,
    pub(crate) broker: &'static SecuredBroker,
}

/// The lines below `kafka:` in a config: brokers, TLS and SASL.
pub(crate) struct Access(pub(crate) String);

impl Access {
    /// The settings for this listener.
    pub(crate) fn new(brokers: &str, lines: &str) -> Access {
        Access(format!("  brokers: ['{brokers}']\n{lines}"))
    }
}

impl SecuredEnvironment {
    /// Creates the source topic.
    pub(crate) fn new(name: &str) -> SecuredEnvironment {
        let env = SecuredEnvironment { name: name.to_owned(), broker: secured_broker() };
        let admin: AdminClient<DefaultClientContext> = env.client().create().unwrap();
        let source = env.topic("source");
        let new = NewTopic::new(&source, 1, TopicReplication::Fixed(1));
        let made = crate::broker::block_on(admin.create_topics(&[new], &AdminOptions::new()));
        assert!(made.unwrap().iter().all(Result::is_ok), "cannot create {source}");
        env
    }

    pub(crate) fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}", self.name)
    }

    /// Writes a config with these client settings and further lines at its end.
    pub(crate) fn config(&self, process: &str, access: &Access, more: &str) -> PathBuf {
        let name = &self.name;
        let text = format!(
            "kafka:\n{}  group: {name}\n  consumer: {{session.timeout.ms: 6000, heartbeat.interval.ms: 500}}\n\
             sources:\n  - topic: {name}.source\n\
             topics:\n  routed: {name}.routed\n  checkpoint: {name}.checkpoint\n  alerts: {name}.alerts\n  \
             dead_letter: {name}.dead\n  partitions: 2\n  replication_factor: 1\n  more_alerts: [{{topic: {name}.ecs, format: ecs}}]\n\
             checkpoints: {{interval: 1s}}\n{more}",
            access.0
        );
        let text =
            if text.contains("\nhttp:") { text } else { format!("{text}http: {{listen: '127.0.0.1:0'}}\n") };
        let path = self.broker.folder.join(format!("{name}-{process}.yaml"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The listener without authentication.
    pub(crate) fn open(&self) -> Access {
        Access::new(&self.broker.open, "")
    }

    /// As [`SecuredEnvironment::new`], and creates our own topics.
    pub(crate) fn with_topics(name: &str) -> SecuredEnvironment {
        let env = SecuredEnvironment::new(name);
        let (code, said) = topics("create", &env.config("create", &env.open(), ""));
        assert_eq!(code, Some(0), "{said}");
        env
    }

    pub(crate) fn run(&self, config: &Path, arguments: &[&str]) -> Process {
        Process::run(config, arguments, &config.with_extension("log"))
    }

    pub(crate) fn produce(&self, records: &[Record]) {
        let producer: BaseProducer = self.client().set("linger.ms", "5").create().unwrap();
        let topic = self.topic("source");
        for record in records {
            let record = BaseRecord::<(), [u8]>::to(&topic).partition(0).payload(record.text.as_bytes());
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(60)).unwrap();
    }

    /// Waits until exactly these alerts are committed.
    #[track_caller]
    pub(crate) fn await_alerts(&self, expected: &Alerts, process: &Process) {
        let began = Instant::now();
        let mut alerts = self.alerts();
        while alerts.len() < expected.len() {
            assert!(began.elapsed() < Duration::from_secs(90), "{} alerts\n{}", alerts.len(), process.log());
            std::thread::sleep(Duration::from_millis(200));
            alerts = self.alerts();
        }
        assert!(alerts == *expected, "other alerts than the pure core raises");
    }

    /// All committed alerts but stories, as [`crate::fixtures::raised`] gives them.
    pub(crate) fn alerts(&self) -> Alerts {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", "tests")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic("alerts"), 0, Offset::Beginning).unwrap();
        consumer.assign(&list).unwrap();
        let mut alerts = Alerts::new();
        loop {
            match consumer.poll(Duration::from_secs(30)).expect("a reader waits too long") {
                Ok(message) => {
                    let json = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
                    if is_story(&json) {
                        continue;
                    }
                    let alert: serde_json::Value = serde_json::from_str(&json).unwrap();
                    let id = alert["alert_id"].as_str().unwrap().to_owned();
                    let again = alerts.insert((id, alert["revision"].as_u64().unwrap()), json);
                    assert_eq!(again, None, "an alert was committed twice");
                }
                Err(KafkaError::PartitionEOF(_)) => return alerts,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Deletes its source topic.
    pub(crate) fn delete_source(&self) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let topic = self.topic("source");
        let deleted = crate::broker::block_on(admin.delete_topics(&[&topic], &AdminOptions::new()));
        assert!(deleted.unwrap().iter().all(Result::is_ok), "cannot delete {topic}");
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.broker.open);
        config
    }
}

/// Runs `adcs-watch topics`: its exit code and its output.
pub(crate) fn topics(what: &str, config: &Path) -> (Option<i32>, String) {
    let output = program().args(["topics", what, "-c"]).arg(config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}
