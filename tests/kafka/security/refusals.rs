//! Connections that the broker or the client refuses: the error names the cause, the setting and the fix, and the program retries.

use crate::broker;
use crate::security::broker::{PASSWORD, SecuredBroker, USER, new_signer, signed};
use crate::security::environment::{Access, SecuredEnvironment, topics};
use std::thread;
use std::time::{Duration, Instant};

/// Client settings that are refused, and what the error must contain.
struct Refusal {
    name: &'static str,
    access: Access,
    says: Vec<String>,
}

fn refusal(name: &'static str, access: Access, says: &[&str]) -> Refusal {
    Refusal { name, access, says: says.iter().map(|part| (*part).to_owned()).collect() }
}

/// The config lines that trust this CA.
fn trusting(broker: &SecuredBroker, ca: &str) -> String {
    format!("  tls: {{ca_file: {}}}\n", broker.path(ca))
}

/// Refusals for certificates.
fn untrusted(broker: &SecuredBroker) -> Vec<Refusal> {
    let ca = trusting(broker, "ca.pem");
    let [plain, mutual, expired] = ["TLS", "MTLS", "EXPIRED"].map(|listener| broker.listener(listener));
    let elsewhere = plain.replace("127.0.0.1", "localhost");
    vec![
        refusal(
            "wrong-ca",
            Access::new(&plain, &trusting(broker, "other-ca.pem")),
            &[
                &format!("certificate of {plain} was issued by corp.example tests"),
                "kafka.tls.ca_file must hold the CA",
            ],
        ),
        refusal(
            "wrong-host",
            Access::new(&elsewhere, &ca),
            &[
                &format!("certificate of {elsewhere} is for 127.0.0.1, not for localhost"),
                "use the name in the certificate in kafka.brokers",
            ],
        ),
        refusal(
            "expired",
            Access::new(&expired, &ca),
            &[&format!("certificate of {expired} expired at "), "renew it on the broker"],
        ),
        refusal(
            "no-client-certificate",
            Access::new(&mutual, &ca),
            &[&mutual, "kafka.tls.cert_file and kafka.tls.key_file"],
        ),
    ]
}

/// Refusals for passwords and tokens.
fn unknown(broker: &SecuredBroker) -> Vec<Refusal> {
    let ca = trusting(broker, "ca.pem");
    let tls = |listener: &str, lines: &str| Access::new(&broker.listener(listener), lines);
    let password = |mechanism: &str, file: &str| {
        format!(
            "{ca}  sasl: {{mechanism: {mechanism}, username: {USER}, password: {{file: {}}}}}\n",
            broker.path(file)
        )
    };
    let token = |name: &str, token: String| {
        format!("{ca}  sasl: {{mechanism: OAUTHBEARER, token: {{file: {}}}}}\n", broker.secret(name, &token))
    };
    broker.secret("wrong-password", "not-the-password");
    vec![
        refusal(
            "wrong-password-plain",
            tls("SASL", &password("PLAIN", "wrong-password")),
            &[
                "Authentication failed: Invalid username or password",
                "does not know this name with this password",
            ],
        ),
        refusal(
            "wrong-password-scram",
            tls("SASL", &password("SCRAM-SHA-512", "wrong-password")),
            &[
                "invalid credentials with SASL mechanism SCRAM-SHA-512",
                "does not know this name with this password",
            ],
        ),
        refusal(
            "unknown-mechanism",
            tls("SASL", &password("SCRAM-SHA-256", "password")),
            &["supported mechanisms: PLAIN,SCRAM-SHA-512", "set kafka.sasl.mechanism to one of these"],
        ),
        refusal(
            "forged-token",
            tls("OAUTH", &token("forged-token", signed(&new_signer(), USER, 3600))),
            &["invalid_token", "kafka.sasl.token: the broker rejects this token"],
        ),
        refusal(
            "old-token",
            tls("OAUTH", &token("old-token", broker.token(USER, -60))),
            &["old-token contains a token that expired at ", "must renew this file"],
        ),
    ]
}

/// Runs the process until `/readyz` has all the expected parts, then stops it: its log.
fn log_of_refused_run(env: &SecuredEnvironment, refusal: &Refusal) -> String {
    let config = env.config(&format!("run-{}", refusal.name), &refusal.access, "");
    let process = env.run(&config, &[]);
    let began = Instant::now();
    loop {
        let said = process.page("/readyz").map(|(status, said)| (status, said.replace('\n', " ")));
        if said
            .as_ref()
            .is_some_and(|(code, text)| *code == 503 && refusal.says.iter().all(|part| text.contains(part)))
        {
            break;
        }
        let timeout = Duration::from_secs(90);
        assert!(began.elapsed() < timeout, "{}: {said:?}\n{}", refusal.name, process.log());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(process.page("/livez").unwrap().0, 200, "waiting is not being broken");
    let log = process.log();
    assert!(process.stop().success());
    log
}

#[test]
fn refused_connection_names_the_cause_and_the_fix() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::new("refusals");
    thread::scope(|scope| {
        for (name, access, says) in kinds(env.broker) {
            let env = &env;
            scope.spawn(move || {
                let (code, said) = topics("check", &env.config(name, &access, ""));
                assert!(code == Some(69) || code == Some(78), "{name}: {code:?} {said}");
                assert!(said.contains(says), "{name}: {said}");
            });
        }
        let asked = untrusted(env.broker).into_iter().chain(unknown(env.broker)).map(|refusal| {
            let env = &env;
            scope.spawn(move || {
                let (code, said) = topics("check", &env.config(refusal.name, &refusal.access, ""));
                assert_eq!(code, Some(78), "{}: {said}", refusal.name);
                let log = log_of_refused_run(env, &refusal);
                for part in refusal.says.iter().map(String::as_str).chain(["no broker accepts this client"]) {
                    assert!(said.contains(part), "{}: {part} is not in\n{said}", refusal.name);
                    assert!(log.contains(part), "{}: {part} is not in\n{log}", refusal.name);
                }
                for text in [said, log] {
                    assert!(!text.contains("not-the-password") && !text.contains(PASSWORD), "{text}");
                }
            })
        });
        asked.collect::<Vec<_>>().into_iter().for_each(|done| done.join().unwrap());
    });
}

/// Listeners of another protocol than configured: they close the connection without an answer.
fn kinds(broker: &SecuredBroker) -> [(&'static str, Access, &'static str); 3] {
    let ca = format!("  tls: {{ca_file: {}}}\n", broker.path("ca.pem"));
    let as_set = "check that kafka.tls and kafka.sasl are what the listener expects";
    [
        ("plain-to-tls", Access::new(&broker.listener("TLS"), ""), as_set),
        ("tls-to-plain", Access::new(&broker.open, &ca), "; to fix: "),
        ("no-sasl", Access::new(&broker.listener("SASL"), &ca), as_set),
    ]
}
