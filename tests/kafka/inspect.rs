//! `inspect` looks at a topic, and a running router counts what its source delivers.

use crate::broker;
use crate::damaged_checkpoint::checkpoint;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
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

/// The exit code of `inspect --checkpoint`, and what it printed without line breaks.
fn recall(env: &Environment, names: &[&str]) -> (Option<i32>, String) {
    let config = env.config("recall", "");
    let mut command = crate::process::program();
    command.arg("inspect").args(names).args(["--checkpoint", "-c"]).arg(config);
    let done = command.output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    (done.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What an account that was issued another's name is remembered by.
const OWNER: &str = "CORP\\user00000@ca01";
const REMEMBERED: &str = "san-mismatch corp\\user00000@ca01: it remembers ";

#[test]
fn inspect_states_what_the_checkpoints_of_a_stage_remember() {
    let _guard = broker::shared();
    let env = Environment::new("inspect-state", 1);
    let records = records(600, 1);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&expected(&env.source(), &records), Duration::from_secs(60));
    let is_there = || recall(&env, &[OWNER]).1.contains(REMEMBERED);
    until(Duration::from_secs(60), is_there, || format!("{:?}\n{}", recall(&env, &[OWNER]), process.log()));
    let (code, running) = recall(&env, &[OWNER, "user00000", "ca01.corp.example", "nobody"]);
    assert_eq!(code, Some(0), "{running}");
    assert!(process.stop().success());

    let before = (env.ends("checkpoint"), env.ends("routed"), env.groups());
    let (code, stopped) = recall(&env, &[OWNER, "user00000", "ca01.corp.example", "nobody"]);
    assert_eq!((code, &before), (Some(0), &(env.ends("checkpoint"), env.ends("routed"), env.groups())));
    for said in [running, stopped] {
        for part in [
            "inspect-state.checkpoint: 6 of 6 partitions have a checkpoint of 20",
            "What the stage saw after it is not here.",
            "events of inspect-state.routed [",
            "the latest of 2026-03-02T09:0",
            REMEMBERED,
            "user00000, of a domain or at a CA that is not named here: it remembers",
            "unusual-template ca01: it remembers",
            "nobody nothing is known of it in these checkpoints",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn checkpoint_that_cannot_be_read_is_named_with_its_place() {
    let _guard = broker::shared();
    let env = Environment::new("inspect-damage", 1);
    let records = records(300, 1);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records);
    env.await_alerts(&expected(&env.source(), &records), Duration::from_secs(60));
    assert!(process.stop().success());

    let (state, marker) = checkpoint(&env);
    // The last value of a field counts: `minimum_reader` is 99.
    let newer = [marker.value.clone().unwrap().as_slice(), &[0x30, 99]].concat();
    let damages = [
        (&marker, newer, "the checkpoint needs logic version 99 or newer, this is "),
        (&state, b"garbage".to_vec(), "the record was not written by adcs-watch"),
    ];
    for (place, value, why) in damages {
        env.write("checkpoint", place.partition, &place.key, Some(&value));
        let (code, said) = recall(&env, &["nobody"]);
        let partition = format!("inspect-damage.checkpoint [{}] offset ", place.partition);
        assert_eq!(code, Some(65), "{said}");
        assert!(said.contains("not restored, so its state is missing here: "), "{said}");
        assert!(said.contains(&partition) && said.contains(why), "{why}: {said}");
        assert!(said.contains("5 of 6 partitions"), "the others are read: {said}");
        env.write("checkpoint", place.partition, &place.key, place.value.as_deref());
    }
    assert_eq!(recall(&env, &["nobody"]).0, Some(0));
    env.delete("checkpoint");
    let (code, said) = recall(&env, &["nobody"]);
    assert!(
        code == Some(65) && said.contains("inspect-damage.checkpoint does not exist"),
        "{code:?}: {said}"
    );
}
