//! Creates the clients of a run once, without brokers: librdkafka checks settings against each other only then.

use crate::config::clients::sections;
use crate::config::kafka::Kafka;
use crate::config::mistake::Mistake;
use crate::config::properties::names;
use crate::kafka::context::BasicContext;
use crate::kafka::errors::is_lack_of_threads;
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
    let refused = consumers.flat_map(|config| refusals(kafka, config, |config| consumer(config, clients)));
    let producers = stages.iter().map(|stage| {
        let [id, _] = clients.transactional_ids(*stage, 0);
        clients.transactional_producer(&id, usize::MAX)
    });
    let refused = refused
        .chain(producers.flat_map(|config| refusals(kafka, config, |config| producer(config, clients))));
    let mut mistakes: Vec<Mistake> = refused.collect();
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

/// Why no client can be created; empty if it can. librdkafka names one setting at a time, so what it names is left out and the client
/// created again. Nothing is contacted, and nothing is logged.
fn refusals(
    kafka: &Kafka,
    config: Result<ClientConfig, Fault>,
    create: impl Fn(&ClientConfig) -> KafkaResult<()>,
) -> Vec<Mistake> {
    let (Ok(mut config), mut mistakes) = (config, Vec::new()) else { return Vec::new() };
    config.remove("bootstrap.servers");
    config.remove("debug");
    config.set_log_level(RDKafkaLogLevel::Emerg);
    let refused = |config: &ClientConfig| create(config).err().filter(|error| !is_lack_of_threads(error));
    while let Some(why) = refused(&config).map(|error| error.to_string()) {
        let why = why.trim_start_matches("Client creation error: ");
        let mistake = |place| Mistake::of(place, format!("librdkafka refuses this: {why}"));
        let named = named(kafka, why).filter(|(_, name)| names(name).any(|name| config.get(name).is_some()));
        let Some((section, name)) = named else {
            // Without the settings that are refused others of ours may not fit: that is no mistake of the config.
            let is_first = mistakes.is_empty();
            mistakes.extend(is_first.then(|| mistake("kafka".to_owned())));
            break;
        };
        mistakes.push(mistake(format!("kafka.{section}.{name}")));
        for name in names(name) {
            config.remove(name);
        }
    }
    mistakes
}

/// The section and the name of the first setting of the config that the error names, by any of its names.
fn named<'k>(kafka: &'k Kafka, why: &str) -> Option<(&'static str, &'k str)> {
    let set = sections(kafka).into_iter();
    let mut set = set.flat_map(|(section, set)| set.0.keys().map(move |name| (section, name.as_str())));
    set.find(|(_, name)| names(name).any(|name| why.contains(name)))
}
