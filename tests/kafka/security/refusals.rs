//! Whoever is refused, or refuses a broker, says what is wrong, where, and how to mend it; and goes on asking.

use crate::broker;
use crate::security::broker::{Guarded, PASSWORD, USER, new_signer, signed};
use crate::security::corner::{Corner, Way, topics};
use std::thread;
use std::time::{Duration, Instant};

/// A way that leads nowhere, and what must be said of it.
struct Refusal {
    name: &'static str,
    way: Way,
    says: Vec<String>,
}

fn refusal(name: &'static str, way: Way, says: &[&str]) -> Refusal {
    Refusal { name, way, says: says.iter().map(|part| (*part).to_owned()).collect() }
}

/// The lines of a config with this CA.
fn trusting(broker: &Guarded, ca: &str) -> String {
    format!("  tls: {{ca_file: {}}}\n", broker.path(ca))
}

/// Certificates that are not what they must be.
fn untrusted(broker: &Guarded) -> Vec<Refusal> {
    let ca = trusting(broker, "ca.pem");
    let [plain, mutual, expired] = ["TLS", "MTLS", "EXPIRED"].map(|listener| broker.listener(listener));
    let elsewhere = plain.replace("127.0.0.1", "localhost");
    vec![
        refusal(
            "wrong-ca",
            Way::new(&plain, &trusting(broker, "other-ca.pem")),
            &[
                &format!("certificate of {plain} was issued by corp.example tests"),
                "kafka.tls.ca_file is to hold the CA",
            ],
        ),
        refusal(
            "wrong-host",
            Way::new(&elsewhere, &ca),
            &[
                &format!("certificate of {elsewhere} is for 127.0.0.1, not for localhost"),
                "name the broker in kafka.brokers",
            ],
        ),
        refusal(
            "expired",
            Way::new(&expired, &ca),
            &[&format!("certificate of {expired} expired: it held until "), "renew it on the broker"],
        ),
        refusal(
            "no-client-certificate",
            Way::new(&mutual, &ca),
            &[&mutual, "kafka.tls.cert_file and key_file"],
        ),
    ]
}

/// Passwords and tokens that the broker does not know.
fn unknown(broker: &Guarded) -> Vec<Refusal> {
    let ca = trusting(broker, "ca.pem");
    let tls = |listener: &str, lines: &str| Way::new(&broker.listener(listener), lines);
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
            &["invalid_token", "kafka.sasl.token: the broker does not take this token"],
        ),
        refusal(
            "old-token",
            tls("OAUTH", &token("old-token", broker.token(USER, -60))),
            &["old-token holds a token that expired at ", "whoever renews that file"],
        ),
    ]
}

/// Runs it until `/readyz` says all of that, then stops it in order.
fn run_says(corner: &Corner, refusal: &Refusal) -> String {
    let config = corner.config(&format!("run-{}", refusal.name), &refusal.way, "");
    let process = corner.run(&config, &[]);
    let began = Instant::now();
    loop {
        let said = process.page("/readyz").map(|(status, said)| (status, said.replace('\n', " ")));
        if said
            .as_ref()
            .is_some_and(|(code, text)| *code == 503 && refusal.says.iter().all(|part| text.contains(part)))
        {
            break;
        }
        let patience = Duration::from_secs(90);
        assert!(began.elapsed() < patience, "{}: {said:?}\n{}", refusal.name, process.log());
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(process.page("/livez").unwrap().0, 200, "waiting is not being broken");
    let log = process.log();
    assert!(process.stop().success());
    log
}

#[test]
fn a_refusal_says_what_is_wrong_and_how_to_mend_it() {
    let _turn = broker::together();
    let corner = Corner::new("refusals");
    thread::scope(|scope| {
        for (name, way, says) in kinds(corner.broker) {
            let corner = &corner;
            scope.spawn(move || {
                let (code, said) = topics("check", &corner.config(name, &way, ""));
                assert!(code == Some(69) || code == Some(78), "{name}: {code:?} {said}");
                assert!(said.contains(says), "{name}: {said}");
            });
        }
        let asked = untrusted(corner.broker).into_iter().chain(unknown(corner.broker)).map(|refusal| {
            let corner = &corner;
            scope.spawn(move || {
                let (code, said) = topics("check", &corner.config(refusal.name, &refusal.way, ""));
                assert_eq!(code, Some(78), "{}: {said}", refusal.name);
                let log = run_says(corner, &refusal);
                for part in refusal.says.iter().map(String::as_str).chain(["no broker lets us in"]) {
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

/// Listeners of another kind than the config says: these close the connection without a word.
fn kinds(broker: &Guarded) -> [(&'static str, Way, &'static str); 3] {
    let ca = format!("  tls: {{ca_file: {}}}\n", broker.path("ca.pem"));
    let as_set = "kafka.tls and kafka.sasl set as the listener";
    [
        ("plain-to-tls", Way::new(&broker.listener("TLS"), ""), as_set),
        ("tls-to-plain", Way::new(&broker.open, &ca), "; to mend: "),
        ("no-sasl", Way::new(&broker.listener("SASL"), &ca), as_set),
    ]
}
