//! A process ends when it is told to, whatever the broker does, and leaves nothing behind that its successor does not mend.

use crate::broker;
use crate::process::Process;
use crate::story::{expected, records};
use crate::world::World;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

/// Waits until the process says this.
fn await_log(process: &Process, said: &str) {
    let began = Instant::now();
    while !process.log().contains(said) {
        assert!(began.elapsed() < Duration::from_secs(90), "`{said}` is not said:\n{}", process.log());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_stop_ends_within_its_grace_though_the_broker_hangs_and_loses_nothing() {
    let _turn = broker::alone();
    let world = World::new("grace", 3);
    let records = records(4000, 3);
    let expected = expected(&world.source(), &records);
    let mut process = world.start_with("first", "shutdown: {grace: 2s}\n", &[]);
    process.ready();
    world.produce(&records);
    let status = broker::while_it_hangs(|| {
        process.signal("TERM");
        process.wait(Duration::from_secs(90))
    });
    assert_eq!(status.code(), Some(0), "{}", process.log());
    assert!(process.log().contains("the grace is over"), "{}", process.log());
    let successor = world.start_with("second", "", &[]);
    world.await_alerts(&expected, Duration::from_secs(90));
    assert!(successor.stop().success());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let _turn = broker::alone();
    let world = World::new("twice", 1);
    let mut process = world.start_with("all", "shutdown: {grace: 1h}\n", &[]);
    process.ready();
    world.produce(&records(2000, 1));
    let status = broker::while_it_hangs(|| {
        process.signal("TERM");
        await_log(&process, "stopping in order");
        process.signal("TERM");
        process.wait(Duration::from_secs(60))
    });
    assert_eq!(status.signal(), Some(15), "{status:?}\n{}", process.log());
}

#[test]
fn two_processes_of_one_name_are_told_so() {
    let _turn = broker::alone();
    let world = World::new("namesakes", 1);
    let start = |name: &str| {
        let config = world.config(name, "the-same");
        Process::run(
            &config,
            &["--stage", "detector"],
            &broker::folder().join(format!("namesakes-{name}.log")),
        )
    };
    let first = start("a");
    first.ready();
    let second = start("b");
    await_log(&first, "another process has the kafka.instance_id `the-same`");
    await_log(&first, "give each process one of its own");
    for process in [first, second] {
        assert!(process.stop().success());
    }
}
