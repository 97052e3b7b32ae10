//! A checkpoint that somebody wrote to or deleted from is not restored. The error names its topic, partition and offset.

use crate::broker;
use crate::environment::{Environment, Seen};
use crate::fixtures::{expected, records};
use crate::process::{ADVICE, PARTITION_STOPPED};
use std::collections::BTreeMap;
use std::time::Duration;

const MARKER: &[u8] = b"marker";

/// A state record and the marker of the first partition that has state, as compaction would leave them.
pub(crate) fn checkpoint(env: &Environment) -> (Seen, Seen) {
    let mut newest: BTreeMap<(i32, Vec<u8>), Seen> = BTreeMap::new();
    for seen in env.read("checkpoint") {
        newest.insert((seen.partition, seen.key.clone()), seen);
    }
    let state = newest.values().find(|seen| seen.key != MARKER && seen.value.is_some()).unwrap().clone();
    let marker = newest[&(state.partition, MARKER.to_vec())].clone();
    (state, marker)
}

#[test]
fn damaged_checkpoint_is_refused_with_its_offset_until_it_is_repaired() {
    let _guard = broker::shared();
    let env = Environment::new("damage", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&env.source(), &records[..600]), expected(&env.source(), &records));
    let process = env.start("all", "all", false);
    process.await_ready();
    env.produce(&records[..600]);
    env.await_alerts(&first, Duration::from_secs(60));
    assert!(process.stop().success());

    let (state, marker) = checkpoint(&env);
    let flipped = |seen: &Seen, at: usize| {
        let mut value = seen.value.clone().unwrap();
        let byte = if at == 0 { value.last_mut() } else { value.get_mut(at) };
        *byte.unwrap() ^= 1;
        Some(value)
    };
    let garbage = Some(b"\xff\xfe garbage \x00".to_vec());
    let foreign = Seen { key: b"foreign".to_vec(), value: None, ..state.clone() };
    // The marker holds the digest behind the offset: one flipped bit makes it another digest.
    let damages = [
        ("a foreign record", &foreign, garbage.clone(), "was not written by adcs-watch"),
        ("a state that is none", &state, garbage, "was not written by adcs-watch"),
        ("an empty state", &state, Some(Vec::new()), "was not written by adcs-watch"),
        ("a state with a flipped bit", &state, flipped(&state, 0), "the digest of the state differs"),
        ("a state that was deleted", &state, None, "the digest of the state differs"),
        ("a marker with another digest", &marker, flipped(&marker, 8), "the digest of the state differs"),
        ("a marker that was deleted", &marker, None, "and no marker"),
    ];
    for (n, (what, place, value, word)) in damages.into_iter().enumerate() {
        env.write("checkpoint", place.partition, &place.key, value.as_deref());
        let detector = env.start(&format!("damaged-{n}"), "detector", false);
        let log = detector.await_log(PARTITION_STOPPED);
        let said = log.lines().find(|line| line.contains(PARTITION_STOPPED)).unwrap();
        assert!(said.contains(word) && said.contains(ADVICE), "{what}:\n{said}");
        assert!(said.contains(&format!("damage.checkpoint [{}] ", place.partition)), "{what}:\n{said}");
        assert!(said.contains(" offset "), "{what}:\n{said}");
        let (status, text) = detector.page("/readyz").unwrap();
        assert!(status == 503 && text.contains("damage.checkpoint"), "{what}: {text}");
        let labels = format!("partition=\"{}\"", place.partition);
        assert_eq!(detector.metric("adcs_watch_partition_stopped", &labels), 1.0, "{what}");
        assert_eq!(detector.metric("adcs_watch_partition_stopped", ""), 1.0, "{what}: the others continue");
        assert!(detector.stop().success());
        env.write("checkpoint", place.partition, &place.key, place.value.as_deref());
    }
    assert_eq!(env.alerts().len(), first.len());
    let process = env.start("repaired", "all", false);
    process.await_ready();
    assert_eq!(process.metric("adcs_watch_worker_restarts_total", ""), 0.0, "{}", process.log());
    env.produce(&records[600..]);
    env.await_alerts(&all, Duration::from_secs(60));
    assert!(process.stop().success());
}
