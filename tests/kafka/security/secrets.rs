//! Secrets in every place where the config takes one appear nowhere else: not in output, debug logs, HTTP pages or the command line.

use crate::broker;
use crate::fixtures::records;
use crate::process::{Process, program};
use crate::security::broker::{KEY_PASSWORD, PASSWORD, USER, secured_broker};
use crate::security::environment::{Access, SecuredEnvironment, topics};
use adcs_watch::config::Config;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The password of `http.basic_auth`.
const SCRAPE: &str = "s3cret-of-the-scrape";

/// Asserts that a text contains none of these secrets, plain or encoded.
#[track_caller]
fn assert_silent(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let encodings = [secret.clone(), STANDARD.encode(secret), format!("{:?}", secret.as_bytes())];
        for encoding in encodings {
            assert!(!text.contains(&encoding), "{what} shows {encoding}:\n{text}");
        }
    }
}

/// The command line of a process, which every user of the machine can read.
fn arguments(process: &Process) -> String {
    let arguments = std::fs::read(format!("/proc/{}/cmdline", process.child.id())).unwrap();
    assert!(!arguments.is_empty());
    String::from_utf8_lossy(&arguments).into_owned()
}

#[test]
fn secrets_are_shown_nowhere() {
    let _guard = broker::shared();
    let broker = secured_broker();
    let token = broker.token(USER, 3600);
    let (token_file, scrape) = (broker.secret("secret-token", &token), broker.secret("scrape", SCRAPE));
    let tls = format!(
        "  tls: {{ca_file: {}, cert_file: {}, key_file: {}, key_password: {{file: {}}}}}\n",
        broker.path("ca.pem"),
        broker.path("client.crt"),
        broker.path("client.key"),
        broker.path("key-password")
    );
    let key = std::fs::read_to_string(broker.path("client.key")).unwrap();
    let key = key.lines().nth(2).unwrap().to_owned();
    let signature = token.rsplit('.').next().unwrap().to_owned();
    let secrets = [PASSWORD, KEY_PASSWORD, SCRAPE, &token, &signature, &key].map(str::to_owned);
    let password = |mechanism: &str, place: &str| {
        format!("{tls}  sasl: {{mechanism: {mechanism}, username: {USER}, password: {place}}}\n")
    };
    let file = format!("{{file: {}}}", broker.path("password"));
    let wrong = format!("{{file: {}}}", broker.secret("wrong-secret", &format!("{PASSWORD}{KEY_PASSWORD}")));
    let more = format!(
        "log: {{level: debug, format: json}}\nhttp:\n  listen: '127.0.0.1:0'\n  \
         basic_auth: {{username: prometheus, password: {{file: {scrape}}}}}\n"
    );
    let cases = [
        ("plain", "SASL", password("PLAIN", &file), true),
        ("env", "SASL", password("SCRAM-SHA-512", "{env: SECRET_OF_THE_TEST}"), true),
        ("wrong-plain", "SASL", password("PLAIN", &wrong), false),
        ("wrong-scram", "SASL", password("SCRAM-SHA-512", &wrong), false),
        (
            "token",
            "OAUTH",
            format!("{tls}  sasl: {{mechanism: OAUTHBEARER, token: {{file: {token_file}}}}}\n"),
            true,
        ),
    ];
    let records = records(300, 1);
    thread::scope(|scope| {
        let cases = cases.into_iter().map(|(name, listener, lines, right)| {
            let (secrets, more, records) = (&secrets, &more, &records);
            let talk = "  properties: {debug: 'security,conf,broker,feature,protocol,eos'}\n";
            let access = Access::new(&broker.listener(listener), &format!("{lines}{talk}"));
            scope.spawn(move || {
                // Topics of its own: a checkpoint belongs to one group.
                let env = SecuredEnvironment::with_topics(&format!("secrets-{name}"));
                env.produce(records);
                is_silent(&env.config(name, &access, more), name, right, secrets);
            })
        });
        cases.collect::<Vec<_>>().into_iter().for_each(|case| case.join().unwrap());
    });
}

/// Checks all output of the program with this config, whose password is right or wrong.
fn is_silent(config: &Path, name: &str, right: bool, secrets: &[String]) {
    assert_silent("Debug", &format!("{:?}", Config::load(config).unwrap()), secrets);
    let check =
        program().args(["check", "-c"]).arg(config).env("SECRET_OF_THE_TEST", PASSWORD).output().unwrap();
    assert!(check.status.success());
    assert_silent("check", &format!("{check:?}"), secrets);
    if name != "env" {
        let (code, said) = topics("check", config);
        assert_eq!(code == Some(0), right, "{name}: {said}");
        assert_silent("topics check", &said, secrets);
    }
    let process = started(config);
    let began = Instant::now();
    let (status, wanted) = if right { (200, "ok") } else { (503, "no broker accepts this client") };
    while process.page("/readyz").is_none_or(|(code, said)| code != status || !said.contains(wanted)) {
        assert!(began.elapsed() < Duration::from_secs(90), "{name}: {:?}", process.page("/readyz"));
        thread::sleep(Duration::from_millis(500));
    }
    for path in ["/readyz", "/metrics", "/status", "/livez", "/"] {
        let (_, said) = process.page(path).unwrap();
        assert_silent(path, &said, secrets);
    }
    assert_eq!(process.page("/metrics").unwrap().0, 401);
    assert_silent("the command line", &arguments(&process), secrets);
    assert!(process.stop().success());
    let log = std::fs::read_to_string(config.with_extension("log")).unwrap();
    assert!(
        log.contains("\"level\":\"DEBUG\"") && log.contains("\"facility\":\"CONF\""),
        "{name}: not at debug level"
    );
    assert_silent("the log", &log, secrets);
}

/// Starts a process that also has the password in its environment.
fn started(config: &Path) -> Process {
    Process::run_with(config, &[], &config.with_extension("log"), &[("SECRET_OF_THE_TEST", PASSWORD)])
}
