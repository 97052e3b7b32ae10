//! What belongs to an alert rule: a page that says what to do, and a test that fires it. And nobody asks for a metric that
//! the program does not have.

use crate::architecture::tree::Tree;
use crate::architecture::{assert_none, assert_one};
use std::collections::BTreeSet;

const RULES: &str = "helm/adcs-watch/rules/adcs-watch.yaml";
const PAGES: &str = "docs/runbooks/";
const TESTS: &str = "tests/rules/";
const HEADINGS: [&str; 4] = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"];
/// Held to be what the program defines by `tests/it/metrics.rs`.
const METRICS: &str = "docs/metrics.md";
/// Where metrics are asked for.
const ASKING: [&str; 3] = ["helm/", "docs/", "tests/rules/"];

#[test]
fn every_alert_has_a_page_and_a_test() {
    assert_none(incomplete_alerts(&Tree::of_this_repository()));
}

#[test]
fn every_metric_that_is_asked_for_is_there() {
    assert_none(unknown_metrics(&Tree::of_this_repository()));
}

/// The rules of the file, each with its lines.
fn rules(tree: &Tree) -> Vec<(&str, &str)> {
    let text = tree.text(RULES).unwrap_or_default();
    let rules = text.split("- alert: ").skip(1);
    rules.map(|rule| (rule.lines().next().unwrap_or_default().trim(), rule)).collect()
}

fn incomplete_alerts(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut known = BTreeSet::new();
    for (name, rule) in rules(tree) {
        known.insert(name);
        let page = tree.text(&format!("{PAGES}{name}.md")).unwrap_or_default();
        let test = tree.text(&format!("{TESTS}{name}.yaml")).unwrap_or_default();
        let has = |line: &str| rule.lines().any(|l| l.trim_start().starts_with(line));
        let needs = [
            (page.starts_with(&format!("# {name}\n")), format!("a page {PAGES}{name}.md")),
            (HEADINGS.iter().all(|heading| page.contains(heading)), format!("{HEADINGS:?} in its page")),
            (test.contains("name: \"fires: "), format!("a test that fires it in {TESTS}{name}.yaml")),
            (test.contains("name: \"quiet: "), format!("a test that does not in {TESTS}{name}.yaml")),
            (test.contains(&format!("alertname=\"{name}\"")), format!("its own name in {TESTS}{name}.yaml")),
            (rule.contains(&format!("/{name}.md\n")), "a runbook_url that ends with its page".to_owned()),
            (has("labels: {severity: "), "a severity".to_owned()),
            (has("summary: "), "a summary".to_owned()),
            (has("description: "), "a description".to_owned()),
        ];
        let missing = needs.into_iter().filter(|(has, _)| !has);
        complaints.extend(missing.map(|(_, what)| format!("alert {name} needs {what}")));
    }
    for (folder, end) in [(PAGES, ".md"), (TESTS, ".yaml")] {
        let names = tree.under(folder).filter_map(|(path, _)| path.strip_prefix(folder)?.strip_suffix(end));
        let stray = names.filter(|name| !known.contains(name));
        complaints.extend(stray.map(|name| format!("{folder}{name}{end} belongs to no alert")));
    }
    complaints
}

fn unknown_metrics(tree: &Tree) -> Vec<String> {
    let known: BTreeSet<&str> = names(tree.text(METRICS).unwrap_or_default()).collect();
    let is_known = |name: &str| {
        let of_histogram = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
        known.contains(name) || of_histogram.is_some_and(|name| known.contains(name))
    };
    let asking = ASKING.iter().flat_map(|folder| tree.under(folder)).filter(|(path, _)| *path != METRICS);
    let unknown = asking.flat_map(|(path, text)| names(text).map(move |name| (path, name)));
    let unknown: BTreeSet<_> = unknown.filter(|(_, name)| !is_known(name)).collect();
    unknown.into_iter().map(|(path, name)| format!("{path} asks for {name}, which is no metric")).collect()
}

/// The names of our metrics in a text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| word.starts_with("adcs_watch_") && word.len() > "adcs_watch_".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "      - alert: AdcsWatchDown\n        labels: {severity: critical}\n        annotations:\n          \
                        summary: a\n          description: b\n          runbook_url: https://x/AdcsWatchDown.md\n";
    const PAGE: &str = "# AdcsWatchDown\n## Meaning\n## Impact\n## Diagnosis\n## Mitigation\n";
    const TEST: &str = "name: \"fires: x\" name: \"quiet: x\" alertname=\"AdcsWatchDown\"";

    fn tree(rule: &str, page: &str, test: &str) -> Tree {
        Tree::of(&[
            (RULES, rule),
            ("docs/runbooks/AdcsWatchDown.md", page),
            ("tests/rules/AdcsWatchDown.yaml", test),
        ])
    }

    #[test]
    fn an_alert_without_one_of_its_parts_is_refused() {
        assert_eq!(incomplete_alerts(&tree(RULE, PAGE, TEST)), [""; 0]);
        assert_one(&incomplete_alerts(&tree(RULE, &PAGE.replace("## Impact", ""), TEST)), "in its page");
        assert_one(&incomplete_alerts(&tree(RULE, PAGE, &TEST.replace("fires", "works"))), "that fires it");
        assert_one(&incomplete_alerts(&tree(RULE, PAGE, &TEST.replace("quiet", "works"))), "that does not");
        assert_one(&incomplete_alerts(&tree(&RULE.replace("summary", "title"), PAGE, TEST)), "a summary");
        assert_one(&incomplete_alerts(&tree(&RULE.replace("Down.md", "Up.md"), PAGE, TEST)), "runbook_url");
        let gone = incomplete_alerts(&tree("", PAGE, TEST));
        assert_eq!(gone.len(), 2, "{gone:?}");
    }

    #[test]
    fn a_metric_that_is_not_there_is_refused() {
        let known = (METRICS, "| `adcs_watch_records_total` | `adcs_watch_age_seconds` |");
        let asks = |text| unknown_metrics(&Tree::of(&[known, ("helm/adcs-watch/dashboards/a.json", text)]));
        assert_eq!(
            asks("rate(adcs_watch_records_total[5m]) adcs_watch_age_seconds_bucket{} proto/adcs_watch/v1"),
            [""; 0]
        );
        assert_one(&asks("rate(adcs_watch_record_total[5m])"), "adcs_watch_record_total");
    }
}
