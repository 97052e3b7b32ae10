//! Every way in that the config knows works end to end: the alerts come out.

use crate::broker;
use crate::process::{Process, program};
use crate::security::broker::{Guarded, PASSWORD, USER};
use crate::security::corner::{Corner, Way, topics};
use crate::story::{expected, records};
use std::thread;
use std::time::{Duration, Instant};

/// The ways, and the names of their tests.
fn ways(broker: &Guarded) -> [(&'static str, Way); 5] {
    let ca = broker.path("ca.pem");
    let (certificate, key) = (broker.path("client.crt"), broker.path("client.key"));
    let key_password = broker.path("key-password");
    let tls = format!("  tls: {{ca_file: {ca}}}\n");
    let mutual = format!(
        "  tls: {{ca_file: {ca}, cert_file: {certificate}, key_file: {key}, key_password: {{file: {key_password}}}}}\n"
    );
    let password = |mechanism: &str| {
        let file = broker.path("password");
        format!("{tls}  sasl: {{mechanism: {mechanism}, username: {USER}, password: {{file: {file}}}}}\n")
    };
    let token = broker.secret("token", &broker.token(USER, 3600));
    let token = format!("{tls}  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let way = |listener: &str, lines: &str| Way::new(&broker.listener(listener), lines);
    [
        ("tls", way("TLS", &tls)),
        ("mtls", way("MTLS", &mutual)),
        ("plain", way("SASL", &password("PLAIN"))),
        ("scram", way("SASL", &password("SCRAM-SHA-512"))),
        ("oauthbearer", way("OAUTH", &token)),
    ]
}

#[test]
fn every_way_in_works_end_to_end() {
    let _turn = broker::together();
    let ways = ways(crate::security::broker::guarded());
    thread::scope(|scope| {
        let runs: Vec<_> = ways.iter().map(|(name, way)| scope.spawn(move || works(name, way))).collect();
        runs.into_iter().for_each(|run| run.join().unwrap());
    });
}

fn works(name: &str, way: &Way) {
    let corner = Corner::new(name);
    let config = corner.config("all", way, "");
    let (code, said) = topics("create", &config);
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 4), "{name}: {said}");
    let records = records(600, 1);
    let expected = expected(&corner.topic("source"), &records);
    assert!(expected.len() > 10);
    let process = corner.run(&config, &[]);
    corner.produce(&records);
    corner.await_alerts(&expected, &process);
    process.ready();
    assert!(process.stop().success());
}

#[test]
fn the_demo_comes_in_with_a_token() {
    let _turn = broker::together();
    let corner = Corner::new("demo-token");
    let broker = corner.broker;
    let (ca, token) = (broker.path("ca.pem"), broker.secret("token-of-the-demo", &broker.token(USER, 3600)));
    let lines =
        format!("  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let listener = broker.listener("OAUTH");
    let done = program()
        .args(["demo", "--bootstrap", &listener, "-c"])
        .arg(corner.config("all", &Way::new(&listener, &lines), ""))
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(said.contains("none lost, none doubled") && said.contains("the 5 topics "), "{said}");
}

/// How long a token holds in the test of its renewal.
const TOKEN: Duration = Duration::from_secs(20);

#[test]
fn a_token_is_read_again_before_it_is_over() {
    let _turn = broker::together();
    let corner = Corner::prepared("renewal");
    let broker = corner.broker;
    let renew = || broker.secret("renewed-token", &broker.token(USER, TOKEN.as_secs().cast_signed()));
    let (ca, token) = (broker.path("ca.pem"), renew());
    let began = Instant::now();
    let lines =
        format!("  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let process = corner.run(&corner.config("all", &Way::new(&broker.listener("OAUTH"), &lines), ""), &[]);
    // As the kubelet does, long before the end.
    while began.elapsed() < TOKEN + TOKEN / 4 {
        thread::sleep(TOKEN / 4);
        renew();
    }
    let records = records(600, 1);
    let expected = expected(&corner.topic("source"), &records);
    corner.produce(&records);
    thread::scope(|scope| {
        let waits = scope.spawn(|| corner.await_alerts(&expected, &process));
        while !waits.is_finished() {
            thread::sleep(Duration::from_millis(500));
            renew();
        }
        waits.join().unwrap();
    });
    assert!(process.stop().success());
}

#[test]
fn a_password_that_was_changed_is_used_without_a_restart() {
    let _turn = broker::together();
    let corner = Corner::prepared("rotation");
    let broker = corner.broker;
    let (ca, password) = (broker.path("ca.pem"), broker.secret("rotated-password", "not-yet"));
    let lines = format!(
        "  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: SCRAM-SHA-512, username: {USER}, password: {{file: {password}}}}}\n"
    );
    let process = corner.run(&corner.config("all", &Way::new(&broker.listener("SASL"), &lines), ""), &[]);
    await_complaint(&process, "does not know this name");
    broker.secret("rotated-password", PASSWORD);
    process.ready();
    assert!(process.stop().success());
}

#[track_caller]
fn await_complaint(process: &Process, part: &str) {
    let began = Instant::now();
    while process.page("/readyz").is_none_or(|(_, said)| !said.contains(part)) {
        assert!(
            began.elapsed() < Duration::from_secs(90),
            "{:?}\n{}",
            process.page("/readyz"),
            process.log()
        );
        thread::sleep(Duration::from_millis(100));
    }
}
