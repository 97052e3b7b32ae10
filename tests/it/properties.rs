//! What must hold for every input: windows are exact, a restore is invisible, entities do not touch each other, codecs lose nothing.

use crate::any_event::any_event;
use crate::common::{alerts_of, restored};
use adcs_watch::alert::Alert;
use adcs_watch::detect::policy::Policy;
use adcs_watch::engine::Engine;
use adcs_watch::event::account::Account;
use adcs_watch::event::host::Host;
use adcs_watch::event::san::San;
use adcs_watch::event::serial::Serial;
use adcs_watch::event::time::{Span, Time};
use adcs_watch::event::{
    Activity, CertificateLogon, CertificateRequest, DeniedRequest, Event, IssuedCertificate, Origin,
    RemoteFileWrite,
};
use adcs_watch::state::window::densest_with;
use adcs_watch::wire;
use adcs_watch::wire::record::StateRecord;
use proptest::collection::vec;
use proptest::prelude::*;

const START: Time = Time::from_millis(1_772_442_000_000);

fn after(seconds: i64) -> Time {
    START.plus(Span::seconds(seconds))
}

fn event(time: Time, computer: &str, record_id: u64, activity: Activity) -> Event {
    let origin = Origin { channel: "Security".to_owned(), record_id: Some(record_id), ..Origin::default() };
    Event { time, computer: Host::new(computer), origin, activity }
}

fn issued(time: Time, computer: &str, request_id: u32, requester: &str, upn: &str) -> Event {
    let request = CertificateRequest {
        request_id,
        requester: Account::parse(requester),
        names: vec![San::Upn(upn.to_owned())],
        ..CertificateRequest::default()
    };
    let serial = serial_of(request_id);
    let activity = Activity::CertificateIssued(IssuedCertificate { request, serial, subject: String::new() });
    event(time, computer, u64::from(request_id), activity)
}

fn serial_of(request_id: u32) -> Option<Serial> {
    Serial::parse(&format!("5c{request_id:08x}a1b2c3d4e5f677000000{request_id:08x}"))
}

fn logon(time: Time, request_id: u32, user: &str, status: u32) -> Event {
    let logon = CertificateLogon {
        account: Account::parse(user),
        serial: serial_of(request_id).unwrap(),
        issuer: "CORP-CA01".to_owned(),
        status,
        ..CertificateLogon::default()
    };
    event(time, "dc01.corp.example", 9_000_000 + u64::from(request_id), Activity::CertificateLogon(logon))
}

fn remote_write(time: Time, computer: &str, record_id: u64, host: &str, account: &str) -> Event {
    let write = RemoteFileWrite {
        path: "C:\\Windows\\System32\\CertLog\\edb.log".to_owned(),
        remote_host: Some(Host::new(host)),
        account: Some(Account::parse(account)),
        ..RemoteFileWrite::default()
    };
    event(time, computer, record_id, Activity::RemoteFileWrite(write))
}

proptest! {
    #[test]
    fn the_densest_window_is_that_of_brute_force(mut seconds in vec(0_i64..3000, 1..25), pick in any::<prop::sample::Index>()) {
        seconds.sort_unstable();
        let times: Vec<Time> = seconds.iter().map(|s| after(*s)).collect();
        let index = pick.index(times.len());
        let length = Span::minutes(10);
        let brute = times.iter().map(|start| {
            let within = |t: &&Time| **t >= *start && **t <= start.plus(length);
            if within(&&times[index]) { times.iter().filter(within).count() } else { 0 }
        }).max().unwrap();
        prop_assert_eq!(densest_with(&times, index, length), brute);
    }

    /// Three in any ten minutes, found with the very event that completes them, in any order within the lateness.
    #[test]
    fn a_burst_is_found_exactly_when_there_is_one(arrivals in vec((0_i64..7200, 0_i64..3600), 1..30)) {
        let mut arrivals: Vec<(i64, i64)> = arrivals.into_iter().map(|(at, delay)| (at, at + delay)).collect();
        arrivals.sort_by_key(|(_, arrival)| *arrival);
        let mut engine = Engine::new(Policy::default());
        let mut seen: Vec<i64> = Vec::new();
        let mut burst = false;
        for (n, (seconds, _)) in arrivals.iter().enumerate() {
            let event = issued(after(*seconds), "ca01.corp.example", n as u32 + 1, "CORP\\carol", "carol@corp.example");
            let fired = !engine.on_event(&event).alerts.is_empty();
            seen.push(*seconds);
            let now = seen.iter().any(|start| seen.iter().filter(|s| **s >= *start && **s <= start + 600).count() >= 3);
            prop_assert!(!fired || now, "an alert without a burst");
            prop_assert!(!now || burst || fired, "the first burst was missed at {:?}", seen);
            burst |= now;
        }
    }

    #[test]
    fn a_restore_is_invisible(events in any_story(), cut in any::<prop::sample::Index>()) {
        let policy = Policy::default();
        let cut = cut.index(events.len() + 1);
        let mut engine = Engine::new(policy.clone());
        let mut alerts: Vec<Alert> = events[..cut].iter().flat_map(|event| engine.on_event(event).alerts).collect();
        let mut engine = restored(&policy, &mut engine);
        alerts.extend(events[cut..].iter().flat_map(|event| engine.on_event(event).alerts));
        prop_assert_eq!(alerts, alerts_of(&policy, &events));
    }

    /// A checkpoint writes what changed since the one before; together they are the whole state.
    #[test]
    fn checkpoints_add_up(events in any_story(), every in 1_usize..20) {
        let policy = Policy::default();
        let mut engine = Engine::new(policy.clone());
        let mut written = Vec::new();
        for chunk in events.chunks(every) {
            chunk.iter().for_each(|event| drop(engine.on_event(event)));
            written.extend(engine.take_changes());
        }
        let marker = engine.marker(events.len() as u64, 0);
        let restored = Engine::restore(policy.clone(), &marker, written.clone());
        prop_assert_eq!(restored.map(|engine| engine.digest()), Ok(engine.digest()));
        // A record that is the same as the one an earlier checkpoint wrote may be lost.
        let mattered = |lost: &StateRecord, rest: &[StateRecord]| {
            rest.iter().rfind(|r| (&r.detection, &r.key) == (&lost.detection, &lost.key)) != Some(lost)
        };
        if let Some(lost) = written.pop() && lost.state.is_some() && mattered(&lost, &written) {
            let restored = Engine::restore(policy, &marker, written);
            prop_assert!(restored.is_err(), "a lost record must be noticed");
        }
    }

    /// Streams that share no entity, shifted against each other within the lateness, alert as if each were alone.
    #[test]
    fn entities_do_not_touch_each_other(
        stories in vec((any_story(), 0_i64..3000), 2..4),
    ) {
        let mut policy = Policy::default();
        // Stories are there to join them.
        policy.story.enabled = false;
        let mut all = Vec::new();
        let mut alone = Vec::new();
        for (n, (story, shift)) in stories.into_iter().enumerate() {
            let story: Vec<Event> = story.into_iter().map(|event| moved_to_ca(event, n as u32)).collect();
            alone.extend(alerts_of(&policy, &story).into_iter().map(timeless));
            all.extend(story.into_iter().map(|event| (event.time.plus(Span::seconds(shift)), event)));
        }
        all.sort_by_key(|(arrival, _)| *arrival);
        let all: Vec<Event> = all.into_iter().map(|(_, event)| event).collect();
        let mut together: Vec<Alert> = alerts_of(&policy, &all).into_iter().map(timeless).collect();
        let order = |alert: &Alert| (alert.alert_id, alert.revision);
        together.sort_by_key(order);
        alone.sort_by_key(order);
        prop_assert_eq!(together, alone);
    }

    /// One of a hundred records, of whatever computer, is dated years ahead or back. Nobody else notices.
    #[test]
    fn wrong_clocks_change_no_alert_of_others(
        events in any_story(),
        wrong in vec((any::<prop::sample::Index>(), -20_i64..20, 0_u32..40), 0..3),
    ) {
        let policy = Policy::default();
        let events: Vec<Event> = std::iter::repeat_n(events, 5).enumerate().flat_map(|(n, story)| {
            story.into_iter().map(move |event| {
                let time = event.time.plus(Span::days(26 * n as i64));
                Event { time, ..moved_to_ca(event, n as u32) }
            })
        }).collect();
        let mut hostile = events.clone();
        for (place, years, id) in wrong.into_iter().take(events.len() / 100) {
            let time = after(years * 365 * 24 * 3600);
            let request_id = 77_000_000 + id;
            let name = "mallory@corp.example";
            let event = issued(time, "ca77.corp.example", request_id, "CORP\\mallory", name);
            hostile.insert(place.index(hostile.len() + 1), event);
        }
        let alerts = |events: &[Event]| -> Vec<Alert> {
            let others = |alert: &Alert| alert.requester_account.as_deref() != Some("mallory");
            alerts_of(&policy, events).into_iter().filter(others).map(timeless).collect()
        };
        prop_assert_eq!(alerts(&hostile), alerts(&events));
    }

    #[test]
    fn an_event_survives_protobuf_and_json(event in any_event()) {
        prop_assert_eq!(wire::event::decode(&wire::event::encode(&event)), Ok(event.clone()));
        let json = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event, "{}", json);
    }

    #[test]
    fn an_alert_survives_protobuf_and_json(events in any_story()) {
        for alert in alerts_of(&Policy::default(), &events) {
            prop_assert_eq!(wire::alert::from_protobuf(&wire::alert::to_protobuf(&alert)), Ok(alert.clone()));
            prop_assert_eq!(&serde_json::from_str::<Alert>(&wire::alert::to_json(&alert)).unwrap(), &alert);
        }
    }

    #[test]
    fn any_bytes_as_an_event_are_refused_or_read(bytes in vec(any::<u8>(), 0..200)) {
        let _ = wire::event::decode(&bytes);
        assert!(wire::routed::decode(&bytes).count() <= bytes.len().max(1));
        let _ = wire::alert::from_protobuf(&bytes);
    }
}

/// Whether an event is late depends on all events of its partition: that is what lateness is.
fn timeless(mut alert: Alert) -> Alert {
    alert.late = false;
    alert
}

fn moved_to_ca(mut event: Event, n: u32) -> Event {
    let ca = Host::new(&format!("ca{n}.corp.example"));
    let shift = n * 1_000_000;
    if let Activity::CertificateIssued(issued) = &mut event.activity {
        issued.request.request_id += shift;
        issued.serial = serial_of(issued.request.request_id);
        issued.request.requester.domain += &n.to_string();
    } else if let Activity::CertificateDenied(denied) = &mut event.activity {
        denied.request.request_id += shift;
        denied.request.requester.domain += &n.to_string();
    } else if let Activity::CertificateLogon(logon) = &mut event.activity {
        logon.serial = serial_of(logon.serial.request_id() + shift).unwrap();
        event.origin.record_id = event.origin.record_id.map(|id| id + u64::from(shift));
        return event;
    }
    event.computer = ca;
    event
}

/// Some weeks at one CA: certificates, their use, remote writes; mostly in the order of time.
fn any_story() -> impl Strategy<Value = Vec<Event>> {
    vec((0_i64..25 * 24 * 3600, 0_u8..4, 0_usize..4, 0_usize..4, 1_u32..30), 1..60).prop_map(|steps| {
        let accounts = ["alice", "bob", "WKS-1$", "administrator"];
        let mut events: Vec<Event> = steps
            .into_iter()
            .enumerate()
            .map(|(n, (seconds, what, who, whose, id))| {
                let (time, user) = (after(seconds), format!("CORP\\{}", accounts[who]));
                let other = format!("{}@corp.example", accounts[whose]);
                match what {
                    0 => issued(time, "ca01.corp.example", id, &user, &other),
                    1 => logon(time, id, &other, u32::from(who % 2 == 0) * 0x42),
                    2 => remote_write(time, "ca01.corp.example", n as u64, accounts[whose], &user),
                    _ => {
                        let request = CertificateRequest {
                            request_id: id + 100,
                            requester: Account::parse(&user),
                            ..CertificateRequest::default()
                        };
                        let denied = DeniedRequest { request, disposition: 2 };
                        event(time, "ca01.corp.example", 500 + n as u64, Activity::CertificateDenied(denied))
                    }
                }
            })
            .collect();
        events.sort_by_key(|event| event.time);
        events
    })
}
