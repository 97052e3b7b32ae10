//! The environment of one test: its topics, groups, config files and processes, and what its topics contain.

use crate::broker::{self, Cluster};
use crate::fixtures::{Alerts, Record, comparable, events, is_story};
use crate::process::{Process, program, until};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Routes;
use adcs_watch::event::Event;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
    TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

/// The topics, groups and files of one test, on a shared broker or on brokers of its own.
pub(crate) struct Environment {
    pub(crate) name: String,
    bootstrap: String,
    replicas: u32,
    folder: PathBuf,
    sources: u32,
    /// Whether records carry a `traceparent` header, [`TRACE`].
    pub(crate) traced: bool,
    /// Further lines of `topics` in its configs.
    pub(crate) more_topics: String,
    producer: BaseProducer,
}

/// The value of the `traceparent` header of records that carry one.
pub(crate) const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A record as a read-committed consumer receives it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Where an alert in ECS has its id and its revision.
pub(crate) const ECS: [&str; 2] = ["/event/id", "/event/sequence"];
/// Partitions of the routed topic.
pub(crate) const PARTITIONS: u32 = 6;

impl Environment {
    /// Creates the source topic and our own topics on the shared broker.
    pub(crate) fn new(name: &str, sources: u32) -> Environment {
        Environment::with_source(name, sources, &[])
    }

    /// As [`Environment::new`], with these settings of the source topic.
    pub(crate) fn with_source(name: &str, sources: u32, settings: &[(&str, &str)]) -> Environment {
        let env = Environment::without_topics(name, sources, settings);
        env.create_topics_of_ours();
        env
    }

    /// As [`Environment::new`], on brokers of the test's own.
    pub(crate) fn on(cluster: &Cluster, name: &str, sources: u32) -> Environment {
        let replicas = if cluster.nodes < 3 { 1 } else { 3 };
        let env = Environment::at(&cluster.bootstrap, replicas, name, sources);
        env.create(&env.source(), sources, &[]);
        env.create_topics_of_ours();
        env
    }

    /// An environment without any topic, on brokers of the test's own where topics have no copies.
    pub(crate) fn without_copies(cluster: &Cluster, name: &str, sources: u32) -> Environment {
        Environment::at(&cluster.bootstrap, 1, name, sources)
    }

    /// Creates those of our own topics that are missing, with `adcs-watch topics create`, again where a busy broker does not
    /// answer in time.
    pub(crate) fn create_topics_of_ours(&self) {
        let config = self.config("create", "");
        let create = || program().args(["topics", "create", "-c"]).arg(&config).output().unwrap();
        let is_late = |made: &Output| String::from_utf8_lossy(&made.stderr).contains("OperationTimedOut");
        let mut made = create();
        for _ in 0..3 {
            if !is_late(&made) {
                break;
            }
            made = create();
        }
        assert!(made.status.success(), "{made:?}");
    }

    /// Creates the source topic only.
    pub(crate) fn bare(name: &str, sources: u32) -> Environment {
        Environment::without_topics(name, sources, &[])
    }

    fn without_topics(name: &str, sources: u32, settings: &[(&str, &str)]) -> Environment {
        let env = Environment::at(broker::bootstrap(), 1, name, sources);
        env.create(&env.source(), sources, settings);
        env
    }

    fn at(bootstrap: &str, replicas: u32, name: &str, sources: u32) -> Environment {
        let folder = broker::folder().join(name);
        fs::create_dir_all(&folder).unwrap();
        let (name, bootstrap) = (name.to_owned(), bootstrap.to_owned());
        let mut config = client(&bootstrap);
        let producer = config.set("enable.idempotence", "true").set("linger.ms", "5").create().unwrap();
        let more_topics = String::new();
        Environment { name, bootstrap, replicas, folder, sources, traced: false, more_topics, producer }
    }

    /// The folder of its configs and logs.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn source(&self) -> String {
        format!("{}.source", self.name)
    }

    pub(crate) fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}", self.name)
    }

    pub(crate) fn create(&self, topic: &str, partitions: u32, settings: &[(&str, &str)]) {
        let replicas = TopicReplication::Fixed(i32::try_from(self.replicas).unwrap());
        self.create_with(topic, partitions, replicas, settings);
    }

    /// Creates a topic with a partition for each of these brokers, which alone has it.
    pub(crate) fn create_at(&self, nodes: &[i32], topic: &str, settings: &[(&str, &str)]) {
        let replicas: Vec<&[i32]> = nodes.iter().map(std::slice::from_ref).collect();
        let partitions = u32::try_from(nodes.len()).unwrap();
        self.create_with(topic, partitions, TopicReplication::Variable(&replicas), settings);
    }

    fn create_with(
        &self,
        topic: &str,
        partitions: u32,
        replicas: TopicReplication<'_>,
        settings: &[(&str, &str)],
    ) {
        let admin = self.admin();
        let mut new = NewTopic::new(topic, i32::try_from(partitions).unwrap(), replicas);
        for (name, value) in settings {
            new = new.set(name, value);
        }
        // A broker that was frozen before may answer late, and a topic that is there already was made by the try before.
        let began = Instant::now();
        let mut was_tried = false;
        let made = loop {
            match broker::block_on(admin.create_topics([&new], &AdminOptions::new())) {
                Ok(made) => break made,
                Err(error) => {
                    assert!(began.elapsed() < Duration::from_secs(180), "cannot create {topic}: {error}");
                    was_tried = true;
                }
            }
        };
        let is_there = |made: &TopicResult| match made {
            Ok(_) => true,
            Err((_, code)) => was_tried && *code == RDKafkaErrorCode::TopicAlreadyExists,
        };
        assert!(made.iter().all(is_there), "cannot create {topic}: {made:?}");
        let began = Instant::now();
        while admin
            .inner()
            .fetch_metadata(None, Duration::from_secs(5))
            .unwrap()
            .topics()
            .iter()
            .all(|t| t.name() != topic)
        {
            assert!(began.elapsed() < Duration::from_secs(20));
        }
    }

    /// Writes the config file of a process; `instance` is its `kafka.instance_id`, none when empty.
    pub(crate) fn config(&self, process: &str, instance: &str) -> PathBuf {
        let name = &self.name;
        let brokers: Vec<String> = self.bootstrap.split(',').map(|broker| format!("'{broker}'")).collect();
        let instance =
            if instance.is_empty() { String::new() } else { format!("  instance_id: {instance}\n") };
        let text = format!(
            "kafka:\n  brokers: [{}]\n  group: {name}\n{instance}  properties: {{reconnect.backoff.max.ms: 1000}}\n  consumer: {{session.timeout.ms: 3000, heartbeat.interval.ms: 300}}\n\
             sources:\n  - topic: {}\n\
             topics:\n  routed: {name}.routed\n  checkpoint: {name}.checkpoint\n  alerts: {name}.alerts\n  \
             dead_letter: {name}.dead\n  partitions: {PARTITIONS}\n  replication_factor: {}\n{}\
             checkpoints: {{interval: 1s}}\n\
             http: {{listen: '127.0.0.1:0'}}\n",
            brokers.join(", "),
            self.source(),
            self.replicas,
            self.more_topics
        );
        let path = self.folder.join(format!("{process}.yaml"));
        fs::write(&path, text).unwrap();
        path
    }

    /// Starts a process of this stage. A static member has its process name as `kafka.instance_id`.
    pub(crate) fn start(&self, process: &str, stage: &str, is_static: bool) -> Process {
        let config = self.config(process, if is_static { process } else { "" });
        Process::run(&config, &["--stage", stage], &self.folder.join(format!("{process}.log")))
    }

    /// Starts a process with both stages, further config lines and further arguments.
    pub(crate) fn start_with(&self, process: &str, more: &str, arguments: &[&str]) -> Process {
        let config = self.config(process, "");
        let text = fs::read_to_string(&config).unwrap() + more;
        fs::write(&config, text).unwrap();
        Process::run(&config, arguments, &self.folder.join(format!("{process}.log")))
    }

    /// Runs `replay --from-topic` on a range of a topic: the exit code and the alerts.
    pub(crate) fn replay(&self, slice: &str) -> (Option<i32>, Alerts) {
        let config = self.config("replay", "");
        let done = program()
            .args(["replay", "--format", "ndjson", "--from-topic", slice, "-c"])
            .arg(config)
            .output();
        let done = done.unwrap();
        let alerts = String::from_utf8(done.stdout).unwrap();
        let alerts = alerts.lines().map(|json| {
            let alert: serde_json::Value = serde_json::from_str(json).unwrap();
            let id = alert["alert_id"].as_str().unwrap().to_owned();
            ((id, alert["revision"].as_u64().unwrap()), json.to_owned())
        });
        (done.status.code(), comparable(alerts.collect()))
    }

    /// Writes records to the source topic, in order within each partition.
    pub(crate) fn produce(&self, records: &[Record]) {
        let bytes: Vec<(u32, &[u8])> = records.iter().map(|r| (r.partition, r.text.as_bytes())).collect();
        self.produce_bytes(&bytes);
    }

    pub(crate) fn produce_bytes(&self, records: &[(u32, &[u8])]) {
        let topic = self.source();
        for (partition, value) in records {
            let partition = i32::try_from(*partition).unwrap();
            let headers = OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(TRACE) });
            let record = BaseRecord::<(), [u8]>::to(&topic).partition(partition).payload(value);
            let mut record = if self.traced { record.headers(headers) } else { record };
            let began = Instant::now();
            while let Err((error, again)) = self.producer.send(record) {
                // A partition that was just added is unknown until the next metadata. They are requested only then: a broker that
                // was frozen can answer for a moment that there is no broker, and librdkafka 2.12 may ask nobody any more.
                let retriable = [RDKafkaErrorCode::QueueFull, RDKafkaErrorCode::UnknownPartition];
                assert!(retriable.map(KafkaError::MessageProduction).contains(&error), "{error}");
                assert!(began.elapsed() < Duration::from_secs(90), "{error}");
                if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                    drop(self.producer.client().fetch_metadata(Some(&topic), Duration::from_secs(1)));
                }
                self.producer.poll(Duration::from_millis(10));
                record = again;
            }
            self.producer.poll(Duration::ZERO);
        }
        self.flush();
    }

    /// Waits longer than for a request that a frozen broker never answers: `socket.timeout.ms`, 60 s.
    fn flush(&self) {
        self.producer.flush(Duration::from_secs(120)).unwrap();
    }

    /// Writes one record from outside the program.
    pub(crate) fn write(&self, kind: &str, partition: i32, key: &[u8], value: Option<&[u8]>) {
        let topic = self.topic(kind);
        let mut record = BaseRecord::<[u8], [u8]>::to(&topic).partition(partition).key(key);
        if let Some(value) = value {
            record = record.payload(value);
        }
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
        self.flush();
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        client(&self.bootstrap).create().unwrap()
    }

    /// Deletes a topic and waits until it is gone.
    pub(crate) fn delete(&self, kind: &str) {
        let topic = self.topic(kind);
        let admin = self.admin();
        let deleted = broker::block_on(admin.delete_topics(&[&topic], &AdminOptions::new()));
        assert!(deleted.unwrap().iter().all(Result::is_ok), "cannot delete {topic}");
        let gone = || {
            let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).unwrap();
            metadata.topics().iter().all(|there| there.name() != topic)
        };
        until(Duration::from_secs(20), gone, || format!("{topic} does not go"));
    }

    /// Creates the source topic after it was deleted.
    pub(crate) fn recreate_source(&self) {
        self.create(&self.source(), self.sources, &[]);
    }

    /// Adds partitions to a topic until it has this many.
    pub(crate) fn add_partitions(&self, kind: &str, partitions: u32) {
        let topic = self.topic(kind);
        let new = NewPartitions::new(&topic, usize::try_from(partitions).unwrap());
        let done = broker::block_on(self.admin().create_partitions(&[new], &AdminOptions::new()));
        assert!(done.unwrap().iter().all(Result::is_ok), "cannot add_partitions {topic}");
    }

    /// A consumer that reads or sets the committed offsets of a stage's group without joining it.
    fn of_group(&self, stage: &str) -> BaseConsumer {
        let group = format!("{}-{stage}", self.name);
        client(&self.bootstrap).set("group.id", group).create().unwrap()
    }

    /// The committed offset of each partition; none where there is none.
    pub(crate) fn committed(&self, stage: &str, kind: &str) -> Vec<Option<i64>> {
        let (topic, consumer) = (self.topic(kind), self.of_group(stage));
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition(&topic, partition.id());
        }
        let committed = consumer.committed_offsets(list, Duration::from_secs(20)).unwrap();
        committed.elements().iter().map(|element| element.offset().to_raw().filter(|n| *n >= 0)).collect()
    }

    /// Sets a committed offset of a stage that is not running, as an operator would.
    pub(crate) fn set_committed(&self, stage: &str, kind: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic(kind), partition, Offset::Offset(offset)).unwrap();
        let began = Instant::now();
        // A group accepts offsets from outside only once it is empty.
        while let Err(error) = self.of_group(stage).commit(&list, CommitMode::Sync) {
            assert!(began.elapsed() < Duration::from_secs(30), "{error}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The consumer groups that the broker knows whose names begin as those of this environment.
    pub(crate) fn groups(&self) -> BTreeSet<String> {
        let groups = self.of_group("reader").fetch_group_list(None, Duration::from_secs(20)).unwrap();
        let names = groups.groups().iter().map(|group| group.name().to_owned());
        names.filter(|name| name.starts_with(&self.name)).collect()
    }

    /// The high watermark of each partition.
    pub(crate) fn ends(&self, kind: &str) -> Vec<i64> {
        let (topic, consumer) = (self.topic(kind), self.of_group("reader"));
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        let end = |partition: i32| consumer.fetch_watermarks(&topic, partition, Duration::from_secs(10));
        metadata.topics()[0].partitions().iter().map(|partition| end(partition.id()).unwrap().1).collect()
    }

    /// Waits until every partition has this many in-sync replicas.
    pub(crate) fn await_replicas(&self, replicas: usize) {
        let admin = self.admin();
        let whole = || {
            let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).unwrap();
            let topics = metadata.topics().iter();
            topics.flat_map(|topic| topic.partitions()).all(|partition| partition.isr().len() == replicas)
        };
        until(Duration::from_secs(90), whole, || "replicas are missing".to_owned());
    }

    /// Asserts that the routed topic has each event exactly once in each partition that it concerns.
    #[track_caller]
    pub(crate) fn assert_routed_once(&self, records: &[Record]) {
        use adcs_watch::wire::event::encode;
        let routes = Routes::new(&Policy::default());
        let mut wanted = BTreeSet::new();
        for event in events(&self.source(), records) {
            for partition in routes.partitions(&event, PARTITIONS) {
                wanted.insert((i32::try_from(partition).unwrap(), encode(&event)));
            }
        }
        let routed = self.routed().into_iter().filter(|(_, event)| !is_link(event));
        let routed: Vec<_> = routed.map(|(partition, event)| (partition, encode(&event))).collect();
        let seen: BTreeSet<_> = routed.iter().cloned().collect();
        assert_eq!(routed.len(), seen.len(), "an event was routed twice");
        assert_eq!(seen.len(), wanted.len());
        assert!(seen == wanted, "other events were routed than should have been");
    }

    /// All committed events of the routed topic, each with its partition.
    fn routed(&self) -> Vec<(i32, Event)> {
        let events = self.read_values("routed").flat_map(|(seen, value)| {
            let events = adcs_watch::wire::routed::decode(&value);
            events.map(|event| (seen.partition, event.unwrap())).collect::<Vec<_>>()
        });
        events.collect()
    }

    /// The alerts that detectors wrote to the routed topic for their stories.
    pub(crate) fn links(&self) -> Vec<(i32, Event)> {
        self.routed().into_iter().filter(|(_, event)| is_link(event)).collect()
    }

    /// Changes a setting of a topic.
    pub(crate) fn set(&self, kind: &str, name: &str, value: &str) {
        let admin: AdminClient<DefaultClientContext> = self.admin();
        let topic = self.topic(kind);
        let change = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set(name, value);
        let done = broker::block_on(admin.alter_configs(&[change], &AdminOptions::new())).unwrap();
        assert!(done.iter().all(Result::is_ok), "{done:?}");
    }

    /// As retention does with records that were read: deletes everything below the offsets that the stage's group committed.
    pub(crate) fn delete_committed(&self, stage: &str, kind: &str) {
        let topic = self.topic(kind);
        let mut list = TopicPartitionList::new();
        for (partition, offset) in self.committed(stage, kind).into_iter().enumerate() {
            if let Some(offset) = offset {
                let partition = i32::try_from(partition).unwrap();
                list.add_partition_offset(&topic, partition, Offset::Offset(offset)).unwrap();
            }
        }
        // A broker that is down refuses; retention then tries again later, and so does the next call.
        let _ = broker::block_on(self.admin().delete_records(&list, &AdminOptions::new()));
    }

    /// Deletes all records of a topic, as retention would.
    pub(crate) fn delete_records(&self, kind: &str) {
        let (admin, topic) = (self.admin(), self.topic(kind));
        let metadata = admin.inner().fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition_offset(&topic, partition.id(), Offset::End).unwrap();
        }
        broker::block_on(admin.delete_records(&list, &AdminOptions::new())).unwrap();
    }

    /// All committed records of a topic.
    pub(crate) fn read(&self, kind: &str) -> Vec<Seen> {
        let mut config = client(&self.bootstrap);
        config
            .set("group.id", "a-reader")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed");
        let consumer: BaseConsumer = config.create().unwrap();
        let topic = self.topic(kind);
        let metadata = consumer.fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        let mut open = metadata.topics()[0].partitions().len();
        let mut list = TopicPartitionList::new();
        for partition in 0..open {
            list.add_partition_offset(&topic, i32::try_from(partition).unwrap(), Offset::Beginning).unwrap();
        }
        consumer.assign(&list).unwrap();
        let mut seen = Vec::new();
        while open > 0 {
            match consumer.poll(Duration::from_secs(30)).expect("a reader waits too long") {
                Ok(message) => seen.push(see(&message)),
                Err(KafkaError::PartitionEOF(_)) => open -= 1,
                Err(error) => panic!("{error}"),
            }
        }
        seen
    }

    /// As [`Environment::read`], each with its value. Records without a value only carry a marker and are left out.
    fn read_values(&self, kind: &str) -> impl Iterator<Item = (Seen, Vec<u8>)> {
        self.read(kind).into_iter().filter_map(|mut seen| {
            let value = seen.value.take()?;
            Some((seen, value))
        })
    }

    /// All committed alerts that can be compared: see [`comparable`].
    pub(crate) fn alerts(&self) -> Alerts {
        comparable(self.alerts_and_stories())
    }

    /// The alerts that each committed story has in its last revision, by its id.
    pub(crate) fn stories(&self) -> BTreeMap<String, BTreeSet<String>> {
        let stories = self.alerts_and_stories().into_iter().filter(|(_, json)| is_story(json));
        let linked = |json: &str| {
            let story: serde_json::Value = serde_json::from_str(json).unwrap();
            let ids = story["linked_alerts"].as_array().unwrap().iter();
            ids.map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        stories.map(|((id, _), json)| (id, linked(&json))).collect()
    }

    /// All committed alerts. Two of the same id and revision fail the test.
    pub(crate) fn alerts_and_stories(&self) -> Alerts {
        let mut alerts = Alerts::new();
        for (seen, value) in self.read_values("alerts") {
            let json = String::from_utf8(value).unwrap();
            let alert: serde_json::Value = serde_json::from_str(&json).unwrap();
            let id = alert["alert_id"].as_str().unwrap().to_owned();
            assert_eq!(seen.key, id.as_bytes());
            assert_eq!(seen.headers["alert-id"], id);
            assert_eq!(seen.headers["content-type"], "application/json");
            assert_eq!(seen.headers["severity"], alert["severity"].as_str().unwrap());
            assert_eq!(seen.headers["detection"], alert["detection"].as_str().unwrap());
            let again = alerts.insert((id, alert["revision"].as_u64().unwrap()), json.clone());
            let (partition, offset) = (seen.partition, seen.offset);
            assert_eq!(again, None, "an alert was committed twice, again at {partition}@{offset}: {json}");
        }
        alerts
    }

    /// Id and revision of each committed alert of a topic, sorted; `at` are the places of both in a record.
    pub(crate) fn alerts_in(&self, kind: &str, at: [&str; 2]) -> Vec<(String, u64)> {
        let mut alerts = Vec::new();
        for (seen, value) in self.read_values(kind) {
            let json: serde_json::Value = serde_json::from_slice(&value).unwrap();
            let [id, revision] =
                at.map(|place| json.pointer(place).unwrap_or_else(|| panic!("{place} of {json}")));
            let id = id.as_str().unwrap().to_owned();
            assert_eq!(seen.key, id.as_bytes());
            alerts.push((id, revision.as_u64().unwrap()));
        }
        alerts.sort();
        alerts
    }

    /// Waits until exactly these alerts are committed, then two seconds longer for an unexpected one.
    #[track_caller]
    pub(crate) fn await_alerts(&self, expected: &Alerts, timeout: Duration) {
        let began = Instant::now();
        let mut alerts = self.alerts();
        while alerts.len() < expected.len() && began.elapsed() < timeout {
            std::thread::sleep(Duration::from_millis(300));
            alerts = self.alerts();
        }
        if alerts.len() == expected.len() {
            std::thread::sleep(Duration::from_secs(2));
            alerts = self.alerts();
        }
        let missing = expected.keys().filter(|key| !alerts.contains_key(*key)).count();
        let others = alerts.keys().filter(|key| !expected.contains_key(*key)).count();
        let one = |of: &Alerts, not_in: &Alerts| {
            of.iter().find(|(key, _)| !not_in.contains_key(*key)).map(|(_, a)| a.clone())
        };
        assert_eq!(
            (missing, others),
            (0, 0),
            "missing and unexpected of {} alerts, such as\n{:?}\n{:?}",
            expected.len(),
            one(expected, &alerts),
            one(&alerts, expected)
        );
        for (key, alert) in expected {
            assert_eq!(alert, &alerts[key]);
        }
    }
}

fn see(message: &rdkafka::message::BorrowedMessage<'_>) -> Seen {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    Seen {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), text(header.value))).collect(),
    }
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

fn is_link(event: &Event) -> bool {
    event.activity.raised().is_some()
}
