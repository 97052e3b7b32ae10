//! The demo over a real Kafka raises the alerts that it raises over the log in memory.

use crate::broker;
use crate::fixtures::is_story;
use crate::process::program;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// Runs the demo: its exit code, its alerts but stories without the prefix of topic names, and its summary. What a revision of a
/// story has depends on the order in which partitions deliver.
fn demo(arguments: &[&str]) -> (Option<i32>, BTreeSet<String>, String) {
    let done = program().arg("demo").args(arguments).output().unwrap();
    let alerts = String::from_utf8(done.stdout).unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    let plain = |line: &str| match line.split_once("\"adcs-watch-demo-") {
        None => line.to_owned(),
        Some((_, rest)) => {
            let beginning = format!("adcs-watch-demo-{}", &rest[..=rest.find('.').unwrap()]);
            line.replace(&beginning, "")
        }
    };
    let alerts: Vec<&str> = alerts.lines().filter(|line| !is_story(line)).collect();
    let count = alerts.len();
    let alerts: BTreeSet<String> = alerts.into_iter().map(plain).collect();
    assert_eq!(count, alerts.len(), "an alert came twice");
    (done.status.code(), alerts, said)
}

/// The topics whose names start with `beginning`.
fn topics(beginning: &str) -> Vec<String> {
    let mut config = ClientConfig::new();
    let consumer: BaseConsumer = config.set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let metadata = consumer.fetch_metadata(None, Duration::from_secs(10)).unwrap();
    let names = metadata.topics().iter().map(|topic| topic.name().to_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(beginning)).collect();
    names.sort();
    names
}

#[test]
fn demo_over_kafka_raises_the_alerts_of_the_demo_in_memory() {
    let _guard = broker::shared();
    let (code, expected, _) = demo(&[]);
    assert_eq!((code, expected.is_empty()), (Some(0), false));
    let (code, alerts, said) = demo(&["--bootstrap", broker::bootstrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(alerts, expected, "{said}");
    assert!(said.contains("killed once") && said.contains("none lost, none duplicated"), "{said}");
    let name = said.split("the 5 topics ").nth(1).and_then(|rest| rest.strip_suffix("* are deleted\n"));
    let name = name.unwrap_or_else(|| panic!("nothing is deleted: {said}"));
    assert_eq!(topics(name), [""; 0]);
}

#[test]
fn demo_keeps_topics_on_request_and_connects_as_its_config_says() {
    let _guard = broker::shared();
    let config = broker::folder().join("demo.yaml");
    fs::create_dir_all(broker::folder()).unwrap();
    fs::write(&config, "kafka:\n  producer: {compression.type: nonsense}\n").unwrap();
    let config = config.to_str().unwrap();
    let (code, _, said) = demo(&["--bootstrap", broker::bootstrap(), "-c", config]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("compression.type"), "{said}");

    fs::write(config, "kafka:\n  brokers: ['127.0.0.1:1']\n  producer: {compression.type: zstd}\n").unwrap();
    let (code, alerts, said) = demo(&["--bootstrap", broker::bootstrap(), "-c", config, "--keep"]);
    assert_eq!((code, alerts.is_empty()), (Some(0), false), "{said}");
    let kept = said.split("the topics are kept: ").nth(1).unwrap_or_default().trim();
    let beginning = kept.split_once('.').unwrap_or_else(|| panic!("nothing is kept: {said}")).0;
    let mut kept: Vec<&str> = kept.split(", ").collect();
    kept.sort_unstable();
    assert_eq!((topics(beginning), kept.len()), (kept.iter().map(|&topic| topic.to_owned()).collect(), 5));
}

#[test]
fn unreachable_broker_ends_the_demo_with_exit_code_69() {
    let (code, alerts, said) = demo(&["--bootstrap", "127.0.0.1:1"]);
    assert_eq!((code, alerts.len()), (Some(69), 0), "{said}");
    assert!(said.contains("no broker can be reached") && said.contains("--bootstrap 127.0.0.1:1"), "{said}");
}
