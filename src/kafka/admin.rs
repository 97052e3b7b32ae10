//! Looks after topics: what there is, how it is, and making what is missing.

use crate::host::clock::wall;
use crate::host::exit::{Exit, Failure};
use crate::kafka::context::Chatter;
use crate::kafka::errors::needs_permission;
pub use crate::kafka::metadata::Seen;
use crate::kafka::metadata::{Door, refused, unreadable};
use crate::kafka::oauth::{Token, hand_over};
use crate::kafka::settings::Clients;
use crate::kafka::topics::{Found, Planned};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::RDKafkaErrorCode as Code;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// A client for topics.
pub struct Admin {
    door: Door,
    client: AdminClient<Chatter>,
    clients: Clients,
}

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Admin {
    /// Makes the client.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients) -> Result<Admin, Failure> {
        let config = clients.admin().map_err(unreadable)?;
        let client = config.create_with_context(clients.chatter()).map_err(|error| refused(&error))?;
        Ok(Admin { door: Door::new(clients)?, client, clients: clients.clone() })
    }

    /// What there is of a topic.
    ///
    /// # Errors
    /// When no broker can be reached, or none lets us in.
    pub fn look(&self, topic: &str) -> Result<Seen, Failure> {
        self.door.look(topic)
    }

    /// How a topic is.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn find(&self, planned: &Planned) -> Result<Found, Failure> {
        let name = &planned.name;
        let partitions = match self.look(name)? {
            Seen::There(partitions) => partitions,
            Seen::Absent => return Ok(Found::Absent),
            Seen::Hidden => return Ok(Found::Forbidden("DESCRIBE")),
        };
        if planned.demands.is_empty() {
            return Ok(Found::There { partitions, settings: BTreeMap::new() });
        }
        Ok(match self.settings(name)? {
            Some(settings) => Found::There { partitions, settings },
            None => Found::Forbidden("DESCRIBE_CONFIGS"),
        })
    }

    /// None: we may not know them.
    fn settings(&self, topic: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        let asked = [ResourceSpecifier::Topic(topic)];
        let answer = wait(self.shown()?.describe_configs(&asked, &options()));
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
        // rdkafka hands on no error of a resource: but every topic has settings, for whoever may see them.
        Ok(Some(settings).filter(|settings| !settings.is_empty()))
    }

    /// The client, with the token of now if that is who we are.
    fn shown(&self) -> Result<&AdminClient<Chatter>, Failure> {
        if let Some(place) = self.clients.token() {
            let token = Token::for_client(&place, wall()).map_err(|error| error.to_string());
            token
                .and_then(|token| hand_over(self.client.inner(), token))
                .map_err(|why| Failure::new(Exit::Refused, "no broker lets us in").with_cause(why))?;
        }
        Ok(&self.client)
    }

    /// Makes a topic. Whether it was made; else it is there already.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self, planned: &Planned) -> Result<bool, Failure> {
        let count = planned.partitions.and_then(|count| i32::try_from(count).ok()).unwrap_or(-1);
        let copies = planned.replication.map_or(-1, i32::from);
        let mut topic = NewTopic::new(&planned.name, count, TopicReplication::Fixed(copies));
        for (name, value) in &planned.settings {
            topic = topic.set(name, value);
        }
        let failed = |why: String| {
            Failure::new(Exit::Broker, format!("cannot create {}", planned.name)).with_cause(why)
        };
        let answer = wait(self.shown()?.create_topics(&[topic], &options()))
            .map_err(|error| failed(error.to_string()))?;
        match answer.into_iter().next() {
            None | Some(Ok(_)) => Ok(true),
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed))) => {
                let needs = needs_permission(&format!("CREATE on topic {}", planned.name));
                Err(Failure::new(Exit::Config, format!("cannot create {}", planned.name)).with_cause(needs))
            }
            Some(Err((_, code))) => Err(failed(code.to_string())),
        }
    }

    /// Deletes topics.
    ///
    /// # Errors
    /// When some cannot be deleted: which, and why.
    pub fn delete(&self, topics: &[String]) -> Result<(), Failure> {
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let failed = || Failure::new(Exit::Broker, "topics cannot be deleted");
        let answer = wait(self.shown()?.delete_topics(&names, &options()))
            .map_err(|error| failed().because(&error).with_cause(names.join(", ")))?;
        let left = answer.into_iter().filter_map(Result::err);
        let left: Vec<String> = left.map(|(topic, code)| format!("{topic}: {code}")).collect();
        if left.is_empty() { Ok(()) } else { Err(left.into_iter().fold(failed(), Failure::with_cause)) }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// Waits for an answer that another thread brings.
fn wait<T>(answer: impl Future<Output = T>) -> T {
    struct Bell(mpsc::Sender<()>);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            // Who waited is gone when it has what it waited for.
            let _ = self.0.send(());
        }
    }
    let (sender, bell) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(sender)));
    let mut answer = pin!(answer);
    loop {
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        // It ends when the bell is gone; then the answer is there as well.
        let _ = bell.recv_timeout(PATIENCE);
    }
}
