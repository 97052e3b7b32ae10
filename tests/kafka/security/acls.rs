//! The least permissions: who has exactly these works; who lacks one is told which.

use crate::broker;
use crate::process::{Process, program};
use crate::security::USERS;
use crate::security::broker::guarded;
use crate::security::corner::{Corner, Way, topics};
use crate::security::wire::{Acl, Named, Operation, Resource, allow};
use crate::story::{Alerts, Record, expected, records};
use std::thread;
use std::time::{Duration, Instant};

use Named::{ByPrefix, Literally};
use Operation::{Create, DescribeConfigs, Read, Write};
use Resource::{Group, Topic, TransactionalId};

fn acl(resource: Resource, name: String, named: Named, operation: Operation) -> Acl {
    Acl { resource, name, named, operation }
}

/// What a router needs whose names begin so: the table of docs/security.md.
fn router(name: &str) -> Vec<Acl> {
    let topic = |kind: &str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    vec![
        topic("source", Read),
        topic("routed", Write),
        topic("routed", DescribeConfigs),
        topic("dead", Write),
        acl(Group, format!("{name}-router"), Literally, Read),
        acl(TransactionalId, format!("{name}-router-"), ByPrefix, Write),
    ]
}

/// What a detector needs.
fn detector(name: &str) -> Vec<Acl> {
    let topic = |kind: &str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    vec![
        topic("routed", Read),
        topic("routed", DescribeConfigs),
        topic("checkpoint", Read),
        topic("checkpoint", Write),
        topic("checkpoint", DescribeConfigs),
        topic("alerts", Write),
        topic("dead", Write),
        acl(Group, format!("{name}-detector"), Literally, Read),
        acl(TransactionalId, format!("{name}-detector-"), ByPrefix, Write),
    ]
}

/// What makes topics.
fn maker(name: &str) -> Vec<Acl> {
    let kinds = ["routed", "checkpoint", "alerts", "dead"];
    let topic = |kind: &&str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    let create = kinds.iter().map(|kind| topic(kind, Create));
    let describe = kinds.iter().map(|kind| topic(kind, Operation::Describe));
    let settings = ["routed", "checkpoint"].iter().map(|kind| topic(kind, DescribeConfigs));
    create.chain(describe).chain(settings).collect::<Vec<_>>()
}

/// The way of a user who may do what was allowed.
fn way(user: &str) -> Way {
    let broker = guarded();
    let (ca, password) = (broker.path("ca.pem"), broker.path("password"));
    Way::new(
        &broker.listener("SASL"),
        &format!(
            "  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: PLAIN, username: {user}, password: {{file: {password}}}}}\n"
        ),
    )
}

fn grant(user: &str, acls: &[Acl]) {
    let granted: Vec<(String, Acl)> = acls.iter().map(|acl| (user.to_owned(), acl.clone())).collect();
    allow(&guarded().open, &granted);
}

/// Records of which some are no events.
fn story(corner: &Corner) -> (Vec<Record>, Alerts) {
    let mut records = records(600, 1);
    let expected = expected(&corner.topic("source"), &records);
    let broken = "{\"winlog\":{\"channel\":\"Security\",\"event_id\":4887,\"event_data\":".to_owned();
    records.push(Record { partition: 0, text: broken });
    (records, expected)
}

#[test]
fn who_has_exactly_these_permissions_works() {
    let _turn = broker::together();
    let corner = Corner::new("least");
    let [making, routing, detecting, ..] = USERS;
    grant(making, &maker("least"));
    grant(routing, &router("least"));
    grant(detecting, &detector("least"));
    let (code, said) = topics("create", &corner.config("create", &way(making), ""));
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 4), "{said}");
    let routes = corner.run(&corner.config("router", &way(routing), ""), &["--stage", "router"]);
    let detects = corner.run(&corner.config("detector", &way(detecting), ""), &["--stage", "detector"]);
    let (records, expected) = story(&corner);
    corner.produce(&records);
    corner.await_alerts(&expected, &detects);
    routes.ready();
    detects.ready();
    assert_eq!(routes.metric("adcs_watch_dead_letters_total", ""), 1.0, "{}", routes.log());
    assert!(detects.metric("adcs_watch_checkpoint_duration_seconds_count", "committed") > 0.0);
    let group = acl(Group, "least-replay".to_owned(), Literally, Operation::Describe);
    grant("reader", &[acl(Topic, corner.topic("routed"), Literally, Read), group]);
    let replay = program()
        .args(["replay", "--format", "ndjson", "--from-topic", &corner.topic("routed"), "-c"])
        .arg(corner.config("replay", &way("reader"), ""))
        .output()
        .unwrap();
    assert!(replay.status.success(), "{replay:?}");
    assert_eq!(String::from_utf8(replay.stdout).unwrap().lines().count(), expected.len());
    for process in [routes, detects] {
        let log = process.log();
        assert!(!log.contains("uthorization") && !log.contains("permission"), "{log}");
        assert!(process.stop().success(), "{log}");
    }
}

/// A user who lacks one permission, and what it is called.
struct Lack {
    stage: &'static str,
    user: &'static str,
    lacks: Acl,
}

fn told(lacks: &Acl) -> String {
    let operation = match lacks.operation {
        Read => "READ",
        Write => "WRITE",
        Create => "CREATE",
        Operation::Describe => "DESCRIBE",
        DescribeConfigs => "DESCRIBE_CONFIGS",
    };
    match (lacks.resource, lacks.operation) {
        (Topic, _) => format!("{operation} on topic {}", lacks.name),
        (Group, _) => format!("{operation} on group {}", lacks.name),
        (TransactionalId, _) => format!("{operation} on transactional id {}", lacks.name),
    }
}

#[test]
fn who_lacks_one_permission_is_told_which() {
    let _turn = broker::together();
    let users = &USERS[6..];
    let corner = Corner::prepared("lack");
    let mut lacks = Vec::new();
    for (stage, all) in [("router", router("lack")), ("detector", detector("lack"))] {
        for (n, lacking) in all.iter().enumerate() {
            let user = users[lacks.len()];
            let rest: Vec<Acl> =
                all.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, acl)| acl.clone()).collect();
            grant(user, &rest);
            lacks.push(Lack { stage, user, lacks: lacking.clone() });
        }
    }
    assert_eq!(lacks.len(), users.len());
    // What is read and written is there: all records are routed, none is decided.
    corner.produce(&story(&corner).0);
    let routes = corner.run(&corner.config("router", &corner.open(), ""), &["--stage", "router"]);
    let began = Instant::now();
    while routes.metric("adcs_watch_dead_letters_total", "") < 1.0 {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", routes.log());
        thread::sleep(Duration::from_millis(100));
    }
    assert!(routes.stop().success());
    corner.produce(&story(&corner).0);
    // Those of one group hinder each other: only one member gets the partition.
    for lack in &lacks {
        complains(&corner, lack);
    }
}

/// Runs until the process says what it lacks: it ends with 78, or is not ready and says why.
fn complains(corner: &Corner, lack: &Lack) {
    let config = corner.config(lack.user, &way(lack.user), "");
    let mut process = corner.run(&config, &["--stage", lack.stage]);
    let wanted = told(&lack.lacks);
    let began = Instant::now();
    let says = |process: &Process| {
        let page = process.page("/readyz");
        page.is_some_and(|(status, said)| {
            status == 503 && said.contains(&wanted) && said.contains("docs/security.md")
        })
    };
    let ended = loop {
        if let Some(status) = process.child.try_wait().unwrap() {
            break Some(status.code());
        }
        if says(&process) {
            break None;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{}: {wanted}\n{:?}\n{}",
            lack.stage,
            process.page("/readyz"),
            process.log()
        );
        thread::sleep(Duration::from_millis(50));
    };
    let log = process.log();
    assert!(log.contains(&wanted), "{} {ended:?}: {wanted} is not in\n{log}", lack.stage);
    eprintln!("{} without {wanted}: {ended:?} after {:?}", lack.stage, began.elapsed());
    match ended {
        Some(code) => assert_eq!(code, Some(78), "{log}"),
        None => assert_eq!(process.page("/livez").unwrap().0, 200),
    }
    process.kill();
}

#[test]
fn a_permission_that_turns_out_to_be_missing_later_is_told_and_waited_for() {
    let _turn = broker::together();
    let corner = Corner::prepared("late");
    let write = acl(Topic, corner.topic("alerts"), Literally, Write);
    let mut granted: Vec<Acl> = detector("late").into_iter().filter(|acl| *acl != write).collect();
    // Whoever may read a topic sees it, and looks as if all were well.
    granted.push(acl(Topic, corner.topic("alerts"), Literally, Read));
    grant("late", &granted);
    let detects = corner.run(&corner.config("late", &way("late"), ""), &["--stage", "detector"]);
    detects.ready();
    let routes = corner.run(&corner.config("router", &corner.open(), ""), &["--stage", "router"]);
    let (records, expected) = story(&corner);
    corner.produce(&records);
    let began = Instant::now();
    while detects.page("/readyz").is_none_or(|(_, said)| !said.contains(&told(&write))) {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", detects.log());
        thread::sleep(Duration::from_millis(20));
    }
    grant("late", &[write]);
    corner.await_alerts(&expected, &detects);
    assert!(routes.stop().success());
    assert!(detects.stop().success());
}

#[test]
fn topics_that_may_not_be_looked_at_or_made_are_told() {
    let _turn = broker::together();
    let corner = Corner::new("makes");
    let config = corner.config("create", &way("nobody"), "");
    let (code, said) = topics("create", &config);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("CREATE on topic makes.routed"), "{said}");
    let (code, said) = topics("check", &config);
    assert_eq!(code, Some(78), "{said}");
    assert_eq!(said.matches("allow this principal DESCRIBE on topic makes.").count(), 4, "{said}");
    let mut process = corner.run(&config, &[]);
    assert_eq!(process.wait(Duration::from_secs(60)).code(), Some(78));
    for part in ["READ on topic makes.source", "READ and WRITE on topic makes.checkpoint"] {
        assert!(process.log().contains(part), "{part} is not in\n{}", process.log());
    }
}
