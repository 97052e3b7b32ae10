//! The settings of each client, by its role.

use crate::config::kafka::{Kafka, Properties, Sasl, Tls};
use crate::config::secret::{Secret, readable};
use crate::kafka::context::Chatter;
use crate::kafka::oauth::Token;
use crate::kafka::refusals::Cause;
use crate::kafka::tls_probe;
use crate::kafka::topics::MAX_MESSAGE_BYTES;
use crate::stage::Stage;
use crate::stage::port::Fault;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// Makes the settings of clients. Secrets are read for each client anew: one that was changed is used from the next on.
#[derive(Clone, Debug)]
pub struct Clients {
    kafka: Kafka,
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
    /// Checks that what the config names can be read.
    ///
    /// # Errors
    /// Everything that is missing.
    pub fn new(kafka: &Kafka, instance: Instance) -> Result<Clients, Vec<String>> {
        let clients = Clients { kafka: kafka.clone(), instance };
        clients.settings().map(|_| clients)
    }

    /// What every client has.
    fn settings(&self) -> Result<ClientConfig, Vec<String>> {
        let kafka = &self.kafka;
        let mut wrong = Vec::new();
        let mut base = ClientConfig::new();
        if kafka.brokers.is_empty() {
            wrong.push("kafka.brokers: none is named".to_owned());
        }
        base.set("bootstrap.servers", kafka.brokers.join(","));
        base.set("client.id", format!("{}-{}", kafka.group, self.instance.name()));
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
        if wrong.is_empty() { Ok(base) } else { Err(wrong) }
    }

    fn base(&self) -> Result<ClientConfig, Fault> {
        self.settings().map_err(|wrong| Fault::Broken(wrong.join("; ")))
    }

    /// What a client listens with.
    pub fn chatter(&self) -> Chatter {
        Chatter::new(self.token())
    }

    /// Where the token is, if that is who we are.
    pub fn token(&self) -> Option<Secret> {
        match &self.kafka.sasl {
            Some(Sasl::Token(token)) => Some(token.clone()),
            Some(Sasl::Password { .. }) | None => None,
        }
    }

    /// What is wrong with a certificate that librdkafka did not trust: it does not say.
    pub fn look_at_certificate(&self, cause: Cause) -> Cause {
        let tls = self.kafka.tls.as_ref();
        match (cause, tls) {
            (Cause::Refused(why), Some(tls)) if why.contains("certificate verify failed") => {
                Cause::Refused(tls_probe::look(&why, tls).unwrap_or(why))
            }
            (cause, _) => cause,
        }
    }

    /// The group of a stage.
    pub fn group(&self, stage: Stage) -> String {
        format!("{}-{stage}", self.kafka.group)
    }

    /// A member of the group of a stage.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn member(&self, stage: Stage, worker: u16) -> Result<ClientConfig, Fault> {
        let mut config = self.reading()?;
        config.set("group.id", self.group(stage));
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
        Ok(config)
    }

    /// Reads checkpoints. The library wants the name of a group, and asks for its coordinator: it is that of the detector, so
    /// that nothing more has to be allowed; it is not joined.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn reader(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.reading()?;
        config.set("group.id", self.group(Stage::Detector));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        // The end of a partition is told by a fetch that brings nothing: it is not to wait for more.
        config.set("fetch.wait.max.ms", "10");
        Ok(config)
    }

    /// Reads a part of a topic. The library wants the name of a group; it is not joined.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn slice(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.reading()?;
        config.set("group.id", format!("{}-replay", self.kafka.group));
        config.set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        Ok(config)
    }

    /// Knows where partitions end, also behind open transactions.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn ends(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.reading()?;
        config.set("isolation.level", "read_uncommitted");
        Ok(config)
    }

    /// The two transactional ids of a worker: the second is the spare.
    pub fn transactional_ids(&self, stage: Stage, worker: u16) -> [String; 2] {
        ["a", "b"]
            .map(|spare| format!("{}-{stage}-{}-{worker}-{spare}", self.kafka.group, self.instance.name()))
    }

    /// Writes in transactions.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn producer(&self, transactional_id: &str) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        config.set("compression.type", "lz4");
        // A batch is sent when it is whole: its end flushes.
        config.set("linger.ms", "2");
        config.set("queue.buffering.max.kbytes", "65536");
        config.set("message.max.bytes", MAX_MESSAGE_BYTES.to_string());
        set_all(&mut config, &self.kafka.producer);
        config.set("transactional.id", transactional_id);
        config.set("transaction.timeout.ms", "15000");
        Ok(config)
    }

    /// Writes, each record once, outside of transactions.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn writer(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        config.set("compression.type", "lz4");
        config.set("linger.ms", "2");
        set_all(&mut config, &self.kafka.producer);
        config.set("enable.idempotence", "true");
        Ok(config)
    }

    /// Looks after topics.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub fn admin(&self) -> Result<ClientConfig, Fault> {
        self.base()
    }

    fn reading(&self) -> Result<ClientConfig, Fault> {
        let mut config = self.base()?;
        config.set("queued.max.messages.kbytes", "65536");
        // A broker answers a connection's questions one after the other: those of a worker that takes partitions over would wait
        // behind each fetch of the others that finds nothing.
        config.set("fetch.wait.max.ms", "50");
        set_all(&mut config, &self.kafka.consumer);
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
