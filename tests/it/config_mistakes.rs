//! A config with mistakes is refused. The error lists all of them, each with its place and the probable intention.

use crate::cli_world::{World, story};
use adcs_watch::config::Config;

fn mistakes(text: &str) -> Vec<String> {
    let said = Config::parse("c.yaml", text).unwrap_err().to_string();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn config_mistakes_are_all_listed_with_their_places() {
    let text = "\
policy:
  san_mismatch:
    burst_cuont: 3
  domians:
    CORP: [corp.example]
  allow:
    requesters: 5
    templates: [WebServer, 7, User]
  protected:
    rids: [500, x, 501]
kafak:
  brokers: a
";
    assert_eq!(
        mistakes(text),
        [
            "c.yaml:3:5: policy.san_mismatch.burst_cuont: unknown field; did you mean `burst_count`?",
            "c.yaml:4:3: policy.domians: unknown field; did you mean `domains`?",
            "c.yaml:7:17: policy.allow.requesters: expected a list, found the number 5; write `requesters: [5]`",
            "c.yaml:8:28: policy.allow.templates[1]: expected text, found the number 7; write '7' in quotes",
            "c.yaml:10:17: policy.protected.rids[1]: expected a whole number, found the text `x`",
            "c.yaml:11:1: kafak: unknown field; did you mean `kafka`?",
        ]
    );
}

#[test]
fn numbers_with_zeros_before_them_are_text() {
    // To readers of YAML 1.1 `010` is 8, to those of 1.2 it is 10. An account may be called so.
    let accounts = Config::parse("c.yaml", "policy: {protected: {accounts: [0123, '0123']}, decoys: [007]}");
    assert!(accounts.is_ok(), "{accounts:?}");
    assert_eq!(
        mistakes(
            "topics: {partitions: 010}\npolicy: {protected: {rids: [0500], accounts: [1.10]}, allow: {templates: [7]}}"
        ),
        [
            "c.yaml:1:22: topics.partitions: expected a whole number, found the text `010`; write 10",
            "c.yaml:2:29: policy.protected.rids[0]: expected a whole number, found the text `0500`; write 500",
            "c.yaml:2:47: policy.protected.accounts[0]: expected text, found the number 1.1; put it in quotes",
            "c.yaml:2:75: policy.allow.templates[0]: expected text, found the number 7; write '7' in quotes",
        ]
    );
}

#[test]
fn properties_that_break_exactly_once_are_refused_with_the_reason() {
    let text = "\
kafka:
  brokers: [b:9092]
  properties:
    sasl.password: hunter2
    socket.keepalive.enable: true
  consumer:
    isolation.level: read_uncommitted
    fetch.wait.max.ms: 50
  producer:
    transactional.id: x
  sasl: {mechanism: SCRAM, username: a, password: hunter2}
sources:
  - topic: a
    shape: winlogbaet
  - pattern: '('
  - {topic: a, pattern: b}
topics: {partitions: 0, retention: 1h, routed: 'a b'}
alerts: {format: xml}
log: {level: loud}
http: {listen: here}
";
    let said = mistakes(text);
    let wanted = [
        "c.yaml:4:20: kafka.properties.sasl.password: cannot be set: secrets are not written in the config",
        "c.yaml:7:22: kafka.consumer.isolation.level: cannot be set: exactly-once needs read_committed",
        "c.yaml:10:23: kafka.producer.transactional.id: cannot be set: it is built from kafka.group",
        "c.yaml:11:21: kafka.sasl.mechanism: unknown value `SCRAM`; ",
        "kafka.sasl.password: ",
        "c.yaml:14:12: sources[0].shape: `winlogbaet` is no format; did you mean `winlogbeat`?",
        "sources[1].pattern: `(` is not a regular expression",
        "sources[2]: has `topic` and `pattern`: use one of them",
        "c.yaml:17:22: topics.partitions: 0 is not between 1 and 10000",
        "topics.retention: 1h is less than 72h",
        "topics.routed: `a b` is not a topic name",
        "alerts.format: unknown value `xml`; ",
        "log.level: unknown value `loud`; ",
        "http.listen: ",
    ];
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for (said, wanted) in said.iter().zip(wanted) {
        assert!(said.contains(wanted), "{said} is not {wanted}");
    }
    assert!(!said.concat().contains("hunter2"), "a secret is shown: {said:#?}");
}

#[test]
fn settings_that_a_stage_owns_are_refused_under_every_name() {
    for name in [
        "acks",
        "request.required.acks",
        "bootstrap.servers",
        "metadata.broker.list",
        "enable.auto.commit",
        "auto.commit.enable",
        "offset.store.method",
        "statistics.interval.ms",
        "log_level",
        "internal.termination.signal",
        "sasl.mechanism",
        "sasl.mechanisms",
        "sasl.kerberos.principal",
        "ssl.endpoint.identification.algorithm",
        "ssl.certificate.pem",
        "ssl.truststore.location",
        "test.mock.num.brokers",
        "ut_handle_ProduceResponse",
    ] {
        for section in ["properties", "consumer", "producer"] {
            let said = mistakes(&format!("kafka: {{{section}: {{{name}: 1}}}}\n"));
            let wanted = format!("kafka.{section}.{name}: cannot be set: ");
            assert!(matches!(&said[..], [one] if one.contains(&wanted)), "{name}: {said:?}");
        }
    }
}

#[test]
fn incomplete_sasl_settings_name_what_is_missing() {
    let refused = |sasl: &str, why: &str| {
        let said = mistakes(&format!("kafka:\n  sasl: {sasl}\n"));
        assert!(matches!(&said[..], [one] if one.contains("kafka.sasl") && one.contains(why)), "{said:?}");
    };
    refused("{mechanism: OAUTHBEARER}", "`token` is missing");
    refused("{mechanism: OAUTHBEARER, username: a, token: {file: t}}", "neither `username` nor `password`");
    refused("{mechanism: OAUTHBEARER, password: {file: t}}", "neither `username` nor `password`");
    refused("{mechanism: PLAIN, username: a, password: {file: p}, token: {file: t}}", "`token` belongs to");
    refused("{mechanism: PLAIN, username: a}", "`password` is missing");
    refused("{mechanism: PLAIN, password: {env: P}}", "`username` is missing");
    refused("{mechanism: SCRAM-SHA-512}", "SCRAM-SHA-512 needs both");
    refused(
        "{mechanism: GSSAPI, username: a, password: {env: P}}",
        "known here: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER",
    );
    refused("{mechanism: PLAIN, username: a, password: {env: P}, tokn: {file: t}}", "did you mean `token`?");
}

#[test]
fn secret_in_the_config_is_refused_and_not_printed() {
    for secret in [
        "hunter2",
        "7357",
        "0.7357",
        "true",
        "[hunter2]",
        "{hunter2: x}",
        "{value: hunter2}",
        "{file: [hunter2]}",
        "{env: A, file: hunter2}",
    ] {
        for place in [
            format!("kafka: {{sasl: {{mechanism: PLAIN, username: a, password: {secret}}}}}"),
            format!("kafka: {{sasl: {{mechanism: OAUTHBEARER, token: {secret}}}}}"),
            format!("kafka: {{tls: {{key_password: {secret}}}}}"),
            format!("http: {{basic_auth: {{username: a, password: {secret}}}}}"),
        ] {
            let said = mistakes(&place).concat();
            assert!(said.contains("{env: NAME} or {file: PATH}"), "{place}: {said}");
            assert!(
                !said.contains("hunter2: a") && !said.contains("`hunter2`") && !said.contains("7357"),
                "{said}"
            );
        }
    }
    for name in [
        "sasl.password",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
        "ssl.key.password",
        "ssl.key.pem",
        "ssl.truststore.password",
        "sasl.jaas.config",
    ] {
        let said = mistakes(&format!("kafka:\n  properties:\n    {name}: hunter2\n")).concat();
        assert!(said.contains("cannot be set: ") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn alert_settings_that_exclude_each_other_are_refused() {
    let refused = |alerts: &str, why: &str| {
        let said = mistakes(&format!("alerts: {alerts}\n"));
        assert!(matches!(&said[..], [one] if one.contains("alerts: ") && one.contains(why)), "{said:?}");
    };
    refused("{schema_id: 12}", "needs `format: protobuf`");
    refused("{format: protobuf, schema_id: 0}", "is not between 1 and 2147483647");
    refused("{older: hold}", "no effect without `max_age`");
    assert_eq!(mistakes("alerts: {format: protobuf, shcema_id: 12}\n").len(), 1);
}

#[test]
fn instance_id_is_a_name_or_a_variable() {
    for wrong in ["{file: /etc/hostname}", "{env: A, evn: B}", "[a]", "7"] {
        let said = mistakes(&format!("kafka:\n  instance_id: {wrong}\n"));
        assert_eq!(said, ["c.yaml:2:16: kafka.instance_id: neither a name nor {env: VARIABLE}"], "{wrong}");
    }
}

#[test]
fn values_out_of_range_name_the_range() {
    let text = "policy:\n  san_mismatch:\n    burst_window: 10 parsecs\n  certlog_remote_write:\n    activation_days: 99\n";
    let said = mistakes(text);
    assert!(
        said[0].starts_with("c.yaml:3:19: policy.san_mismatch.burst_window: `10 parsecs` is no length"),
        "{said:?}"
    );
    assert!(
        said[1].starts_with("c.yaml:5:22: policy.certlog_remote_write.activation_days: 99 days"),
        "{said:?}"
    );
}

#[test]
fn yaml_features_that_a_config_does_not_use_are_refused() {
    assert_eq!(
        mistakes("policy:\n  cas: {}\n  cas: {}\n"),
        ["c.yaml:3:3: policy.cas: said twice; the first is in line 2"]
    );
    assert!(
        mistakes("policy:\n  cas: {7: x}\n")[0].contains("c.yaml:2:9: policy.cas: the name `7` is not text")
    );
    assert!(mistakes("policy: &p {}\nother: *p\n")[0].contains("c.yaml:2:8: other: aliases"));
    assert!(mistakes("a: &x {}\npolicy: {<<: *x}\n").concat().contains("policy.<<: aliases"));
    for tagged in ["!env ROUTED", "!include [a]", "!Ref {a: b}"] {
        let said = mistakes(&format!("topics: {{routed: {tagged}}}\n")).concat();
        let tag = tagged.split(' ').next().unwrap();
        assert!(said.contains(&format!("topics.routed: tags (`{tag}`) are not supported")), "{said}");
    }
    assert!(Config::parse("c.yaml", "log: {level: !!str info}\npolicy: !!map {}\n").is_ok());
    assert!(mistakes("policy: {}\n---\npolicy: {}\n")[0].contains("a second document"));
    assert!(mistakes("policy: [\n")[0].contains("not YAML: "));
    assert!(mistakes("- a\n")[0].contains("c.yaml:1:1: a config is a mapping at the top"));
    let deep = |depth: usize| format!("policy: {}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(mistakes(&deep(100))[0].contains("nested too deeply"));
    assert!(mistakes(&deep(100_000))[0].contains("not YAML: recursion limit"));
}

#[test]
fn names_without_values_mean_the_default() {
    for text in [
        "",
        "# nothing\n",
        "policy:\n",
        "policy:\n  allow:\n    requesters:\n",
        "---\npolicy: {}\n",
        "\u{feff}policy:\n",
    ] {
        assert_eq!(Config::parse("c.yaml", text), Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn names_without_values_that_cannot_be_meant_are_refused() {
    for (text, wanted) in [
        ("polcy:\n", "c.yaml:1:1: polcy: unknown field; did you mean `policy`?"),
        ("topics: {partitions: 1,000}\n", "c.yaml:1:24: topics.000: unknown field; known here: "),
        (
            "policy:\n  san_mismatch:\n    enabeld:\n",
            "policy.san_mismatch.enabeld: unknown field; did you mean",
        ),
        ("sources: [{topic: a, fromat: }]\n", "sources[0].fromat: unknown field; did you mean `format`?"),
        ("kafka:\n  tls:\n", "c.yaml:2:3: kafka.tls: has no value; write `tls: {}`"),
        ("kafka:\n  sasl: ~\n", "kafka.sasl: has no value; write `sasl: {mechanism"),
        ("http:\n  tls:\n", "http.tls: has no value"),
        ("http:\n  basic_auth: null\n", "http.basic_auth: has no value"),
        ("policy: {domains: {CORP}}\n", "policy.domains.CORP: has no value"),
        ("policy:\n  cas:\n    ca01:\n", "policy.cas.ca01: has no value"),
        ("kafka: {consumer: {session.timeout.ms: }}\n", "kafka.consumer.session.timeout.ms: has no value"),
    ] {
        let said = mistakes(text);
        assert!(matches!(&said[..], [one] if one.contains(wanted)), "{text}: {said:?}");
    }
}

#[test]
fn other_spellings_of_numbers_truths_and_lengths_of_time_are_refused_with_the_right_one() {
    for (text, wanted) in [
        ("topics: {partitions: 1_000}", "found the text `1_000`; write 1000"),
        ("topics: {partitions: '1,000'}", "write 1000"),
        ("topics: {partitions: 0x8}", "expected a whole number, found the text `0x8`"),
        ("topics: {partitions: 1.5}", "expected a whole number, found the number 1.5"),
        ("topics: {partitions: -1}", "expected a number from 0 on, found the number -1"),
        ("topics: {partitions: 99999999999}", "expected a smaller number, found the number 99999999999"),
        ("workers: {router: 100000}", "expected a smaller number, found the number 100000"),
        ("workers: {router: 65}", "65 is not between 1 and 64"),
        ("policy: {san_mismatch: {enabled: y}}", "found the text `y`; write `true`"),
        ("policy: {san_mismatch: {enabled: Off}}", "write `false`"),
        ("policy: {san_mismatch: {enabled: 1}}", "found the number 1; write `true`"),
        ("log: {level: warning}", "did you mean `warn`?"),
        ("topics: {retention: 7 days}", "`7 days` is no length of time: write `7d`"),
        ("topics: {retention: 90min}", "write `90m`"),
        ("topics: {retention: 7D}", "write `7d`"),
        ("topics: {retention: 1.5h}", "`1.5h` is no length of time such as 90s"),
        ("topics: {retention: 1h30m}", "such as 90s"),
        ("topics: {retention: P7D}", "such as 90s"),
        ("topics: {retention: days}", "such as 90s"),
        ("policy: |\n  cas: {}\n", "found the text `cas: {}`"),
    ] {
        let said = mistakes(text);
        assert!(matches!(&said[..], [one] if one.contains(wanted)), "{text}: {said:?}");
    }
    for text in ["topics: {retention: 7 d, partitions: +8}", "shutdown: {grace: 1500ms}"] {
        assert!(Config::parse("c.yaml", text).is_ok(), "{text}");
    }
}

#[test]
fn file_that_is_no_config_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8], part: &str| {
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, bytes).unwrap();
        let said = Config::load(&path).map(drop).unwrap_err().to_string();
        assert!(said.contains(part), "{part}: {said}");
    };
    refused(b"\x1f\x8b\x08", "line 1 is not UTF-8");
    refused(&b"#".repeat(5_000_000), "more than the 4194304 bytes");
    refused(b"p\0o\0:\0", "not YAML: ");
    refused(b"policy:\n\tcas: {}\n", "config.yaml:2:2: not YAML: tabs disallowed");
    refused(b"[kafka]\nbrokers = 1\n", "not YAML: ");
    let said = Config::load(folder.path()).map(drop).unwrap_err().to_string();
    assert!(said.contains("cannot be read: Is a directory"), "{said}");
}

#[test]
fn values_are_read() {
    let text = "policy:\n  domains: {CORP: [corp.example]}\n  allow: {requesters: ['CORP\\svc-ndes']}\n";
    let policy = Config::parse("c.yaml", text).unwrap().policy;
    assert_eq!(policy.domains["CORP"], ["corp.example"]);
    assert_eq!(policy.allow.requesters[0].value.to_string(), "CORP\\svc-ndes");
}

#[test]
fn replay_refuses_a_wrong_config_and_uses_a_right_one() {
    let world = World::new();
    world.write("story.ndjson", story()).write("bad.yaml", "polcy: {}\n");
    world.write(
        "quiet.yaml",
        "policy:\n  san_mismatch:\n    enabled: false\n  certificate_used_by_other: {enabled: false}\n",
    );
    let run = world.run("replay story.ndjson -c bad.yaml");
    assert_eq!((run.code, run.stdout.as_str()), (78, ""));
    assert!(run.stderr.starts_with("error: the config has 1 mistake\nbad.yaml:1:1: polcy"), "{}", run.stderr);
    assert_eq!(world.run("replay story.ndjson -c quiet.yaml --format json").alerts(), []);
}

#[test]
fn lists_of_the_policy_may_stand_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("tier0.txt", b"# Tier 0\n\nCORP\\svc-backup\r\n  CORP\\adm-alice\n");
    write("hosts.csv", b"Name,DNSHostName\nDC01,dc01.corp.example\nDC02,dc02.corp.example\n");
    let utf16: Vec<u8> = "\u{feff}svc-ndes\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    write("agents.txt", &utf16);
    write("config.yaml", b"policy:\n  protected:\n    accounts: {file: tier0.txt}\n    domain_controllers: {file: hosts.csv, column: DNSHostName}\n  allow:\n    requesters: {file: agents.txt}\n");
    let policy = Config::load(&folder.path().join("config.yaml")).unwrap().policy;
    let inline = Config::parse(
        "c.yaml",
        r"policy: {protected: {accounts: ['CORP\svc-backup', 'CORP\adm-alice'], domain_controllers: [dc01.corp.example, dc02.corp.example]}, allow: {requesters: [svc-ndes]}}",
    );
    assert_eq!(policy, inline.unwrap().policy);
    let refused = |list: &str, part: &str| {
        write("config.yaml", format!("policy:\n  protected:\n    accounts: {list}\n").as_bytes());
        let said = Config::load(&folder.path().join("config.yaml")).map(drop).unwrap_err().to_string();
        assert!(said.contains(part) && said.contains("config.yaml:3"), "{list}: {said}");
    };
    write("empty.txt", b"# nobody\n");
    write("wild.txt", b"CORP\\svc-*\n");
    refused("{file: gone.txt}", "gone.txt: ");
    refused("{file: empty.txt}", "empty.txt: has no entry");
    refused("{file: wild.txt}", "has a wildcard");
    refused("{file: hosts.csv, column: Account}", "no row has a value of `Account`");
    refused("{file: tier0.txt, columm: a}", "unknown field `columm`");
    refused("{file: 7}", "`file` is no text");
}
