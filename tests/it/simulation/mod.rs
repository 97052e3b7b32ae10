//! The crash simulation: the router's and the detector's real tasks and workers on the log in memory, through ports that die, wait,
//! lie about their luck and deliver twice. Whatever happens, every alert of the pure core is seen exactly once.
//!
//! And the other way round: each rule of the protocol left out is caught ([`rules::Rule`]).

#![allow(clippy::print_stdout, reason = "`--nocapture` shows what happened, and what caught which rule")]

mod checks;
mod faulty;
mod random;
mod rules;
mod story;
mod world;

use crate::simulation::world::{Summary, World};

/// Runs of the protocol as it is.
const SEEDS: u64 = 200;
/// Runs within which a missing rule must be noticed; the rarest shows in one of a hundred.
const SEEDS_TO_CATCH: u64 = 1000;

/// Does this for all of these, on as many threads as a small machine has cores.
fn on_two_threads<T: Copy + Sync, R: Send>(all: &[T], work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (work, halves) = (&work, all.split_at(all.len() / 2));
    std::thread::scope(|scope| {
        let threads = [halves.0, halves.1]
            .map(|half| scope.spawn(|| half.iter().map(|one| work(*one)).collect::<Vec<R>>()));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn every_alert_is_seen_exactly_once_whatever_happens() {
    let seeds: Vec<u64> = (0..SEEDS).collect();
    let mut seen = Summary::default();
    for (seed, result) in on_two_threads(&seeds, |seed| (seed, World::run(seed, None))) {
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
    let caught = on_two_threads(&rules::ALL, |rule| {
        let complaint = |seed| World::run(seed, Some(rule)).err().map(|why| format!("seed {seed}: {why}"));
        (rule, (0..SEEDS_TO_CATCH).find_map(complaint))
    });
    for (rule, why) in &caught {
        println!("{rule:?}: {why:?}");
    }
    let uncaught: Vec<_> =
        caught.into_iter().filter(|(_, why)| why.is_none()).map(|(rule, _)| rule).collect();
    assert!(uncaught.is_empty(), "nobody notices that these are missing: {uncaught:?}");
}
