//! Sources whose pattern matches no topic, and sources that `topics check` finds wrong.

use crate::broker;
use crate::environment::Environment;
use crate::process::{Process, program, until};
use std::path::Path;
use std::time::Duration;

/// Longer than `topic.metadata.refresh.interval.ms`.
const TIMEOUT: Duration = Duration::from_secs(90);

fn check(config: &Path) -> (Option<i32>, String) {
    let output = program().args(["topics", "check", "-c"]).arg(config).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

/// Replaces the source of a config by these.
fn with_sources(env: &Environment, name: &str, sources: &str) -> std::path::PathBuf {
    let config = env.config(name, name);
    let text = std::fs::read_to_string(&config).unwrap();
    let given = format!("- topic: {}", env.source());
    assert!(text.contains(&given), "{text}");
    std::fs::write(&config, text.replace(&given, sources)).unwrap();
    config
}

#[test]
fn pattern_without_a_topic_is_named_until_one_matches() {
    let _guard = broker::shared();
    let env = Environment::new("silent-pattern", 1);
    let sources = format!("- topic: {}\n  - pattern: 'silent-pattern\\.win-.*'", env.source());
    let config = with_sources(&env, "all", &sources);
    let process = Process::run(&config, &["--stage", "all"], &env.folder().join("all.log"));
    process.await_ready();
    let metric = || process.metric("adcs_watch_source_unmatched", "win-");
    until(TIMEOUT, || metric() == 1.0, || process.log());
    let line = "source silent-pattern\\.win-.*: no topic matches it";
    let says = || process.page("/readyz").is_some_and(|(code, said)| code == 200 && said.contains(line));
    until(TIMEOUT, says, || process.log());
    assert!(process.log().contains("no topic matches the pattern of a source"), "{}", process.log());
    let (code, said) = check(&config);
    assert!(code == Some(78) && said.contains(line), "{said}");
    env.create(&env.topic("win-dc"), 2, &[]);
    until(TIMEOUT, || metric() == 0.0, || process.log());
    until(TIMEOUT, || !says(), || process.log());
    let (code, said) = check(&config);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("source silent-pattern\\.win-.*: topics: 1, partitions: 2"), "{said}");
    assert!(process.stop().success());
}

#[test]
fn only_pattern_without_a_topic_is_named_though_no_group_is_joined() {
    let _guard = broker::shared();
    let env = Environment::new("only-pattern", 1);
    let config = with_sources(&env, "only", "- pattern: 'only-pattern\\.win-.*'");
    let process = Process::run(&config, &["--stage", "router"], &env.folder().join("only.log"));
    let line = "source only-pattern\\.win-.*: no topic matches it";
    let says = || process.page("/readyz").is_some_and(|(code, said)| code == 503 && said.contains(line));
    until(TIMEOUT, says, || process.log());
    env.create(&env.topic("win-dc"), 2, &[]);
    process.await_ready();
    assert!(process.stop().success());
}

#[test]
fn topics_check_reads_each_source() {
    let _guard = broker::shared();
    let env = Environment::new("checked-sources", 3);
    let (code, said) = check(&env.config("right", "right"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("source checked-sources.source: partitions: 3"), "{said}");
    let sources = format!("- topic: {}\n  - topic: checked-sources.sources", env.source());
    let (code, said) = check(&with_sources(&env, "wrong", &sources));
    assert_eq!(code, Some(78), "{said}");
    for part in [
        "source checked-sources.source: partitions: 3",
        "source checked-sources.sources: the topic does not exist; to fix: ",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}
