//! `check` finds what `run` would refuse, short of a broker, and values that cannot be meant.

use crate::cli_world::World;
use adcs_watch::config::Config;
use serde_json::Value;

/// A config that `run` accepts.
const GOOD: &str = "kafka: {brokers: ['b:9092']}\nsources: [{topic: a}]\n";

fn check(text: &str, options: &str) -> (i32, String) {
    let world = World::new();
    world.write("c.yaml", text);
    let run = world.run(&format!("check -c c.yaml {options}"));
    assert_eq!(run.stderr, "");
    (run.code, run.stdout)
}

/// The one mistake that `check` reports, without the name of the file.
fn refused(text: &str, options: &str) -> String {
    let (code, said) = check(text, options);
    assert!(code == 78 && said.ends_with("1 mistake\n"), "{text}\n{said}");
    said.lines().next().unwrap().trim_start_matches("c.yaml:").trim().to_owned()
}

#[test]
fn check_prints_a_summary_or_all_mistakes() {
    let (code, said) = check(&format!("{GOOD}policy: {{certlog_remote_write: {{enabled: false}}}}\n"), "");
    assert_eq!(code, 0, "{said}");
    for part in [
        "c.yaml: ok\n",
        "detections on       san-mismatch, certificate-used-by-other, ",
        "detections off      certlog-remote-write\n",
        "without a list      decoy-template (needs policy.decoys), protected-host-certificate (needs\n",
        "sources             1\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (code, said) = check(&format!("polcy: {{}}\nother: 1\n{GOOD}"), "");
    assert_eq!(code, 78);
    assert!(said.contains("c.yaml:1:1: polcy: unknown field; did you mean `policy`?"), "{said}");
    assert!(said.ends_with("2 mistakes\n"), "{said}");
    let run = World::new().run("check -c none.yaml");
    assert_eq!(run.code, 78);
    assert!(run.stdout.contains("none.yaml: cannot be read: No such file"), "{}", run.stdout);
}

#[test]
fn check_refuses_what_run_refuses_before_it_contacts_a_broker() {
    assert_eq!(check(GOOD, "").0, 0);
    let kafka = |more: &str| format!("kafka:\n  brokers: ['b:9092']\n{more}sources: [{{topic: a}}]\n");
    for (text, at, part) in [
        ("kafka: {brokers: ['b:9092']}\n".to_owned(), "sources", "none is named"),
        ("sources: [{topic: a}]\n".to_owned(), "kafka.brokers", "none is named"),
        (kafka("  instance_id: {env: ADCS_WATCH_NOT_SET}\n"), "3:16: kafka.instance_id", "is not set"),
        (
            kafka("  sasl: {mechanism: PLAIN, username: a, password: {file: /nowhere/p}}\n"),
            "3:51: kafka.sasl.password",
            "cannot read /nowhere/p",
        ),
        (kafka("  tls:\n    ca_file: /nowhere/ca\n"), "4:14: kafka.tls.ca_file", "cannot read /nowhere/ca"),
        (
            kafka("  consumer: {fetch.wait.maxx.ms: 5}\n"),
            "3:34: kafka.consumer.fetch.wait.maxx.ms",
            "no setting of this name",
        ),
        (kafka("  producer: {linger.ms: soon}\n"), "3:25: kafka.producer.linger.ms", "refuses this value"),
        (
            kafka("  consumer: {session.timeout.ms: 400000}\n"),
            "3:34: kafka.consumer.session.timeout.ms",
            "`max.poll.interval.ms`must be >= `session.timeout.ms`",
        ),
        (
            kafka("  tls: {}\n  properties: {ssl.cipher.suites: NOPE}\n"),
            "4:35: kafka.properties.ssl.cipher.suites",
            "no cipher match",
        ),
        (kafka("  tls: {ca_file: /dev/null}\n"), "3:18: kafka.tls.ca_file", "/dev/null is empty"),
        (
            format!("{GOOD}topics: {{alerts: x.y, dead_letter: x_y}}\n"),
            "3:36: topics.dead_letter",
            "in `.` and `_` only",
        ),
        (format!("{GOOD}topics: {{alerts: a}}\n"), "2:11: sources[0]", "would read its own output"),
        (
            "kafka: {brokers: ['b:9092']}\nsources:\n  - pattern: adcs.*alerts\n".to_owned(),
            "3:5: sources[0]",
            "matches adcs-watch.alerts",
        ),
        (
            format!("{GOOD}topics: {{alerts: x, dead_letter: x}}\n"),
            "3:34: topics.dead_letter",
            "x is also topics.alerts",
        ),
        (
            "kafka: {brokers: ['b:9092']}\nsources: [{pattern: 'x.*'}, {topic: xb}]\n".to_owned(),
            "2:29: sources[1]",
            "sources[0] reads `xb` already",
        ),
        (
            format!("{GOOD}http: {{tls: {{cert_file: /nowhere/c, key_file: /dev/null}}}}\n"),
            "3:25: http.tls.cert_file",
            "cannot read",
        ),
    ] {
        let said = refused(&text, "");
        assert!(said.starts_with(at) && said.contains(part), "{text}{said}");
        let world = World::new();
        world.write("c.yaml", &text);
        let run = world.run("run -c c.yaml");
        assert!(run.code == 78 && run.stderr.contains(part), "{text}{}", run.stderr);
    }
    let (code, said) = check("", "");
    assert!(code == 78 && said.contains("kafka.brokers: none") && said.contains("sources: none"), "{said}");
}

#[test]
fn settings_of_clients_are_named_as_the_config_has_them() {
    let kafka = |more: &str| format!("kafka:\n  brokers: ['b:9092']\n{more}sources: [{{topic: a}}]\n");
    for (text, at, part) in [
        (
            kafka("  consumer: {fetch.max.wait.ms: 5}\n"),
            "3:33: kafka.consumer.",
            "did you mean `fetch.wait.max.ms`?",
        ),
        (
            kafka("  producer: {max.in.flight.requests.per.connection: 6}\n"),
            "3:53: kafka.producer.max.in.flight.requests.per.connection",
            "must be set <= 5",
        ),
        (
            kafka("  sasl: {mechanism: PLAIN, username: a, password: {env: $PASSWORD}}\n"),
            "3:57: kafka.sasl.password.env",
            "write `PASSWORD`",
        ),
    ] {
        let said = refused(&text, "");
        assert!(said.starts_with(at) && said.contains(part), "{text}{said}");
    }
}

#[test]
fn secrets_and_pem_files_that_cannot_be_meant_are_refused_together() {
    let world = World::new();
    world
        .write("p", "hunter2\nhunter3\n")
        .write("empty", "\n")
        .write("text", "hunter2\n")
        .write("key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    let place = |name: &str| format!("{{file: {}}}", world.path(name).display());
    let path = |name: &str| world.path(name).display().to_string();
    world.write(
        "c.yaml",
        format!(
            "{}  sasl: {{mechanism: PLAIN, username: a, password: {}}}\n  tls: {{ca_file: {key}, cert_file: {}, key_file: {key}}}\n\
             sources: [{{topic: a}}]\nhttp:\n  tls: {{cert_file: {}, key_file: {key}}}\n  basic_auth: {{username: a, password: {}}}\n",
            "kafka:\n  brokers: ['b:9092']\n",
            place("p"),
            path("text"),
            path("empty"),
            place("empty"),
            key = path("key"),
        ),
    );
    let run = world.run("check -c c.yaml");
    for part in [
        "kafka.sasl.password: ",
        "p has several lines",
        "kafka.tls.ca_file: ",
        "key has a private key and no certificate",
        "kafka.tls.cert_file: ",
        "text has no certificate in PEM",
        "key has a key with a password: set kafka.tls.key_password",
        "http.tls.cert_file: ",
        "empty has no certificate in PEM",
        "http.tls.key_file: ",
        "http.basic_auth.password: ",
        "empty is empty",
        "7 mistakes",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("hunter"), "{}", run.stdout);
}

#[test]
fn check_for_a_purpose_needs_only_what_it_uses() {
    let policy = "policy: {domains: {CORP: [corp.example]}}\n";
    assert_eq!(check(policy, "--for replay").0, 0);
    assert_eq!(check("", "--for replay").0, 0);
    let detector = "kafka: {brokers: ['b:9092']}\n";
    assert_eq!((check(detector, "--for detector").0, check(detector, "--for router").0), (0, 78));
    let secret = "kafka: {brokers: ['b:9092'], tls: {ca_file: /nowhere/ca}, consumer: {x: 1}}\nsources: [{topic: a}]\n";
    assert!(
        refused(secret, "--no-secrets").contains("kafka.consumer.x"),
        "secrets are not read, the rest is"
    );
}

#[test]
fn variables_in_values_are_refused_with_the_way_to_write_them() {
    let said = refused("kafka:\n  brokers: ['b:9092', '${KAFKA}']\nsources: [{topic: a}]\n", "");
    assert!(said.starts_with("2:23: kafka.brokers[1]: `${KAFKA}` is not expanded"), "{said}");
    assert!(said.contains("{env: KAFKA} or {file: PATH}"), "{said}");
    let said = refused("kafka: {brokers: ['b:9092']}\nsources: [{topic: '${TOPIC}'}]\n", "");
    assert!(said.starts_with("2:19: sources[0].topic: `${TOPIC}` is not expanded"), "{said}");
    let said = refused(&format!("{GOOD}topics: {{partitions: '${{N}}'}}\n"), "");
    assert!(said.starts_with("3:22: topics.partitions: `${N}` is not expanded"), "{said}");
    let said = refused(
        "kafka: {brokers: ['b:9092'], sasl: {mechanism: PLAIN, username: a, password: '${P}'}}\nsources: [{topic: a}]\n",
        "",
    );
    assert!(said.contains("kafka.sasl.password: `${P}` is not expanded"), "{said}");
}

/// The one mistake of a policy.
fn policy(text: &str) -> String {
    let mistakes = Config::parse("c.yaml", &format!("policy: {text}\n")).unwrap_err().mistakes;
    assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
    mistakes[0].to_string()
}

#[test]
fn entries_that_match_everything_or_nothing_are_refused() {
    for (text, path, part) in [
        ("{allow: {san_suffixes: ['']}}", "policy.allow.san_suffixes[0]", "every name ends with it"),
        ("{allow: {san_suffixes: ['.']}}", "policy.allow.san_suffixes[0]", "no letter or digit"),
        (
            "{allow: {san_suffixes: ['*.dmz.corp.example']}}",
            "policy.allow.san_suffixes[0]",
            "write `.dmz.corp.example`",
        ),
        ("{protected: {terms: [krbtgt, ' ']}}", "policy.protected.terms[1]", "is empty"),
        ("{protected: {terms: ['admin*']}}", "policy.protected.terms[0]", "wildcard"),
        ("{protected: {accounts: ['CORP\\']}}", "policy.protected.accounts[0]", "no account name"),
        (
            "{protected: {domain_controllers: [10.0.0.0/8]}}",
            "policy.protected.domain_controllers[0]",
            "is a network",
        ),
        ("{protected: {domain_controllers: ['dc01 ']}}", "policy.protected.domain_controllers[0]", "blank"),
        ("{allow: {requesters: ['*']}}", "policy.allow.requesters[0]", "wildcard"),
        ("{allow: {templates: ['Web*']}}", "policy.allow.templates[0]", "wildcard"),
        ("{allow: {source_hosts: ['']}}", "policy.allow.source_hosts[0]", "is empty"),
        ("{allow: {source_hosts: [0.0.0.0/0]}}", "policy.allow.source_hosts[0]", "every address"),
        ("{allow: {source_hosts: [10.0.0.0/40]}}", "policy.allow.source_hosts[0]", "0 to 32 bits"),
        ("{domains: {CORP: ['']}}", "policy.domains.CORP[0]", "every name ends with it"),
        ("{domains: {CORP: []}}", "policy.domains.CORP", "no suffix"),
        ("{cas: {ca01: ''}}", "policy.cas.ca01", "is empty"),
        (
            "{certlog_remote_write: {training_days: 10}}",
            "policy.certlog_remote_write.activation_days",
            "would never alert",
        ),
    ] {
        let said = policy(text);
        assert!(said.starts_with(&format!("{path}: ")) && said.contains(part), "{text}: {said}");
    }
    let right =
        "{allow: {source_hosts: [10.20.0.0/16, 'fd00::/8', srv-clm, 10.1.2.3]}, protected: {terms: [dc$]}}";
    assert!(Config::parse("c.yaml", &format!("policy: {right}\n")).is_ok());
}

#[test]
fn name_in_another_spelling_is_a_repeated_name() {
    for (text, first) in [
        ("domains: {CORP: [corp.example], corp: [other.example]}", "CORP"),
        ("cas: {ca01.corp.example: CORP-CA01, CA01.corp.example: CORP-CA02}", "ca01.corp.example"),
        ("cas: {ca01.corp.example: CORP-CA01, ca01.corp.example.: CORP-CA01}", "ca01.corp.example"),
        (r"agents: {'CORP\FAS01$': {templates: [A]}, 'corp\fas01$': {templates: [B]}}", r"CORP\FAS01$"),
        (
            "unknown_certificate: {complete_since: {ca01: 2026-03-02T09:00:00Z, CA01: 2026-04-02T09:00:00Z}}",
            "ca01",
        ),
    ] {
        let said = policy(&format!("{{{text}}}"));
        assert!(said.contains(&format!("the same as `{first}` in line ")), "{text}: {said}");
    }
    for text in [
        "domains: {CORP: [corp.example], CHILD: [child.corp.example]}",
        "cas: {ca01.corp.example: CORP-CA01, ca01.child.corp.example: CHILD-CA01}",
        r"agents: {'CORP\FAS01$': {templates: [A]}, 'CHILD\FAS01$': {templates: [B]}}",
        // Both entries count.
        r"hosts: {'CORP\SQL1$': [a.corp.example], 'corp\sql1$': [b.corp.example]}",
    ] {
        let read = Config::parse("c.yaml", &format!("policy: {{{text}}}\n"));
        assert!(read.is_ok(), "{text}: {read:?}");
    }
}

#[test]
fn common_mistakes_name_the_right_spelling() {
    let said = |text: &str| Config::parse("c.yaml", text).unwrap_err().to_string();
    for (text, part) in [
        (
            "kafka: {brokers: 'a:9092,b'}",
            "expected a list, found the text `a:9092,b`; write `brokers: [a:9092, b]`",
        ),
        ("kafka: {brokers: ['a,b']}", "`a,b` names several brokers"),
        ("kafka: {brokers: ['SASL_SSL://a:9093']}", "write `a:9093`; encryption is the section kafka.tls"),
        ("kafka: {bootstrap.servers: a}", "unknown field; did you mean `brokers`?"),
        ("kafka: {tls: true}", "expected a mapping, found `true`; write `tls: {}`"),
        ("kafka: {tls: false}", "leave `tls` out"),
        ("kafka: {sasl: {mechanism: plain, username: a, password: {file: p}}}", "did you mean `PLAIN`?"),
        (
            "kafka: {sasl: {mechanism: scram_sha_512, username: a, password: {file: p}}}",
            "did you mean `SCRAM-SHA-512`?",
        ),
        ("kafka: {sasl: {mechanism: PLAIN, user: a, password: {file: p}}}", "did you mean `username`?"),
        (
            "topics: {retention: 7}",
            "expected text, found the number 7; write a unit, `7s`, `7m`, `7h` or `7d`",
        ),
        ("topics: {partitions: '24'}", "expected a whole number, found the text `24`; remove the quotes"),
        ("policy: {san_mismatch: false}", "write `san_mismatch: {enabled: false}`"),
        (
            "policy: {san_mismatch: {enabled: 'yes'}}",
            "expected `true` or `false`, found the text `yes`; write `true`",
        ),
        ("sources: {topic: a}", "expected a list, found a mapping"),
        ("policy: [a]", "expected a mapping, found a list"),
    ] {
        let said = said(text);
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn check_writes_json_and_annotations() {
    let text = &format!("polcy: {{}}\n{GOOD}");
    let (code, said) = check(text, "--format json");
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &document["ok"], &document["file"]), (78, &Value::from(false), &Value::from("c.yaml")));
    let mistake = &document["mistakes"][0];
    assert_eq!(
        (&mistake["line"], &mistake["column"], &mistake["path"]),
        (&1.into(), &1.into(), &"polcy".into())
    );
    assert_eq!(document["mistakes"].as_array().unwrap().len(), 1);
    let (code, said) = check(text, "--format github");
    let annotation = "::error file=c.yaml,line=1,col=1,title=adcs-watch config::polcy: unknown field; did you mean `policy`?\n";
    assert_eq!((code, said.as_str()), (78, annotation));
    let (code, said) = check(GOOD, "--format json");
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &document["ok"]), (0, &Value::from(true)));
    assert!(document["summary"]["detections_on"].as_str().unwrap().contains("san-mismatch"), "{said}");
    assert_eq!(check(GOOD, "--format github"), (0, String::new()));
}

#[test]
fn excerpt_shows_the_line_unless_it_may_hold_a_secret() {
    let (_, said) = check("policy:\n  cas: 5\n", "--for replay --color always");
    assert!(said.contains("2 |   cas: 5\n    |        ^"), "{said}");
    let secret = "kafka:\n  sasl: {mechanism: SCRAM, username: a, password: hunter2}\n";
    let (_, said) = check(secret, "--for replay --color always");
    assert!(said.contains("kafka.sasl.mechanism") && !said.contains("hunter2"), "{said}");
    let (_, said) = check("kafka:\n  sasl:\n    password:\n      hunter2\n", "--for replay --color always");
    assert!(said.contains("kafka.sasl.password") && !said.contains("hunter2"), "{said}");
}

#[test]
fn terms_add_to_the_built_in_ones_unless_they_replace_them() {
    let terms = |text: &str| {
        let config = Config::parse("c.yaml", &format!("policy: {{protected: {{terms: {text}}}}}\n")).unwrap();
        config.policy.protected.terms.to_vec()
    };
    let added = terms("[tier0, krbtgt]");
    assert!(added.len() == 9 && added.contains(&"tier0".to_owned()) && added.contains(&"dc$".to_owned()));
    assert_eq!(terms("{replace: [tier0]}"), ["tier0"]);
    assert_eq!(terms("{replace: []}"), [""; 0]);
    assert!(policy("{protected: {terms: {replace: ['']}}}").contains("terms.replace[0]: is empty"));
    assert!(policy("{protected: {terms: {remove: [a]}}}").contains("expected a list of texts, or {replace"));
}

#[test]
fn networks_in_source_hosts_match_their_addresses() {
    let text = "policy: {allow: {source_hosts: [10.20.0.0/16, 'fd00::/8', srv-clm]}}\n";
    let allow = Config::parse("c.yaml", text).unwrap().policy.allow.always();
    for inside in ["10.20.30.40", "::ffff:10.20.30.40", "fd00::1", "SRV-CLM.corp.example"] {
        assert!(allow.source_host(inside), "{inside}");
    }
    for outside in ["10.21.0.1", "fe80::1", "srv-clm2", "-", ""] {
        assert!(!allow.source_host(outside), "{outside}");
    }
}

#[test]
fn check_warns_of_entries_that_have_expired_and_refuses_those_that_cannot_be_meant() {
    let policy = |text: &str| check(&format!("policy: {text}\n"), "--for replay");
    let entry = "{account: 'CORP\\a', until: 2020-01-01T00:00:00Z, owner: desk}";
    let (code, said) = policy(&format!("{{allow: {{requesters: [{entry}]}}}}"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("warning             policy.allow.requesters[0] ended at 2020-01-01"), "{said}");
    let (_, said) = policy("{allow: {requesters: [{account: 'CORP\\a', until: 2099-01-01T00:00:00Z}]}}");
    assert!(!said.contains("warning"), "{said}");
    for (text, part) in [
        ("{exceptions: [{detections: [san-mismatch]}]}", "is about nothing"),
        ("{exceptions: [{detections: [san-mismatch], remote_host: wks-1}]}", "rests on `remote_host`"),
        (
            "{exceptions: [{detections: [decoy-template], remote_host: wks-1, names: ['*.a.example']}]}",
            "rests on `remote_host`",
        ),
        ("{exceptions: [{detections: [], account: a}]}", "names no detection"),
        ("{exceptions: [{detections: [san_mismatch], account: a}]}", "did you mean `san-mismatch`?"),
        ("{exceptions: [{account: a}]}", "detections"),
        ("{allow: {requesters: [{account: '*'}]}}", "has a wildcard"),
        ("{allow: {requesters: [{template: User}]}}", "expected a text, or {account: "),
        ("{allow: {templates: [{template: User, detections: [x]}]}}", "`x` is no detection"),
    ] {
        let (code, said) = policy(text);
        assert!(code == 78 && said.contains(part), "{text}: {said}");
    }
}

#[test]
fn settings_that_librdkafka_refuses_together_are_listed_at_once() {
    let (code, said) = check(
        "kafka:\n  brokers: ['b:9092']\n  consumer:\n    session.timeout.ms: 400000\n    \
         fetch.max.bytes: 512\n  producer: {max.in.flight: 6, retries: 0}\nsources: [{topic: a}]\n",
        "",
    );
    assert_eq!(code, 78, "{said}");
    for (line, setting) in [
        (4, "consumer.session.timeout.ms"),
        (5, "consumer.fetch.max.bytes"),
        (6, "producer.max.in.flight"),
        (6, "producer.retries"),
    ] {
        let has = |said: &str| said.starts_with(&format!("c.yaml:{line}:")) && said.contains(setting);
        assert!(said.lines().any(has), "{setting}: {said}");
    }
    assert!(said.ends_with("4 mistakes\n"), "{said}");
}

#[test]
fn number_of_replicas_that_kafka_has_not_is_refused() {
    for count in [0, 32_768, 65_536] {
        let said = refused(&format!("{GOOD}topics: {{replication_factor: {count}}}\n"), "");
        assert!(said.contains("topics.replication_factor") && said.contains("between 1 and 32767"), "{said}");
    }
}
