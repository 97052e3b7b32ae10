//! Topics that are deleted and re-created, or truncated: the program reports the loss and does not read on as if nothing had happened.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{Alerts, Record, events, expected, raised, records};
use crate::process::{ADVICE, Process, until};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs both stages on these records until exactly these alerts are committed.
fn run(env: &Environment, process: &str, records: &[Record], alerts: &Alerts) {
    let all = env.start(process, "all", false);
    all.await_ready();
    env.produce(records);
    env.await_alerts(alerts, TIMEOUT);
    assert!(all.stop().success());
}

/// Runs a router until it has committed the source up to `end`, in batches of 100 records.
fn route(env: &Environment, records: &[Record], end: usize) {
    let router = env.start("router", "router", false);
    router.await_ready();
    let mut so_far = end - records.len();
    for batch in records.chunks(100) {
        env.produce(batch);
        so_far += batch.len();
        let routed = || env.committed("router", "source").iter().flatten().sum::<i64>() == so_far as i64;
        until(TIMEOUT, routed, || format!("not routed:\n{}", router.log()));
    }
    assert!(router.stop().success());
}

/// Waits until the log has these words and the process is not ready: a partition is stopped, or its worker waits for a restart.
#[track_caller]
fn refuses(process: &Process, words: &[&str]) {
    for word in words {
        process.await_log(word);
    }
    let is_unready = || process.page("/readyz").is_some_and(|(status, _)| status == 503);
    until(TIMEOUT, is_unready, || format!("ready:\n{}", process.log()));
}

fn together(one: &Alerts, other: &Alerts) -> Alerts {
    one.iter().chain(other).map(|(key, alert)| (key.clone(), alert.clone())).collect()
}

/// The new topic is longer than the old one was: its records have offsets that the group has committed.
#[test]
fn recreated_routed_topic_is_refused_by_a_new_detector() {
    let _guard = broker::shared();
    let env = Environment::new("routed-recreated", 1);
    // The old topic also has what the detector wrote, and a marker of each transaction.
    let records = records(4200, 1);
    let (before, after) = records.split_at(600);
    let first = expected(&env.source(), before);
    run(&env, "all", before, &first);
    let old = env.ends("routed");
    env.delete("routed");
    env.create_topics_of_ours();
    route(&env, after, records.len());
    assert!(old.iter().zip(env.ends("routed")).all(|(old, new)| *old < new), "the new one is longer");

    let detector = env.start("detector", "detector", false);
    refuses(
        &detector,
        &["routed-recreated.checkpoint [", "committed offset is none", "was re-created", ADVICE],
    );
    assert_eq!(env.alerts().len(), first.len());
    assert!(detector.stop().success());

    // As the error advises: the state is rebuilt from the new topic.
    env.delete("checkpoint");
    env.create_topics_of_ours();
    let events = events(&env.source(), &records);
    let second = raised(events.iter().filter(|event| event.origin.offset >= before.len() as u64));
    let detector = env.start("detector-again", "detector", false);
    env.await_alerts(&together(&first, &second), TIMEOUT);
    assert!(detector.stop().success());
}

#[test]
fn recreated_routed_topic_stops_a_running_detector() {
    let _guard = broker::shared();
    let env = Environment::new("routed-running", 1);
    let records = records(900, 1);
    let (before, after) = records.split_at(600);
    let first = expected(&env.source(), before);
    let detector = env.start("detector", "detector", false);
    detector.await_ready();
    route(&env, before, before.len());
    env.await_alerts(&first, TIMEOUT);
    env.delete("routed");
    env.create_topics_of_ours();
    route(&env, after, records.len());
    refuses(&detector, &[ADVICE]);
    assert_eq!(env.alerts().len(), first.len());
    assert!(detector.stop().success());
    let detector = env.start("detector-again", "detector", false);
    refuses(&detector, &[ADVICE]);
    assert_eq!(env.alerts().len(), first.len());
}

#[test]
fn recreated_source_topic_is_read_from_its_beginning() {
    let _guard = broker::shared();
    let env = Environment::new("source-recreated", 1);
    let records = records(1800, 1);
    let (before, rest) = records.split_at(600);
    let (after, last) = rest.split_at(600);
    let first = events(&env.source(), before);
    run(&env, "all", before, &raised(&first));
    env.delete("source");
    env.recreate_source();
    let second = events(&env.source(), rest);
    let known = second.iter().take_while(|event| event.origin.offset < after.len() as u64).count();
    // The new topic is longer than the old one was when the router first sees it.
    let all = env.start("all-again", "all", false);
    all.await_ready();
    env.produce(after);
    env.await_alerts(&raised(first.iter().chain(&second[..known])), TIMEOUT);
    // And once more while a router runs.
    env.delete("source");
    env.recreate_source();
    env.produce(last);
    let third = events(&env.source(), last);
    env.await_alerts(&raised(first.iter().chain(&second[..known]).chain(&third)), Duration::from_secs(90));
    assert!(all.stop().success());
}

#[test]
fn source_that_ends_before_its_committed_offset_is_refused() {
    let _guard = broker::shared();
    let env = Environment::new("source-short", 1);
    let records = records(900, 1);
    let (before, after) = records.split_at(600);
    let (first, all) = (expected(&env.source(), before), expected(&env.source(), &records));
    run(&env, "all", before, &first);
    env.set_committed("router", "source", 0, 700);

    let words =
        ["source-short.source [0] ends at offset 600, before the group's committed offset 700", ADVICE];
    let router = env.start("refused", "all", false);
    refuses(&router, &words);
    assert!(router.stop().success());
    // New records below the committed offset were never read, however long the topic grows.
    env.produce(after);
    let router = env.start("refused-again", "all", false);
    refuses(&router, &words);
    assert!(router.stop().success());
    assert_eq!(env.alerts().len(), first.len());

    env.set_committed("router", "source", 0, 600);
    run(&env, "repaired", &[], &all);
}

#[test]
fn recreated_checkpoint_topic_is_rebuilt_from_a_whole_log() {
    let _guard = broker::shared();
    let env = Environment::new("checkpoint-recreated", 1);
    let records = records(1800, 1);
    let first = expected(&env.source(), &records[..600]);
    run(&env, "all", &records[..600], &first);
    env.delete("checkpoint");
    env.create_topics_of_ours();
    let second = expected(&env.source(), &records[..1200]);
    let all = env.start("rebuilt", "all", false);
    all.await_ready();
    assert!(all.metric("adcs_watch_silenced_alerts_total", "") > 0.0, "{}", all.log());
    env.produce(&records[600..1200]);
    env.await_alerts(&second, TIMEOUT);
    assert!(all.stop().success());

    route(&env, &records[1200..], records.len());
    env.delete_records("routed");
    env.delete("checkpoint");
    env.create_topics_of_ours();
    let detector = env.start("lost", "detector", false);
    refuses(
        &detector,
        &["checkpoint-recreated.checkpoint [", "is empty, although checkpoint-recreated.routed [", ADVICE],
    );
    assert_eq!(env.alerts().len(), second.len());
    assert!(detector.stop().success());
}

/// The detector writes only changes into the new topic, not the whole state: the digest shows it.
#[test]
fn checkpoint_topic_recreated_under_a_running_detector_is_refused_at_the_next_start() {
    let _guard = broker::shared();
    let env = Environment::new("checkpoint-running", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&env.source(), &records[..600]), expected(&env.source(), &records));
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records[..600]);
    env.await_alerts(&first, TIMEOUT);
    env.delete("checkpoint");
    env.create_topics_of_ours();
    env.produce(&records[600..]);
    env.await_alerts(&all, TIMEOUT);
    assert!(process.stop().success());
    let process = env.start("again", "all", false);
    refuses(&process, &["checkpoint-running.checkpoint [", ADVICE]);
    assert!(process.stop().success());

    // As the error advises. The log is whole, so the offsets may stay, and no alert is repeated.
    env.delete("checkpoint");
    env.create_topics_of_ours();
    run(&env, "repaired", &[], &all);
}
