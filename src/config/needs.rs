//! What `run` needs beyond a config that can be read, as far as the config alone shows it.

use crate::config::mistake::Mistake;
use crate::config::root::Config;

/// What is wrong with a config without brokers.
pub(crate) const NO_BROKERS: &str = "none is named: write `brokers: ['HOST:PORT']`";

/// What a run of these stages needs: brokers, sources for the router, and topics that do not feed themselves.
pub(crate) fn of_run(config: &Config, with_router: bool) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if config.kafka.brokers.is_empty() {
        mistakes.push(Mistake::of("kafka.brokers", NO_BROKERS));
    }
    if with_router && config.sources.is_empty() {
        mistakes.push(Mistake::of("sources", "none is named: write `sources: [{topic: NAME}]`"));
    }
    mistakes.extend(own_topics_as_sources(config));
    mistakes.extend(own_topics_of_one_name(config));
    mistakes.extend(unreachable_sources(config));
    mistakes
}

/// Sources that would read what this program writes.
fn own_topics_as_sources(config: &Config) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (n, source) in config.sources.iter().enumerate() {
        let own = config.topics.names().into_iter().map(|(_, name)| name);
        let own: Vec<&str> = own.filter(|name| source.topics.matches(name)).collect();
        let (written, number) = (source.topics.written(), if own.len() == 1 { "a topic" } else { "topics" });
        if !own.is_empty() {
            mistakes.push(Mistake::of(
                format!("sources[{n}]"),
                format!(
                    "`{written}` matches {}, {number} of adcs-watch: it would read its own output",
                    own.join(", ")
                ),
            ));
        }
    }
    mistakes
}

fn own_topics_of_one_name(config: &Config) -> Vec<Mistake> {
    let names = config.topics.names();
    let mut mistakes = Vec::new();
    for (n, (setting, name)) in names.iter().enumerate() {
        // The metrics of brokers take both for the same, so a broker refuses the second topic.
        let alike = |one: &str| one.replace('.', "_") == name.replace('.', "_");
        if let Some((first, earlier)) = names[..n].iter().find(|(_, earlier)| alike(earlier)) {
            let message = match earlier == name {
                true => format!("{name} is also topics.{first}: each topic needs a name of its own"),
                false => {
                    format!("{name} differs from topics.{first} in `.` and `_` only, which Kafka refuses")
                }
            };
            mistakes.push(Mistake::of(format!("topics.{setting}"), message));
        }
    }
    mistakes
}

/// Sources whose topic an earlier source has already: the first one decides how a topic is read.
fn unreachable_sources(config: &Config) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (n, source) in config.sources.iter().enumerate() {
        let topic = source.topics.subscription();
        let earlier = config.sources[..n].iter().position(|earlier| {
            earlier.topics == source.topics || (!topic.starts_with('^') && earlier.topics.matches(topic))
        });
        if let Some(first) = earlier {
            let message = format!("has no effect: sources[{first}] reads `{topic}` already");
            mistakes.push(Mistake::of(format!("sources[{n}]"), message));
        }
    }
    mistakes
}
