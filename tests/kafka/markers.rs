//! A coordinator that ends a transaction writes a marker to each of its partitions. Kafka 4.4 leaves out those that have no leader
//! at that moment (KAFKA-20734). What was committed must be seen nevertheless, and what was aborted must not.

use crate::broker::{self, Cluster};
use crate::environment::{ECS, Environment, PARTITIONS};
use crate::fixtures::{Record, expected, records};
use crate::process::{Process, until};
use std::thread;
use std::time::Duration;

/// The broker that has all topics but these.
const HOME: i32 = 1;
/// The broker that is killed. It has the topic `lone` and the offsets of the groups.
const KILLED: i32 = 2;
/// The broker that is frozen meanwhile. It has the topic `stuck`.
const FROZEN: i32 = 3;
/// After this time a coordinator aborts a transaction that was left (`transaction.timeout.ms`, looked at every second), and the
/// controller knows that a broker is gone.
const ABORTED: Duration = Duration::from_secs(18);

/// A stage that writes alerts to both brokers too.
struct Stage {
    env: Environment,
    records: Vec<Record>,
    process: Process,
}

impl Stage {
    fn start(cluster: &Cluster, name: &str) -> Stage {
        let mut env = Environment::without_copies(cluster, name, 3);
        let [lone, stuck] = ["lone", "stuck"].map(|kind| env.topic(kind));
        env.more_topics = format!(
            "  more_alerts:\n  - {{topic: {lone}, format: ecs}}\n  - {{topic: {stuck}, format: ecs}}\n"
        );
        env.create_at(&[HOME; 3], &env.source(), &[]);
        let long = ("max.message.bytes", "4194304");
        let at_home = [HOME; PARTITIONS as usize];
        env.create_at(&at_home, &env.topic("routed"), &[("message.timestamp.type", "LogAppendTime"), long]);
        env.create_at(&at_home, &env.topic("checkpoint"), &[("cleanup.policy", "compact"), long]);
        for (kind, node) in [("alerts", HOME), ("dead", HOME), ("lone", KILLED), ("stuck", FROZEN)] {
            env.create_at(&[node], &env.topic(kind), &[]);
        }
        let process = env.start("all", "all", true);
        process.await_ready();
        let records = records(900, 3);
        // The test's own producer knows its brokers from now on.
        env.produce(&records[..30]);
        Stage { env, records, process }
    }

    /// Every alert is in each topic once.
    fn assert_whole(self) {
        let Stage { env, records, process } = self;
        env.await_alerts(&expected(&env.source(), &records), Duration::from_secs(90));
        env.assert_routed_once(&records);
        let alerts: Vec<(String, u64)> = env.alerts_and_stories().into_keys().collect();
        let unlike = || {
            let (lone, ends) = (env.alerts_in("lone", ECS), env.ends("lone"));
            let (lone, all) = (lone.len(), alerts.len());
            format!("{lone} alerts are seen of {all}, the log ends at {ends:?}\n{}", process.log())
        };
        until(Duration::from_secs(60), || env.alerts_in("lone", ECS) == alerts, unlike);
        assert!(process.stop().success());
    }
}

#[test]
#[ignore = "waits for brokers for minutes; scripts/nightly kafka runs it"]
fn marker_that_a_broker_leaves_out_hides_and_repeats_nothing() {
    let _guard = broker::own_brokers();
    let cluster = Cluster::start("markers", 3);
    let ours = Environment::without_copies(&cluster, "markers", 1);
    for (topic, node) in [("__consumer_offsets", KILLED), ("__transaction_state", HOME)] {
        ours.create_at(&[node; 3], topic, &[("cleanup.policy", "compact")]);
    }
    let stages = ["committed", "aborted", "killed"].map(|name| Stage::start(&cluster, name));
    cluster.node("pause", 3);
    stages.iter().for_each(|stage| stage.env.produce(&stage.records[30..]));
    // Transactions with alerts and offsets have begun and wait for the frozen broker.
    thread::sleep(Duration::from_secs(3));
    let [committed, aborted, mut killed] = stages;
    aborted.process.signal("STOP");
    killed.process.kill();
    cluster.node("kill9", 2);
    cluster.node("cont", 3);
    thread::sleep(ABORTED);
    cluster.node("restart", 2);
    aborted.process.signal("CONT");
    killed.process = killed.env.start("all", "all", true);
    [committed, aborted, killed].into_iter().for_each(Stage::assert_whole);
}
