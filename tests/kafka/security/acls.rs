//! Permissions: those that are documented suffice, and the error for a missing one names it.

use crate::broker;
use crate::fixtures::is_story;
use crate::fixtures::{Alerts, Record, expected, records};
use crate::process::{Process, program};
use crate::security::USERS;
use crate::security::admin_protocol::{Acl, Named, Operation, Resource, allow};
use crate::security::broker::secured_broker;
use crate::security::environment::{Access, SecuredEnvironment, topics};
use std::thread;
use std::time::{Duration, Instant};

use Named::{ByPrefix, Literally};
use Operation::{Create, DescribeConfigs, Read, Write};
use Resource::{Group, Topic, TransactionalId};

pub(crate) fn acl(resource: Resource, name: String, named: Named, operation: Operation) -> Acl {
    Acl { resource, name, named, operation }
}

/// The permissions of a router whose topics have this prefix: the table of docs/security.md.
pub(crate) fn router(name: &str) -> Vec<Acl> {
    let topic = |kind: &str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    vec![
        topic("source", Read),
        topic("routed", Write),
        topic("routed", DescribeConfigs),
        topic("dead", Write),
        topic("dead", DescribeConfigs),
        acl(Group, format!("{name}-router"), Literally, Read),
        acl(TransactionalId, format!("{name}-router-"), ByPrefix, Write),
    ]
}

/// The permissions of a detector.
fn detector(name: &str) -> Vec<Acl> {
    let topic = |kind: &str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    vec![
        topic("routed", Read),
        topic("routed", Write),
        topic("routed", DescribeConfigs),
        topic("checkpoint", Read),
        topic("checkpoint", Write),
        topic("checkpoint", DescribeConfigs),
        topic("alerts", Write),
        topic("alerts", DescribeConfigs),
        topic("ecs", Write),
        topic("ecs", DescribeConfigs),
        topic("dead", Write),
        topic("dead", DescribeConfigs),
        acl(Group, format!("{name}-detector"), Literally, Read),
        acl(TransactionalId, format!("{name}-detector-"), ByPrefix, Write),
    ]
}

/// The permissions for `topics create`.
fn topic_creator(name: &str) -> Vec<Acl> {
    let kinds = ["routed", "checkpoint", "alerts", "ecs", "dead"];
    let topic = |kind: &&str, operation| acl(Topic, format!("{name}.{kind}"), Literally, operation);
    let create = kinds.iter().map(|kind| topic(kind, Create));
    let describe = kinds.iter().map(|kind| topic(kind, Operation::Describe));
    let settings = kinds.iter().map(|kind| topic(kind, DescribeConfigs));
    create.chain(describe).chain(settings).collect::<Vec<_>>()
}

/// The client settings of a user who authenticates with PLAIN.
pub(crate) fn access(user: &str) -> Access {
    let broker = secured_broker();
    let (ca, password) = (broker.path("ca.pem"), broker.path("password"));
    Access::new(
        &broker.listener("SASL"),
        &format!(
            "  tls: {{ca_file: {ca}}}\n  sasl: {{mechanism: PLAIN, username: {user}, password: {{file: {password}}}}}\n"
        ),
    )
}

pub(crate) fn grant(user: &str, acls: &[Acl]) {
    let granted: Vec<(String, Acl)> = acls.iter().map(|acl| (user.to_owned(), acl.clone())).collect();
    allow(&secured_broker().open, &granted);
}

/// Records, one of them broken, and the alerts expected on them.
fn story(env: &SecuredEnvironment) -> (Vec<Record>, Alerts) {
    let mut records = records(600, 1);
    let expected = expected(&env.topic("source"), &records);
    let broken = "{\"winlog\":{\"channel\":\"Security\",\"event_id\":4887,\"event_data\":".to_owned();
    records.push(Record { partition: 0, text: broken });
    (records, expected)
}

#[test]
fn documented_permissions_suffice() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::new("least");
    let [making, routing, detecting, ..] = USERS;
    grant(making, &topic_creator("least"));
    grant(routing, &router("least"));
    grant(detecting, &detector("least"));
    let (code, said) = topics("create", &env.config("create", &access(making), ""));
    assert_eq!((code, said.matches(": ok").count()), (Some(0), 5), "{said}");
    let check = || topics("check", &env.config("create", &access(making), ""));
    let (code, said) = check();
    assert!(code == Some(78) && said.contains("READ on topic least.source"), "{said}");
    grant(making, &[acl(Topic, env.topic("source"), Literally, Read)]);
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    let routes = env.run(&env.config("router", &access(routing), ""), &["--stage", "router"]);
    let detects = env.run(&env.config("detector", &access(detecting), ""), &["--stage", "detector"]);
    let (records, expected) = story(&env);
    env.produce(&records);
    env.await_alerts(&expected, &detects);
    routes.await_ready();
    detects.await_ready();
    assert_eq!(routes.metric("adcs_watch_dead_letters_total", ""), 1.0, "{}", routes.log());
    assert!(detects.metric("adcs_watch_checkpoint_duration_seconds_count", "committed") > 0.0);
    let group = acl(Group, "least-replay".to_owned(), Literally, Operation::Describe);
    grant("reader", &[acl(Topic, env.topic("routed"), Literally, Read), group]);
    let replay = program()
        .args(["replay", "--format", "ndjson", "--from-topic", &env.topic("routed"), "-c"])
        .arg(env.config("replay", &access("reader"), ""))
        .output()
        .unwrap();
    assert!(replay.status.success(), "{replay:?}");
    let replayed = String::from_utf8(replay.stdout).unwrap();
    assert_eq!(replayed.lines().filter(|json| !is_story(json)).count(), expected.len());
    for process in [routes, detects] {
        let log = process.log();
        assert!(!log.contains("uthorization") && !log.contains("permission"), "{log}");
        assert!(process.stop().success(), "{log}");
    }
}

/// A user without one of the permissions that the stage needs.
struct MissingPermission {
    stage: &'static str,
    user: &'static str,
    lacks: Acl,
}

fn description(lacks: &Acl) -> String {
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

/// Whether a text names the permission. A broker that refuses a transaction does not say which of its topics it refuses: then all
/// of them are named.
fn names(text: &str, lacks: &Acl) -> bool {
    let of_transaction = |line: &str| {
        let (_, topics) = line.split_once("needs WRITE on topic ")?;
        let (topics, _) = topics.split_once(" (")?;
        Some(lacks.operation == Write && topics.split(", ").any(|topic| topic == lacks.name))
    };
    text.contains(&description(lacks)) || text.lines().any(|line| of_transaction(line) == Some(true))
}

#[test]
fn missing_permission_is_named() {
    let _guard = broker::shared();
    let users = &USERS[7..];
    let env = SecuredEnvironment::with_topics("lack");
    let mut lacks = Vec::new();
    for (stage, all) in [("router", router("lack")), ("detector", detector("lack"))] {
        for (n, lacking) in all.iter().enumerate() {
            let user = users[lacks.len()];
            let rest: Vec<Acl> =
                all.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, acl)| acl.clone()).collect();
            grant(user, &rest);
            lacks.push(MissingPermission { stage, user, lacks: lacking.clone() });
        }
    }
    assert_eq!(lacks.len(), users.len());
    // All records are routed and none is committed by a detector, so that both stages have work.
    env.produce(&story(&env).0);
    let routes = env.run(&env.config("router", &env.open(), ""), &["--stage", "router"]);
    let began = Instant::now();
    while routes.metric("adcs_watch_dead_letters_total", "") < 1.0 {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", routes.log());
        thread::sleep(Duration::from_millis(100));
    }
    assert!(routes.stop().success());
    env.produce(&story(&env).0);
    // One at a time: members of one group would share the partitions.
    for lack in &lacks {
        assert_names_missing(&env, lack);
    }
}

/// Runs until the process names the permission: it exits with 78, or `/readyz` is 503 with the reason.
fn assert_names_missing(env: &SecuredEnvironment, lack: &MissingPermission) {
    let config = env.config(lack.user, &access(lack.user), "");
    let mut process = env.run(&config, &["--stage", lack.stage]);
    let wanted = description(&lack.lacks);
    let began = Instant::now();
    let says = |process: &Process| {
        let page = process.page("/readyz");
        page.is_some_and(|(status, said)| {
            status == 503 && names(&said, &lack.lacks) && said.contains("docs/security.md")
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
    assert!(names(&log, &lack.lacks), "{} {ended:?}: {wanted} is not in\n{log}", lack.stage);
    eprintln!("{} without {wanted}: {ended:?} after {:?}", lack.stage, began.elapsed());
    match ended {
        Some(code) => assert_eq!(code, Some(78), "{log}"),
        None => assert_eq!(process.page("/livez").unwrap().0, 200),
    }
    process.kill();
}

#[test]
fn permission_missing_at_run_time_is_named_and_waited_for() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::with_topics("late");
    let write = acl(Topic, env.topic("alerts"), Literally, Write);
    let mut granted: Vec<Acl> = detector("late").into_iter().filter(|acl| *acl != write).collect();
    // READ implies DESCRIBE, so the check at start passes.
    granted.push(acl(Topic, env.topic("alerts"), Literally, Read));
    grant("late", &granted);
    let detects = env.run(&env.config("late", &access("late"), ""), &["--stage", "detector"]);
    detects.await_ready();
    let routes = env.run(&env.config("router", &env.open(), ""), &["--stage", "router"]);
    let (records, expected) = story(&env);
    env.produce(&records);
    let began = Instant::now();
    while detects.page("/readyz").is_none_or(|(_, said)| !said.contains(&description(&write))) {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", detects.log());
        thread::sleep(Duration::from_millis(20));
    }
    grant("late", &[write]);
    env.await_alerts(&expected, &detects);
    assert!(routes.stop().success());
    assert!(detects.stop().success());
}

#[test]
fn topics_without_permission_are_reported() {
    let _guard = broker::shared();
    let env = SecuredEnvironment::new("makes");
    let config = env.config("create", &access("nobody"), "");
    let (code, said) = topics("create", &config);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("CREATE on topic makes.routed"), "{said}");
    let (code, said) = topics("check", &config);
    assert_eq!(code, Some(78), "{said}");
    assert_eq!(said.matches("allow this principal DESCRIBE on topic makes.").count(), 5, "{said}");
    let mut process = env.run(&config, &[]);
    assert_eq!(process.wait(Duration::from_secs(60)).code(), Some(78));
    for part in ["READ on topic makes.source", "READ and WRITE on topic makes.checkpoint"] {
        assert!(process.log().contains(part), "{part} is not in\n{}", process.log());
    }
}
