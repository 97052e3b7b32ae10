//! Looks after topics: what there is, how it is, and making what is missing.

use crate::service::exit::{Exit, Failure};
use crate::service::kafka::client::Clients;
use crate::service::topics::{Found, Planned};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// A client for topics.
pub struct Admin {
    client: AdminClient<Refusals>,
}

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Remembers why brokers refuse us: a question that is not answered does not say.
#[derive(Debug, Default)]
struct Refusals(Mutex<Option<String>>);

impl ClientContext for Refusals {
    /// What matters comes as an error.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let refused = [Code::Authentication, Code::SaslAuthenticationFailed, Code::SSL];
        if error.rdkafka_error_code().is_some_and(|code| refused.contains(&code)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
        tracing::debug!(target: "librdkafka", %error, reason, "client error");
    }
}

impl Admin {
    /// Makes the client.
    ///
    /// # Errors
    /// When the settings are refused.
    pub fn new(clients: &Clients) -> Result<Admin, Failure> {
        let config = clients.admin().map_err(|fault| Failure::new(Exit::Config, fault.to_string()))?;
        let client = config.create_with_context(Refusals::default());
        let refused = |error: &KafkaError| {
            Failure::new(Exit::Config, "the settings of kafka are refused").because(error)
        };
        client.map(|client| Admin { client }).map_err(|error| refused(&error))
    }

    /// The topics there are, with how many partitions each.
    ///
    /// # Errors
    /// When no broker can be reached, or none lets us in.
    pub fn topics(&self) -> Result<BTreeMap<String, u32>, Failure> {
        let metadata = self.client.inner().fetch_metadata(None, PATIENCE).map_err(|error| {
            let refused =
                self.client.inner().context().0.lock().unwrap_or_else(PoisonError::into_inner).take();
            match refused {
                Some(reason) => Failure::new(Exit::Config, "the brokers refuse us").with_cause(reason),
                None => Failure::new(Exit::Broker, "no broker can be reached").because(&error),
            }
        })?;
        let count =
            |topic: &rdkafka::metadata::MetadataTopic| u32::try_from(topic.partitions().len()).unwrap_or(0);
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic))).collect())
    }

    /// How these topics are, those that there are.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn find(&self, planned: &[Planned]) -> Result<BTreeMap<String, Found>, Failure> {
        let there = self.topics()?;
        let wanted: Vec<&str> = planned
            .iter()
            .map(|topic| topic.name.as_str())
            .filter(|name| there.contains_key(*name))
            .collect();
        let mut found = BTreeMap::new();
        for name in wanted {
            let partitions = there.get(name).copied().unwrap_or_default();
            found.insert(name.to_owned(), Found { partitions, settings: self.settings(name)? });
        }
        Ok(found)
    }

    fn settings(&self, topic: &str) -> Result<BTreeMap<String, String>, Failure> {
        let asked = [ResourceSpecifier::Topic(topic)];
        let answer = wait(self.client.describe_configs(&asked, &options()));
        let failed = |why: String| {
            Failure::new(Exit::Broker, format!("cannot read the settings of {topic}")).with_cause(why)
        };
        let resources = answer.map_err(|error| failed(error.to_string()))?;
        let mut settings = BTreeMap::new();
        for resource in resources {
            let resource = resource.map_err(|code| failed(code.to_string()))?;
            let known = resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?)));
            settings.extend(known);
        }
        Ok(settings)
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
        let answer = wait(self.client.create_topics(&[topic], &options()))
            .map_err(|error| failed(error.to_string()))?;
        match answer.into_iter().next() {
            None | Some(Ok(_)) => Ok(true),
            Some(Err((_, Code::TopicAlreadyExists))) => Ok(false),
            Some(Err((_, code))) => Err(failed(code.to_string())),
        }
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
