//! What `run` needs beyond a config that can be read, as far as the config alone shows it.

use crate::config::clients;
use crate::config::mistake::Mistake;
use crate::config::root::Config;
use crate::config::topics::Topics;

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
    mistakes.extend(rare_checkpoints(config));
    mistakes.extend(clients::mistakes(config));
    mistakes
}

/// Topics of Kafka itself. Each commit writes a record to them, which a source would route with a commit.
const INTERNAL: [&str; 2] = ["__consumer_offsets", "__transaction_state"];

/// Sources that would read what this program writes.
fn own_topics_as_sources(config: &Config) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let names = config.topics.names();
    for (n, source) in config.sources.iter().enumerate() {
        let written = source.topics.written();
        let mut note = |message| mistakes.push(Mistake::of(format!("sources[{n}]"), message));
        let matched = |names: &[&str]| -> Vec<String> {
            names.iter().filter(|name| source.topics.matches(name)).map(|name| (*name).to_owned()).collect()
        };
        let own: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
        let (own, internal) = (matched(&own), matched(&INTERNAL));
        let number = if own.len() == 1 { "a topic" } else { "topics" };
        if !own.is_empty() {
            let own = own.join(", ");
            note(format!("`{written}` matches {own}, {number} of adcs-watch: it would read its own output"));
        } else if !internal.is_empty() {
            let internal = internal.join(", ");
            note(format!("`{written}` matches {internal} of Kafka itself: each commit would add a record"));
        } else if let Topics::Name(topic) = &source.topics
            && let Some((setting, name)) = names.iter().find(|(_, name)| alike(name, topic))
        {
            note(format!(
                "`{topic}` and topics.{setting}, {name}, differ in `.` and `_` only, which Kafka refuses"
            ));
        }
    }
    mistakes
}

/// Whether Kafka takes two names for the same: the metrics of brokers do, so a broker refuses the second topic.
fn alike(one: &str, other: &str) -> bool {
    one.replace('.', "_") == other.replace('.', "_")
}

fn own_topics_of_one_name(config: &Config) -> Vec<Mistake> {
    let names = config.topics.names();
    let mut mistakes = Vec::new();
    for (n, (setting, name)) in names.iter().enumerate() {
        if let Some((first, earlier)) = names[..n].iter().find(|(_, earlier)| alike(earlier, name)) {
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

/// Checkpoints so rare that Kafka has deleted what a restart must read since the last one.
fn rare_checkpoints(config: &Config) -> Option<Mistake> {
    let (interval, retention) = (config.checkpoints.interval, config.topics.retention.0);
    let is_rare = interval.as_millis() > retention.as_millis() / 2;
    is_rare.then(|| {
        let message = format!(
            "{interval} is more than half of topics.retention, {retention}: after a restart, routed events since the last \
             checkpoint could be deleted"
        );
        Mistake::of("checkpoints.interval", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mistakes of a config with these sources.
    fn said(sources: &str) -> Vec<String> {
        let text = format!("kafka: {{brokers: ['b:9092']}}\nsources: [{sources}]\n");
        of_run(&Config::parse("c.yaml", &text).unwrap(), true).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sources_that_would_feed_themselves_or_that_kafka_refuses_are_refused() {
        for (sources, why) in [
            (
                "{topic: adcs-watch.alerts}",
                "`adcs-watch.alerts` matches adcs-watch.alerts, a topic of adcs-watch",
            ),
            ("{pattern: 'adcs.*'}", "topics of adcs-watch: it would read its own output"),
            ("{pattern: '.*'}", "topics of adcs-watch"),
            ("{topic: __consumer_offsets}", "of Kafka itself"),
            ("{pattern: '__.*'}", "`__.*` matches __consumer_offsets, __transaction_state of Kafka itself"),
            ("{topic: adcs-watch_alerts}", "topics.alerts, adcs-watch.alerts, differ in `.` and `_` only"),
            ("{topic: a}, {topic: a}", "sources[1]: has no effect"),
            ("{pattern: 'w.*'}, {topic: win}", "sources[1]: has no effect"),
        ] {
            let said = said(sources);
            assert!(matches!(&said[..], [one] if one.contains(why)), "{sources}: {said:?}");
        }
        for sources in [
            "{topic: a.b}, {topic: a-b}",
            "{topic: win}, {pattern: 'w.*'}",
            "{pattern: 'win.*'}",
            "{topic: adcs}",
        ] {
            assert_eq!(said(sources), Vec::<String>::new(), "{sources}");
        }
    }

    #[test]
    fn checkpoints_are_written_while_the_routed_events_are_kept() {
        let said = |interval: &str, retention: &str| {
            let text = format!(
                "kafka: {{brokers: ['b:9092']}}\nsources: [{{topic: a}}]\ncheckpoints: {{interval: {interval}}}\n\
                 topics: {{retention: {retention}}}\n"
            );
            of_run(&Config::parse("c.yaml", &text).unwrap(), true)
                .iter()
                .map(ToString::to_string)
                .collect::<String>()
        };
        for (interval, retention) in [("30d", "7d"), ("85h", "7d"), ("37h", "72h")] {
            assert!(said(interval, retention).contains("more than half of topics.retention"), "{interval}");
        }
        for (interval, retention) in [("84h", "7d"), ("36h", "72h"), ("10m", "72h"), ("7d", "30d")] {
            assert_eq!(said(interval, retention), "", "{interval}");
        }
    }
}
