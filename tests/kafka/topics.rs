//! Topics are checked before a worker starts. The errors name every mismatch and its fix.

use crate::broker;
use crate::environment::{Environment, PARTITIONS};
use crate::fixtures::{expected, records};
use crate::process::{ADVICE, Process, program};
use std::path::Path;
use std::time::Duration;

fn topics(what: &str, config: &Path) -> (Option<i32>, String) {
    let output = program().args(["topics", what, "-c"]).arg(config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The log of a `run` that ends with exit code 78.
fn refused(config: &Path) -> String {
    let log = config.with_extension("refused.log");
    let mut process = Process::run(config, &[], &log);
    assert_eq!(process.wait(Duration::from_secs(30)).code(), Some(78), "{}", process.log());
    process.log()
}

#[test]
fn created_topics_pass_check_and_run() {
    let _guard = broker::shared();
    let env = Environment::bare("topics", 1);
    let config = env.config("topics", "");
    let (code, said) = topics("check", &config);
    assert_eq!(code, Some(78), "{said}");
    assert_eq!(said.matches("does not exist; to fix: adcs-watch topics create").count(), 4, "{said}");
    assert!(refused(&config).contains("topics.routed: does not exist"));
    assert_eq!(topics("create", &config).0, Some(0));
    assert_eq!(topics("create", &config).0, Some(0), "to create twice is no fault");
    let (code, said) = topics("check", &config);
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 4), "{said}");
    let (code, said) = topics("plan", &config);
    assert_eq!(code, Some(0));
    assert!(said.contains("cleanup.policy      compact"), "{said}");
}

/// A config without a number follows topics that were created with one, so a new default concerns new topics only.
#[test]
fn run_uses_the_partitions_of_existing_topics() {
    let _guard = broker::shared();
    let env = Environment::new("unnumbered", 1);
    let records = records(200, 1);
    let alerts = expected(&env.source(), &records);
    let config = env.config("unnumbered", "");
    let text = std::fs::read_to_string(&config).unwrap();
    let numbered = format!("  partitions: {PARTITIONS}\n");
    assert!(text.contains(&numbered));
    std::fs::write(&config, text.replace(&numbered, "")).unwrap();
    let (code, said) = topics("check", &config);
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 4), "{said}");
    let process = Process::run(&config, &[], &config.with_extension("log"));
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&alerts, Duration::from_secs(60));
    assert!(process.stop().success());
    let routed = env.ends("routed");
    assert!(routed.len() == PARTITIONS as usize && routed.iter().all(|end| *end > 0), "{routed:?}");
}

#[test]
fn topic_with_other_settings_is_refused_with_every_mismatch() {
    let _guard = broker::shared();
    let env = Environment::bare("otherwise", 1);
    env.create(
        &env.topic("routed"),
        PARTITIONS + 1,
        &[("retention.ms", "3600000"), ("max.message.bytes", "4194304")],
    );
    env.create(
        &env.topic("checkpoint"),
        PARTITIONS,
        &[("cleanup.policy", "delete"), ("max.message.bytes", "4194304")],
    );
    env.create(&env.topic("dead"), 1, &[("cleanup.policy", "compact")]);
    let config = env.config("otherwise", "");
    let wanted = [
        "otherwise.routed: has 7 partitions, expected are 6",
        "otherwise.routed: retention.ms is 3600000",
        "--alter --topic otherwise.routed --add-config retention.ms=259200000",
        "otherwise.routed: message.timestamp.type is CreateTime",
        "otherwise.checkpoint: cleanup.policy is delete",
        "otherwise.dead: cleanup.policy is compact",
        "otherwise.alerts: does not exist",
    ];
    let (code, said) = topics("check", &config);
    assert_eq!(code, Some(78));
    let log = refused(&config);
    for part in wanted {
        assert!(said.contains(part), "{part} is not in\n{said}");
        assert!(log.contains(part), "{part} is not in\n{log}");
    }
}

#[test]
fn added_partitions_are_refused_while_running_and_at_start() {
    let _guard = broker::shared();
    let env = Environment::new("widened", 1);
    let records = records(600, 1);
    let alerts = expected(&env.source(), &records);
    // Clients look for new partitions every five minutes by default.
    let config = env.config("all", "");
    let text = std::fs::read_to_string(&config).unwrap();
    let often = "properties: {topic.metadata.refresh.interval.ms: 1000, ";
    std::fs::write(&config, text.replace("properties: {", often)).unwrap();
    let process = Process::run(&config, &[], &config.with_extension("log"));
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&alerts, Duration::from_secs(60));
    env.add_partitions("routed", PARTITIONS + 1);
    let log = process.await_log("widened.routed has a partition 6, and the state belongs to 6 partitions");
    assert!(log.contains(ADVICE), "{log}");
    assert_eq!(process.page("/readyz").unwrap().0, 503);
    assert!(process.stop().success());
    let said = refused(&env.config("again", ""));
    assert!(said.contains("widened.routed: has 7 partitions, expected are 6"), "{said}");
    assert_eq!(env.alerts().len(), alerts.len());
}

#[test]
fn unreachable_broker_makes_run_wait_and_topics_exit_with_69() {
    let _guard = broker::shared();
    let folder = broker::folder();
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("nowhere.yaml");
    // Nothing listens on the discard port.
    let text = "kafka: {brokers: ['127.0.0.1:9']}\nsources: [{topic: a}]\nhttp: {listen: '127.0.0.1:0'}\n";
    std::fs::write(&config, text).unwrap();
    let (code, said) = topics("check", &config);
    assert_eq!(code, Some(69), "{said}");
    let process = Process::run(&config, &[], &folder.join("nowhere.log"));
    std::thread::sleep(Duration::from_secs(11));
    let (status, said) = process.page("/readyz").unwrap();
    assert_eq!(status, 503);
    assert!(said.contains("no broker can be reached"), "{said}");
    assert_eq!(process.page("/livez").unwrap().0, 200);
    assert!(process.stop().success());
}

#[test]
fn replicas_that_the_brokers_have_not_are_a_mistake_of_the_config() {
    let _guard = broker::shared();
    let env = Environment::bare("replicas", 1);
    let config = env.config("replicas", "");
    let text = std::fs::read_to_string(&config).unwrap();
    let with_replicas = text.replace("replication_factor: 1\n", "replication_factor: 3\n");
    assert_ne!(with_replicas, text);
    std::fs::write(&config, with_replicas).unwrap();
    let (code, said) = topics("create", &config);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("topics.replication_factor: at most as many as there are brokers"), "{said}");
}
