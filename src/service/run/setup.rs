//! What a run needs, checked as a whole before anything begins.

use crate::event::time::Time;
use crate::service::clock::wall;
use crate::service::config::Config;
use crate::service::config::topics::Topics;
use crate::service::exit::{Exit, Failure};
use crate::service::kafka::client::{Clients, Instance};
use crate::service::stage::Stage;
use crate::task::router::Source;

/// What was configured.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The config.
    pub config: Config,
    /// What runs.
    pub stages: Vec<Stage>,
    /// Where a router begins that was never here; none: at the beginning.
    pub since: Option<Time>,
    /// Makes clients.
    pub clients: Clients,
}

impl Setup {
    /// Checks the config for these stages.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn new(config: Config, stages: Vec<Stage>) -> Result<Setup, Failure> {
        let mut wrong = Vec::new();
        let clients = Clients::new(&config.kafka, instance(&config));
        let clients = clients.map_err(|missing| wrong.extend(missing));
        wrong.extend(config.http.missing());
        if stages.contains(&Stage::Router) && config.sources.is_empty() {
            wrong.push("sources: none is named".to_owned());
        }
        wrong.extend(own_topics_read(&config));
        match (clients, wrong.is_empty()) {
            (Ok(clients), true) => Ok(Setup { config, stages, since: None, clients }),
            (Ok(_) | Err(()), _) => {
                let failure = Failure::new(Exit::Config, "the config does not allow this");
                Err(wrong.into_iter().fold(failure, Failure::with_cause))
            }
        }
    }

    /// How many workers a stage has.
    pub fn workers(&self, stage: Stage) -> u16 {
        match stage {
            Stage::Router => self.config.workers.router.0,
            Stage::Detector => self.config.workers.detector.0,
        }
    }

    /// How the records of a topic are read: as the first source says that it belongs to.
    pub fn source(&self, topic: &str) -> Source {
        let source = self.config.sources.iter().find(|source| source.topics.matches(topic));
        source.map_or_else(Source::default, |source| Source::new(source.decoder()))
    }

    /// The topics that sources name; patterns name none.
    pub fn named_sources(&self) -> impl Iterator<Item = &str> {
        self.config.sources.iter().filter_map(|source| match &source.topics {
            Topics::Name(name) => Some(name.as_str()),
            Topics::Pattern(_) => None,
        })
    }
}

/// Process id and time tell a process from all others; a name that survives it comes from the config.
fn instance(config: &Config) -> Instance {
    match &config.kafka.instance_id {
        Some(name) => Instance::Static(name.clone()),
        None => Instance::Passing(format!("{:x}-{:x}", wall().as_millis(), std::process::id())),
    }
}

/// Sources that would read what this program writes.
fn own_topics_read(config: &Config) -> Vec<String> {
    let own = config.topics.names();
    let mut wrong = Vec::new();
    for source in &config.sources {
        let read = own.iter().filter(|name| source.topics.matches(name));
        wrong.extend(read.map(|name| {
            format!(
                "sources: `{}` matches {name}, a topic of our own: it would read what it writes",
                source.topics.subscription()
            )
        }));
    }
    for (n, name) in own.iter().enumerate() {
        if own[..n].contains(name) {
            wrong.push(format!("topics: {name} is named twice"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_listed() {
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
    fn the_first_source_that_fits_says_how() {
        let text = "sources: [{topic: a.x, shape: protobuf}, {pattern: 'a\\..*', shape: nxlog}]\nkafka: {brokers: ['b:9092']}\n";
        let setup = Setup::new(Config::parse("c.yaml", text).unwrap(), vec![Stage::Router]).unwrap();
        let shape = |topic: &str| setup.source(topic).decoder.shape.map(crate::decode::Shape::as_str);
        assert_eq!((shape("a.x"), shape("a.y"), shape("b.y")), (Some("protobuf"), Some("nxlog"), None));
    }
}
