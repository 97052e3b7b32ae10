//! An import states which accounts are protected: their names count as those of the policy's list do, in every partition, and
//! after a restore.

use adcs_watch::alert::{Alert, Severity};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use serde_json::{Value, json};

const PARTITIONS: u32 = 8;

fn event(day: u32, record: u64, activity: &str, of: Value) -> Event {
    serde_json::from_value(json!({
        "time": format!("2026-03-{day:02}T08:00:00.000Z"), "computer": "ca01.corp.example",
        "origin": {"event_id": 4887, "record_id": record, "channel": "Security"}, activity: of,
    }))
    .unwrap()
}

fn account(day: u32, name: &str, protected: bool) -> Event {
    let upn = format!("{}.tier0@corp.example", name.to_lowercase());
    event(
        day,
        1,
        "account_known",
        json!({"account": format!("CORP\\{name}"), "upn": upn, "protected": protected}),
    )
}

fn issued(day: u32, requester: &str, name: &str) -> Event {
    let (kind, name) = name.split_once(':').unwrap();
    let request =
        json!({"request_id": 70 + day, "requester": requester, "names": [{kind: name}], "template": "User"});
    event(day, u64::from(70 + day), "certificate_issued", request)
}

/// The worst alert of san-mismatch on these events, whichever partition they meet in. Each engine is restored from its checkpoint
/// before the last event.
fn worst(events: &[Event]) -> Option<Severity> {
    let mut worst = None;
    for partition in 0..PARTITIONS {
        let mut engine = Engine::new(Policy::default());
        let (last, before) = events.split_last().unwrap();
        for event in before {
            engine.on_event_where(event, |place| place.is_in(partition, PARTITIONS));
        }
        let state = engine.take_changes();
        let mut restored = Engine::restore(Policy::default(), &engine.marker(0, PARTITIONS), state).unwrap();
        let alerts = restored.on_event_where(last, |place| place.is_in(partition, PARTITIONS)).alerts;
        let of_names = alerts.iter().filter(|alert: &&Alert| alert.detection == "san-mismatch");
        worst = worst.max(of_names.map(|alert| alert.severity).max());
    }
    worst
}

#[test]
fn name_of_an_imported_protected_account_is_critical() {
    for name in
        ["upn:svc-vault@corp.example", "upn:svc-vault.tier0@corp.example", "upn:SVC-Vault@corp.example"]
    {
        let request = issued(2, "CORP\\mallory", name);
        assert_eq!(
            worst(&[account(1, "svc-vault", true), request.clone()]),
            Some(Severity::Critical),
            "{name}"
        );
        assert_eq!(worst(&[account(1, "svc-vault", false), request.clone()]), Some(Severity::High), "{name}");
        assert_eq!(worst(&[account(1, "svc-other", true), request]), Some(Severity::High), "{name}");
    }
}

#[test]
fn host_of_an_imported_protected_machine_is_critical() {
    let request = issued(2, "CORP\\mallory", "dns:hq-ads-1.corp.example");
    assert_eq!(worst(&[account(1, "HQ-ADS-1$", true), request.clone()]), Some(Severity::Critical));
    assert_eq!(worst(&[account(1, "HQ-ADS-2$", true), request]), Some(Severity::High));
}

#[test]
fn protected_account_may_have_its_own_certificate() {
    let own = issued(2, "CORP\\svc-vault", "upn:svc-vault@corp.example");
    assert_eq!(worst(&[account(1, "svc-vault", true), own]), None);
}

#[test]
fn account_that_later_imports_leave_out_is_no_longer_protected() {
    let request = |day| issued(day, "CORP\\mallory", "upn:svc-vault@corp.example");
    let with =
        |day| worst(&[account(1, "svc-vault", true), account(day, "svc-other", true), request(day + 1)]);
    assert_eq!(with(5), Some(Severity::Critical), "an import may miss a day");
    assert_eq!(with(9), Some(Severity::High));
    assert_eq!(
        worst(&[account(1, "svc-vault", true), request(28)]),
        Some(Severity::Critical),
        "one import stays"
    );
}
