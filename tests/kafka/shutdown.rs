//! A process ends on a signal whatever the broker does, and its successor loses and repeats nothing.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{expected, records};
use crate::process::Process;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

/// Waits until the log contains this text.
fn await_log(process: &Process, said: &str) {
    let began = Instant::now();
    while !process.log().contains(said) {
        assert!(began.elapsed() < Duration::from_secs(90), "`{said}` is not said:\n{}", process.log());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn stop_ends_within_its_grace_period_while_the_broker_is_frozen() {
    let _guard = broker::exclusive();
    let env = Environment::new("grace", 3);
    let records = records(4000, 3);
    let expected = expected(&env.source(), &records);
    let mut process = env.start_with("first", "shutdown: {grace: 2s}\n", &[]);
    process.await_ready();
    env.produce(&records);
    let status = broker::while_frozen(|| {
        process.signal("TERM");
        process.wait(Duration::from_secs(90))
    });
    assert_eq!(status.code(), Some(0), "{}", process.log());
    assert!(process.log().contains("grace period expired"), "{}", process.log());
    let successor = env.start_with("second", "", &[]);
    env.await_alerts(&expected, Duration::from_secs(90));
    assert!(successor.stop().success());
}

#[test]
fn second_signal_ends_the_process_at_once() {
    let _guard = broker::exclusive();
    let env = Environment::new("twice", 1);
    let mut process = env.start_with("all", "shutdown: {grace: 1h}\n", &[]);
    process.await_ready();
    env.produce(&records(2000, 1));
    let status = broker::while_frozen(|| {
        process.signal("TERM");
        await_log(&process, "stopping in order");
        process.signal("TERM");
        process.wait(Duration::from_secs(60))
    });
    assert_eq!(status.signal(), Some(15), "{status:?}\n{}", process.log());
}

#[test]
fn two_processes_with_one_instance_id_are_reported() {
    let _guard = broker::shared();
    let env = Environment::new("namesakes", 1);
    let start = |name: &str| {
        let config = env.config(name, "the-same");
        Process::run(
            &config,
            &["--stage", "detector"],
            &broker::folder().join(format!("namesakes-{name}.log")),
        )
    };
    let first = start("a");
    first.await_ready();
    let second = start("b");
    await_log(&first, "another process has the kafka.instance_id `the-same`");
    await_log(&first, "give each process one of its own");
    for process in [first, second] {
        assert!(process.stop().success());
    }
}
