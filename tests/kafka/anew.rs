//! Topics that are deleted and made anew, or cut: what is lost by it is said, and nothing is passed over in silence.

use crate::broker;
use crate::process::{Process, until};
use crate::story::{Alerts, Record, events, expected, raised, records};
use crate::world::World;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Runs both stages until these are the alerts.
fn run(world: &World, process: &str, records: &[Record], alerts: &Alerts) {
    let all = world.start(process, "all", false);
    all.ready();
    world.produce(records);
    world.await_alerts(alerts, PATIENCE);
    assert!(all.stop().success());
}

/// Runs a router until it has read the source up to there, in many small batches: so many records are routed at least.
fn route(world: &World, records: &[Record], end: usize) {
    let router = world.start("router", "router", false);
    router.ready();
    let mut so_far = end - records.len();
    for batch in records.chunks(100) {
        world.produce(batch);
        so_far += batch.len();
        let routed = || world.committed("router", "source").iter().flatten().sum::<i64>() == so_far as i64;
        until(PATIENCE, routed, || format!("not routed:\n{}", router.log()));
    }
    assert!(router.stop().success());
}

/// Waits until a detector refuses to go on, with these words.
#[track_caller]
fn refuses(process: &Process, words: &[&str]) {
    let log = process.says("a worker begins anew");
    for word in words {
        assert!(log.contains(word), "{word} is not in\n{log}");
    }
    assert_eq!(process.page("/readyz").unwrap().0, 503);
}

fn together(one: &Alerts, other: &Alerts) -> Alerts {
    one.iter().chain(other).map(|(key, alert)| (key.clone(), alert.clone())).collect()
}

/// The new topic is longer than the old one was: what has its offsets now was never read.
#[test]
fn a_routed_topic_that_was_made_anew_is_not_gone_on_with() {
    let _turn = broker::alone();
    let world = World::new("routed-anew", 1);
    let records = records(1800, 1);
    let (before, after) = records.split_at(600);
    let first = expected(&world.source(), before);
    run(&world, "all", before, &first);
    let old = world.ends("routed");
    world.delete("routed");
    world.make_topics();
    route(&world, after, records.len());
    assert!(old.iter().zip(world.ends("routed")).all(|(old, new)| *old < new), "the new one is longer");

    let detector = world.start("detector", "detector", false);
    refuses(
        &detector,
        &["routed-anew.checkpoint [", "committed offset is none", "was made anew", "to mend: "],
    );
    assert_eq!(world.alerts().len(), first.len());
    assert!(detector.stop().success());

    // As it says: the state begins anew with the topic.
    world.delete("checkpoint");
    world.make_topics();
    let events = events(&world.source(), &records);
    let second = raised(events.iter().filter(|event| event.origin.offset >= before.len() as u64));
    let detector = world.start("detector-again", "detector", false);
    world.await_alerts(&together(&first, &second), PATIENCE);
    assert!(detector.stop().success());
}

#[test]
fn a_routed_topic_that_is_made_anew_under_a_running_detector_stops_it() {
    let _turn = broker::alone();
    let world = World::new("routed-running", 1);
    let records = records(900, 1);
    let (before, after) = records.split_at(600);
    let first = expected(&world.source(), before);
    let detector = world.start("detector", "detector", false);
    detector.ready();
    route(&world, before, before.len());
    world.await_alerts(&first, PATIENCE);
    world.delete("routed");
    world.make_topics();
    route(&world, after, records.len());
    refuses(&detector, &["to mend: "]);
    assert_eq!(world.alerts().len(), first.len());
    assert!(detector.stop().success());
    let detector = world.start("detector-again", "detector", false);
    refuses(&detector, &["to mend: "]);
    assert_eq!(world.alerts().len(), first.len());
}

#[test]
fn a_source_topic_that_was_made_anew_is_read_from_its_beginning() {
    let _turn = broker::alone();
    let world = World::new("source-anew", 1);
    let records = records(1800, 1);
    let (before, rest) = records.split_at(600);
    let (after, last) = rest.split_at(600);
    let first = events(&world.source(), before);
    run(&world, "all", before, &raised(&first));
    world.delete("source");
    world.make_source();
    let second = events(&world.source(), rest);
    let known = second.iter().take_while(|event| event.origin.offset < after.len() as u64).count();
    // It is longer than the old one was when it is first seen.
    let all = world.start("all-again", "all", false);
    all.ready();
    world.produce(after);
    world.await_alerts(&raised(first.iter().chain(&second[..known])), PATIENCE);
    // And under a running router.
    world.delete("source");
    world.make_source();
    world.produce(last);
    let third = events(&world.source(), last);
    world.await_alerts(&raised(first.iter().chain(&second[..known]).chain(&third)), Duration::from_secs(90));
    assert!(all.stop().success());
}

#[test]
fn a_source_that_ends_before_its_committed_offset_is_refused_until_an_operator_decides() {
    let _turn = broker::alone();
    let world = World::new("source-short", 1);
    let records = records(900, 1);
    let (before, after) = records.split_at(600);
    let (first, all) = (expected(&world.source(), before), expected(&world.source(), &records));
    run(&world, "all", before, &first);
    world.set_committed("router", "source", 0, 700);

    let words =
        ["source-short.source [0] ends at offset 600, before the group's committed offset 700", "to mend: "];
    let router = world.start("refused", "all", false);
    refuses(&router, &words);
    assert!(router.stop().success());
    // What comes to stand there was not read, however long the topic grows.
    world.produce(after);
    let router = world.start("refused-again", "all", false);
    refuses(&router, &words);
    assert!(router.stop().success());
    assert_eq!(world.alerts().len(), first.len());

    world.set_committed("router", "source", 0, 600);
    run(&world, "mended", &[], &all);
}

#[test]
fn a_checkpoint_topic_that_was_made_anew_is_rebuilt_from_the_log_if_that_is_whole() {
    let _turn = broker::alone();
    let world = World::new("checkpoint-anew", 1);
    let records = records(1800, 1);
    let first = expected(&world.source(), &records[..600]);
    run(&world, "all", &records[..600], &first);
    world.delete("checkpoint");
    world.make_topics();
    let second = expected(&world.source(), &records[..1200]);
    let all = world.start("rebuilt", "all", false);
    all.ready();
    assert!(all.metric("adcs_watch_silenced_alerts_total", "") > 0.0, "{}", all.log());
    world.produce(&records[600..1200]);
    world.await_alerts(&second, PATIENCE);
    assert!(all.stop().success());

    route(&world, &records[1200..], records.len());
    world.delete_records("routed");
    world.delete("checkpoint");
    world.make_topics();
    let detector = world.start("lost", "detector", false);
    refuses(
        &detector,
        &["checkpoint-anew.checkpoint [", "is empty, although checkpoint-anew.routed [", "to mend: "],
    );
    assert_eq!(world.alerts().len(), second.len());
    assert!(detector.stop().success());
}

/// What it writes into the new topic is what changed since: not the whole state, which its digest tells.
#[test]
fn a_checkpoint_topic_that_is_made_anew_under_a_running_detector_is_not_taken_for_whole() {
    let _turn = broker::alone();
    let world = World::new("checkpoint-running", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&world.source(), &records[..600]), expected(&world.source(), &records));
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records[..600]);
    world.await_alerts(&first, PATIENCE);
    world.delete("checkpoint");
    world.make_topics();
    world.produce(&records[600..]);
    world.await_alerts(&all, PATIENCE);
    assert!(process.stop().success());
    let process = world.start("again", "all", false);
    refuses(&process, &["checkpoint-running.checkpoint [", "to mend: "]);
    assert!(process.stop().success());

    // As it says; the log is whole, so the offsets may stay, and nothing is raised again.
    world.delete("checkpoint");
    world.make_topics();
    run(&world, "mended", &[], &all);
}
