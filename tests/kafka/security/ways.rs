//! Every way in that the config knows works end to end: the alerts come out.

use crate::broker;
use crate::process::Process;
use crate::security::broker::{Guarded, USER};
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
    let _turn = broker::alone();
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
fn a_token_is_renewed_and_a_changed_password_used_without_a_restart() {
    let _turn = broker::alone();
    let corner = Corner::prepared("rotation");
    let broker = corner.broker;
    let ca = broker.path("ca.pem");
    let token = broker.secret("rotated-token", &broker.token(USER, 8));
    let lines =
        format!("  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let with_token = corner.run(
        &corner.config("token", &Way::new(&broker.listener("OAUTH"), &lines), ""),
        &["--stage", "router"],
    );
    let password = broker.secret("rotated-password", "not-yet");
    let lines = format!(
        "  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: SCRAM-SHA-512, username: {USER}, password: {{file: {password}}}}}\n"
    );
    let with_password = corner.run(
        &corner.config("password", &Way::new(&broker.listener("SASL"), &lines), ""),
        &["--stage", "detector"],
    );
    with_token.ready();
    await_complaint(&with_password, "does not know this name");
    broker.secret("rotated-password", crate::security::broker::PASSWORD);
    with_password.ready();

    // The first token is over, the broker has closed what it opened, and the next one is there.
    broker.secret("rotated-token", &broker.token(USER, 3600));
    thread::sleep(Duration::from_secs(12));
    let records = records(600, 1);
    let expected = expected(&corner.topic("source"), &records);
    corner.produce(&records);
    corner.await_alerts(&expected, &with_password);
    with_token.ready();
    assert!(!with_token.log().contains("begins anew"), "{}", with_token.log());
    assert!(with_token.stop().success());
    assert!(with_password.stop().success());
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
