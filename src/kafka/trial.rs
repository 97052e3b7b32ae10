//! Creates the clients of a run once, without brokers: librdkafka checks settings against each other only then.

use crate::config::clients::sections;
use crate::config::kafka::Kafka;
use crate::config::mistake::Mistake;
use crate::config::properties::names;
use crate::kafka::context::BasicContext;
use crate::kafka::settings::Clients;
use crate::stage::Stage;
use crate::stage::port::Fault;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaResult;
use rdkafka::producer::BaseProducer;

/// Settings that librdkafka refuses together.
pub(crate) fn mistakes(kafka: &Kafka, clients: &Clients, stages: &[Stage]) -> Vec<Mistake> {
    let consumers = stages.iter().map(|stage| clients.group_consumer(*stage, 0));
    let consumers = consumers.chain([clients.checkpoint_reader(), clients.source_reader()]);
    let refused = consumers.filter_map(|config| refusal(config, |config| consumer(config, clients)));
    let producers = stages.iter().map(|stage| {
        let [id, _] = clients.transactional_ids(*stage, 0);
        clients.transactional_producer(&id, usize::MAX)
    });
    let refused =
        refused.chain(producers.filter_map(|config| refusal(config, |config| producer(config, clients))));
    let mut mistakes: Vec<Mistake> = refused
        .map(|why| Mistake::of(place(kafka, &why), format!("librdkafka refuses this: {why}")))
        .collect();
    mistakes.sort();
    mistakes.dedup();
    mistakes
}

fn consumer(config: &ClientConfig, clients: &Clients) -> KafkaResult<()> {
    config.create_with_context::<BasicContext, BaseConsumer<BasicContext>>(clients.context()).map(drop)
}

fn producer(config: &ClientConfig, clients: &Clients) -> KafkaResult<()> {
    config.create_with_context::<BasicContext, BaseProducer<BasicContext>>(clients.context()).map(drop)
}

/// Why no client can be created; `None` if it can. Nothing is contacted, and nothing is logged.
fn refusal(
    config: Result<ClientConfig, Fault>,
    create: impl FnOnce(&ClientConfig) -> KafkaResult<()>,
) -> Option<String> {
    let mut config = config.ok()?;
    config.remove("bootstrap.servers");
    config.remove("debug");
    config.set_log_level(RDKafkaLogLevel::Emerg);
    let error = create(&config).err()?.to_string();
    Some(error.trim_start_matches("Client creation error: ").to_owned())
}

/// The first setting of the config that the error names, by any of its names.
fn place(kafka: &Kafka, why: &str) -> String {
    let set = sections(kafka).into_iter();
    let set = set.flat_map(|(section, set)| set.0.keys().map(move |name| (section, name)));
    let mut named = set.filter(|(_, name)| names(name).any(|name| why.contains(name)));
    named.next().map_or_else(|| "kafka".to_owned(), |(section, name)| format!("kafka.{section}.{name}"))
}
