//! The quick start as documented: only addresses and topic names are those of the test.

use crate::broker;
use crate::environment::Environment;
use crate::process::{Process, program};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The text that the page writes into a file with a here-document.
fn file(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("cat > {name} <<'END'\n"));
    let (text, _) =
        rest.unwrap_or_else(|| panic!("the page writes no {name}")).1.split_once("\nEND\n").unwrap();
    format!("{text}\n")
}

/// Replaces the only occurrence of a part.
fn with(text: &str, part: &str, other: &str) -> String {
    assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
    text.replace(part, other)
}

#[test]
fn quickstart_raises_the_documented_alert() {
    let _guard = broker::shared();
    let env = Environment::bare("quickstart", 1);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/quickstart.md");
    let page = fs::read_to_string(page).unwrap();
    let config = file(&page, "adcs-watch.yaml");
    let config = with(&config, "127.0.0.1:9092", broker::bootstrap());
    let config = with(&config, "topic: winlogbeat", &format!("topic: {}", env.source()));
    let config = with(&config, "kafka:\n", "http: {listen: '127.0.0.1:0'}\nkafka:\n  group: quickstart\n");
    let ours = ["routed", "checkpoint", "alerts"].map(|kind| format!("  {kind}: {}\n", env.topic(kind)));
    let ours =
        with(&config, "topics:\n", &format!("topics:\n  dead_letter: quickstart.dead\n{}", ours.concat()));
    let config = broker::folder().join("quickstart/quickstart.yaml");
    fs::write(&config, ours).unwrap();

    env.produce_bytes(&[(0, file(&page, "event.ndjson").trim_end().as_bytes())]);
    let made = program().args(["topics", "create", "-c"]).arg(&config).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let process = Process::run(&config, &[], &config.with_extension("log"));
    process.await_ready();
    assert_eq!(process.page("/readyz").unwrap().1.trim(), "ok");
    let began = Instant::now();
    let mut alerts = env.alerts();
    while alerts.is_empty() && began.elapsed() < Duration::from_secs(90) {
        std::thread::sleep(Duration::from_millis(300));
        alerts = env.alerts();
    }
    let alerts: Vec<serde_json::Value> =
        alerts.values().map(|alert| serde_json::from_str(alert).unwrap()).collect();
    assert_eq!(alerts.len(), 1, "{}", process.log());
    assert_eq!(
        (&alerts[0]["detection"], &alerts[0]["severity"]),
        (&"san-mismatch".into(), &"critical".into())
    );
    let promised: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(promised.contains(&format!("\"{}\"", alerts[0]["title"].as_str().unwrap())), "{}", alerts[0]);
    assert!(process.stop().success());
}
