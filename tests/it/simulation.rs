//! The crash simulation: the router's and the detector's real tasks and workers on the log in memory, through ports that die, wait,
//! lie about their luck and deliver twice. Whatever happens, every alert of the pure core is seen exactly once.
//!
//! And the other way round: each rule of the protocol left out is caught ([`rules::Rule`]).

mod checks;
mod faulty;
mod random;
mod rules;
mod story;
mod world;

use crate::simulation::rules::Rule;
use crate::simulation::world::{Summary, World};

/// Runs of the protocol as it is.
const SEEDS: u64 = 400;
/// Runs within which a missing rule must be noticed.
const SEEDS_TO_CATCH: u64 = 150;

/// Runs on as many threads as there are cores in a small machine.
fn run_all(seeds: std::ops::Range<u64>, broken: Option<Rule>) -> Vec<(u64, Result<Summary, String>)> {
    let halves: Vec<Vec<u64>> =
        (0..2).map(|half| seeds.clone().filter(|seed| seed % 2 == half).collect()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = halves
            .into_iter()
            .map(|half| {
                scope.spawn(move || half.into_iter().map(|s| (s, World::run(s, broken))).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn every_alert_is_seen_exactly_once_whatever_happens() {
    let mut seen = Summary::default();
    for (seed, result) in run_all(0..SEEDS, None) {
        match result {
            Ok(summary) => seen.add(&summary),
            Err(complaint) => panic!("seed {seed}: {complaint}"),
        }
    }
    println!("{SEEDS} seeds: {seen:?}");
    assert!(seen.is_rich(), "the simulation must meet what it is about: {seen:?}");
}

#[test]
fn every_rule_left_out_is_caught() {
    let mut uncaught = Vec::new();
    for rule in Rule::ALL {
        let caught =
            (0..SEEDS_TO_CATCH).find_map(|seed| World::run(seed, Some(rule)).err().map(|why| (seed, why)));
        match caught {
            Some((seed, why)) => println!("{rule:?}: seed {seed}: {why}"),
            None => uncaught.push(rule),
        }
    }
    assert!(uncaught.is_empty(), "nobody notices that these are missing: {uncaught:?}");
}

#[test]
#[ignore = "debug"]
fn debug_all() {
    for (seed, result) in run_all(400..2400, None) {
        if let Err(complaint) = result {
            println!("seed {seed}: {}", complaint.chars().take(200).collect::<String>());
        }
    }
}
