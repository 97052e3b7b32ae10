//! `compare` and `tune` read topics, and leave nothing behind in Kafka.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::program;
use adcs_watch::event::time::Time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the program with this config: the exit code, and the JSON that it printed.
fn run(env: &Environment, arguments: &[&str]) -> (Option<i32>, Value) {
    let done = program().args(arguments).arg("-c").arg(env.config("tuning", "")).output().unwrap();
    let (code, errors) = (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned());
    (code, serde_json::from_slice(&done.stdout).unwrap_or(Value::String(errors)))
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap()).to_string()
}

fn ids(alerts: &Value) -> BTreeSet<String> {
    alerts
        .as_array()
        .unwrap_or(&Vec::new())
        .iter()
        .filter(|alert| alert["linked_alerts"].as_array().is_none_or(Vec::is_empty))
        .map(|alert| alert["alert_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn compare_and_tune_read_topics_and_leave_no_trace() {
    let _guard = broker::shared();
    let env = Environment::new("tuning", 2);
    let records = records(3000, 2);
    let expected = expected(&env.source(), &records);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&expected, Duration::from_secs(60));
    assert!(process.stop().success());
    let trace =
        || (env.committed("router", "source"), env.committed("detector", "routed"), env.ends("alerts"));
    let (groups, before) = (env.groups(), trace());

    let off = env.folder().join("off.yaml");
    fs::write(&off, "policy:\n  san_mismatch: {enabled: false}\n").unwrap();
    let compare = |topic: &str, more: &[&str]| {
        let policy =
            ["compare", "--format", "json", "--policy", off.to_str().unwrap(), "--from-topic", topic];
        run(&env, &[&policy, more].concat())
    };
    let (code, all) = compare(&env.source(), &[]);
    assert_eq!(code, Some(0), "{all}");
    let only = ids(&all["only_first"]);
    assert!(!only.is_empty() && ids(&all["only_second"]).is_empty(), "{all}");
    let live: BTreeSet<String> = expected.keys().map(|(id, _)| id.clone()).collect();
    assert!(only.is_subset(&live), "alerts that the live run raised");
    assert_eq!(ids(&compare(&env.topic("routed"), &[]).1["only_first"]), only, "the routed topic");

    let (code, tuned) =
        run(&env, &["tune", "--all", "--format", "json", "--from-topic", &env.topic("alerts")]);
    assert_eq!((code, tuned["alerts"].as_u64()), (Some(0), Some(alerts_and_stories(&env))), "{tuned}");
    let (_, none) =
        run(&env, &["tune", "--format", "json", "--from-topic", &env.topic("alerts"), "--since", &now()]);
    assert_eq!(none["alerts"].as_u64(), Some(0), "{none}");
    let (code, wrong) = run(&env, &["tune", "--format", "json", "--from-topic", &env.source()]);
    assert_eq!((code, wrong["alerts"].as_u64()), (Some(65), Some(0)), "events are no alerts: {wrong}");

    let later = now();
    assert_eq!(
        compare(&env.source(), &["--since", &later]).1["same"].as_u64(),
        Some(0),
        "nothing came since"
    );
    assert_eq!(compare("nowhere", &[]).0, Some(65));
    assert_eq!((env.groups(), trace()), (groups, before), "groups, offsets and alerts are as they were");

    std::thread::sleep(Duration::from_millis(50));
    env.produce(&records);
    let (code, again) = compare(&env.source(), &["--since", &later]);
    assert_eq!(code, Some(0), "{again}");
    assert_eq!(ids(&again["only_first"]).len(), only.len(), "the records since then alone");
}

/// How many alerts the topic has, each counted once.
fn alerts_and_stories(env: &Environment) -> u64 {
    let ids: BTreeSet<String> = env.alerts_and_stories().into_keys().map(|(id, _)| id).collect();
    ids.len() as u64
}

#[test]
fn tune_refuses_alerts_of_another_schema() {
    let _guard = broker::shared();
    let env = Environment::bare("tuning-formats", 1);
    let config = env.config("formats", "");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + "alerts: {format: ocsf}\n").unwrap();
    let tune = ["tune", "--from-topic", &env.topic("alerts"), "-c"];
    let done = program().args(tune).arg(&config).output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code() == Some(64) && errors.contains("another schema"), "{errors}");
}
