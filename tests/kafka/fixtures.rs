//! Generated Winlogbeat records of corp.example, and the alerts that the pure core raises on them.

use crate::environment::PARTITIONS;
use adcs_watch::alert::Alert;
use adcs_watch::decode::{Decoded, Decoder, Place};
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::Event;
use std::collections::{BTreeMap, BTreeSet};

/// A record and the partition of the source topic to which it is written.
pub(crate) struct Record {
    pub(crate) partition: u32,
    pub(crate) text: String,
}

/// Alerts by id and revision, as JSON.
pub(crate) type Alerts = BTreeMap<(String, u64), String>;

/// `count` records within less than the allowed lateness. All of one account, and of one certificate, are in one
/// partition: then the order between partitions changes no alert.
pub(crate) fn records(count: u32, partitions: u32) -> Vec<Record> {
    (0..count).map(|n| record(n, partitions)).collect()
}

/// Adds `more` records without interest behind each, as in a SIEM.
pub(crate) fn diluted(records: Vec<Record>, more: usize) -> Vec<Record> {
    let idle = |partition| Record { partition, text: IDLE.to_owned() };
    let with = |record: Record| {
        let partition = record.partition;
        std::iter::once(record).chain((0..more).map(move |_| idle(partition)))
    };
    records.into_iter().flat_map(with).collect()
}

const IDLE: &str =
    "{\"winlog\":{\"event_id\":\"4624\",\"channel\":\"Security\"},\"event\":{\"code\":\"4624\"}}";

const ACCOUNTS: u32 = 1999;

fn account(certificate: u32) -> u32 {
    certificate * 7919 % ACCOUNTS
}

fn record(n: u32, partitions: u32) -> Record {
    let (owner, id, task, data) = match n % 5 {
        0 | 1 => (n, 4887, "Certification Services", issued(n)),
        // A certificate issued earlier is used, sometimes by another account.
        2 if n >= 502 => {
            (n - 502, 4768, "Kerberos Authentication Service", used(n - 502, n.is_multiple_of(17)))
        }
        _ => (n, 4624, "Logon", format!("\"LogonType\":\"3\",\"TargetUserName\":\"user{:05}\"", account(n))),
    };
    let (second, milli) = (n / 100, n % 100 * 10);
    let time =
        format!("2026-03-02T{:02}:{:02}:{:02}.{milli:03}Z", 9 + second / 3600, second / 60 % 60, second % 60);
    let text = format!(
        "{{\"@timestamp\":\"{time}\",\"winlog\":{{\"record_id\":{},\"task\":\"{task}\",\"event_data\":{{{data}}},\
         \"computer_name\":\"ca01.corp.example\",\"version\":1,\"provider_name\":\"Microsoft-Windows-Security-Auditing\",\
         \"channel\":\"Security\",\"event_id\":\"{id}\"}},\"event\":{{\"code\":\"{id}\"}},\"ecs\":{{\"version\":\"8.0.0\"}}}}",
        700_000 + n
    );
    Record { partition: account(owner) % partitions, text }
}

fn issued(n: u32) -> String {
    let own = account(n);
    let named = if n.is_multiple_of(7) { (own + 1) % ACCOUNTS } else { own };
    format!(
        "\"Attributes\":\"CertificateTemplate:User\",\"CertificateTemplate\":\"User\",\"RequestId\":\"{}\",\
         \"Requester\":\"CORP\\\\user{own:05}\",\"SerialNumber\":\"5c0000000000000000000000{:08x}\",\
         \"SubjectAlternativeName\":\"Other Name: Principal Name=user{named:05}@corp.example\",\"Subject\":\"CN=user{own:05}\"",
        n + 1,
        n + 1
    )
}

fn used(certificate: u32, by_other: bool) -> String {
    let user = if by_other { "mallory".to_owned() } else { format!("user{:05}", account(certificate)) };
    format!(
        "\"TargetUserName\":\"{user}\",\"TargetDomainName\":\"CORP\",\"ServiceName\":\"krbtgt\",\"Status\":\"0x0\",\
         \"PreAuthType\":\"16\",\"IpAddress\":\"::ffff:10.20.30.66\",\"CertIssuerName\":\"CORP-CA01\",\
         \"CertSerialNumber\":\"5C0000000000000000000000{:08X}\"",
        certificate + 1
    )
}

/// The alerts of one engine on these records of this topic, in this order.
pub(crate) fn expected(topic: &str, records: &[Record]) -> Alerts {
    raised(&events(topic, records))
}

/// The alerts of one engine on these events, without stories: what a revision of a story has depends on the order in which
/// partitions deliver. See [`stories`].
pub(crate) fn raised<'a>(events: impl IntoIterator<Item = &'a Event>) -> Alerts {
    raised_with(Policy::default(), events)
}

/// [`raised`] with another policy.
pub(crate) fn raised_with<'a>(policy: Policy, events: impl IntoIterator<Item = &'a Event>) -> Alerts {
    let mut engine = Engine::new(policy);
    let mut alerts = Alerts::new();
    for event in events {
        for alert in engine.on_event(event).alerts {
            let json = serde_json::to_string(&alert).unwrap();
            alerts.insert((alert.alert_id.to_string(), u64::from(alert.revision)), json);
        }
    }
    comparable(alerts)
}

/// The alerts that do not depend on the order in which partitions deliver: no stories, and of `certificate-used-by-other`, whose
/// findings come from several partitions, the last revision without what it adds to the one before. One of more than ten findings
/// has those that had come so far: it is compared by id and revision alone.
pub(crate) fn comparable(mut alerts: Alerts) -> Alerts {
    alerts.retain(|_, json| !is_story(json));
    let is_joined = |json: &str| json.contains("\"detection\":\"certificate-used-by-other\"");
    let ids = alerts.iter().filter(|(_, json)| is_joined(json)).map(|(key, _)| key.clone());
    let last: BTreeMap<String, u64> = ids.collect();
    alerts.retain(|(id, revision), _| last.get(id).is_none_or(|last| last == revision));
    for ((_, revision), json) in alerts.iter_mut().filter(|(_, json)| is_joined(json)) {
        let mut alert: Alert = serde_json::from_str(json).unwrap();
        alert.changes.clear();
        *json = if *revision > 10 {
            "{\"detection\":\"certificate-used-by-other\"}".to_owned()
        } else {
            serde_json::to_string(&alert).unwrap()
        };
    }
    alerts
}

pub(crate) fn is_story(json: &str) -> bool {
    json.contains("\"detection\":\"story\"")
}

/// The alerts that each story of one engine has in the end, by its id.
pub(crate) fn stories<'a>(events: impl IntoIterator<Item = &'a Event>) -> BTreeMap<String, BTreeSet<String>> {
    let mut engine = Engine::new(Policy::default());
    let mut stories = BTreeMap::new();
    for alert in events.into_iter().flat_map(|event| engine.on_event(event).alerts) {
        if alert.detection == "story" {
            let linked = alert.linked_alerts.iter().map(ToString::to_string).collect();
            stories.insert(alert.alert_id.to_string(), linked);
        }
    }
    stories
}

/// The alerts of one engine as events, each for each partition of the routed topic that it concerns.
pub(crate) fn links<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<(u32, Event)> {
    let mut engine = Engine::new(Policy::default());
    let mut links = Vec::new();
    for event in events {
        for link in engine.on_event_where(event, |_| true).links {
            let to = engine.partitions(&link, PARTITIONS);
            links.extend(to.into_iter().map(|partition| (partition, link.clone())));
        }
    }
    links
}

/// The events in these records.
pub(crate) fn events(topic: &str, records: &[Record]) -> Vec<Event> {
    let decoder = Decoder::default();
    let mut next: BTreeMap<u32, u64> = BTreeMap::new();
    let mut events = Vec::new();
    for record in records {
        let offset = next.entry(record.partition).or_default();
        let place = Place {
            source: topic.to_owned(),
            partition: i32::try_from(record.partition).ok(),
            offset: *offset,
            ..Place::default()
        };
        *offset += 1;
        if record.text == IDLE {
            continue;
        }
        decoder.decode(record.text.as_bytes(), &place, &mut |decoded| {
            if let Ok(Decoded::Event(event)) = decoded {
                events.push(*event);
            }
        });
    }
    events
}
