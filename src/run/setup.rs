//! The configuration of a run, checked as a whole before anything starts.

use crate::config::Config;
use crate::config::kafka::Kafka;
use crate::config::mistake::Mistake;
use crate::config::needs;
use crate::config::topics::Topics;
use crate::detect::DetectionSettings;
use crate::detect::policy::Policy;
use crate::event::host::Host;
use crate::event::time::Time;
use crate::host::clock::wall;
use crate::host::exit::{Exit, Failure};
use crate::kafka::properties;
use crate::kafka::settings::{Clients, Instance};
use crate::kafka::trial;
use crate::observe::http::tls;
use crate::stage::Stage;
use crate::stage::port::Millis;
use crate::stage::router::task::Source;

/// The configuration of a run.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub config: Config,
    /// The stages that this process runs.
    pub stages: Vec<Stage>,
    /// Where a router starts in a partition without a committed offset; `None`: at its first record.
    pub since: Option<Time>,
    pub clients: Clients,
}

impl Setup {
    /// Checks the config for these stages, and reads the secrets.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(crate) fn new(config: Config, stages: Vec<Stage>) -> Result<Setup, Failure> {
        Setup::checked(config, stages).map_err(|mistakes| {
            let failure = Failure::new(Exit::Config, "the config does not allow this");
            mistakes.iter().fold(failure, |failure, mistake| failure.with_cause(mistake.to_string()))
        })
    }

    /// The same, with every mistake by its path in the config.
    pub(crate) fn checked(config: Config, stages: Vec<Stage>) -> Result<Setup, Vec<Mistake>> {
        let mut mistakes = needs::of_run(&config, stages.contains(&Stage::Router));
        mistakes.extend(properties::mistakes(&config.kafka));
        let instance = instance(&config).unwrap_or_else(|why| {
            mistakes.push(Mistake::of("kafka.instance_id", why));
            passing()
        });
        let clients = Clients::new(&config.kafka, instance);
        let clients =
            clients.map_err(|missing| mistakes.extend(missing.iter().map(|text| Mistake::parse(text))));
        let unreadable = config.http.missing();
        mistakes.extend(unreadable.iter().map(|text| Mistake::parse(text)));
        let is_readable = !unreadable.iter().any(|text| text.starts_with("http.tls"));
        let unusable = config.http.tls.as_ref().filter(|_| is_readable).map(tls::mistakes);
        mistakes.extend(unusable.unwrap_or_default().iter().map(|text| Mistake::parse(text)));
        mistakes.sort();
        mistakes.dedup();
        match (clients, mistakes.is_empty()) {
            (Ok(clients), true) => Ok(Setup { config, stages, since: None, clients }),
            (Ok(_) | Err(()), _) => Err(mistakes),
        }
    }

    /// The same, and whether clients can be created with the settings. No broker is contacted.
    pub(crate) fn tried(config: Config, stages: Vec<Stage>) -> Result<Setup, Vec<Mistake>> {
        let setup = Setup::checked(config, stages)?;
        let mistakes = trial::mistakes(&setup.config.kafka, &setup.clients, &setup.stages);
        if mistakes.is_empty() { Ok(setup) } else { Err(mistakes) }
    }

    /// The number of workers of a stage: one unless the config sets it. Each has six clients, about 25 threads and 45 open files.
    pub(crate) fn workers(&self, stage: Stage) -> u16 {
        let configured = match stage {
            Stage::Router => self.config.workers.router,
            Stage::Detector => self.config.workers.detector,
        };
        configured.map_or(1, |threads| threads.0)
    }

    /// The longest time between two polls of a worker that is not stuck: `max.poll.interval.ms`, and at least a minute, because
    /// requests to a broker that does not answer may take as long.
    pub(crate) fn longest_round(&self) -> Millis {
        let Kafka { consumer, properties, .. } = &self.config.kafka;
        let configured = [consumer, properties].into_iter().find_map(|set| set.0.get("max.poll.interval.ms"));
        let millis = configured.and_then(|value| value.parse().ok()).unwrap_or(300_000);
        Millis(millis.max(60_000))
    }

    /// How the records of a topic are decoded: by the settings of the first source that matches it.
    pub(crate) fn source(&self, topic: &str, policy: &Policy) -> Source {
        let source = self.config.sources.iter().find(|source| source.topics.matches(topic));
        let hosts = policy.cas.keys().filter(|_| policy.relayed_enrollment.is_enabled());
        let hosts: Vec<Host> = hosts.map(|host| Host::new(host)).collect();
        Source::new(source.map(|source| source.decoder()).unwrap_or_default(), &hosts)
    }

    /// The topics that sources name. Patterns are left out.
    pub(crate) fn named_sources(&self) -> impl Iterator<Item = &str> {
        self.config.sources.iter().filter_map(|source| match &source.topics {
            Topics::Name(name) => Some(name.as_str()),
            Topics::Pattern(_) => None,
        })
    }
}

/// The identity of this process. One that survives a restart comes from the config.
fn instance(config: &Config) -> Result<Instance, String> {
    config.kafka.instance_id.as_ref().map_or_else(|| Ok(passing()), |id| id.name().map(Instance::Static))
}

/// An identity that differs between processes: time and process id.
fn passing() -> Instance {
    Instance::Ephemeral(format!("{:x}-{:x}", wall().as_millis(), std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_listed() {
        let text = "sources: [{pattern: 'adcs.*'}]\nkafka: {sasl: {mechanism: PLAIN, username: a, password: {file: /nowhere/p}}}\n";
        let config = Config::parse("c.yaml", text).unwrap();
        let failure = Setup::new(config, vec![Stage::Router]).unwrap_err();
        let said = failure.to_string();
        assert_eq!(failure.exit, Exit::Config);
        for part in [
            "kafka.brokers: none",
            "kafka.sasl.password: cannot read /nowhere/p",
            "matches adcs-watch.routed",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn stage_has_one_worker_unless_the_config_sets_the_number() {
        let text = "kafka: {brokers: ['b:9092']}\nworkers: {router: 12}\n";
        let setup = Setup::new(Config::parse("c.yaml", text).unwrap(), vec![]).unwrap();
        assert_eq!((setup.workers(Stage::Router), setup.workers(Stage::Detector)), (12, 1));
    }

    #[test]
    fn longest_round_is_the_poll_interval_and_at_least_a_minute() {
        let round = |more: &str| {
            let text = format!("kafka: {{brokers: ['b:9092']{more}}}\n");
            Setup::new(Config::parse("c.yaml", &text).unwrap(), vec![]).unwrap().longest_round()
        };
        assert_eq!(round(""), Millis(300_000));
        assert_eq!(round(", properties: {max.poll.interval.ms: 120000}"), Millis(120_000));
        assert_eq!(round(", consumer: {max.poll.interval.ms: 10000}"), Millis(60_000));
    }

    #[test]
    fn instance_id_may_come_from_the_environment() {
        let setup = |id: &str| {
            let text = format!("kafka: {{brokers: ['b:9092'], instance_id: {id}}}\n");
            Setup::new(Config::parse("c.yaml", &text).unwrap(), vec![Stage::Detector])
        };
        let id = |id: &str| {
            let member = setup(id).unwrap().clients.group_consumer(Stage::Detector, 0).unwrap();
            member.get("group.instance.id").unwrap().to_owned()
        };
        assert_eq!(id("pod-3"), "pod-3-detector-0");
        // Cargo sets it for every test.
        assert_eq!(id("{env: CARGO_PKG_NAME}"), "adcs-watch-detector-0");
        let said = setup("{env: ADCS_WATCH_NOT_SET}").unwrap_err().to_string();
        assert!(
            said.contains("kafka.instance_id: the environment variable ADCS_WATCH_NOT_SET is not set"),
            "{said}"
        );
    }

    #[test]
    fn first_matching_source_decides_the_format() {
        let text = "sources: [{topic: a.x, format: protobuf}, {pattern: 'a\\..*', format: nxlog}]\nkafka: {brokers: ['b:9092']}\n";
        let setup = Setup::new(Config::parse("c.yaml", text).unwrap(), vec![Stage::Router]).unwrap();
        let policy = Policy::default();
        let format =
            |topic: &str| setup.source(topic, &policy).decoder.format.map(crate::decode::Format::as_str);
        assert_eq!((format("a.x"), format("a.y"), format("b.y")), (Some("protobuf"), Some("nxlog"), None));
    }
}
