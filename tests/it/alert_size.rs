//! An alert that is longer than its topic takes is shortened in a fixed order, and says so.

use crate::common::golden_alerts;
use adcs_watch::alert::shrink::shrink;
use adcs_watch::alert::{Alert, Evidence, Reason};
use adcs_watch::wire::alert::{to_json, to_protobuf};
use proptest::collection::vec;
use proptest::prelude::*;

/// The least that `run` requires of the alert topic, without what a record adds to its value.
const LEAST: usize = 16 * 1024 - 500;

fn golden() -> Vec<Alert> {
    golden_alerts().into_iter().map(|(_, json)| serde_json::from_value(json).unwrap()).collect()
}

/// An alert with this many events of about 300 bytes, and the same number of long names.
fn long(count: usize) -> Alert {
    let usual = golden().into_iter().find(|alert| !alert.investigative_actions.is_empty()).unwrap();
    let fields = [("Attributes".to_owned(), "x".repeat(150))].into();
    let event = Evidence { fields, ..usual.evidence[0].clone() };
    let names = (0..count).map(|n| format!("{n}{}", "y".repeat(100))).collect();
    Alert { evidence: vec![event; count], san_values: names, templates: vec![], ..usual }
}

fn shortened(whole: &Alert, bytes: usize) -> Alert {
    shrink(whole, |alert| to_json(alert).len() <= bytes).unwrap()
}

#[test]
fn evidence_goes_before_names_and_names_before_advice() {
    let whole = long(10);
    let first = shortened(&whole, to_json(&whole).len() - 1);
    assert_eq!((first.evidence.len(), first.san_values.len()), (9, 10));
    assert!(first.truncated && !whole.truncated);
    let least_evidence = Alert { evidence: whole.evidence[..1].to_vec(), ..whole.clone() };
    let next = shortened(&whole, to_json(&least_evidence).len() - 1);
    assert_eq!((next.evidence.len(), next.san_values.len()), (1, 9));
    assert_eq!(next.investigative_actions, whole.investigative_actions);
    let no_names = Alert { san_values: vec![], ..least_evidence };
    let last = shortened(&whole, to_json(&no_names).len() - 1);
    assert!(last.investigative_actions.len() < whole.investigative_actions.len());
    assert_eq!((&last.reasons, &last.title), (&whole.reasons, &whole.title), "whole sentences");
}

#[test]
fn texts_are_cut_between_characters_and_codes_never() {
    let mut alert = long(1);
    alert.path = Some("ä".repeat(4000));
    alert.reasons = vec![Reason { code: "a_code".to_owned(), text: "€".repeat(4000) }];
    let cut = shortened(&alert, 2500);
    assert_eq!((cut.reasons[0].code.as_str(), cut.alert_id), ("a_code", alert.alert_id));
    assert!(cut.path.unwrap().ends_with("ä…") && cut.reasons[0].text.ends_with("€…"));
    assert_eq!(shrink(&alert, |alert| to_json(alert).len() <= 100), None, "what stays is longer");
}

#[test]
fn usual_alerts_fit_as_they_are() {
    let longest = golden().iter().map(|alert| to_json(alert).len()).max().unwrap();
    assert!(longest < LEAST, "{longest} bytes");
}

/// A text of up to so many characters, also of those that JSON writes with six bytes.
fn text(most: usize) -> impl Strategy<Value = String> {
    vec(prop_oneof![Just('\u{1}'), Just('x'), Just('€'), Just('"')], 0..most).prop_map(String::from_iter)
}

prop_compose! {
    fn any_alert()(
        usual in prop::sample::select(golden()),
        texts in vec(text(3000), 8),
        names in vec(text(600), 0..40),
        fields in vec(vec(text(400), 0..8), 0..60),
        reasons in vec(text(2000), 0..16),
    ) -> Alert {
        let [title, why, account, domain, path, ip, host, user] = texts.try_into().unwrap();
        let code = |n: usize| format!("a_reason_with_a_long_code_{n}");
        let evidence = |values: Vec<String>| Evidence {
            fields: (0..).map(|n: u32| format!("Field{n}")).zip(values).collect(),
            source: host.clone(),
            ..Evidence::default()
        };
        Alert {
            title,
            why_suspicious: why,
            requester_account: Some(account),
            requester_domain: Some(domain),
            used_by_account: Some(user),
            path: Some(path),
            remote_ip: Some(ip),
            san_values: names.clone(),
            templates: names,
            evidence: fields.into_iter().map(evidence).collect(),
            reasons: reasons.into_iter().enumerate().map(|(n, text)| Reason { code: code(n), text }).collect(),
            ..usual
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_alert_fits_into_any_topic_and_keeps_what_identifies_it(whole in any_alert(), limit in LEAST..100_000) {
        let sizes: [fn(&Alert) -> usize; 2] = [|alert| to_json(alert).len(), |alert| to_protobuf(alert).len()];
        for size in sizes {
            let short = shrink(&whole, |alert| size(alert) <= limit).unwrap();
            prop_assert!(size(&short) <= limit);
            prop_assert!(short.truncated);
            let codes = |alert: &Alert| alert.reasons.iter().map(|reason| reason.code.clone()).collect::<Vec<_>>();
            prop_assert_eq!(codes(&short), codes(&whole));
            let identity = |alert: &Alert| (alert.alert_id, alert.revision, alert.severity, alert.time);
            prop_assert_eq!(identity(&short), identity(&whole));
            prop_assert_eq!(&short.detection, &whole.detection);
        }
    }
}
