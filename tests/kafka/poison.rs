//! Records that are no events go to the dead-letter topic with where they stood and why; nothing stops for them.

use crate::broker;
use crate::story::{events, expected, records};
use crate::world::World;
use std::time::{Duration, Instant};

#[test]
fn poison_is_dead_lettered_with_its_place_and_stops_nobody() {
    let _turn = broker::alone();
    let world = World::new("poison", 1);
    let good = records(600, 1);
    let long = format!("{{\"EventID\":4887,\"x\":\"{}\"", "4887 ".repeat(180_000));
    let poison: [(&[u8], &str); 4] = [
        (b"{\"EventID\": 4887, \"broken\"", "bad_json"),
        (b"<Event><System><EventID>4887</EventID>", "bad_xml"),
        (b"\xff\xfe\x00 4887 {", "not_utf8"),
        (long.as_bytes(), "bad_json"),
    ];
    let process = world.start("all", "all", false);
    process.ready();
    let mut all: Vec<(u32, &[u8])> = good.iter().map(|record| (0, record.text.as_bytes())).collect();
    let offsets: Vec<usize> = (0..poison.len()).map(|n| good.len() + n).collect();
    all.extend(poison.iter().map(|(bytes, _)| (0, *bytes)));
    // An empty value is no event and no fault.
    all.push((0, b""));
    world.produce_bytes(&all);
    world.await_alerts(&expected(&world.source(), &good), Duration::from_secs(60));

    let began = Instant::now();
    let mut dead = world.read("dead");
    while dead.len() < poison.len() && began.elapsed() < Duration::from_secs(20) {
        dead = world.read("dead");
    }
    dead.sort_by_key(|seen| seen.headers["source-offset"].parse::<usize>().unwrap());
    let found: Vec<(usize, String)> = dead
        .iter()
        .map(|seen| (seen.headers["source-offset"].parse().unwrap(), seen.headers["reason"].clone()))
        .collect();
    let places: Vec<usize> =
        found.iter().map(|(offset, _)| *offset).filter(|offset| *offset < all.len() - 1).collect();
    assert_eq!(places, offsets, "{found:?}");
    for (seen, (bytes, reason)) in dead.iter().zip(poison) {
        assert_eq!(seen.headers["source-topic"], world.source());
        assert_eq!(seen.headers["source-partition"], "0");
        assert_eq!(seen.headers["reason"], reason, "{}", seen.headers["detail"]);
        let kept = seen.value.as_deref().unwrap();
        assert!(
            bytes.starts_with(kept)
                && (kept.len() == bytes.len() || seen.headers.contains_key("cut-from-bytes"))
        );
    }
    assert_eq!(process.metric("adcs_watch_dead_letters_total", "") as usize, dead.len());
    let seen = process.metric("adcs_watch_records_total", "stage=\"router\"") as usize;
    assert_eq!(seen, all.len(), "every record has one outcome");
    assert_eq!(
        process.metric("adcs_watch_records_total", "outcome=\"sent\"") as usize,
        events(&world.source(), &good).len()
    );
    assert!(process.stop().success());
}
