//! Describes, creates and deletes topics.

use crate::config::topics::Source;
use crate::host::clock::wall;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::BasicContext;
use crate::kafka::errors::needs_permission;
pub(crate) use crate::kafka::metadata::TopicState;
use crate::kafka::metadata::{MetadataClient, invalid_config, rejected_config};
use crate::kafka::native::set_token;
use crate::kafka::oauth::Token;
use crate::kafka::settings::Clients;
use crate::kafka::timeouts::ADMIN_SECONDS;
use crate::kafka::topics::{ActualTopic, PlannedTopic};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeMap;
use tokio::runtime::{Builder, Runtime};

/// A client for topics. Its methods block, and must not be called on a thread of a tokio runtime.
pub(crate) struct Admin {
    metadata: MetadataClient,
    client: AdminClient<BasicContext>,
    clients: Clients,
    /// Runs the futures of rdkafka, which another thread of rdkafka completes.
    runtime: Runtime,
}

impl Admin {
    /// Creates the client. Sends no request to a broker.
    ///
    /// # Errors
    /// librdkafka rejects the settings.
    pub(crate) fn new(clients: &Clients) -> Result<Admin, Failure> {
        let config = clients.admin().map_err(invalid_config)?;
        let client =
            config.create_with_context(clients.context()).map_err(|error| rejected_config(&error))?;
        let runtime = Builder::new_current_thread()
            .build()
            .map_err(|error| Failure::new(Exit::Defect, "cannot create a runtime").because(&error))?;
        Ok(Admin { metadata: MetadataClient::new(clients)?, client, clients: clients.clone(), runtime })
    }

    /// Whether a topic exists.
    ///
    /// # Errors
    /// No broker can be reached, or none accepts this client.
    pub(crate) fn state(&self, topic: &str) -> Result<TopicState, Failure> {
        self.metadata.topic(topic)
    }

    /// The topics that match a source, each with its partitions.
    ///
    /// # Errors
    /// No broker answers.
    pub(crate) fn matching(&self, source: &Source) -> Result<Vec<(String, u32)>, Failure> {
        self.metadata.matching(source)
    }

    /// The topic as it is: its partitions, and its settings if the plan requires any.
    ///
    /// # Errors
    /// No broker answers.
    pub(crate) fn describe(&self, planned: &PlannedTopic) -> Result<ActualTopic, Failure> {
        let name = &planned.name;
        let partitions = match self.state(name)? {
            TopicState::Present(partitions) => partitions,
            TopicState::Absent => return Ok(ActualTopic::Absent),
            TopicState::Hidden => return Ok(ActualTopic::Forbidden("DESCRIBE")),
        };
        if planned.requirements.is_empty() {
            return Ok(ActualTopic::Present { partitions, settings: BTreeMap::new() });
        }
        Ok(match self.settings(name)? {
            Some(settings) => ActualTopic::Present { partitions, settings },
            None => ActualTopic::Forbidden("DESCRIBE_CONFIGS"),
        })
    }

    /// The settings of a topic. `None`: the permission to read them is missing.
    fn settings(&self, topic: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        let requested = [ResourceSpecifier::Topic(topic)];
        let answer = self.runtime.block_on(self.authenticated()?.describe_configs(&requested, &options()));
        let failed = |why: String| {
            Failure::new(Exit::Broker, format!("cannot read the settings of {topic}")).with_cause(why)
        };
        let resources = answer.map_err(|error| failed(error.to_string()))?;
        let mut settings = BTreeMap::new();
        for resource in resources {
            let resource = match resource {
                Ok(resource) => resource,
                Err(Code::TopicAuthorizationFailed) => return Ok(None),
                Err(code) => return Err(failed(code.to_string())),
            };
            let known = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
            settings.extend(known);
        }
        // rdkafka drops the error of a resource. A topic without any setting is one whose settings may not be read.
        Ok(Some(settings).filter(|settings| !settings.is_empty()))
    }

    /// The longest batch with one record that a topic takes, in bytes. `None`: its settings may not be read.
    ///
    /// # Errors
    /// No broker answers.
    pub(crate) fn limit(&self, topic: &str) -> Result<Option<usize>, Failure> {
        let settings = self.settings(topic)?;
        Ok(settings.and_then(|settings| settings.get("max.message.bytes")?.parse().ok()))
    }

    /// The client, with the current token if one is used.
    fn authenticated(&self) -> Result<&AdminClient<BasicContext>, Failure> {
        if let Some(place) = self.clients.token() {
            let token = Token::for_client(&place, wall()).map_err(|error| error.to_string());
            token.and_then(|token| set_token(self.client.inner(), token)).map_err(|why| {
                Failure::new(Exit::Refused, "no broker accepts this client").with_cause(why)
            })?;
        }
        Ok(&self.client)
    }

    /// Creates a topic. Returns false if it exists already.
    ///
    /// # Errors
    /// The broker does not create it, with the reason.
    pub(crate) fn create(&self, planned: &PlannedTopic) -> Result<bool, Failure> {
        let count = planned.partitions.and_then(|count| i32::try_from(count).ok()).unwrap_or(-1);
        let copies = planned.replication.and_then(|copies| i32::try_from(copies).ok()).unwrap_or(-1);
        let mut topic = NewTopic::new(&planned.name, count, TopicReplication::Fixed(copies));
        for (name, value) in &planned.settings {
            topic = topic.set(name, value);
        }
        let failed =
            |exit, why: String| Failure::new(exit, format!("cannot create {}", planned.name)).with_cause(why);
        let (topics, options) = ([topic], options());
        let request = self.authenticated()?.create_topics(&topics, &options);
        let answer =
            self.runtime.block_on(request).map_err(|error| failed(Exit::Broker, error.to_string()))?;
        match answer.into_iter().next() {
            None | Some(Ok(_)) => Ok(true),
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed))) => {
                let needs = needs_permission(&format!("CREATE on topic {}", planned.name));
                Err(failed(Exit::Config, needs))
            }
            Some(Err((_, code @ Code::InvalidReplicationFactor))) => {
                let fix = "topics.replication_factor: at most as many as there are brokers";
                Err(failed(Exit::Config, code.to_string()).with_cause(fix))
            }
            Some(Err((_, code))) => Err(failed(Exit::Broker, code.to_string())),
        }
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// The topics that are not deleted, each with the reason.
    pub(crate) fn delete(&self, topics: &[String]) -> Result<(), Failure> {
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let failed = || Failure::new(Exit::Broker, "topics cannot be deleted");
        let options = options();
        let request = self.authenticated()?.delete_topics(&names, &options);
        let answer = self
            .runtime
            .block_on(request)
            .map_err(|error| failed().because(&error).with_cause(names.join(", ")))?;
        let left = answer.into_iter().filter_map(Result::err);
        let left: Vec<String> = left.map(|(topic, code)| format!("{topic}: {code}")).collect();
        if left.is_empty() { Ok(()) } else { Err(left.into_iter().fold(failed(), Failure::with_cause)) }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN_SECONDS)).operation_timeout(Some(ADMIN_SECONDS))
}
