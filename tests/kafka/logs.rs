//! No log line at the default level contains names or values of events.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::records;
use crate::process::{Process, program};
use std::thread;
use std::time::{Duration, Instant};

/// Names, accounts, hosts and addresses that occur in the events of this test.
const NAMES: [&str; 9] = [
    "mallory",
    "administrator",
    "dave.brown",
    "carol.white",
    "wks-091",
    "CORP",
    "S-1-5-21",
    "10.20.30",
    "user0",
];
const SAMPLES: &str = include_str!("../../samples/corp-example/ca01-security.ndjson");

#[test]
fn no_line_at_the_default_level_contains_event_data() {
    let _guard = broker::exclusive();
    for format in ["text", "json"] {
        let log = log_of_a_run(format);
        let named: Vec<&str> = NAMES.into_iter().filter(|name| log.contains(name)).collect();
        assert_eq!(named, [""; 0], "{log}");
        assert!(
            log.contains("rebalance") && log.contains("a transaction is aborted"),
            "too little happened: {log}"
        );
        if format == "json" {
            for line in log.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
            }
        }
    }
}

/// The log of a process that starts, raises alerts, writes dead letters, aborts transactions and stops.
fn log_of_a_run(format: &str) -> String {
    let env = Environment::new(&format!("logs-{format}"), 1);
    let process = env.start_with("all", &format!("log: {{format: {format}}}\n"), &[]);
    process.await_ready();
    let made_up = records(2000, 1);
    let broken: Vec<String> = SAMPLES.lines().map(|line| line.replacen("},", "", 1)).collect();
    let texts = SAMPLES.lines().chain(broken.iter().map(String::as_str));
    let all: Vec<(u32, &[u8])> =
        texts.chain(made_up.iter().map(|r| r.text.as_str())).map(|t| (0, t.as_bytes())).collect();
    env.produce_bytes(&all);
    await_metric(&process, "adcs_watch_alerts_total", 100.0);
    await_metric(&process, "adcs_watch_dead_letters_total", 1.0);
    env.produce_bytes(&all);
    broker::while_frozen(|| {
        let began = Instant::now();
        while !process.log().contains("a transaction is aborted") && began.elapsed() < Duration::from_secs(90)
        {
            thread::sleep(Duration::from_millis(50));
        }
    });
    // At most so many of one source and reason are written in a minute.
    await_metric(&process, "adcs_watch_dead_letters_total", 60_f64.min(broken.len() as f64));
    process.signal("TERM");
    let mut process = process;
    assert!(process.wait(Duration::from_secs(90)).success());
    process.log()
}

fn await_metric(process: &Process, name: &str, least: f64) {
    let began = Instant::now();
    while process.metric(name, "") < least {
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "{name} is {}:\n{}",
            process.metric(name, ""),
            process.log()
        );
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn demo_summary_contains_no_names() {
    let done = program().arg("demo").output().unwrap();
    let summary = String::from_utf8(done.stderr).unwrap();
    assert!(summary.contains("none lost") && String::from_utf8(done.stdout).unwrap().contains("mallory"));
    let named: Vec<&str> = NAMES.into_iter().filter(|name| summary.contains(name)).collect();
    assert_eq!(named, [""; 0], "{summary}");
}
