//! Every text of the policy refuses what matches everything or nothing, and one mistake gives one line.

use adcs_watch::config::Config;
use adcs_watch::config::schema;
use serde_json::{Value, json};

/// A place for a text: the path in messages, and what makes a config with a text there.
type Place = (String, Box<dyn Fn(&str) -> Value>);

/// The places for texts below a schema: `path` is the path so far, and `around` puts a value there.
fn places(schema: &Value, path: &str, around: fn_chain::Chain, found: &mut Vec<Place>) {
    for schema in std::iter::once(schema).chain(schema["anyOf"].as_array().into_iter().flatten()) {
        let is_free = schema["type"] == "string" && schema.get("enum").is_none();
        let is_text = is_free && schema["title"] != "length of time";
        if is_text && !["file", "column"].iter().any(|name| path.ends_with(&format!(".{name}"))) {
            let around = around.clone();
            found.push((path.to_owned(), Box::new(move |text| around.put(json!(text)))));
        }
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            places(below, &format!("{path}.{name}"), around.field(name), found);
        }
        if schema["additionalProperties"].is_object() {
            let outer = around.clone();
            found.push((path.to_owned(), Box::new(move |text| outer.put(json!({text: "x"})))));
            places(&schema["additionalProperties"], &format!("{path}.x"), around.field("x"), found);
        }
        if schema["items"].is_object() {
            places(&schema["items"], &format!("{path}[0]"), around.element(), found);
        }
    }
}

/// What stands around a value in a config.
mod fn_chain {
    use serde_json::{Map, Value};

    #[derive(Clone, Default)]
    pub(super) struct Chain(Vec<Option<String>>);

    impl Chain {
        pub(super) fn field(&self, name: &str) -> Chain {
            Chain([self.0.clone(), vec![Some(name.to_owned())]].concat())
        }

        pub(super) fn element(&self) -> Chain {
            Chain([self.0.clone(), vec![None]].concat())
        }

        pub(super) fn put(&self, value: Value) -> Value {
            self.0.iter().rev().fold(value, |value, step| match step {
                Some(name) => Value::Object(Map::from_iter([(name.clone(), value)])),
                None => Value::Array(vec![value]),
            })
        }
    }
}

#[test]
fn texts_and_names_of_the_policy_are_never_empty_or_wildcards() {
    let mut all = Vec::new();
    let around = fn_chain::Chain::default().field("policy");
    places(&schema::config()["properties"]["policy"], "policy", around, &mut all);
    assert!(all.len() > 80, "{}", all.len());
    for (path, config) in all {
        for text in ["", " "] {
            let config = config(text).to_string();
            let said = Config::parse("c.yaml", &config).map(drop).unwrap_err();
            let is_there = said
                .mistakes
                .iter()
                .any(|mistake| mistake.path.starts_with(&path) || is_entry(&mistake.path, &path));
            assert!(is_there, "{path} accepts `{text}`: {said}");
        }
        // Patterns: names that an agent may request, and those of an exception beside another condition.
        let may_be_any = ["agents.x.templates[0]", "agents.x.subjects[0]", ".owner", ".reason"];
        if !may_be_any.iter().any(|end| path.ends_with(end)) {
            let config = config("*").to_string();
            assert!(Config::parse("c.yaml", &config).is_err(), "{path} accepts a `*`");
        }
    }
}

/// Whether a mistake is that of a whole entry of an allow-list, which is read as one.
fn is_entry(mistake: &str, path: &str) -> bool {
    mistake.starts_with("policy.allow.") && mistake.ends_with(']') && path.starts_with(mistake)
}

/// The mistakes in a config, without the name of the file.
fn said(text: &str) -> Vec<String> {
    let said = Config::parse("c.yaml", text).unwrap_err().to_string();
    said.lines().map(|line| line.trim_start_matches("c.yaml:").to_owned()).collect()
}

/// Wrong configs, each with the beginning of its one mistake, or with a part of it.
const OF_A_RUN: &[(&str, &str)] = &[
    (
        "kafka: {brokers: 'a,b'}",
        "1:18: kafka.brokers: expected a list, found the text `a,b`; write `brokers: [a, b]`",
    ),
    ("kafka: {brokers: ['a:0']}", "1:19: kafka.brokers[0]: `a:0` is not `host:port`"),
    (
        "kafka: {tls: ca.pem}",
        "1:14: kafka.tls: expected a mapping, found the text `ca.pem`; write `tls: {ca_file: ca.pem}`",
    ),
    ("sources: a", "1:10: sources: expected a list, found the text `a`; write `sources: [{topic: a}]`"),
    ("sources: [a]", "1:11: sources[0]: expected a mapping, found the text `a`; write `{topic: a}`"),
    (
        "sources:\n  topic: a",
        "2:3: sources: expected a list, found a mapping; begin each entry with `- `, as in `- topic: …`",
    ),
    (
        "sources: [{topic: a, zone: CEST}]",
        "1:28: sources[0].zone: `CEST` is not an IANA time zone, such as Europe/Zurich",
    ),
    (
        "sources: [{topic: a, format: NXLog}]",
        "1:30: sources[0].format: `NXLog` is no format; did you mean `nxlog`?",
    ),
    (
        "sources: [{topic: 'siem.*'}]",
        "1:19: sources[0].topic: `siem.*` is not a topic name (1 to 249 letters, digits, `.`, `_` or `-`); several \
             topics are `pattern: 'siem\\..*'`",
    ),
    (
        "http: {listen: ':80'}",
        "1:16: http.listen: expected an IP address and a port, found the text `:80`; write `listen: '0.0.0.0:80'`",
    ),
    (
        "http: {listen: 80}",
        "1:16: http.listen: expected an IP address and a port, found the number 80; write `listen: '0.0.0.0:80'`",
    ),
];

/// The same of policies.
const OF_A_POLICY: &[(&str, &str)] = &[
    (
        "policy: {decoy_template: {severity: 5}}",
        "1:37: policy.decoy_template.severity: expected one of informational, low, medium, high, critical, found the number 5",
    ),
    (
        "policy: {decoy_template: {severity: HIGH}}",
        "1:37: policy.decoy_template.severity: unknown value `HIGH`; did you mean `high`?",
    ),
    (
        "policy: {relayed_enrollment: {severity: high}}",
        "1:41: policy.relayed_enrollment.severity: expected a mapping, found the text `high`; its fields are ",
    ),
    (
        "policy: {cas: [ca01]}",
        "1:15: policy.cas: expected a mapping, found a list; such as `cas: {ca01.corp.example: CORP-CA01}`",
    ),
    (
        "policy: {cas: {ca01: 'CN=CORP-CA01,DC=corp'}}",
        "1:22: policy.cas.ca01: `CN=CORP-CA01,DC=corp` is a distinguished name: write the common name, `CORP-CA01`",
    ),
    (
        "policy: {domains: {corp.example: [corp.example]}}",
        "1:20: policy.domains: `corp.example` is no NetBIOS name: write `CORP: [corp.example]`",
    ),
    (
        "policy: {agents: {'CORP\\FAS01$': {template: [a]}}}",
        "1:35: policy.agents.CORP\\FAS01$.template: unknown field; did you mean `templates`?",
    ),
    (
        "policy: {allow: {requesters: 'CORP\\a'}}",
        "1:30: policy.allow.requesters: expected a list, found the text `CORP\\a`; write `requesters: [CORP\\a]`",
    ),
    (
        "policy: {allow: {requesters: [{account: a, untill: x}]}}",
        "1:31: policy.allow.requesters[0]: unknown field `untill`; did you mean `until`?",
    ),
    (
        "policy: {protected: {hosts: [10.0.0.0/8]}}",
        "1:30: policy.protected.hosts[0]: `10.0.0.0/8` is a network: an entry is the name of one host",
    ),
    (
        "policy: {protected: {accounts: [CORP/a]}}",
        "1:33: policy.protected.accounts[0]: `CORP/a` is not one account, `DOMAIN\\name` or `name`; write `CORP\\a`",
    ),
    (
        "policy: {protected: {accounts: [S-1-5-21-1-2-3-500]}}",
        "1:33: policy.protected.accounts[0]: `S-1-5-21-1-2-3-500` is a SID",
    ),
    (
        "policy: {protected: {accounts: tier0.txt}}",
        "1:32: policy.protected.accounts: `tier0.txt` is one entry; a file with entries is `{file: tier0.txt}`",
    ),
    (
        "policy: {allow: {joiners: {path: a}}}",
        "1:27: policy.allow.joiners: expected a list, or `{file: PATH}` with `column: NAME` for a CSV file",
    ),
    (
        "policy: {san_mismatch: {burst_window: 0s}}",
        "1:39: policy.san_mismatch.burst_window: `0s` is no time at all",
    ),
    (
        "policy: {ca_silent: {training_days: 61}}",
        "1:37: policy.ca_silent.training_days: 61 days are more than the 60 that are remembered",
    ),
    (
        "policy: {unusual_template: {remember: 90d}}",
        "1:39: policy.unusual_template.remember: 90d is more than the 64d",
    ),
    (
        "policy: {unusual_template: {remember: 2d}}",
        "policy.unusual_template.ordinary_days: 3 days do not fit into remember: 2d",
    ),
    (
        "policy: {exceptions: [{detections: [san-mismatch], names: ['*']}]}",
        "policy.exceptions[0].names[0]: `*` is any name",
    ),
    (
        "policy: {exceptions: [{detections: [san-mismatch], remote_ip: 0.0.0.0/0}]}",
        "policy.exceptions[0].remote_ip: `0.0.0.0/0` matches every address",
    ),
    (
        "policy: {exceptions: [{detections: [san-mismatch], account: a, until: '2026-12-31 8:00'}]}",
        "policy.exceptions[0].until: `2026-12-31 8:00` is no RFC 3339 time",
    ),
    (
        "kafka: {sasl: {mechanism: PLAIN, username: a, password: {env: A, file: b}}}",
        "kafka.sasl.password: a secret has one place: write {env: NAME} or {file: PATH}",
    ),
    (
        "kafka: {sasl: {mechanism: GSSAPI, username: a, password: {env: A}}}",
        "docs/security.md has a way round Kerberos",
    ),
];

#[test]
fn one_mistake_gives_one_line_at_its_field() {
    for (text, wanted) in OF_A_RUN.iter().chain(OF_A_POLICY) {
        let said = said(text);
        let begins = wanted.starts_with(|c: char| c.is_ascii_digit());
        let is_right = |line: &String| if begins { line.starts_with(wanted) } else { line.contains(wanted) };
        assert!(said.len() == 1 && is_right(&said[0]), "{text}: {said:#?}");
    }
}

#[test]
fn mistakes_of_all_kinds_are_reported_together() {
    let text = "\
kafka: {grup: x}
sources: [{topic: a, format: nxlogg}]
policy:
  certlog_remote_write: {training_days: 3}
  exceptions: [{detections: [san-mismatch]}]
";
    let said = said(text);
    assert_eq!(said.len(), 4, "{said:#?}");
    for (line, part) in
        said.iter().zip(["1:9: kafka.grup", "2:30: sources[0].format", "4:3: ", "5:16: policy.exceptions[0]"])
    {
        assert!(line.starts_with(part), "{line}");
    }
}

#[test]
fn mistake_in_a_list_names_its_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("t0.txt", "# Tier 0\nCORP\\alice\n\nCORP\\*\nCORP/bob\n");
    write("dc.csv", "Name,DNSHostName\nDC01,dc01.corp.example\nDC02,10.0.0.0/8\n");
    let refused = |list: &str| {
        write("c.yaml", &format!("policy: {{protected: {list}}}\n"));
        let said = Config::load(&folder.path().join("c.yaml")).map(drop).unwrap_err();
        said.mistakes.iter().map(|mistake| mistake.message.clone()).collect::<Vec<_>>()
    };
    let said = refused("{accounts: {file: t0.txt}}");
    assert!(
        said.len() == 2 && said[0].contains("t0.txt:4: `CORP\\*`") && said[1].contains("t0.txt:5: "),
        "{said:?}"
    );
    let said = refused("{domain_controllers: {file: dc.csv, column: DNSHostName}}");
    assert!(said.len() == 1 && said[0].contains("dc.csv:3: `10.0.0.0/8` is a network"), "{said:?}");
    let said = refused("{domain_controllers: {file: dc.csv}}");
    assert!(said.len() == 1 && said[0].contains("dc.csv: has several columns: name one"), "{said:?}");
}

#[test]
fn config_that_powershell_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yaml");
    let text = "\u{feff}policy: {decoys: [Vpn]}\n";
    std::fs::write(&file, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    assert_eq!(Config::load(&file).unwrap().policy.decoys, ["Vpn"]);
    std::fs::write(&file, b"policy:\n  decoys: [M\xfcnchen]\n").unwrap();
    let said = Config::load(&file).unwrap_err().to_string();
    assert!(said.ends_with("cannot be read: line 2 is not UTF-8: save the file as UTF-8"), "{said}");
}

#[test]
fn exception_until_a_day_counts_to_its_end() {
    let text = "policy: {exceptions: [{detections: [san-mismatch], account: a, until: 2026-12-31}], \
                allow: {requesters: [{account: b, until: 2026-12-31}]}}";
    let policy = Config::parse("c.yaml", text).unwrap().policy;
    let until = [policy.exceptions[0].until, policy.allow.requesters[0].limits.until];
    assert_eq!(until.map(|until| until.unwrap().to_string()), ["2027-01-01T00:00:00Z"; 2]);
}
