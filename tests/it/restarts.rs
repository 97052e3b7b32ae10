//! Restarts, one after the other, of a detector on the log in memory.

use crate::golden::fixtures;
use crate::stage::{PARTITIONS, log, route_everywhere, run};
use adcs_watch::memory_log::detector_port::{GROUP, MemoryDetector};
use adcs_watch::stage::detector::worker::DetectorWorker;
use adcs_watch::stage::pace::Pace;
use adcs_watch::stage::port::Millis;

/// Found with a recording of facts: the first checkpoint behind a restart deleted them, so the second restart was refused.
#[test]
fn state_of_every_recording_survives_restarts_with_checkpoints_between_them() {
    for fixture in fixtures() {
        let log = log();
        let start = |name: &str| {
            let port = MemoryDetector::new(log.clone(), name);
            DetectorWorker::new(port, fixture.policy.clone(), PARTITIONS, Pace::default())
        };
        let (first, rest) = fixture.events.split_at(fixture.events.len().div_ceil(2));
        let mut before = None;
        for (name, events) in [("first", first), ("second", rest), ("third", &[])] {
            let mut worker = start(name);
            run(&mut worker, 0, 5);
            let stopped: Vec<_> = worker.stopped().map(|(_, why)| why.to_owned()).collect();
            assert!(worker.is_ready(), "{}, {name}: {stopped:?}", fixture.name());
            let digests = |worker: &DetectorWorker<MemoryDetector>| {
                [0, 1].map(|partition| worker.task(partition).map(|task| task.digest()))
            };
            assert!(before.is_none_or(|before| before == digests(&worker)), "{}", fixture.name());
            route_everywhere(&log, events);
            run(&mut worker, 100, 50);
            let is_left = (0..100).all(|_| worker.finish(Millis(200)).unwrap());
            assert!(!is_left, "{}, {name}", fixture.name());
            before = Some(digests(&worker));
            let member = worker.port_mut().client.member().to_owned();
            drop(worker);
            log.expire_member(GROUP, &member);
        }
    }
}
