//! The librdkafka settings of each client, by its role.

use crate::config::kafka::{Kafka, Sasl, Tls};
use crate::config::needs::NO_BROKERS;
use crate::config::properties::{Properties, usual};
use crate::config::secret::{Secret, readable};
use crate::kafka::context::BasicContext;
use crate::kafka::errors::ConnectionError;
use crate::kafka::last_transaction::LastTransactions;
use crate::kafka::oauth::Token;
use crate::kafka::timeouts::{
    CHECKPOINT_FETCH_WAIT_MS, FETCH_BACKOFF_MS, FETCH_WAIT_MS, LINGER_MS, METADATA_REFRESH_MS, STATISTICS_MS,
    TRANSACTION_SECONDS, millis,
};
use crate::kafka::tls_files;
use crate::kafka::tls_probe;
use crate::kafka::topics::MAX_MESSAGE_BYTES;
use crate::stage::Stage;
use crate::stage::port::Fault;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// The setting for the longest record of a client.
pub(crate) const MESSAGE_BYTES: &str = "message.max.bytes";
/// librdkafka's default of `batch.size`.
const BATCH_BYTES: usize = 1_000_000;

/// Makes the settings of clients. Secrets are read for each client: the next client uses a secret that was changed.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    kafka: Kafka,
    instance: Instance,
    /// What the producers of these clients wrote last.
    pub(crate) last_transactions: LastTransactions,
}

/// The name of this process in `client.id`, `group.instance.id` and `transactional.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instance {
    /// A name that survives a restart (static membership): the next process of this name is the same member, and fences this one.
    Static(String),
    /// A name that no other process uses.
    Ephemeral(String),
}

impl Instance {
    fn name(&self) -> &str {
        match self {
            Instance::Static(name) | Instance::Ephemeral(name) => name,
        }
    }
}

impl Clients {
    /// Checks the settings, and that every secret and certificate can be used.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(crate) fn new(kafka: &Kafka, instance: Instance) -> Result<Clients, Vec<String>> {
        let last_transactions = LastTransactions::default();
        let clients = Clients { kafka: kafka.clone(), instance, last_transactions };
        let unreadable = clients.settings().err().unwrap_or_default();
        let unusable = kafka.tls.as_ref().map(tls_files::mistakes).unwrap_or_default();
        let wrong = [unreadable, unusable].concat();
        if wrong.is_empty() { Ok(clients) } else { Err(wrong) }
    }

    /// The settings that all clients have.
    fn settings(&self) -> Result<ClientConfig, Vec<String>> {
        let kafka = &self.kafka;
        let mut wrong = Vec::new();
        let mut base = ClientConfig::new();
        if kafka.brokers.is_empty() {
            wrong.push(format!("kafka.brokers: {NO_BROKERS}"));
        }
        base.set("bootstrap.servers", kafka.brokers.join(","));
        base.set("client.id", format!("{}-{}", kafka.group, self.instance.name()));
        base.set("security.protocol", protocol(kafka));
        // Brokers close idle connections; no operator needs to know.
        base.set("log.connection.close", "false");
        base.set("topic.metadata.refresh.interval.ms", millis(METADATA_REFRESH_MS));
        if let Some(sasl) = &kafka.sasl {
            set_sasl(&mut base, sasl, &mut wrong);
        }
        if let Some(tls) = &kafka.tls {
            set_tls(&mut base, tls, &mut wrong);
        }
        set_all(&mut base, &kafka.properties);
        if wrong.is_empty() { Ok(base) } else { Err(wrong) }
    }

    fn base(&self) -> Result<ClientConfig, Fault> {
        self.settings().map_err(|wrong| Fault::Broken(wrong.join("; ")))
    }

    /// The context of a client that joins no group.
    pub(crate) fn context(&self) -> BasicContext {
        BasicContext::new(self.token())
    }

    /// Where the OAUTHBEARER token is, if one is used.
    pub(crate) fn token(&self) -> Option<Secret> {
        match &self.kafka.sasl {
            Some(Sasl::Token(token)) => Some(token.clone()),
            Some(Sasl::Password { .. }) | None => None,
        }
    }

    /// The error with the reason why a certificate was rejected, which librdkafka does not report.
    pub(crate) fn explain_certificate(&self, error: ConnectionError) -> ConnectionError {
        let tls = self.kafka.tls.as_ref();
        match (error, tls) {
            (ConnectionError::Rejected(why), Some(tls)) if why.contains("certificate verify failed") => {
                ConnectionError::Rejected(tls_probe::explain(&why, tls).unwrap_or(why))
            }
            (error, _) => error,
        }
    }

    /// The consumer group of a stage.
    pub(crate) fn group(&self, stage: Stage) -> String {
        format!("{}-{stage}", self.kafka.group)
    }

    /// The consumer of a worker, in the group of its stage.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn group_consumer(&self, stage: Stage, worker: u16) -> Result<ClientConfig, Fault> {
        let mut config = self.consumer()?;
        config.set("group.id", self.group(stage));
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("isolation.level", "read_committed");
        if let Instance::Static(name) = &self.instance {
            config.set("group.instance.id", format!("{name}-{stage}-{worker}"));
        }
        config.set("statistics.interval.ms", millis(STATISTICS_MS));
        // Only this log reports a re-created topic at once: see `GroupContext`.
        let debug =
            config.get("debug").map_or_else(|| "metadata".to_owned(), |more| format!("{more},metadata"));
        config.set("debug", debug);
        config.set_log_level(RDKafkaLogLevel::Debug);
        Ok(config)
    }

    /// The reader of checkpoints. librdkafka requires a group and requests its coordinator; the group is not joined. It is the
    /// detector's, so that no further permission is needed.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn checkpoint_reader(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.consumer()?;
        config.set("group.id", self.group(Stage::Detector));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        config.set("fetch.wait.max.ms", millis(CHECKPOINT_FETCH_WAIT_MS));
        Ok(config)
    }

    /// A client that tries to read sources. librdkafka requires a group; it is not joined. It is the router's, so that no further
    /// permission is needed.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn source_reader(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.consumer()?;
        config.set("group.id", self.group(Stage::Router));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        config.set("fetch.wait.max.ms", millis(CHECKPOINT_FETCH_WAIT_MS));
        Ok(config)
    }

    /// The reader of a range of a topic. librdkafka requires a group; it is not joined.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn range_reader(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.consumer()?;
        config.set("group.id", format!("{}-replay", self.kafka.group));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        Ok(config)
    }

    /// A client for metadata and for the ends of partitions, also behind open transactions.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn metadata(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.consumer()?;
        config.set("isolation.level", "read_uncommitted");
        Ok(config)
    }

    /// A client that does not wait for undecided transactions: for the ends of partitions, and for the committed offsets of a stage's
    /// group.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn undecided_reader(&self, stage: Stage) -> Result<ClientConfig, Fault> {
        let mut config = self.metadata()?;
        config.set("group.id", self.group(stage));
        Ok(config)
    }

    /// The two transactional ids of a worker: the second is the spare.
    pub(crate) fn transactional_ids(&self, stage: Stage, worker: u16) -> [String; 2] {
        let ids = ["a", "b"]
            .map(|spare| format!("{}-{stage}-{}-{worker}-{spare}", self.kafka.group, self.instance.name()));
        if let Instance::Static(_) = self.instance {
            ids.iter().for_each(|id| self.last_transactions.inherit(id));
        }
        ids
    }

    /// The longest record that producers send, in bytes.
    pub(crate) fn longest_message(&self) -> usize {
        let Kafka { producer, properties, .. } = &self.kafka;
        let set = [producer, properties].into_iter().find_map(|set| set.0.get(MESSAGE_BYTES));
        set.and_then(|value| value.parse().ok()).unwrap_or(MAX_MESSAGE_BYTES)
    }

    /// A producer of transactions whose batches of several records have at most `batch_bytes`.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn transactional_producer(
        &self,
        transactional_id: &str,
        batch_bytes: usize,
    ) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        set_default(&mut config, "compression.type", "lz4");
        set_default(&mut config, "linger.ms", millis(LINGER_MS));
        set_default(&mut config, "queue.buffering.max.kbytes", "65536");
        config.set(MESSAGE_BYTES, self.longest_message().to_string());
        set_all(&mut config, &self.kafka.producer);
        let configured = config.get("batch.size").and_then(|bytes| bytes.parse().ok());
        config.set("batch.size", configured.unwrap_or(BATCH_BYTES).min(batch_bytes).to_string());
        config.set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", millis(TRANSACTION_SECONDS));
        Ok(config)
    }

    /// An idempotent producer without transactions.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn idempotent_producer(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        set_default(&mut config, "compression.type", "lz4");
        set_default(&mut config, "linger.ms", millis(LINGER_MS));
        set_all(&mut config, &self.kafka.producer);
        config.set("enable.idempotence", "true");
        Ok(config)
    }

    /// A client that creates, describes and deletes topics.
    ///
    /// # Errors
    /// A secret cannot be read.
    pub(crate) fn admin(&self) -> Result<ClientConfig, Fault> {
        self.base()
    }

    fn consumer(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        set_default(&mut config, "queued.max.messages.kbytes", "65536");
        set_default(&mut config, "fetch.wait.max.ms", millis(FETCH_WAIT_MS));
        set_default(&mut config, "fetch.queue.backoff.ms", millis(FETCH_BACKOFF_MS));
        set_all(&mut config, &self.kafka.consumer);
        // With `topic`, also as a part of `all`, librdkafka logs the removal of a partition of a deleted topic into a queue that it has
        // locked, and the worker would wait for itself.
        if let Some(debug) = config.get("debug").map(|contexts| format!("{contexts},-topic")) {
            config.set("debug", debug);
        }
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("auto.offset.reset", "error");
        Ok(config)
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
        config.set(usual(name), value);
    }
}

/// Sets what the config does not set for every client. `name` is the usual name of the setting.
fn set_default(config: &mut ClientConfig, name: &str, value: impl Into<String>) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}

fn set_sasl(config: &mut ClientConfig, sasl: &Sasl, wrong: &mut Vec<String>) {
    match sasl {
        Sasl::Password { mechanism, username, password } => {
            config.set("sasl.mechanism", mechanism.as_str());
            config.set("sasl.username", username);
            match password.reveal() {
                Ok(password) => drop(config.set("sasl.password", password)),
                Err(why) => wrong.push(format!("kafka.sasl.password: {why}")),
            }
        }
        Sasl::Token(token) => {
            config.set("sasl.mechanism", "OAUTHBEARER");
            if let Err(why) = Token::read(token) {
                wrong.push(format!("kafka.sasl.token: {why}"));
            }
        }
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
        wrong.push("kafka.tls: cert_file and key_file must be set together".to_owned());
    }
    match tls.key_password.as_ref().map(|secret| secret.reveal()).transpose() {
        Ok(None) => {}
        Ok(Some(password)) => drop(config.set("ssl.key.password", password)),
        Err(why) => wrong.push(format!("kafka.tls.key_password: {why}")),
    }
    let check = if tls.insecure_skip_hostname_verification { "none" } else { "https" };
    config.set("ssl.endpoint.identification.algorithm", check);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The settings of a consumer and of a producer, with these lines under `kafka:`.
    fn clients(kafka: &str) -> [ClientConfig; 2] {
        let config = Config::parse("c.yaml", &format!("kafka: {{brokers: ['b:9092'], {kafka}}}\n")).unwrap();
        let clients = Clients::new(&config.kafka, Instance::Static("a".to_owned())).unwrap();
        let consumer = clients.group_consumer(Stage::Router, 0).unwrap();
        [consumer, clients.transactional_producer("id", usize::MAX).unwrap()]
    }

    #[test]
    fn settings_of_the_config_apply_under_any_name_and_in_any_section() {
        for (kafka, name, value) in [
            ("producer: {queue.buffering.max.ms: 7}", "linger.ms", "7"),
            ("producer: {compression.codec: zstd}", "compression.type", "zstd"),
            ("properties: {compression.type: zstd}", "compression.type", "zstd"),
            ("properties: {queue.buffering.max.kbytes: 1000}", "queue.buffering.max.kbytes", "1000"),
            ("properties: {linger.ms: 5}, producer: {queue.buffering.max.ms: 7}", "linger.ms", "7"),
            ("properties: {message.timeout.ms: 9000}", "delivery.timeout.ms", "9000"),
            ("consumer: {fetch.message.max.bytes: 7}", "max.partition.fetch.bytes", "7"),
            ("properties: {fetch.wait.max.ms: 9}", "fetch.wait.max.ms", "9"),
            ("properties: {queued.max.messages.kbytes: 9}", "queued.max.messages.kbytes", "9"),
            ("properties: {client.id: ours}", "client.id", "ours"),
        ] {
            let found = clients(kafka).iter().any(|config| config.get(name) == Some(value));
            assert!(found, "{kafka}");
        }
    }

    #[test]
    fn consumers_never_log_the_context_that_locks_their_queue() {
        for (debug, wanted) in [
            ("all", &["broker", "fetch", "metadata"][..]),
            ("topic", &["metadata"]),
            ("'cgrp, TOPIC'", &["cgrp", "metadata"]),
            ("'topic,fetch'", &["fetch", "metadata"]),
            ("'all,-metadata'", &["broker", "metadata"]),
        ] {
            for section in ["properties", "consumer"] {
                let [consumer, _] = clients(&format!("{section}: {{debug: {debug}}}"));
                let debug = consumer.create_native_config().unwrap().get("debug").unwrap();
                let contexts: Vec<&str> = debug.split(',').collect();
                assert!(!contexts.contains(&"topic"), "{debug}");
                assert!(wanted.iter().all(|context| contexts.contains(context)), "{debug}");
            }
        }
    }

    #[test]
    fn settings_that_the_config_leaves_out_have_our_defaults() {
        let [consumer, producer] = clients("consumer: {}");
        assert_eq!(consumer.get("fetch.wait.max.ms"), Some("50"));
        assert_eq!(consumer.get("queued.max.messages.kbytes"), Some("65536"));
        assert_eq!((producer.get("linger.ms"), producer.get("compression.type")), (Some("2"), Some("lz4")));
    }
}
