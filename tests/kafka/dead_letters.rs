//! Unreadable records go to the dead-letter topic with their origin and the reason, and delay nothing else.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{events, expected, records};
use std::time::{Duration, Instant};

#[test]
fn unreadable_records_become_dead_letters_with_their_offsets() {
    let _guard = broker::shared();
    let env = Environment::new("poison", 1);
    let good = records(600, 1);
    let long = format!("{{\"EventID\":4887,\"x\":\"{}\"", "4887 ".repeat(180_000));
    let poison: [(&[u8], &str); 4] = [
        (b"{\"EventID\": 4887, \"broken\"", "bad_json"),
        (b"<Event><System><EventID>4887</EventID>", "bad_xml"),
        (b"\xff\xfe\x00 4887 {", "unknown_shape"),
        (long.as_bytes(), "bad_json"),
    ];
    let process = env.start("all", "all", false);
    process.await_ready();
    let mut all: Vec<(u32, &[u8])> = good.iter().map(|record| (0, record.text.as_bytes())).collect();
    let offsets: Vec<usize> = (0..poison.len()).map(|n| good.len() + n).collect();
    all.extend(poison.iter().map(|(bytes, _)| (0, *bytes)));
    // An empty value is neither an event nor a rejection.
    all.push((0, b""));
    env.produce_bytes(&all);
    env.await_alerts(&expected(&env.source(), &good), Duration::from_secs(60));

    let began = Instant::now();
    let mut dead = env.read("dead");
    while dead.len() < poison.len() && began.elapsed() < Duration::from_secs(20) {
        dead = env.read("dead");
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
        assert_eq!(seen.headers["source-topic"], env.source());
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
        events(&env.source(), &good).len()
    );
    let lines = process.log().matches("records of this topic are rejected").count();
    assert!((1..=6).contains(&lines), "{lines} lines for three reasons, one a minute each");
    assert!(process.stop().success());
}
