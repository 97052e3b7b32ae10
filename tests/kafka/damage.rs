//! A checkpoint in which somebody wrote or deleted something is not restored, and what is wrong is said with its place.

use crate::broker;
use crate::story::{expected, records};
use crate::world::{Seen, World};
use std::collections::BTreeMap;
use std::time::Duration;

const MARKER: &[u8] = b"marker";

/// What stands in the checkpoint topic after compaction, of the first partition that has state.
fn checkpoint(world: &World) -> (Seen, Seen) {
    let mut newest: BTreeMap<(i32, Vec<u8>), Seen> = BTreeMap::new();
    for seen in world.read("checkpoint") {
        newest.insert((seen.partition, seen.key.clone()), seen);
    }
    let state = newest.values().find(|seen| seen.key != MARKER && seen.value.is_some()).unwrap().clone();
    let marker = newest[&(state.partition, MARKER.to_vec())].clone();
    (state, marker)
}

#[test]
fn a_damaged_checkpoint_is_refused_with_its_place_and_mended_by_what_was_there() {
    let _turn = broker::alone();
    let world = World::new("damage", 1);
    let records = records(1200, 1);
    let (first, all) = (expected(&world.source(), &records[..600]), expected(&world.source(), &records));
    let process = world.start("all", "all", false);
    process.ready();
    world.produce(&records[..600]);
    world.await_alerts(&first, Duration::from_secs(60));
    assert!(process.stop().success());

    let (state, marker) = checkpoint(&world);
    let flipped = |seen: &Seen, at: usize| {
        let mut value = seen.value.clone().unwrap();
        let byte = if at == 0 { value.last_mut() } else { value.get_mut(at) };
        *byte.unwrap() ^= 1;
        Some(value)
    };
    let garbage = Some(b"\xff\xfe garbage \x00".to_vec());
    let stranger = Seen { key: b"somebody's".to_vec(), value: None, ..state.clone() };
    // A digest is in the marker behind the offset: a bit of it is another digest.
    let damages = [
        ("a record of somebody else", &stranger, garbage.clone(), "is no checkpoint of ours"),
        ("a state that is none", &state, garbage, "is no checkpoint of ours"),
        ("an empty state", &state, Some(Vec::new()), "is no checkpoint of ours"),
        ("a state with a flipped bit", &state, flipped(&state, 0), "digest is not that of the marker"),
        ("a state that was deleted", &state, None, "digest is not that of the marker"),
        ("a marker with another digest", &marker, flipped(&marker, 8), "digest is not that of the marker"),
        ("a marker that was deleted", &marker, None, "and no marker"),
    ];
    for (n, (what, place, value, word)) in damages.into_iter().enumerate() {
        world.write("checkpoint", place.partition, &place.key, value.as_deref());
        let detector = world.start(&format!("damaged-{n}"), "detector", false);
        let log = detector.says("a worker begins anew");
        let said = log.lines().find(|line| line.contains("a worker begins anew")).unwrap();
        assert!(said.contains(word) && said.contains("to mend: "), "{what}:\n{said}");
        assert!(said.contains(&format!("damage.checkpoint [{}] ", place.partition)), "{what}:\n{said}");
        assert!(said.contains(" offset "), "{what}:\n{said}");
        assert_eq!(detector.page("/readyz").unwrap().0, 503, "{what}");
        assert!(detector.stop().success());
        world.write("checkpoint", place.partition, &place.key, place.value.as_deref());
    }
    assert_eq!(world.alerts().len(), first.len());
    let process = world.start("mended", "all", false);
    process.ready();
    assert_eq!(process.metric("adcs_watch_worker_restarts_total", ""), 0.0, "{}", process.log());
    world.produce(&records[600..]);
    world.await_alerts(&all, Duration::from_secs(60));
    assert!(process.stop().success());
}
