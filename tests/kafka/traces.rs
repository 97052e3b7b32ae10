//! Traces: what is exported to a collector, and that nothing is exported without an endpoint.

use crate::broker;
use crate::environment::{Environment, TRACE};
use crate::fixtures::{expected, records};
use crate::process::{Process, until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request: its head in lower case and its body.
type Request = (String, String);

/// A collector that accepts everything: its address and the requests it received.
fn collector() -> (String, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
    let taken = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
            }
            let head = head.to_lowercase();
            let length = head.split_once("content-length: ").unwrap().1.split("\r\n").next().unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
            taken.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
            stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    });
    (address, requests)
}

/// Whether the process has started its exporter, which logs where it sends spans.
fn exports(process: &Process) -> bool {
    process.log().contains("traces are exported")
}

fn spans(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap();
    let resource = &body["resourceSpans"][0];
    assert_eq!(attribute(&resource["resource"], "service.name"), "a-service");
    resource["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

fn attribute(of: &Value, key: &str) -> String {
    let all = of["attributes"].as_array().unwrap();
    let found =
        all.iter().find(|attribute| attribute["key"] == key).unwrap_or_else(|| panic!("no {key}: {of}"));
    let value = &found["value"];
    value["stringValue"].as_str().or_else(|| value["intValue"].as_str()).unwrap().to_owned()
}

#[test]
fn each_alert_is_a_span_linked_to_its_source_record() {
    let _guard = broker::shared();
    let mut env = Environment::new("traces", 1);
    env.traced = true;
    let records = records(2000, 1);
    let (address, requests) = collector();
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
        ("OTEL_SERVICE_NAME", "a-service"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of%20ours"),
    ];
    let log = env.folder().join("all.log");
    let process = Process::run_with(&env.config("all", ""), &[], &log, &environment);
    process.await_ready();
    assert!(exports(&process));
    env.produce(&records);
    let wanted = expected(&env.source(), &records).len();
    until(Duration::from_secs(120), || env.alerts().len() >= wanted, || "alerts are missing".to_owned());
    assert!(process.stop().success());

    let requests = requests.lock().unwrap().clone();
    for (head, body) in &requests {
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/json\r\n") && head.contains("x-key: of ours\r\n"),
            "{head}"
        );
        assert!(
            !body.contains("user0") && !body.contains("mallory") && !body.contains("corp.example"),
            "{body}"
        );
    }
    let spans: Vec<Value> = requests.iter().flat_map(|(_, body)| spans(body)).collect();
    let is_alert = |span: &&Value| span["name"].as_str().unwrap().starts_with("alert ");
    let (alerts, sends): (Vec<&Value>, Vec<&Value>) = spans.iter().partition(is_alert);
    assert_alerts(&env, &alerts, &sends);
    assert_sends(&env, &sends, records.len());
}

/// Each committed alert has one span, a child of the transaction that committed it.
fn assert_alerts(env: &Environment, spans: &[&Value], sends: &[&Value]) {
    let out = env.alerts_and_stories();
    let told: BTreeSet<(String, u64)> = spans
        .iter()
        .map(|span| {
            (
                attribute(span, "adcs_watch.alert.id"),
                attribute(span, "adcs_watch.alert.revision").parse().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, out.keys().cloned().collect());
    assert_eq!(spans.len(), out.len());
    let parts: Vec<&str> = TRACE.split('-').collect();
    let sends: BTreeMap<&str, &&Value> =
        sends.iter().map(|send| (send["spanId"].as_str().unwrap(), send)).collect();
    for span in spans {
        let links = span["links"].as_array().unwrap();
        assert_eq!(links.len(), 1, "{span}");
        assert_eq!((&links[0]["traceId"], &links[0]["spanId"]), (&parts[1].into(), &parts[2].into()));
        let parent = sends[span["parentSpanId"].as_str().unwrap()];
        assert_eq!(parent["traceId"], span["traceId"]);
        assert_eq!(attribute(parent, "messaging.destination.name"), env.topic("alerts"));
    }
}

/// All other spans are transactions, and their message counts sum up to the records in the topics.
fn assert_sends(env: &Environment, sends: &[&Value], records: usize) {
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for send in sends {
        let topic = attribute(send, "messaging.destination.name");
        assert_eq!((&send["name"], &send["kind"]), (&format!("send {topic}").into(), &4.into()));
        assert!(send.get("parentSpanId").is_none() && send.get("links").is_none(), "{send}");
        let nanos = |field: &str| send[field].as_str().unwrap().parse::<u64>().unwrap();
        assert!(nanos("startTimeUnixNano") < nanos("endTimeUnixNano"), "{send}");
        if attribute(send, "adcs_watch.outcome") == "committed" {
            *sent.entry(topic).or_default() +=
                attribute(send, "messaging.batch.message_count").parse::<usize>().unwrap();
        }
    }
    assert_eq!(sent[&env.topic("alerts")], env.read("alerts").len());
    let by_router = env.read("routed").len() - env.links().len();
    assert_eq!(
        sent[&env.topic("routed")],
        by_router,
        "the others are part of the transactions of their alerts"
    );
    assert!(sent[&env.topic("checkpoint")] > 0);
    assert!(sends.len() < records / 4, "{} spans for {records} records", sends.len());
}

#[test]
fn without_an_endpoint_no_exporter_starts() {
    let _guard = broker::shared();
    let env = Environment::new("untraced", 1);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""),
        ("OTEL_SERVICE_NAME", "a-service"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of%20ours"),
    ];
    let log = env.folder().join("all.log");
    let process = Process::run_with(&env.config("all", ""), &[], &log, &environment);
    process.await_ready();
    assert!(!exports(&process), "{}", process.log());
    assert!(process.stop().success());
}
