//! Checks settings of librdkafka with the library itself: it knows their names and types.

use crate::config::clients::{CONSUMER, PRODUCER, sections};
use crate::config::kafka::Kafka;
use crate::config::mistake::Mistake;
use crate::config::properties::names;
use crate::config::words::nearest;
use crate::kafka::settings::MESSAGE_BYTES;
use crate::kafka::topics::MAX_MESSAGE_BYTES;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// What the clients of Java call a setting that librdkafka has under another name.
const JAVA: [(&str, &str); 5] = [
    ("fetch.max.wait.ms", "fetch.wait.max.ms"),
    ("max.request.size", "message.max.bytes"),
    ("buffer.memory", "queue.buffering.max.kbytes"),
    ("send.buffer.bytes", "socket.send.buffer.bytes"),
    ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
];

/// Settings that the library does not know, or whose values it refuses.
pub(crate) fn mistakes(kafka: &Kafka) -> Vec<Mistake> {
    let all = sections(kafka)
        .into_iter()
        .flat_map(|(section, properties)| properties.0.iter().map(move |set| (section, set)));
    all.filter_map(|(section, (name, value))| {
        let message = refusal(name, value).or_else(|| too_short(name, value))?;
        Some(Mistake::of(format!("kafka.{section}.{name}"), message))
    })
    .collect()
}

/// Why a limit on the length of records is too small; `None` if it is not.
fn too_short(name: &str, value: &str) -> Option<String> {
    let bytes = value.parse().unwrap_or(MAX_MESSAGE_BYTES);
    (name == MESSAGE_BYTES && bytes < MAX_MESSAGE_BYTES)
        .then(|| format!("at least {MAX_MESSAGE_BYTES} are needed: a state or an event may have that length"))
}

/// Why the library refuses a setting; `None` if it accepts it.
fn refusal(name: &str, value: &str) -> Option<String> {
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(config) => cut_off(value, &config.get(name).ok()?),
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            let hint = meant(name).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
            Some(format!("librdkafka has no setting of this name{hint}"))
        }
        Err(KafkaError::ClientConfig(_, why, ..)) => {
            Some(format!("librdkafka refuses this value: {}", why.trim_end()))
        }
        Err(other) => Some(format!("librdkafka refuses this: {other}")),
    }
}

/// The setting that was probably meant by a name that librdkafka does not know.
fn meant(name: &str) -> Option<&'static str> {
    let java = JAVA.iter().find(|(java, _)| *java == name).map(|(_, ours)| *ours);
    let known: Vec<&str> = CONSUMER.iter().chain(&PRODUCER).flat_map(|name| names(name)).collect();
    java.or_else(|| nearest(name, &known))
}

/// Why a number is another one to the library, which reads its beginning: of `45s` and `4_5` the digits before the letter.
fn cut_off(value: &str, read: &str) -> Option<String> {
    let value = value.trim();
    let hex = value.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let meant = hex.map_or_else(|| value.to_owned(), |number| number.to_string());
    let is_number =
        value.starts_with(|c: char| c.is_ascii_digit() || c == '-') && read.parse::<i64>().is_ok();
    let is_same = meant.parse::<f64>().ok() == read.parse::<f64>().ok();
    (is_number && !is_same).then(|| format!("librdkafka reads `{value}` as {read}: write a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_with_a_unit_is_refused() {
        for (value, read) in [("45s", "45"), ("45_000", "45"), ("5.2e+07", "5"), ("1.5", "1"), ("-1x", "-1")]
        {
            let why = refusal("statistics.interval.ms", value).or_else(|| cut_off(value, read)).unwrap();
            assert!(why.contains("reads") || why.contains("refuses"), "{why}");
        }
        for (name, value) in [
            ("session.timeout.ms", "45000"),
            ("linger.ms", "5"),
            ("linger.ms", "0.5"),
            ("acks", "all"),
            ("acks", "-1"),
            ("compression.level", "-1"),
            ("client.id", "0x1y"),
            ("client.rack", "1a"),
            ("enable.idempotence", "1"),
        ] {
            assert_eq!(refusal(name, value), None, "{name}: {value}");
        }
    }

    #[test]
    fn producer_must_take_the_longest_record() {
        assert_eq!(too_short("message.max.bytes", "4194304"), None);
        assert!(
            too_short("message.max.bytes", "4194303").is_some_and(|why| why.contains("at least 4194304"))
        );
        assert_eq!(too_short("fetch.message.max.bytes", "1000"), None);
    }

    #[test]
    fn unknown_name_suggests_the_one_of_librdkafka() {
        assert_eq!(meant("fetch.max.wait.ms"), Some("fetch.wait.max.ms"));
        assert_eq!(meant("fetch.wait.maxx.ms"), Some("fetch.wait.max.ms"));
        assert_eq!(meant("buffer.memory"), Some("queue.buffering.max.kbytes"));
        assert_eq!(meant("zebra"), None);
    }
}
