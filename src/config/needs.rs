//! What `run` needs beyond a config that can be read, as far as the config alone shows it.

use crate::config::mistake::Mistake;
use crate::config::root::Config;

/// What a run of these stages needs: brokers, sources for the router, and topics that do not feed themselves.
pub(crate) fn of_run(config: &Config, with_router: bool) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if config.kafka.brokers.is_empty() {
        mistakes.push(Mistake::of("kafka.brokers", "none is named"));
    }
    if with_router && config.sources.is_empty() {
        mistakes.push(Mistake::of("sources", "none is named"));
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
        for (_, name) in config.topics.names().into_iter().filter(|(_, name)| source.topics.matches(name)) {
            let subscription = source.topics.subscription();
            mistakes.push(Mistake::of(
                format!("sources[{n}]"),
                format!(
                    "`{subscription}` matches {name}, a topic of adcs-watch: it would read its own output"
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
        if let Some((first, _)) = names[..n].iter().find(|(_, earlier)| earlier == name) {
            let message = format!("{name} is also topics.{first}: each topic needs a name of its own");
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
