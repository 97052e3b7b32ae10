//! `inspect` looks at a topic, and a running router counts what its source delivers.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::records;
use crate::process::until;
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// The exit code, and what was found in the topic.
fn inspect(env: &Environment, topic: &str, records: u64) -> (Option<i32>, Value) {
    let config = env.config("inspect", "");
    let records = records.to_string();
    let mut command = crate::process::program();
    command.args(["inspect", "--format", "json", "--records", &records, "--topic", topic, "-c"]);
    let done = command.arg(config).output().unwrap();
    let json: Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
    (done.status.code(), json["inputs"][0].clone())
}

#[test]
fn inspect_reads_the_first_records_of_a_topic() {
    let _guard = broker::shared();
    let env = Environment::new("inspect", 2);
    env.produce(&records(300, 2));
    let (code, found) = inspect(&env, &env.source(), 100);
    assert_eq!((code, found["records"].as_u64(), found["more"].as_bool()), (Some(0), Some(100), Some(true)));
    let (code, all) = inspect(&env, &env.source(), 1_000_000);
    assert_eq!((code, all["more"].as_bool()), (Some(0), Some(false)));
    assert!(all["records"].as_u64() >= Some(300) && !all["events"].as_array().unwrap().is_empty(), "{all}");
    assert_eq!(inspect(&env, "nowhere", 1).0, Some(65));
}

#[test]
fn inspect_without_a_broker_exits_with_69() {
    let env = Environment::bare("inspect-unreachable", 1);
    let config = env.config("unreachable", "");
    let text = fs::read_to_string(&config).unwrap().replace(broker::bootstrap(), "127.0.0.1:1");
    fs::write(&config, text).unwrap();
    let done =
        crate::process::program().args(["inspect", "--topic", "x", "-c"]).arg(config).output().unwrap();
    assert_eq!(done.status.code(), Some(69), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn router_counts_its_source_by_format_and_outcome() {
    let _guard = broker::shared();
    let env = Environment::new("source-counts", 2);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records(300, 2));
    let topic = env.source();
    let labels = format!("format=\"winlogbeat\",outcome=\"event\",topic=\"{topic}\"");
    let decoded = || process.metric("adcs_watch_source_decoded_total", &labels);
    until(Duration::from_secs(60), || decoded() > 0.0, || process.page("/metrics").unwrap_or_default().1);
    let of_topic = format!("topic=\"{topic}\"");
    assert!(process.metric("adcs_watch_source_records_total", &of_topic) >= decoded());
    assert!(process.metric("adcs_watch_source_last_event_timestamp_seconds", &of_topic) > 1.7e9);
    assert!(process.stop().success());
}
