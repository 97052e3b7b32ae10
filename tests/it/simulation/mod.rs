//! The crash simulation: the real tasks and workers of both stages on the log in memory, through ports that crash, pause, lose
//! answers and deliver twice. Whatever happens, every alert of the pure core is committed exactly once.
//!
//! The reverse holds too: a run without one rule of the protocol is noticed ([`rules::Rule`]).

#![allow(clippy::print_stdout, reason = "`--nocapture` shows what happened, and what caught which rule")]

mod checks;
mod faulty;
mod random;
mod rules;
mod summary;
mod source;
mod cluster;

use crate::simulation::cluster::Cluster;
use crate::simulation::summary::Summary;
use adcs_watch::detect::catalogue;

/// Runs of the whole protocol.
const SEEDS: u64 = 200;
/// The environment variables that set another number of runs, and the first of them; scripts/nightly does.
const SEEDS_VARIABLE: &str = "ADCS_WATCH_SEEDS";
const FIRST_VARIABLE: &str = "ADCS_WATCH_FIRST_SEED";
/// Runs within which a missing rule must be noticed. The rarest shows in one run of a hundred.
const SEEDS_TO_CATCH: u64 = 1000;

/// How many detections raise alerts at least: all but those that need a setting or days of training. Which of the rarer ones do
/// depends on the seeds.
const DETECTIONS: usize = 20;

/// Maps all of these on two threads.
fn on_two_threads<T: Copy + Sync, R: Send>(all: &[T], work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (work, halves) = (&work, all.split_at(all.len() / 2));
    std::thread::scope(|scope| {
        let threads = [halves.0, halves.1]
            .map(|half| scope.spawn(|| half.iter().map(|one| work(*one)).collect::<Vec<R>>()));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn every_alert_is_committed_exactly_once_under_any_fault() {
    let number = |of: &str, default| std::env::var(of).map_or(default, |number| number.parse().unwrap());
    let (first, count) = (number(FIRST_VARIABLE, 0), number(SEEDS_VARIABLE, SEEDS));
    let seeds: Vec<u64> = (first..first + count).collect();
    let mut seen = Summary::default();
    for (seed, result) in on_two_threads(&seeds, |seed| (seed, Cluster::run(seed, None))) {
        match result {
            Ok(summary) => seen.add(&summary),
            Err(complaint) => panic!("seed {seed}: {complaint}"),
        }
    }
    println!("{count} seeds from {first}: {seen:?}");
    assert!(seen.is_rich(), "too few faults of some kind: {seen:?}");
    let all = catalogue::all().into_iter().map(|about| about.id);
    let silent: Vec<&str> = all.filter(|id| !seen.detections.contains(*id)).collect();
    assert!(seen.detections.len() >= DETECTIONS, "many detections are silent: {silent:?}");
}

#[test]
fn every_missing_rule_is_noticed() {
    let caught = on_two_threads(&rules::ALL, |rule| {
        let complaint = |seed| Cluster::run(seed, Some(rule)).err().map(|why| format!("seed {seed}: {why}"));
        (rule, (0..SEEDS_TO_CATCH).find_map(complaint))
    });
    for (rule, why) in &caught {
        println!("{rule:?}: {why:?}");
    }
    let uncaught: Vec<_> =
        caught.into_iter().filter(|(_, why)| why.is_none()).map(|(rule, _)| rule).collect();
    assert!(uncaught.is_empty(), "no run notices that these are missing: {uncaught:?}");
}
