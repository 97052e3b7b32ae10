//! Random faults on three brokers and three processes while records arrive: every alert of the pure core comes out exactly once.
//!
//! `scripts/chaos` runs it. `ADCS_WATCH_CHAOS_SECONDS` is its length (default 300), `ADCS_WATCH_SEED` its random choices.

mod faults;
mod network;

use crate::broker::{self, Cluster};
use crate::chaos::faults::{Fault, Stage};
use crate::chaos::network::Network;
use crate::environment::Environment;
use crate::fixtures::{Record, diluted, expected, records};
use crate::process::Process;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Source partitions at the start; a fault adds one more.
pub(super) const SOURCE_PARTITIONS: u32 = 3;
/// Records a second, of which one in eight matters.
const RATE: u64 = 1_000;
/// How long the stage may take, after the last fault, until all alerts are there.
const CATCH_UP: Duration = Duration::from_secs(240);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

#[test]
#[ignore = "takes minutes; scripts/chaos runs it"]
fn chaos_on_three_brokers_loses_and_repeats_nothing() {
    let _guard = broker::own_brokers();
    let seconds = setting("ADCS_WATCH_CHAOS_SECONDS", 300);
    let seed = setting("ADCS_WATCH_SEED", 1);
    let mut stage = Stage::start(seed);
    let count = u32::try_from(seconds * RATE / 8).unwrap();
    // The records of the last partition are written once it exists.
    let (first, last): (Vec<Record>, Vec<Record>) = diluted(records(count, SOURCE_PARTITIONS + 1), 7)
        .into_iter()
        .partition(|r| r.partition < SOURCE_PARTITIONS);
    let all: Vec<Record> = diluted(records(count, SOURCE_PARTITIONS + 1), 7);
    let expected = expected(&stage.env.source(), &all);
    let env = stage.env.clone();
    let done = Arc::new(AtomicBool::new(false));
    let mut tally: BTreeMap<Fault, u32> = BTreeMap::new();
    let began = Instant::now();
    // Detached: a failing test does not wait for it.
    let watcher = thread::spawn({
        let (direct, topic, done) = (stage.direct.clone(), env.topic("alerts"), Arc::clone(&done));
        move || longest_silence(&direct, &topic, &done)
    });
    thread::scope(|scope| {
        let producer = scope.spawn(|| {
            for some in first.chunks(500) {
                env.produce(some);
                thread::sleep(Duration::from_millis(500 * 1000 / RATE));
            }
        });
        while !producer.is_finished() {
            let fault = stage.draw();
            if stage.inflict(fault) {
                *tally.entry(fault).or_default() += 1;
            }
        }
        producer.join().unwrap();
        stage.heal();
        if stage.inflict(Fault::PartitionAdded) {
            *tally.entry(Fault::PartitionAdded).or_default() += 1;
        }
        env.produce(&last);
        stage.processes.iter().for_each(Process::await_ready);
        env.await_alerts(&expected, CATCH_UP);
    });
    done.store(true, Ordering::SeqCst);
    let longest = watcher.join().unwrap();
    env.assert_routed_once(&all);
    eprintln!("| Fault | Times |\n|---|--:|");
    for (fault, times) in &tally {
        eprintln!("| {} | {times} |", fault.text());
    }
    for left_out in stage.left_out() {
        eprintln!("| {} | left out: not possible on this machine |", left_out.text());
    }
    eprintln!(
        "{} faults in {:.0} s (seed {seed}): {} records, {} alerts and revisions, none lost, none repeated; \
         longest time without a new alert {:.0} s",
        tally.values().sum::<u32>(),
        began.elapsed().as_secs_f64(),
        all.len(),
        expected.len(),
        longest.as_secs_f64()
    );
    stage.stop();
}

/// The longest time in which the end of the alert topic did not move, asked past the faulty network.
fn longest_silence(bootstrap: &str, topic: &str, done: &AtomicBool) -> Duration {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap();
    let (mut end, mut since, mut longest) = (0, Instant::now(), Duration::ZERO);
    while !done.load(Ordering::SeqCst) {
        if let Ok((_, high)) = consumer.fetch_watermarks(topic, 0, Duration::from_secs(2))
            && high > end
        {
            longest = longest.max(since.elapsed());
            (end, since) = (high, Instant::now());
        }
        thread::sleep(Duration::from_millis(200));
    }
    longest
}
