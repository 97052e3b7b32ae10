//! Settings of librdkafka that have no effect, that contradict each other, or that contradict the rest of the config.

use crate::config::kafka::{Kafka, Tls};
use crate::config::mistake::Mistake;
use crate::config::properties::{Properties, usual};
use crate::config::root::Config;
use crate::config::topics::Topics;
use regex_lite::Regex;

/// Settings that only consumers have, by their usual names.
pub(crate) const CONSUMER: [&str; 14] = [
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "coordinator.query.interval.ms",
    "max.poll.interval.ms",
    "queued.min.messages",
    "queued.max.messages.kbytes",
    "fetch.wait.max.ms",
    "fetch.queue.backoff.ms",
    "max.partition.fetch.bytes",
    "fetch.max.bytes",
    "fetch.min.bytes",
    "fetch.error.backoff.ms",
    "check.crcs",
    "consume.callback.max.messages",
];

/// Settings that only producers have, by their usual names.
pub(crate) const PRODUCER: [&str; 15] = [
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "linger.ms",
    "retries",
    "queue.buffering.backpressure.threshold",
    "compression.type",
    "compression.level",
    "batch.num.messages",
    "batch.size",
    "delivery.report.only.error",
    "sticky.partitioning.linger.ms",
    "request.timeout.ms",
    "delivery.timeout.ms",
    "queuing.strategy",
    "produce.offset.report",
];

/// What is wrong with the settings of clients, as far as the config alone shows it.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let kafka = &config.kafka;
    let sections = sections(kafka);
    let all = sections.into_iter().flat_map(|(section, set)| {
        set.0.iter().map(move |(name, value)| (section, set, name.as_str(), value.as_str()))
    });
    let alone = all.filter_map(|(section, set, name, value)| {
        let message = set_twice(set, name)
            .or_else(|| of_other_clients(section, name))
            .or_else(|| against_tls(kafka.tls.as_ref(), name))
            .or_else(|| hides_topics(config, name, value))
            .or_else(|| without_versions(name, value))?;
        Some(Mistake::of(format!("kafka.{section}.{name}"), message))
    });
    alone.chain(slow_heartbeat(kafka)).collect()
}

/// The settings of clients, by the name of their section.
pub(crate) fn sections(kafka: &Kafka) -> [(&'static str, &Properties); 3] {
    [("properties", &kafka.properties), ("consumer", &kafka.consumer), ("producer", &kafka.producer)]
}

fn set_twice(set: &Properties, name: &str) -> Option<String> {
    let first = usual(name);
    (first != name && set.0.contains_key(first))
        .then(|| format!("is another name of `{first}`, which is set too"))
}

fn of_other_clients(section: &str, name: &str) -> Option<String> {
    match section {
        "consumer" if PRODUCER.contains(&usual(name)) => {
            Some("has no effect on a consumer: write it under kafka.producer".to_owned())
        }
        "producer" if CONSUMER.contains(&usual(name)) => {
            Some("has no effect on a producer: write it under kafka.consumer".to_owned())
        }
        _ => None,
    }
}

/// Settings of TLS without TLS, and such that replace a file of `kafka.tls` or are replaced by it.
fn against_tls(tls: Option<&Tls>, name: &str) -> Option<String> {
    let is_of_tls = name.starts_with("ssl.") || name == "enable.ssl.certificate.verification";
    let Some(tls) = tls else {
        return is_of_tls.then(|| "has no effect without kafka.tls: write `tls: {}`".to_owned());
    };
    let other = match name {
        "ssl.ca.pem" if tls.ca_file.is_some() => "ca_file",
        "ssl.keystore.location" if tls.cert_file.is_some() => "cert_file",
        _ => return None,
    };
    Some(format!("kafka.tls.{other} is set too: use one of them"))
}

/// A blacklist that hides a topic which this program needs. Its members are names, and regular expressions that begin with `^`.
fn hides_topics(config: &Config, name: &str, value: &str) -> Option<String> {
    if name != "topic.blacklist" {
        return None;
    }
    let own = config.topics.names().into_iter().map(|(_, topic)| topic);
    let named = config.sources.iter().filter_map(|source| match &source.topics {
        Topics::Name(name) => Some(name.as_str()),
        Topics::Pattern(_) => None,
    });
    let hidden: Vec<&str> =
        own.chain(named).filter(|topic| value.split(',').any(|one| hides(one, topic))).collect();
    (!hidden.is_empty()).then(|| format!("hides {}, which this config needs", hidden.join(", ")))
}

fn hides(one: &str, topic: &str) -> bool {
    match one.starts_with('^') {
        true => Regex::new(one).is_ok_and(|pattern| pattern.is_match(topic)),
        false => one == topic,
    }
}

fn without_versions(name: &str, value: &str) -> Option<String> {
    let is_off = ["false", "0"].contains(&value.trim().to_lowercase().as_str());
    (name == "api.version.request" && is_off).then(|| {
        "exactly-once needs transactions, which only a broker with this request is known to have".to_owned()
    })
}

/// Heartbeats that come after the session has ended: each member would be expelled again and again.
fn slow_heartbeat(kafka: &Kafka) -> Option<Mistake> {
    let value = |name: &str| {
        let set = [("consumer", &kafka.consumer), ("properties", &kafka.properties)];
        let found = set.into_iter().find_map(|(section, set)| Some((section, set.value(name)?)))?;
        Some((format!("kafka.{}.{name}", found.0), found.1.trim().parse::<u32>().ok()?))
    };
    let (heartbeat, session) = (value("heartbeat.interval.ms"), value("session.timeout.ms"));
    let beat = heartbeat.as_ref().map_or(3000, |(_, millis)| *millis);
    let timeout = session.as_ref().map_or(45_000, |(_, millis)| *millis);
    let (place, _) = heartbeat.or(session).filter(|_| beat >= timeout)?;
    let message = format!(
        "heartbeat.interval.ms is {beat} and session.timeout.ms {timeout}: at most a third of it is usual"
    );
    Some(Mistake::of(place, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mistakes of a config with these lines under `kafka:`.
    fn said(kafka: &str) -> Vec<String> {
        let text = format!("sources: [{{topic: winlog}}]\nkafka: {{{kafka}}}\n");
        let config = Config::parse("c.yaml", &text).unwrap();
        mistakes(&config).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn settings_without_effect_or_against_others_are_refused() {
        for (kafka, wanted) in [
            (
                "producer: {linger.ms: 5, queue.buffering.max.ms: 7}",
                "kafka.producer.queue.buffering.max.ms: is another name of `linger.ms`",
            ),
            (
                "properties: {compression.codec: lz4, compression.type: zstd}",
                "is another name of `compression.type`",
            ),
            (
                "consumer: {max.partition.fetch.bytes: 5, fetch.message.max.bytes: 7}",
                "kafka.consumer.fetch.message.max.bytes: ",
            ),
            ("consumer: {compression.type: zstd}", "write it under kafka.producer"),
            ("producer: {fetch.wait.max.ms: 5}", "write it under kafka.consumer"),
            ("properties: {ssl.cipher.suites: ALL}", "has no effect without kafka.tls"),
            ("properties: {enable.ssl.certificate.verification: false}", "has no effect without kafka.tls"),
            (
                "tls: {ca_file: a}, properties: {ssl.ca.pem: b}",
                "kafka.properties.ssl.ca.pem: kafka.tls.ca_file is set",
            ),
            ("tls: {cert_file: a}, properties: {ssl.keystore.location: b}", "kafka.tls.cert_file is set too"),
            ("properties: {topic.blacklist: 'x,^adcs-watch.al'}", "hides adcs-watch.alerts, which"),
            ("consumer: {topic.blacklist: winlog}", "hides winlog, which"),
            ("properties: {api.version.request: false}", "exactly-once needs transactions"),
            ("consumer: {heartbeat.interval.ms: 45000}", "kafka.consumer.heartbeat.interval.ms: heartbeat"),
            (
                "properties: {session.timeout.ms: 3000}",
                "kafka.properties.session.timeout.ms: heartbeat.interval.ms is 3000",
            ),
        ] {
            let said = said(kafka);
            assert!(matches!(&said[..], [one] if one.contains(wanted)), "{kafka}: {said:?}");
        }
    }

    #[test]
    fn ordinary_settings_are_accepted() {
        for kafka in [
            "producer: {queue.buffering.max.ms: 7, compression.codec: zstd, delivery.timeout.ms: 9000}",
            "properties: {linger.ms: 5}, producer: {queue.buffering.max.ms: 7}",
            "properties: {linger.ms: 5, session.timeout.ms: 30000, max.poll.interval.ms: 60000}",
            "properties: {broker.address.family: v4, socket.timeout.ms: 5000, client.rack: a, client.id: b, debug: cgrp}",
            "tls: {}, properties: {ssl.cipher.suites: ALL, ssl.ca.pem: b, enable.ssl.certificate.verification: false}",
            "tls: {ca_file: a}, properties: {ssl.crl.location: b}",
            "consumer: {topic.blacklist: 'winlog.test,^audit'}",
            "properties: {api.version.request: true}",
            "consumer: {session.timeout.ms: 6000, heartbeat.interval.ms: 500}",
        ] {
            assert_eq!(said(kafka), Vec::<String>::new(), "{kafka}");
        }
    }
}
