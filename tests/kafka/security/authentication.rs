//! Every authentication method that the config knows works end to end.

use crate::broker;
use crate::fixtures::{expected, records};
use crate::process::{Process, program};
use crate::security::broker::{PASSWORD, SecuredBroker, USER};
use crate::security::environment::{Access, SecuredEnvironment, topics};
use std::thread;
use std::time::{Duration, Instant};

/// The methods, each with the name of its environment.
fn methods(broker: &SecuredBroker) -> [(&'static str, Access); 5] {
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
    let access = |listener: &str, lines: &str| Access::new(&broker.listener(listener), lines);
    [
        ("tls", access("TLS", &tls)),
        ("mtls", access("MTLS", &mutual)),
        ("plain", access("SASL", &password("PLAIN"))),
        ("scram", access("SASL", &password("SCRAM-SHA-512"))),
        ("oauthbearer", access("OAUTH", &token)),
    ]
}

#[test]
fn every_authentication_method_works_end_to_end() {
    let _guard = broker::shared();
    let methods = methods(crate::security::broker::secured_broker());
    thread::scope(|scope| {
        let runs: Vec<_> =
            methods.iter().map(|(name, access)| scope.spawn(move || works(name, access))).collect();
        runs.into_iter().for_each(|run| run.join().unwrap());
    });
}

fn works(name: &str, access: &Access) {
    let env = SecuredEnvironment::new(name);
    let config = env.config("all", access, "");
    let (code, said) = topics("create", &config);
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 5), "{name}: {said}");
    let records = records(600, 1);
    let expected = expected(&env.topic("source"), &records);
    assert!(expected.len() > 10);
    let process = env.run(&config, &[]);
    env.produce(&records);
    env.await_alerts(&expected, &process);
    process.await_ready();
    assert!(process.stop().success());
}

#[test]
fn demo_authenticates_with_a_token() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::new("demo-token");
    let broker = env.broker;
    let (ca, token) = (broker.path("ca.pem"), broker.secret("token-of-the-demo", &broker.token(USER, 3600)));
    let lines =
        format!("  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let listener = broker.listener("OAUTH");
    let done = program()
        .args(["demo", "--bootstrap", &listener, "-c"])
        .arg(env.config("all", &Access::new(&listener, &lines), ""))
        .output()
        .unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(said.contains("none lost, none duplicated") && said.contains("the 5 topics "), "{said}");
}

/// The lifetime of a token in the test of its renewal.
const TOKEN: Duration = Duration::from_secs(20);

#[test]
fn token_is_reread_before_it_expires() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::with_topics("renewal");
    let broker = env.broker;
    let renew = || broker.secret("renewed-token", &broker.token(USER, TOKEN.as_secs().cast_signed()));
    let (ca, token) = (broker.path("ca.pem"), renew());
    let began = Instant::now();
    let lines =
        format!("  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token}}}}}\n");
    let process = env.run(&env.config("all", &Access::new(&broker.listener("OAUTH"), &lines), ""), &[]);
    // The kubelet renews tokens long before they expire, too.
    while began.elapsed() < TOKEN + TOKEN / 4 {
        thread::sleep(TOKEN / 4);
        renew();
    }
    let records = records(600, 1);
    let expected = expected(&env.topic("source"), &records);
    env.produce(&records);
    thread::scope(|scope| {
        let waits = scope.spawn(|| env.await_alerts(&expected, &process));
        while !waits.is_finished() {
            thread::sleep(Duration::from_millis(500));
            renew();
        }
        waits.join().unwrap();
    });
    assert!(process.stop().success());
}

#[test]
fn changed_password_is_used_without_a_restart() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::with_topics("rotation");
    let broker = env.broker;
    let (ca, password) = (broker.path("ca.pem"), broker.secret("rotated-password", "not-yet"));
    let lines = format!(
        "  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: SCRAM-SHA-512, username: {USER}, password: {{file: {password}}}}}\n"
    );
    let process = env.run(&env.config("all", &Access::new(&broker.listener("SASL"), &lines), ""), &[]);
    await_complaint(&process, "does not know this name");
    broker.secret("rotated-password", PASSWORD);
    process.await_ready();
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
