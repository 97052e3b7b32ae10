//! `compare` shows what another policy would raise on the same events.

use crate::cli_world::{World, story, story_alerts};
use serde_json::Value;

/// The story, and policies that silence, protect or change nothing.
fn world() -> World {
    let world = World::new();
    world.write("exports/ca01.ndjson", story());
    world.write("same.yaml", "policy:\n  san_mismatch:\n    enabled: true\n");
    world.write("off.yaml", "policy:\n  san_mismatch:\n    enabled: false\n");
    world.write(
        "quiet.yaml",
        "policy:\n  exceptions:\n    - detections: [san-mismatch]\n      account: CORP\\carol.white\n",
    );
    let protected = "policy:\n  protected:\n    terms: [bob.jones]\n";
    world.write("protected.yaml", protected);
    world
}

fn ids(alerts: &Value) -> Vec<&str> {
    alerts.as_array().unwrap().iter().map(|alert| alert["alert_id"].as_str().unwrap()).collect()
}

#[test]
fn alerts_of_one_policy_alone_are_shown_on_its_side() {
    let world = world();
    let alerts = story_alerts();
    let sides =
        [("same.yaml --policy quiet.yaml", "only_first"), ("quiet.yaml --policy same.yaml", "only_second")];
    for (policies, side) in sides {
        let run = world.run(&format!("compare --policy {policies} --format json exports"));
        let json = run.json();
        let other = if side == "only_first" { "only_second" } else { "only_first" };
        assert_eq!((run.code, ids(&json[side])), (0, vec![alerts[1].0.as_str()]), "{json:#}");
        assert_eq!((ids(&json[other]).len(), &json["same"]), (0, &Value::from(1)));
    }
    let text = world.run("compare --policy same.yaml --policy off.yaml exports").stdout;
    assert!(text.contains("only with same.yaml: 2 alerts") && text.contains("CORP\\carol.white"), "{text}");
    let totals = "0 alerts the same, 2 only with same.yaml, 0 only with off.yaml, 0 changed\n";
    assert!(text.ends_with(totals), "{text}");
}

#[test]
fn alert_that_says_something_else_is_shown_with_the_fields_that_differ() {
    let world = world();
    let run = world.run("compare --policy same.yaml --policy protected.yaml --format json exports");
    let json = run.json();
    assert_eq!((run.code, json["only_first"].as_array().map(Vec::len)), (0, Some(0)), "{json:#}");
    let changed = json["changed"].as_array().unwrap();
    let carol = changed.iter().find(|one| one["alert"]["alert_id"] == story_alerts()[1].0).unwrap();
    let field =
        |name: &str| carol["fields"].as_array().unwrap().iter().find(|field| field["field"] == name).cloned();
    let severity = field("severity").unwrap();
    assert_eq!((&severity["first"], &severity["second"]), (&Value::from("high"), &Value::from("critical")));
    assert_eq!(field("policy_version"), None, "it differs wherever the policies do");
    let text = world.run("compare --policy same.yaml --policy protected.yaml exports").stdout;
    assert!(text.contains("severity: high → critical") && text.contains("reasons: "), "{text}");
}

#[test]
fn policies_that_decide_alike_and_the_built_in_one_show_no_difference() {
    let world = world();
    for policies in ["--policy same.yaml", "--policy same.yaml --policy same.yaml"] {
        let run = world.run(&format!("compare {policies} exports"));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.starts_with("2 alerts the same, 0 only with "), "{}", run.stdout);
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    }
}

#[test]
fn input_that_is_not_read_and_wrong_command_lines_have_their_exit_codes() {
    let world = world();
    let run = world.run("compare --policy same.yaml exports missing.ndjson");
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert_eq!(run.stderr.matches("warning: missing.ndjson").count(), 1, "said once: {}", run.stderr);
    let three = "compare --policy same.yaml --policy off.yaml --policy quiet.yaml exports";
    for line in ["compare exports", "compare --policy same.yaml", "compare --policy same.yaml -", three] {
        assert_eq!(world.run(line).code, 64, "{line}");
    }
    world.write("wrong.yaml", "policy:\n  san_mismatch:\n    enabled: maybe\n");
    assert_eq!(world.run("compare --policy wrong.yaml exports").code, 78);
}
