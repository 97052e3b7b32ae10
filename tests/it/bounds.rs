//! What is remembered is bounded, whatever attackers do. The bounds stand in ARCHITECTURE.md.

use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::account::Account;
use adcs_watch::event::host::Host;
use adcs_watch::event::san::{MAX_NAMES, San};
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{
    AccountChange, AccountChangeKind, Activity, CertificateLogon, CertificateRequest, DeniedRequest, Event,
    IssuedCertificate, NetworkLogon, Origin, RemoteFileWrite, ShareAccess,
};

/// Only this detection.
fn only(detection: &str) -> Policy {
    let mut policy = serde_json::to_value(Policy::default()).unwrap();
    for (name, settings) in policy.as_object_mut().unwrap() {
        if let Some(enabled) = settings.get_mut("enabled") {
            *enabled = (*name == detection.replace('-', "_")).into();
        }
    }
    serde_json::from_value(policy).unwrap()
}

fn event(n: u32, every: Span, activity: Activity) -> Event {
    let origin = Origin {
        source: "a-topic-with-quite-a-long-name.windows.security".to_owned(),
        partition: Some(99),
        offset: u64::MAX / 2,
        channel: "Security".to_owned(),
        event_id: Some(4887),
        record_id: Some(u64::from(n) + 4_000_000_000),
        trace: Some("0".repeat(64)),
        ..Origin::default()
    };
    let time = Time::from_millis(1_772_442_000_000 + i64::from(n) * every.as_millis());
    Event { time, computer: Host::new("issuing-ca-01.subsidiary.corp.example"), origin, activity }
}

/// The longest names that Windows allows: 15 characters for a NetBIOS domain, 20 for an account.
fn request(request_id: u32) -> CertificateRequest {
    CertificateRequest {
        request_id,
        requester: Account::new("LONGESTNETBIOS1", "a.very-long-username"),
        ..CertificateRequest::default()
    }
}

fn issued(n: u32, names: Vec<San>, template: Option<String>) -> Activity {
    let request = CertificateRequest { names, template, ..request(n) };
    let serial = Serial::parse(&format!("5c{n:08x}a1b2c3d4e5f677000000{n:08x}"));
    Activity::CertificateIssued(IssuedCertificate { request, serial, subject: String::new() })
}

#[test]
fn a_certificate_is_remembered_in_a_hundred_bytes() {
    let mut engine = Engine::new(only("certificate-used-by-other"));
    for n in 1..=1000 {
        engine.on_event(&event(n, Span::minutes(1), issued(n, Vec::new(), None)));
    }
    let size = engine.size();
    assert_eq!(size.records, 1001, "one each, and the directory of CAs");
    assert!(size.bytes / 1000 <= 100, "{} bytes each", size.bytes / 1000);
}

#[test]
fn one_request_id_does_not_grow_with_its_logons() {
    let mut engine = Engine::new(only("certificate-used-by-other"));
    engine.on_event(&event(1, Span::seconds(1), issued(7, Vec::new(), None)));
    for n in 2..5000 {
        let logon = CertificateLogon {
            account: Account::new("CORP.EXAMPLE", &format!("victim-{n}")),
            serial: Serial::parse("5c00000007a1b2c3d4e5f67700000000000007").unwrap(),
            issuer: "x".repeat(5000),
            ..CertificateLogon::default()
        };
        engine.on_event(&event(n, Span::seconds(1), Activity::CertificateLogon(logon)));
    }
    assert!(engine.size().bytes <= 64 * 1024, "{:?}", engine.size());
}

#[test]
fn a_flood_of_certificates_with_long_names_is_remembered_within_bounds() {
    let mut engine = Engine::new(only("san-mismatch"));
    for n in 1..500 {
        let names =
            (0..MAX_NAMES).map(|k| San::Upn(format!("{}{n}-{k}@corp.example", "x".repeat(1000)))).collect();
        engine.on_event(&event(n, Span::millis(100), issued(n, names, Some("T".repeat(3000)))));
    }
    let size = engine.size();
    assert_eq!(size.records, 1);
    assert!(size.bytes <= 64 * 1024, "{size:?}");
}

/// A requester that enrolls for hundreds of others raises few alerts, however long it does.
#[test]
fn five_hundred_certificates_for_others_raise_a_handful_of_revisions() {
    let mut engine = Engine::new(only("san-mismatch"));
    let mut alerts = Vec::new();
    for n in 0..500 {
        let names = vec![San::Upn(format!("user-{n}@corp.example"))];
        alerts.extend(engine.on_event(&event(n, Span::seconds(7), issued(n, names, None))).alerts);
    }
    let is_agent = |alert: &&adcs_watch::alert::Alert| alert.reasons[0].code == "looks_like_agent";
    assert_eq!(alerts.iter().filter(is_agent).count(), 1);
    let mismatch: Vec<_> = alerts.iter().filter(|alert| !is_agent(alert)).collect();
    assert!(mismatch.iter().all(|alert| alert.alert_id == mismatch[0].alert_id));
    // Ten names, a burst, and 20, 40, 80, 160 and 320 certificates.
    assert!(mismatch.len() <= 16, "{} revisions", mismatch.len());
}

#[test]
fn a_chain_of_events_does_not_grow_with_them() {
    let mut engine = Engine::new(only("changed-then-issued"));
    for n in 0..2000 {
        let names = vec![San::Upn("x".repeat(3000))];
        let change = AccountChange {
            account: request(n).requester,
            sid: None,
            actor: Account::new("LONGESTNETBIOS1", "the.very-longest-one"),
            actor_sid: None,
            kind: AccountChangeKind::Changed,
            sam_account_name: None,
            upn: Some(format!("{n}{}", "x".repeat(3000))),
            dns_host_name: None,
            service_principal_names: None,
            by_quota: false,
        };
        let activity = if n % 2 == 0 {
            Activity::AccountChanged(change)
        } else {
            issued(n, names, Some("T".repeat(3000)))
        };
        engine.on_event(&event(n, Span::seconds(1), activity));
    }
    let size = engine.size();
    assert!(size.bytes <= 64 * 1024, "{size:?}");
}

#[test]
fn a_ca_remembers_hosts_and_accounts_in_small_parts() {
    let mut engine = Engine::new(only("certlog-remote-write"));
    let hosts = 500;
    for n in 0..20_000 {
        let activity = if n % 3 == 0 {
            Activity::CertificateDenied(DeniedRequest { request: request(n), disposition: 2 })
        } else {
            Activity::RemoteFileWrite(RemoteFileWrite {
                path: format!("C:\\Windows\\System32\\CertLog\\{}.log", "x".repeat(2000)),
                remote_host: Some(Host::new(&format!("host-{}.corp.example", n % hosts))),
                account: Some(Account::parse("CORP\\backup")),
                ..RemoteFileWrite::default()
            })
        };
        engine.on_event(&event(n, Span::minutes(3), activity));
    }
    let size = engine.size();
    assert!(size.records <= hosts as usize + 3, "{size:?}");
    assert!(size.bytes / size.records <= 4 * 1024, "{size:?}");
}

#[test]
fn one_account_under_many_relays_is_remembered_within_bounds() {
    let mut engine = Engine::new(only("relayed-enrollment"));
    let account = || Account::new("LONGESTNETBIOS1", "ISSUING-CA-0002$");
    for n in 0..3000_u32 {
        let remote_ip = Some(format!("10.{}.{}.66", n / 250, n % 250));
        let activity = match n % 3 {
            0 => Activity::NetworkLogon(NetworkLogon {
                account: account(),
                logon_type: 3,
                remote_ip,
                ..NetworkLogon::default()
            }),
            1 => {
                let user_agent = Some("x".repeat(500));
                let request = CertificateRequest {
                    requester: account(),
                    user_agent,
                    template: Some("T".repeat(3000)),
                    ..request(n)
                };
                Activity::CertificateRequested(request)
            }
            _ => Activity::ShareAccessed(ShareAccess {
                remote_ip,
                target: "spoolss".to_owned(),
                ..ShareAccess::default()
            }),
        };
        let mut event = event(n, Span::seconds(1), activity);
        if n % 3 == 2 {
            event.computer = Host::new("issuing-ca-0002.subsidiary.corp.example");
        }
        engine.on_event(&event);
    }
    let size = engine.size();
    assert_eq!(size.records, 1, "{size:?}");
    assert!(size.bytes <= 24 * 1024, "{size:?}");
}

#[test]
fn search_over_many_templates_is_remembered_within_bounds() {
    let mut engine = Engine::new(only("denied-enrollment-probing"));
    for n in 0..3000_u32 {
        let request = CertificateRequest { template: Some(format!("{n}{}", "T".repeat(3000))), ..request(n) };
        let denied = DeniedRequest { request, disposition: 2 };
        engine.on_event(&event(n, Span::seconds(1), Activity::CertificateDenied(denied)));
    }
    let size = engine.size();
    assert_eq!(size.records, 1, "{size:?}");
    assert!(size.bytes <= 24 * 1024, "{size:?}");
}
