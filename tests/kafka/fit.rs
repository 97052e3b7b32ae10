//! Records that are longer than a topic takes: they are cut, split or dead letters, and nothing else waits.

use crate::broker;
use crate::environment::Environment;
use crate::fixtures::{Record, expected, records};
use crate::process::{WORKER_RESTARTS, program, until};
use serde_json::{Value, json};
use std::time::Duration;

/// The least that the topics of alerts and dead letters must take.
const LEAST: &str = "16384";

/// A certificate that `CORP\mallory` requested with this name of somebody else.
fn certificate(n: u32, name: &str) -> Record {
    let time = format!("2026-03-02T09:10:{:02}.{:03}Z", n / 1000, n % 1000);
    let data = json!({
        "Attributes": "CertificateTemplate:User", "CertificateTemplate": "User", "RequestId": (9000 + n).to_string(),
        "Requester": "CORP\\mallory", "SerialNumber": format!("5c0000000000000000000001{n:08x}"),
        "SubjectAlternativeName": format!("Other Name: Principal Name={name}"), "Subject": format!("CN={name}"),
    });
    let winlog = json!({
        "record_id": 800_000 + n, "task": "Certification Services", "event_data": data,
        "computer_name": "ca01.corp.example", "version": 1, "provider_name": "Microsoft-Windows-Security-Auditing",
        "channel": "Security", "event_id": "4887",
    });
    let text =
        json!({"@timestamp": time, "winlog": winlog, "event": {"code": "4887"}, "ecs": {"version": "8.0.0"}});
    Record { partition: 0, text: text.to_string() }
}

/// A name of this length that does not compress.
fn name(bytes: usize, seed: u32) -> String {
    let mut state = seed;
    let letters = (0..bytes).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(state >> 16) as usize % 36])
    });
    letters.collect::<String>() + "@corp.example"
}

/// A name of 100 characters of four bytes each: an alert cuts names to a number of characters.
fn wide_name(n: u32) -> String {
    let letters = (0..100).map(|place| char::from_u32(0x20000 + n * 100 + place).unwrap());
    letters.collect::<String>() + "@corp.example"
}

#[test]
fn alert_that_does_not_fit_is_shortened_and_delays_no_other() {
    let _guard = broker::shared();
    // The name of the topic is part of each piece of evidence.
    let env = Environment::new(&format!("fit-alerts-{}", "x".repeat(180)), 1);
    env.set("alerts", "max.message.bytes", LEAST);
    let mut all = records(600, 1);
    all.extend((0..40).map(|n| certificate(n, &wide_name(n))));
    let mut expected = expected(&env.source(), &all);
    let process = env.start("all", "all", false);
    env.produce(&all);
    let done = || env.alerts().len() == expected.len();
    until(Duration::from_secs(90), done, || format!("alerts are missing:\n{}", process.log()));
    let alerts = env.alerts();
    let is_short = |json: &String| json.contains("\"truncated\":true");
    let long: Vec<_> = alerts.iter().filter(|(_, json)| is_short(json)).map(|(key, _)| key.clone()).collect();
    assert!(!long.is_empty(), "the longest of {:?}", expected.values().map(String::len).max());
    for key in &long {
        let (whole, short) = (expected.remove(key).unwrap(), &alerts[key]);
        assert!(whole.len() > 15_500 && short.len() < 16_384, "{} and {} bytes", whole.len(), short.len());
        let [whole, short] = [&whole, short].map(|json| serde_json::from_str::<Value>(json).unwrap());
        assert_eq!(short["truncated"], true);
        for field in ["alert_id", "revision", "severity", "reasons", "title", "total_certs"] {
            assert_eq!(short[field], whole[field], "{field}");
        }
        assert_ne!(short["evidence"], whole["evidence"], "the evidence is shortened first");
        assert_eq!(short["san_values"], whole["san_values"], "and that suffices");
    }
    assert!(expected.iter().all(|(key, alert)| *alert == alerts[key]), "the others are whole");
    assert_eq!(process.metric("adcs_watch_alerts_truncated_total", "") as usize, long.len());
    let log = process.log();
    assert!(log.contains("an alert was shortened to fit into its topic"), "{log}");
    assert!(!log.contains(WORKER_RESTARTS) && !log.contains("a transaction is aborted"), "{log}");
    assert!(process.stop().success());
}

#[test]
fn dead_letter_that_does_not_fit_is_cut() {
    let _guard = broker::shared();
    let env = Environment::new("fit-dead", 1);
    env.set("dead", "max.message.bytes", LEAST);
    let good = records(600, 1);
    let expected = expected(&env.source(), &good);
    let poison = format!("{{\"EventID\":4887,\"x\":\"{}", name(100_000, 7));
    let process = env.start("all", "all", false);
    env.produce_bytes(&[(0, poison.as_bytes())]);
    env.produce(&good);
    // The broken record is the first, which moves the offsets of the others.
    until(Duration::from_secs(90), || env.alerts().len() == expected.len(), || process.log());
    let dead = env.read("dead");
    assert_eq!(dead.len(), 1);
    let kept = dead[0].value.as_deref().unwrap();
    assert!(poison.as_bytes().starts_with(kept) && kept.len() > 15_000, "{} bytes", kept.len());
    assert_eq!(dead[0].headers["cut-from-bytes"], poison.len().to_string());
    let log = process.log();
    assert!(!log.contains("a transaction is aborted"), "{log}");
    assert!(process.stop().success());
}

#[test]
fn routed_limit_that_is_lowered_is_named_and_then_kept() {
    let _guard = broker::shared();
    let env = Environment::new("fit-routed", 1);
    let process = env.start("all", "all", false);
    process.await_ready();
    env.set("routed", "max.message.bytes", "20000");
    let mut all = records(600, 1);
    let expected = expected(&env.source(), &all);
    all.push(certificate(1, &name(50_000, 3)));
    env.produce(&all);
    let refusal = "fit-routed.routed [";
    let named = || {
        let page = process.page("/readyz");
        page.is_some_and(|(status, said)| {
            status == 503 && said.contains("cannot write: ") && said.contains(refusal)
        })
    };
    until(Duration::from_secs(60), named, || format!("{:?}\n{}", process.page("/readyz"), process.log()));
    env.await_alerts(&expected, Duration::from_secs(120));
    let dead = env.read("dead");
    assert_eq!(dead.len(), 1, "the event that fits into no record");
    assert_eq!(
        (dead[0].headers["reason"].as_str(), dead[0].headers["source-offset"].as_str()),
        ("too_large", "600")
    );
    assert!(
        dead[0].headers["detail"].contains("a record of the routed topic takes 19"),
        "{:?}",
        dead[0].headers
    );
    process.await_ready();
    // Each attempt waits twice as long as the one before.
    let aborted = process.log().matches("a transaction is aborted").count();
    assert!((1..30).contains(&aborted), "{aborted} transactions were aborted");
    assert!(process.stop().success());
}

#[test]
fn topic_with_a_limit_that_is_too_small_is_refused_at_the_start() {
    let _guard = broker::shared();
    let env = Environment::new("fit-start", 1);
    env.set("alerts", "max.message.bytes", "300");
    env.set("checkpoint", "max.message.bytes", "1000000");
    let config = env.config("small", "");
    for command in [vec!["topics", "check", "-c"], vec!["run", "-c"]] {
        let done = program().args(&command).arg(&config).output().unwrap();
        let said =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(78), "{said}");
        for part in [
            "fit-start.alerts: max.message.bytes is 300",
            "fit-start.checkpoint: max.message.bytes is 1000000",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}
