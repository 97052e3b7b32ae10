//! The settings of each client, by its role.

use crate::service::config::kafka::{Kafka, Properties, Sasl, Tls};
use crate::service::stage::Stage;
use crate::service::topics::MAX_MESSAGE_BYTES;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use std::path::Path;

/// Makes the settings of clients.
#[derive(Clone, Debug)]
pub struct Clients {
    base: ClientConfig,
    consumer: Properties,
    producer: Properties,
    group: String,
    instance: Instance,
}

/// This process, as Kafka tells it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instance {
    /// A name that survives a restart: its successor is the same member of the group, and fences it.
    Static(String),
    /// A name of its own; nobody succeeds it.
    Passing(String),
}

impl Instance {
    fn name(&self) -> &str {
        match self {
            Instance::Static(name) | Instance::Passing(name) => name,
        }
    }
}

impl Clients {
    /// Reads the secrets that the config names.
    ///
    /// # Errors
    /// Everything that is missing.
    pub fn new(kafka: &Kafka, instance: Instance) -> Result<Clients, Vec<String>> {
        let mut wrong = Vec::new();
        let mut base = ClientConfig::new();
        if kafka.brokers.is_empty() {
            wrong.push("kafka.brokers: none is named".to_owned());
        }
        base.set("bootstrap.servers", kafka.brokers.join(","));
        base.set("client.id", format!("{}-{}", kafka.group, instance.name()));
        base.set("security.protocol", protocol(kafka));
        // Idle brokers close connections; that is no news.
        base.set("log.connection.close", "false");
        if let Some(sasl) = &kafka.sasl {
            set_sasl(&mut base, sasl, &mut wrong);
        }
        if let Some(tls) = &kafka.tls {
            set_tls(&mut base, tls, &mut wrong);
        }
        set_all(&mut base, &kafka.properties);
        let (consumer, producer) = (kafka.consumer.clone(), kafka.producer.clone());
        let clients = Clients { base, consumer, producer, group: kafka.group.clone(), instance };
        if wrong.is_empty() { Ok(clients) } else { Err(wrong) }
    }

    /// A member of the group of a stage.
    pub fn member(&self, stage: Stage, worker: u16) -> ClientConfig {
        let mut config = self.reading();
        config.set("group.id", format!("{}-{stage}", self.group));
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("isolation.level", "read_committed");
        if let Instance::Static(name) = &self.instance {
            config.set("group.instance.id", format!("{name}-{stage}-{worker}"));
        }
        config.set("statistics.interval.ms", "2000");
        // That a topic is another one than before is told there only: see MemberContext.
        let debug = config.get("debug").map_or_else(|| "topic".to_owned(), |more| format!("topic,{more}"));
        config.set("debug", debug);
        config.set_log_level(RDKafkaLogLevel::Debug);
        config
    }

    /// Reads checkpoints, without a group.
    pub fn reader(&self) -> ClientConfig {
        let mut config = self.reading();
        config.set("group.id", format!("{}-checkpoint-reader", self.group));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        // The end of a partition is told by a fetch that brings nothing: it is not to wait for more.
        config.set("fetch.wait.max.ms", "10");
        config
    }

    /// Reads a part of a topic. The library wants the name of a group; it is not joined.
    pub fn slice(&self) -> ClientConfig {
        let mut config = self.reading();
        config.set("group.id", format!("{}-replay", self.group));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        config
    }

    /// Knows where partitions end, also behind open transactions.
    pub fn ends(&self) -> ClientConfig {
        let mut config = self.reading();
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// The two transactional ids of a worker: the second is the spare.
    pub fn transactional_ids(&self, stage: Stage, worker: u16) -> [String; 2] {
        ["a", "b"].map(|spare| format!("{}-{stage}-{}-{worker}-{spare}", self.group, self.instance.name()))
    }

    /// Writes in transactions.
    pub fn producer(&self, transactional_id: &str) -> ClientConfig {
        let mut config = self.base.clone();
        config.set("compression.type", "lz4");
        // A batch is sent when it is whole: its end flushes.
        config.set("linger.ms", "2");
        config.set("queue.buffering.max.kbytes", "65536");
        config.set("message.max.bytes", MAX_MESSAGE_BYTES.to_string());
        set_all(&mut config, &self.producer);
        config.set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", "15000");
        config
    }

    /// Writes, each record once, outside of transactions.
    pub fn writer(&self) -> ClientConfig {
        let mut config = self.base.clone();
        config.set("compression.type", "lz4");
        config.set("linger.ms", "2");
        set_all(&mut config, &self.producer);
        config.set("enable.idempotence", "true");
        config
    }

    /// Looks after topics.
    pub fn admin(&self) -> ClientConfig {
        self.base.clone()
    }

    fn reading(&self) -> ClientConfig {
        let mut config = self.base.clone();
        config.set("queued.max.messages.kbytes", "65536");
        // A broker answers a connection's questions one after the other: those of a worker that takes partitions over would wait
        // behind each fetch of the others that finds nothing.
        config.set("fetch.wait.max.ms", "50");
        set_all(&mut config, &self.consumer);
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "error");
        config
    }
}

fn protocol(kafka: &Kafka) -> &'static str {
    match (kafka.sasl.is_some(), kafka.tls.is_some()) {
        (false, false) => "plaintext",
        (false, true) => "ssl",
        (true, false) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    }
}

fn set_all(config: &mut ClientConfig, properties: &Properties) {
    for (name, value) in &properties.0 {
        config.set(name, value);
    }
}

fn set_sasl(config: &mut ClientConfig, sasl: &Sasl, wrong: &mut Vec<String>) {
    config.set("sasl.mechanism", sasl.mechanism.as_str());
    config.set("sasl.username", &sasl.username);
    match sasl.password.reveal() {
        Ok(password) => drop(config.set("sasl.password", password)),
        Err(why) => wrong.push(format!("kafka.sasl.password: {why}")),
    }
}

fn set_tls(config: &mut ClientConfig, tls: &Tls, wrong: &mut Vec<String>) {
    let files = [
        ("ca_file", "ssl.ca.location", &tls.ca_file),
        ("cert_file", "ssl.certificate.location", &tls.cert_file),
        ("key_file", "ssl.key.location", &tls.key_file),
    ];
    for (field, property, path) in files {
        let Some(path) = path else { continue };
        match readable(path) {
            Ok(()) => drop(config.set(property, path.display().to_string())),
            Err(why) => wrong.push(format!("kafka.tls.{field}: {why}")),
        }
    }
    if tls.cert_file.is_some() != tls.key_file.is_some() {
        wrong.push("kafka.tls: cert_file and key_file belong together".to_owned());
    }
    match tls.key_password.as_ref().map(|secret| secret.reveal()).transpose() {
        Ok(None) => {}
        Ok(Some(password)) => drop(config.set("ssl.key.password", password)),
        Err(why) => wrong.push(format!("kafka.tls.key_password: {why}")),
    }
    let check = if tls.insecure_skip_hostname_verification { "none" } else { "https" };
    config.set("ssl.endpoint.identification.algorithm", check);
}

fn readable(path: &Path) -> Result<(), String> {
    let opened = std::fs::File::open(path);
    opened.map(drop).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
